"""What tests each requirement, and what breaks it: cases, wire rules, client scenarios and mutants. Pure."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.cases.case import Case
from harness.catalogue import Catalogue, Requirement
from harness.rules.rule import Rule
from harness.scenarios import Listed
from harness.selftest.mutants import Mutant
from harness.selftest.notices import requirements_of_case


class Status(enum.StrEnum):
    """Whether a requirement is tested."""

    TESTED = "tested"
    UNTESTED = "untested"
    UNTESTABLE = "untestable"

    @property
    def meaning(self) -> str:
        """One sentence for reports."""
        return _MEANING[self]


_MEANING = {
    Status.TESTED: "a case, a wire rule or a client scenario can find it broken",
    Status.UNTESTED: "nothing can find it broken",
    Status.UNTESTABLE: "no case can test it from outside, for the reason that is given",
}


@dataclass(frozen=True, slots=True)
class Traced:
    """One requirement with all that speaks of it. Cases are their ids; of a sweep, each of its cases."""

    requirement: Requirement
    cases: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    scenarios: tuple[str, ...] = ()
    mutants: tuple[Mutant, ...] = ()

    @property
    def status(self) -> Status:
        """Whether it is tested."""
        if self.cases or self.rules or self.scenarios:
            return Status.TESTED
        return Status.UNTESTABLE if self.requirement.untestable else Status.UNTESTED

    @property
    def files(self) -> Mapping[str, int]:
        """The case files, and how many of their cases test it."""
        return Counter(case.partition("[")[0] for case in self.cases)


@dataclass(frozen=True, slots=True)
class Area:
    """The requirements of one file of the catalogue."""

    name: str
    traced: tuple[Traced, ...]

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many there are of each status."""
        return counts(self.traced)

    @property
    def mutants(self) -> int:
        """How many mutants break one of them."""
        return len({mutant.name for one in self.traced for mutant in one.mutants})


def counts(traced: Iterable[Traced]) -> Mapping[Status, int]:
    """How many there are of each status; every status is there."""
    return dict.fromkeys(Status, 0) | Counter(one.status for one in traced)


def trace(
    known: Catalogue,
    cases: Sequence[Case],
    rules: Sequence[Rule],
    scenarios: Sequence[Listed],
    mutants: Sequence[Mutant],
) -> tuple[Area, ...]:
    """Every requirement of the catalogue, area by area, in the order of the files."""
    tested = [(case.id, requirements_of_case(case)) for case in cases]
    areas: dict[str, list[Traced]] = {}
    for one in known.requirements.values():
        traced = Traced(
            requirement=one,
            cases=tuple(name for name, tests in tested if one.id in tests),
            rules=tuple(rule for rule in rules if one.id in rule.tests),
            scenarios=tuple(scenario.id for scenario in scenarios if one.id in scenario.tests),
            mutants=tuple(mutant for mutant in mutants if one.id in mutant.breaks),
        )
        areas.setdefault(one.area, []).append(traced)
    return tuple(Area(name, tuple(traced)) for name, traced in areas.items())
