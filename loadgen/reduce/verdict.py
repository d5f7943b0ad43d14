"""An assumed reduction ratio held against a measured one."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from harness.vocabulary import ExitCode
from loadgen.reduce.estimate import Ratio


class State(enum.StrEnum):
    """Where an assumption lies."""

    INSIDE = "inside"
    ABOVE = "above"  # more was assumed than there is: capacity will be short
    BELOW = "below"  # less was assumed than there is
    UNKNOWN = "unknown"  # no interval: too little data


@dataclass(frozen=True, slots=True)
class Verdict:
    """An assumed ratio, and where it lies."""

    assumed: float
    measured: Ratio
    state: State

    @property
    def said(self) -> str:
        """One sentence."""
        found = self.measured
        if self.state is State.UNKNOWN:
            return f"{self.assumed:g} cannot be tested: too little data for an interval."
        between = f"the interval {found.low:.2f} to {found.high:.2f}"
        if self.state is State.INSIDE:
            return f"{self.assumed:g} is inside {between}."
        than = "less" if self.state is State.ABOVE else "more"
        return f"{self.assumed:g} is outside {between}: the data reduces {than} than assumed."

    @property
    def exit_code(self) -> ExitCode:
        """6 where more was assumed than there is, 3 where nothing can be said, else 0."""
        if self.state is State.ABOVE:
            return ExitCode.OBJECTIVE_MISSED
        return ExitCode.INDETERMINATE if self.state is State.UNKNOWN else ExitCode.MET


def judge(assumed: float, measured: Ratio) -> Verdict:
    """Hold an assumption against what was measured."""
    if measured.low is None or measured.high is None:
        return Verdict(assumed, measured, State.UNKNOWN)
    if assumed > measured.high:
        return Verdict(assumed, measured, State.ABOVE)
    return Verdict(assumed, measured, State.BELOW if assumed < measured.low else State.INSIDE)
