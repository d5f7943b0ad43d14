"""Measures the generator's ceiling on this machine: a null server, and a flooding process for each worker."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.endpoints.certificates import issue
from harness.vocabulary import ExitCode
from loadgen.null.server import null_server, to_json
from loadgen.plan.values import Plan
from loadgen.validity.ceiling import Ceiling, Rate, added, shapes_of

SECONDS = 1.0
"""Of each shape, unless there are many."""
MOST = 8.0
"""All shapes together, seconds."""
_LEAD = 0.05  # seconds between the word and the start
_PATIENCE = 60.0  # seconds that a process may take for its next word
_PACKAGES = Path(__file__).resolve().parents[2]


class CeilingError(Exception):
    """The self-test did not come to its end. Exit code 4: it is our own."""

    exit_code = ExitCode.HARNESS
    hint = "The run itself is possible without it; its checks will say that the ceiling is unknown."


def measure_ceiling(
    plan: Plan, workers: int, folder: Path, *, https: bool = False, seconds: float = SECONDS
) -> Ceiling:
    """What so many workers on this machine reach together with the operations of a plan's measured phases.

    `folder` gets the null server's configuration and log. Takes about `seconds` for each kind of operation,
    `MOST` for all, and what is under way then. Raises `NullServerError`, `StartError`, `CeilingError`.
    """
    shapes = shapes_of(plan, workers)
    seconds = min(seconds, MOST / max(1, len(shapes)))
    with contextlib.ExitStack() as stack:
        certificates = issue(folder / "certificates") if https else None
        cores = len(os.sched_getaffinity(0))
        endpoint = stack.enter_context(
            null_server(folder / "null", workers=min(workers, cores), certificates=certificates)
        )
        order = {
            "endpoint": to_json(endpoint),
            "seconds": seconds,
            "https": https,
            "ceiling": Ceiling(1, seconds, tuple(Rate(shape, 0.0) for shape in shapes), https).to_json(),
        }
        children = [stack.enter_context(_Child(order)) for _ in range(workers)]
        rates = [rate for _ in shapes for rate in _together(children).rates]
    return Ceiling(workers, seconds, tuple(rates), https)


def _together(children: Sequence[_Child]) -> Ceiling:
    """One shape, by all of them at the same time."""
    for child in children:
        child.line()  # ready
    start = time.monotonic_ns() + int(_LEAD * 1e9)
    for child in children:
        child.say(str(start))
    return added(Ceiling.from_json(json.loads(child.line())) for child in children)


class _Child:
    """One flooding process; ended by its id with the context, whatever it is at."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "loadgen.validity.flood"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=_PACKAGES,
            start_new_session=True,
        )
        self.say(json.dumps(order))

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def say(self, line: str) -> None:
        """A line to its standard input."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended: `line` tells why
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def line(self) -> str:
        """Its next line. Raises `CeilingError` when it ends instead, or takes too long."""
        assert self._process.stdout is not None
        fired: list[bool] = []

        def fire() -> None:
            fired.append(True)
            self._process.kill()

        watch = threading.Timer(_PATIENCE, fire)
        watch.start()
        try:
            found = self._process.stdout.readline()
        finally:
            watch.cancel()
        if found:
            return found
        if fired:
            raise CeilingError(f"a process of the ceiling self-test said nothing for {_PATIENCE:g} s")
        assert self._process.stderr is not None
        words = [line for line in self._process.stderr.read().splitlines() if line.strip()]
        raise CeilingError(f"the ceiling self-test failed: {words[-1] if words else 'without a word'}")
