"""How many connections this process may hold: the limit of open files, raised as far as that is allowed."""

from __future__ import annotations

import resource

SPARE = 128
"""Descriptors beside the connections: files, pipes, pytest's own."""


def make_room(connections: int) -> str:
    """Raise the soft limit if need be. What is in the way, for people; empty when there is room."""
    needed = connections + SPARE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return ""
    if hard != resource.RLIM_INFINITY and hard < needed:
        return f"{connections} connections need {needed} open files, and this user may have {hard}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    return ""
