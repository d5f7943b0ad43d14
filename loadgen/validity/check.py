"""A check of a run's validity, as a value: what was looked at, what it says, and on which facts."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from loadgen.record import lines


class State(enum.StrEnum):
    """What a check means for the figures of a run."""

    OK = "ok"
    WARNS = "warns"  # the figures stand; who reads them must know this
    INVALIDATES = "invalidates"  # the figures say nothing about the endpoint
    NOT_RUN = "not-run"  # what it needs is not known


_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `said` is one sentence for whoever reads the report; `facts` are the numbers behind it.

    `forbids_verdict` is about comparisons: with it, this run is not one of two that are judged.
    """

    name: str
    state: State
    said: str
    facts: Mapping[str, Any] = field(default_factory=lambda: _NONE)
    forbids_verdict: bool = False

    def line(self) -> lines.Check:
        """As a line of load.jsonl."""
        facts = dict(self.facts)
        if self.forbids_verdict:
            facts["forbids_verdict"] = True
        return lines.Check(self.name, self.state.value, self.said, facts)


def percent(share: float) -> str:
    """A share as a percentage, with as many digits as it needs."""
    return f"{100 * share:.3g} %"
