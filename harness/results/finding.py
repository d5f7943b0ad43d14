"""A finding: one assertion, and whether it held. The smallest thing that a run can say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.vocabulary import Level, Verdict, broken, worst


@dataclass(frozen=True, slots=True)
class Finding:
    """One assertion of a case, of a scenario or of a wire rule.

    `step` is the step's label (`2`, `given 1`, `3 round 2`), None where there are no steps.
    `exchange` is the index into the wire file; `rule` names the wire rule that made the assertion.
    `count` is how many times the same assertion was made: rules over many exchanges are folded into one.
    `broken` is how many of those did not hold, for the finding of a rule.
    """

    about: str
    level: Level
    verdict: Verdict
    expected: str
    observed: str
    step: str | None = None
    requirement: str | None = None
    source: tuple[str, ...] = ()
    why: str | None = None
    rule: str | None = None
    exchange: int | None = None
    count: int = 1
    broken: int = 0

    @property
    def held(self) -> bool:
        """Whether the assertion held (or was never scored)."""
        return self.verdict in (Verdict.PASS, Verdict.OBSERVED)


def graded(held: bool, level: Level) -> Verdict:
    """The verdict of one assertion."""
    if level is Level.OBSERVED:
        return Verdict.OBSERVED
    return Verdict.PASS if held else broken(level)


def verdict(findings: Iterable[Finding]) -> Verdict:
    """The verdict of a case or scenario: its worst finding; `observed` when nothing was asserted."""
    return worst(finding.verdict for finding in findings)
