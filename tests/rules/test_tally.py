"""Wire rules over a whole run: each is scored once, and what it counts is what was seen."""

from __future__ import annotations

from harness.results.finding import Finding
from harness.results.record import Record, finding_json
from harness.rules.check import RULES
from harness.rules.tally import Tally, in_passing, rule_id, rule_ids
from harness.vocabulary import Level, Verdict

EXPECTED = next(rule for rule in RULES if rule.level is Level.EXPECTED)
REQUIRED = next(rule for rule in RULES if rule.level is Level.REQUIRED)


def record(name: str, *findings: Finding) -> Record:
    """As much of a case's record as the tally looks at."""
    return {"id": name, "wire": f"wires/{name}.json", "findings": [finding_json(one) for one in findings]}


def said(rule: str, verdict: Verdict, count: int, broken: int, level: Level = Level.EXPECTED) -> Finding:
    return Finding("about", level, verdict, "this", "that", rule=rule, exchange=3, count=count, broken=broken)


def scored(tally: Tally) -> dict[str, Record]:
    return {one["id"]: one for one in tally.records()}


def test_a_rule_is_scored_once_however_many_cases_broke_it() -> None:
    tally = Tally()
    tally.add(record("a/held", said(EXPECTED.id, Verdict.PASS, 5, 0)))
    tally.add(record("b/broke", said(EXPECTED.id, Verdict.OBSERVED, 7, 2)))
    tally.add(record("c/broke", said(EXPECTED.id, Verdict.OBSERVED, 4, 4)))
    one = scored(tally)[rule_id(EXPECTED)]
    assert one["verdict"] == "lenient"
    assert one["reason"] == "6 of 16 exchanges broke it; first in b/broke"
    assert (one["shown"], one["wire"]) == ("b/broke", "wires/b/broke.json")
    (finding,) = one["findings"]
    assert (finding["count"], finding["broken"], finding["exchange"]) == (16, 6, 3)


def test_a_required_rule_that_broke_differs() -> None:
    tally = Tally()
    tally.add(record("a/broke", said(REQUIRED.id, Verdict.DIFFERS, 1, 1, Level.REQUIRED)))
    assert scored(tally)[rule_id(REQUIRED)]["verdict"] == "differs"


def test_a_rule_that_held_passes_and_shows_where() -> None:
    tally = Tally()
    tally.add(record("a/held", said(REQUIRED.id, Verdict.PASS, 2, 0, Level.REQUIRED)))
    one = scored(tally)[rule_id(REQUIRED)]
    assert (one["verdict"], one["reason"], one["shown"], one["exchanges"]) == ("pass", None, "a/held", 2)


def test_a_rule_that_nothing_was_about_is_not_applicable() -> None:
    records = Tally().records()
    assert tuple(one["id"] for one in records) == rule_ids()
    assert {one["verdict"] for one in records} == {"not-applicable"}
    assert {one["wire"] for one in records} == {None}


def test_assertions_of_cases_are_no_rules() -> None:
    tally = Tally()
    tally.add(record("a/one", Finding("status", Level.REQUIRED, Verdict.DIFFERS, "200", "500")))
    assert {one["verdict"] for one in tally.records()} == {"not-applicable"}


def test_only_what_is_required_counts_in_passing() -> None:
    lenient = said(EXPECTED.id, Verdict.LENIENT, 1, 1)
    assert in_passing(lenient).verdict is Verdict.OBSERVED
    assert in_passing(lenient).broken == 1
    differs = said(REQUIRED.id, Verdict.DIFFERS, 1, 1, Level.REQUIRED)
    assert in_passing(differs) is differs
