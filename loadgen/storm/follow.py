"""Follows a run by its master's rows: tells the storm when phases begin, and the run what the storm did."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

from loadgen.plan.values import Plan
from loadgen.record.lines import Event
from loadgen.storm.run import Happened

_NS = 1_000_000_000


class Follower(Protocol):
    """Who acts: `loadgen.storm.run.Tempest`."""

    def workers(self, told: list[Mapping[str, Any]]) -> None:
        """Who plays."""
        ...

    def begins(self, phase: str, start_ns: int, *, measured: bool) -> None:
        """A phase begins, at that moment of the monotonic clock."""
        ...

    def ends(self, phase: str) -> None:
        """A phase is over."""
        ...

    def happened(self) -> list[Happened]:
        """What was done since the last call."""
        ...


class Follow:
    """Between a master and a storm. The master's rows are those of `loadgen.fleet`."""

    def __init__(self, tempest: Follower, plan: Plan) -> None:
        self._tempest = tempest
        self._measured = {(phase.name, phase.iteration): phase.measured for phase in plan.phases}
        self._begun: set[tuple[str, int]] = set()
        self._origin: int | None = None  # ns of the monotonic clock: when the run's seconds count from

    def hear(self, row: Mapping[str, Any]) -> list[Event]:
        """A row came. What the storm has done since the last one, as events of the run."""
        if row["row"] == "progress":
            now = time.monotonic_ns()  # the master's clock is this machine's
            self._origin = now - int(row["t_s"] * _NS)
            key = row["phase"], row["iteration"]
            if key not in self._begun:
                self._begun.add(key)
                start = self._origin + int(row["begin_s"] * _NS)
                self._tempest.begins(row["phase"], start, measured=self._measured[key])
        elif row["row"] == "line" and row["line"]["line"] == "phase":
            self._tempest.ends(row["line"]["name"])
        elif row["row"] == "line" and row["line"].get("what") == "fleet":
            self._tempest.workers(row["line"]["facts"]["workers"])
        return self.told()

    def told(self) -> list[Event]:
        """What the storm has done since the last time."""
        if self._origin is None:
            return []  # nothing is done before the first phase begins
        return [
            Event(round((one.at_ns - self._origin) / _NS, 6), "fault", one.said, dict(one.facts))
            for one in self._tempest.happened()
        ]
