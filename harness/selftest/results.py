"""What becomes of a mutant when cases have looked at it: values, and how looks turn into them. Pure."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.selftest.look import Look, Seen
from harness.selftest.mutants import Mutant
from harness.selftest.notices import RULE_TESTS, Notice
from harness.vocabulary import Verdict


class Outcome(enum.StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    REPLAYED = "replayed"
    HOLE = "hole"
    SURVIVED = "survived"
    INDETERMINATE = "indeterminate"
    HARNESS_ERROR = "harness-error"

    @property
    def meaning(self) -> str:
        """One sentence for reports."""
        return _MEANING[self]


_MEANING = {
    Outcome.KILLED: "a requirement that it breaks was found broken",
    Outcome.REPLAYED: "no case of its requirements noticed it, but the replay of a golden spec did",
    Outcome.HOLE: "only cases of other requirements noticed it",
    Outcome.SURVIVED: "nothing noticed it",
    Outcome.INDETERMINATE: "it did not start, crashed or hung, so nothing is known",
    Outcome.HARNESS_ERROR: "our own fault",
}


CAUGHT = (Outcome.KILLED, Outcome.REPLAYED)
"""What counts for the kill rate."""


@dataclass(frozen=True, slots=True)
class Result:
    """One mutant.

    `by` is the first notice: of its own requirement (killed), else a spec's (replayed), else a case's (hole).
    """

    mutant: Mutant
    outcome: Outcome
    by: Notice | None = None
    reason: str = ""  # why it was not killed
    own_cases: int = 0  # that test a requirement of its own
    ran: int = 0
    noticed: tuple[Notice, ...] = ()  # one for each case that noticed it, its own requirements first

    @property
    def requirement(self) -> str | None:
        """The requirement that killed it; of several, the first that the mutant names."""
        if self.outcome is not Outcome.KILLED or self.by is None:
            return None
        return next(one for one in self.mutant.breaks if one in self.by.requirements)


@dataclass(frozen=True, slots=True)
class Verified:
    """A whole self-test."""

    results: tuple[Result, ...]  # as the mutants were given
    baseline: Mapping[str, Seen]  # what the right façade said, by case
    version: str  # of the service, as the cases spoke it
    suite: int  # cases there are
    specs: int = 0  # golden specs there are

    def of(self, outcome: Outcome) -> tuple[Result, ...]:
        """The mutants with this outcome."""
        return tuple(one for one in self.results if one.outcome is outcome)

    @property
    def rate(self) -> float:
        """How many of a hundred mutants were killed by a requirement of their own, or seen by a replay."""
        caught = sum(one.outcome in CAUGHT for one in self.results)
        return 100 * caught / len(self.results) if self.results else 0.0

    @property
    def inapplicable(self) -> tuple[str, ...]:
        """The cases that this configuration of the façade cannot run: they are no witnesses."""
        return tuple(name for name, seen in self.baseline.items() if seen.verdict is Verdict.NOT_APPLICABLE)


def result(
    mutant: Mutant, own_cases: frozenset[str], looks: Sequence[Look], specs: frozenset[str] = frozenset()
) -> Result:
    """What became of a mutant after these looks; `specs` are the golden specs among what noticed."""
    seen = [one for look in looks for one in look.seen]
    own = next((one for look in looks if (one := look.own())), None)
    outcome, by, reason = Outcome.KILLED, own, ""
    if own is None:
        found = [notice for one in seen for notice in one.notices]
        by = next((one for one in found if one.case in specs), found[0] if found else None)
        outcome, reason = _unkilled(mutant, own_cases, looks, seen, by)
        if outcome is Outcome.HOLE and by is not None and by.case in specs:
            outcome = Outcome.REPLAYED
    return Result(
        mutant=mutant,
        outcome=outcome,
        by=by,
        reason=reason,
        own_cases=len(own_cases),
        ran=len(seen),
        noticed=tuple(_telling(mutant, one) for one in seen if one.notices),
    )


def _unkilled(
    mutant: Mutant, own_cases: frozenset[str], looks: Sequence[Look], seen: Sequence[Seen], by: Notice | None
) -> tuple[Outcome, str]:
    if fault := next((look.fault for look in looks if look.fault), ""):
        return Outcome.HARNESS_ERROR, fault
    if trouble := next((look.trouble for look in looks if look.trouble), ""):
        return Outcome.INDETERMINATE, trouble
    silent = next((one for one in seen if one.verdict is Verdict.INDETERMINATE), None)
    if silent is not None and (by is None or silent.case in own_cases):
        return Outcome.INDETERMINATE, f"{silent.case}: {silent.said}"
    return (Outcome.SURVIVED if by is None else Outcome.HOLE), _why(mutant, own_cases, seen)


def _why(mutant: Mutant, own_cases: frozenset[str], seen: Sequence[Seen]) -> str:
    """Why no requirement of its own noticed it."""
    if not own_cases:
        rules = [name for name, tests in RULE_TESTS.items() if set(tests).intersection(mutant.breaks)]
        if not rules:
            return "no case tests what it breaks"
        return f"no case tests what it breaks, and these wire rules held: {', '.join(rules)}"
    counts = Counter(one.verdict for one in seen if one.case in own_cases)
    said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    cases = "1 case tests" if len(own_cases) == 1 else f"{len(own_cases)} cases test"
    return f"{cases} what it breaks: {said}"


def _telling(mutant: Mutant, seen: Seen) -> Notice:
    own = (one for one in seen.notices if set(mutant.breaks).intersection(one.requirements))
    return next(own, seen.notices[0])
