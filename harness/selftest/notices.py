"""What a case saw that is wrong, and whose requirement that breaks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.cases.case import Case, Step
from harness.judge.facts import Facts
from harness.results.finding import Finding, graded
from harness.rules.check import RULES
from harness.vocabulary import Verdict

RULE_TESTS: Mapping[str, tuple[str, ...]] = {rule.id: rule.tests for rule in RULES}
"""The requirements that each wire rule tests."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One finding that diverges, and the requirements that it belongs to."""

    case: str
    requirements: tuple[str, ...]
    about: str
    verdict: Verdict  # differs or lenient
    expected: str
    observed: str
    step: str | None = None
    rule: str | None = None  # the wire rule that made it

    @property
    def said(self) -> str:
        """It in one line."""
        where = f"step {self.step}, " if self.step else ""
        return f"{where}{self.about}: expected {self.expected}, got {self.observed}"


def requirements_of_step(case: Case, step: Step) -> tuple[str, ...]:
    """The requirements that findings of this step belong to: its own, else those of its case."""
    return step.tests or case.tests


def requirements_of_case(case: Case) -> frozenset[str]:
    """The requirements that any finding of a case can belong to. A workload has them without steps."""
    if not case.steps:
        return frozenset(case.tests)
    return frozenset(one for step in case.steps for one in requirements_of_step(case, step))


def needed(cases: Mapping[str, Case], ids: Iterable[str]) -> tuple[str, ...]:
    """These cases, and all that they need, in the order of the suite."""
    found: set[str] = set()
    open_ = list(ids)
    while open_:
        one = open_.pop()
        if one not in found and one in cases:
            found.add(one)
            open_ += cases[one].needs
    return tuple(one for one in cases if one in found)


def notices(case: Case, facts: Facts, findings: Sequence[Finding]) -> Iterator[Notice]:
    """What diverges in a case.

    A case keeps the breach of an `expected` wire rule only in passing, for a run scores the rule once, in a
    record of its own. Here every breach is a notice, in the exchange that shows it.
    """
    for finding in findings:
        if finding.rule is not None:
            verdict = graded(not finding.broken, finding.level)
            belongs = RULE_TESTS.get(finding.rule, ())
        else:
            verdict, belongs = finding.verdict, _belongs(case, facts, finding)
        if verdict.diverges:
            yield Notice(
                case=case.id,
                requirements=belongs,
                about=finding.about,
                verdict=verdict,
                expected=finding.expected,
                observed=finding.observed,
                step=finding.step,
                rule=finding.rule,
            )


def _belongs(case: Case, facts: Facts, finding: Finding) -> tuple[str, ...]:
    if finding.exchange is None:
        return case.tests
    return requirements_of_step(case, case.steps[facts.steps[finding.exchange].index])
