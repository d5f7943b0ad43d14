"""What a divergence does to a flow of a client: how bad, why, and who says so. Values only."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """How badly a flow is hurt, worst first."""

    DATA_LOSS = "data loss"  # data is lost or wrong, and nobody is told
    BREAKS = "breaks"  # shown: its own requests, or the client itself, did not get through
    AT_RISK = "at risk"  # a case or rule that it depends on broke
    LOUD = "loud failure"  # it was to fail, and fails in another way

    @property
    def meaning(self) -> str:
        """One sentence for reports."""
        return _MEANING[self]

    @property
    def rank(self) -> int:
        """Sorts them, worst first."""
        return list(Severity).index(self)


_MEANING = {
    Severity.DATA_LOSS: "data is lost or wrong, and nobody is told",
    Severity.BREAKS: "the client's own requests, replayed, or the client itself did not get through",
    Severity.AT_RISK: "something that the flow depends on broke in a case or a wire rule",
    Severity.LOUD: "an error was due, and another error came: the client stops either way",
}


@dataclass(frozen=True, slots=True)
class Harm:
    """One reason why a flow is hurt."""

    severity: Severity
    reason: str  # what the endpoint did: "Put Block List answers 500 where 201 is due"
    evidence: tuple[str, ...]  # ids of records of the run
    effect: str = ""  # what the client does then, as a clause; empty: nobody has measured it
    source: tuple[str, ...] = ()  # of the effect
    step: str | None = None  # of a replayed spec
    shown: bool = False  # by a replay or by the client itself; else concluded from cases and rules
    known: bool = False  # a ledger has it
    distance: int = 0  # as Trouble.distance

    @property
    def order(self) -> tuple[int, bool, bool, bool, int]:
        """Sorts harms: the worst first, what was shown before what was concluded, known effects first."""
        return (self.severity.rank, self.known, not self.shown, not self.effect, self.distance)
