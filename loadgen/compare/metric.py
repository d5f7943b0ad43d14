"""Which way a metric is better, known from its name: `PHASE.WHAT_UNIT`."""

from __future__ import annotations

import re

_HIGHER = re.compile(r"(_per_s|_per_second|utilisation|utilization)$")
_LOWER = re.compile(r"(_s|_ms|_us|_ns|errors|_cost|overhead|straggler_ratio|error_ratio)$")


def lower_is_better(metric: str) -> bool | None:
    """Whether less of it is better; None where the name does not say."""
    if _HIGHER.search(metric):
        return False
    if _LOWER.search(metric):
        return True
    return None
