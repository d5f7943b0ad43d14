"""The pure parts: whose requirement a finding breaks, what a case needs, what the façade lists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.cases.case import Case
from harness.judge.facts import Facts
from harness.judge.judge import judge
from harness.rules.check import RULES
from harness.selftest import mutants as listed
from harness.selftest.mutants import Mutant, MutantsError, UnknownMutantError, mutants, pick
from harness.selftest.notices import RULE_TESTS, needed, notices, requirements_of_case
from harness.vocabulary import ExitCode, Verdict
from tests.judge.made import SCOPE, exchange
from tests.selftest import made


@pytest.fixture
def by_id(tmp_path: Path) -> dict[str, Case]:
    return {case.id: case for case in made.cases(tmp_path / "suites")}


def facts(case: Case, *statuses: int) -> Facts:
    """Answers with these statuses to the steps of the case, and nothing else in them."""
    from harness.judge.facts import StepFact

    steps = [
        StepFact("steps", index, exchange(f"{step.method} /acct/con/blob", status), SCOPE, "/acct")
        for index, (step, status) in enumerate(zip(case.steps, statuses, strict=True))
    ]
    return Facts(tuple(steps))


def test_a_finding_belongs_to_its_step_else_to_its_case(by_id: dict[str, Case]) -> None:
    case = by_id["area/delete"]
    seen = facts(case, 500, 500)
    found = [one for one in notices(case, seen, judge(case, seen)) if one.rule is None]
    assert [(one.step, one.requirements, one.verdict) for one in found] == [
        ("1", ("area.whole",), Verdict.DIFFERS),
        ("2", ("area.delete",), Verdict.LENIENT),
    ]
    assert requirements_of_case(case) == {"area.whole", "area.delete"}


def test_what_every_step_replaces_is_not_tested_by_the_case(by_id: dict[str, Case]) -> None:
    case = by_id["area/delete"]
    all_say = replace(case, steps=tuple(replace(step, tests=("area.delete",)) for step in case.steps))
    assert requirements_of_case(all_say) == {"area.delete"}


def test_a_rule_that_is_only_expected_is_noticed_too(by_id: dict[str, Case]) -> None:
    case = by_id["area/whole"]
    seen = facts(case, 200)
    said = {one.rule: one for one in notices(case, seen, judge(case, seen)) if one.rule is not None}
    lenient = [one for one in said.values() if one.verdict is Verdict.LENIENT]
    assert lenient  # the bare answer lacks nearly every header
    assert all(one.requirements == RULE_TESTS[one.rule or ""] for one in said.values())
    assert {rule.id for rule in RULES} >= set(said)


def test_what_is_needed_comes_along(by_id: dict[str, Case]) -> None:
    assert needed(by_id, ["area/needs-range"]) == ("area/needs-range", "area/range")
    assert needed(by_id, ["area/whole"]) == ("area/whole",)


def test_the_facade_lists_its_mutants_with_their_requirements() -> None:
    by_name = {one.name: one for one in mutants()}
    assert by_name["range-ignored"].breaks == ("get-blob.range",)
    assert all(one.breaks and one.about for one in by_name.values())


def test_unknown_mutants_are_named_with_a_hint() -> None:
    known = [Mutant("range-ignored", ("a.b",), "x"), Mutant("etag-never-changes", ("a.c",), "x")]
    assert pick(known, ["etag-never-changes"]) == (known[1],)
    assert pick(known, []) == tuple(known)
    with pytest.raises(UnknownMutantError) as caught:
        pick(known, ["range-ignore"])
    assert (str(caught.value), caught.value.hint) == (
        "there is no mutant 'range-ignore'",
        "Did you mean range-ignored?",
    )
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_facade_that_cannot_list_them_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed.sys, "executable", "/nowhere/python")
    with pytest.raises(MutantsError, match="cannot be listed"):
        mutants()
