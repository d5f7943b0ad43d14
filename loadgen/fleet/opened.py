"""The endpoint of a load run: what ENDPOINT names, the null server as well, and how much room it has."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.endpoint import Endpoint, Style
from harness.endpoints import builtin, resolve, spoken
from harness.endpoints.resolve import Builtin
from harness.soak.lives import Lives
from loadgen.null.server import null_server

NULL = "null"
"""The endpoint that answers everything and keeps nothing."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An endpoint that is there."""

    endpoint: Endpoint
    shown: str
    free_bytes: int | None  # None: nobody here knows
    lives: Lives | None = None  # of a reference that can be killed and started again


def free_bytes(name: str, style: Style | None = None) -> int | None:
    """The room that an endpoint would have. Nothing is started. Raises an `EndpointError`."""
    if name == NULL:
        return None
    target = resolve(name, style=style)
    if not isinstance(target, Builtin):
        return None
    if target.name != "reference":
        return _memory()
    with builtin.temporary_folder() as folder:
        return shutil.disk_usage(folder).free


@contextlib.contextmanager
def opened(
    name: str, logs: Path, *, style: Style | None = None, processes: int = 1, restarts: bool = False
) -> Iterator[Opened]:
    """The endpoint, started if it is a built-in, and ended with the context. Raises an `EndpointError`.

    `restarts`: a reference is one that can be killed, and started again on the same data and address.
    """
    with contextlib.ExitStack() as stack:
        if name == NULL:
            endpoint = stack.enter_context(null_server(logs / "null-endpoint", workers=processes))
            yield Opened(endpoint, NULL, None)
            return
        target = resolve(name, style=style)
        if isinstance(target, Endpoint):
            yield Opened(target, spoken(name), None)
        elif target.name == "reference" and restarts:
            root = stack.enter_context(builtin.temporary_folder()) / "root"
            lives = stack.enter_context(Lives(root, logs, processes=processes, mutant=target.mutant))
            yield Opened(lives.endpoint, name, shutil.disk_usage(root).free, lives)
        elif target.name == "reference":
            running = stack.enter_context(builtin.reference(target.mutant, processes=processes, logs=logs))
            yield Opened(running.endpoint, name, shutil.disk_usage(running.root).free)
        else:
            running = stack.enter_context(builtin.azurite(logs=logs))
            yield Opened(running.endpoint, name, _memory())


def _memory() -> int:
    """What a server that keeps all in memory may use here: Azurite takes half of it, and no more."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
