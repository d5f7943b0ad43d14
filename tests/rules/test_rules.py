"""Every wire rule holds for a right answer and breaks for a wrong one; none speaks of what was not kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.catalogue import requirements
from harness.data import folder
from harness.exchange import Body, Exchange, Fidelity
from harness.rules.check import RULES, check, outcomes
from harness.vocabulary import Level, Verdict
from tests.rules.answers import PREFIX, RIGHT, broken, good, listing
from tests.rules.wrong import WRONG


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_break_no_rule(name: str) -> None:
    assert broken(RIGHT[name]) == set()


@pytest.mark.parametrize(("rule", "made"), WRONG, ids=[f"{rule}-{at}" for at, (rule, _) in enumerate(WRONG)])
def test_a_wrong_answer_breaks_its_rule(rule: str, made: Exchange | tuple[Exchange, ...]) -> None:
    assert rule in broken(*(made if isinstance(made, tuple) else (made,)))


def test_every_rule_has_a_wrong_answer_and_a_name_of_its_own() -> None:
    names = [rule.id for rule in RULES]
    assert set(names) == {rule for rule, _ in WRONG}
    assert len(names) == len(set(names))
    assert all(rule.says.endswith(".") and rule.source for rule in RULES)


def test_every_rule_tests_requirements_that_exist_and_every_wire_requirement_has_a_rule() -> None:
    listed = requirements(folder("suites"))
    tested = {test for rule in RULES for test in rule.tests}
    assert all(rule.tests for rule in RULES)
    assert tested - listed.keys() == set()
    assert {name for name, one in listed.items() if one.area == "wire" and not one.untestable} <= tested


def test_a_rule_says_nothing_of_what_a_recording_lacks() -> None:
    wrong = good("head", extra=10, fidelity=Fidelity.SDK_RECORDING, anomalies=("bare-lf",))
    said = check([wrong], PREFIX)
    assert {finding.rule for finding in said.findings if not finding.held} == set()
    assert said.not_evaluated["no-body"] == said.not_evaluated["http"] == 1


def test_a_body_that_was_not_kept_is_not_judged() -> None:
    whole = good("list", xml=listing("b", "a"))
    assert whole.response is not None
    body = whole.response.body
    kept = replace(whole, response=replace(whole.response, body=Body(body.length, body.sha256, None)))
    said = check([kept], PREFIX)
    assert {finding.rule for finding in said.findings if not finding.held} == set()
    assert {"xml-root", "list-order", "list-bom"} <= said.not_evaluated.keys()


def test_no_rule_speaks_of_half_an_answer() -> None:
    assert list(outcomes(good("get", failure="closed-early: 3 of 10 bytes"), PREFIX)) == []


def test_many_exchanges_become_one_finding_for_each_rule() -> None:
    wrong = good("put", {"ETag": None})
    said = check([good("put"), wrong, good("put"), wrong], PREFIX)
    (finding,) = [one for one in said.findings if one.rule == "validators"]
    assert (finding.verdict, finding.level, finding.exchange, finding.count) == (
        Verdict.DIFFERS,
        Level.REQUIRED,
        1,
        4,
    )
    assert finding.observed.endswith("(2 of 4 exchanges)")
    held = [one for one in said.findings if one.rule == "sent-md5"]
    assert [(one.verdict, one.count) for one in held] == [(Verdict.PASS, 4)]
