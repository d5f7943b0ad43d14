"""selftest.json and the committed record: schemas, the first run that stays, reasons that stay."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.selftest import record
from harness.selftest.document import Asked, check, document, suite_digest
from harness.selftest.look import Seen
from harness.selftest.mutants import Mutant
from harness.selftest.notices import Notice
from harness.selftest.record import RecordError
from harness.selftest.results import Outcome, Result, Verified
from harness.vocabulary import ExitCode, Verdict
from tests.selftest import made

NOTICE = Notice("area/range", ("area.range",), "status", Verdict.DIFFERS, "206", "200", "1")


def result(mutant: Mutant, outcome: Outcome) -> Result:
    """A mutant that came to this."""
    match outcome:
        case Outcome.KILLED:
            return Result(mutant, outcome, replace(NOTICE, requirements=mutant.breaks))
        case Outcome.REPLAYED:
            seen = replace(NOTICE, case="traces/mover/1.0/made", requirements=())
            return Result(mutant, outcome, seen, "no case tests what it breaks")
        case Outcome.HOLE:
            return Result(mutant, outcome, NOTICE, "1 case tests what it breaks: 1 pass")
    return Result(mutant, outcome, reason="no case tests what it breaks")


def verified(*outcomes: Outcome) -> Verified:
    """A self-test in which the mutants, one after the other, came to this."""
    mutants = (made.KILLED, made.HOLE, made.SURVIVOR)
    results = tuple(map(result, mutants, outcomes))
    baseline = {"area/range": Seen("area/range", Verdict.PASS, "", 0.1)}
    return Verified(results, baseline, "2025-07-05", 4)


def run(*outcomes: Outcome, asked: Asked = Asked(at_least=95)) -> dict[str, Any]:  # noqa: B008 - frozen
    return document(verified(*outcomes), asked, "0" * 64)


def test_a_document_has_its_schema_and_its_figures() -> None:
    made_one = run(Outcome.KILLED, Outcome.HOLE, Outcome.SURVIVED)
    check(made_one, "selftest.schema.json")
    assert made_one["rate"] == 33.33
    assert made_one["met"] is False
    assert made_one["counts"] == {
        "killed": 1,
        "replayed": 0,
        "hole": 1,
        "survived": 1,
        "indeterminate": 0,
        "harness-error": 0,
    }
    assert made_one["results"][0]["requirement"] == "area.range"
    with pytest.raises(jsonschema.ValidationError):
        check(made_one | {"more": 1}, "selftest.schema.json")


def test_the_first_run_stays_and_the_latest_follows(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    record.add(path, run(Outcome.KILLED, Outcome.SURVIVED) | {"date": "2026-01-01T00:00:00Z"})
    once = json.loads(path.read_text())
    assert once["first"] == once["latest"]
    path.write_text(json.dumps(once | {"reasons": {"range-end-exclusive": "Nobody could see it."}}))
    record.add(path, run(Outcome.KILLED, Outcome.KILLED) | {"date": "2026-02-01T00:00:00Z"})
    twice = record.read(path)
    assert (twice["first"]["date"], twice["latest"]["date"]) == (
        "2026-01-01T00:00:00Z",
        "2026-02-01T00:00:00Z",
    )
    assert (twice["first"]["killed"], twice["latest"]["killed"]) == (1, 2)
    assert twice["reasons"] == {"range-end-exclusive": "Nobody could see it."}
    assert [one.name for one in tmp_path.iterdir()] == ["selftest.json"]


def test_what_only_a_replay_noticed_counts_beside_what_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    latest = record.add(path, run(Outcome.KILLED, Outcome.REPLAYED, Outcome.SURVIVED))["latest"]
    assert (latest["killed"], latest["replayed"], latest["rate"]) == (1, 1, 66.67)
    assert (latest["results"][1]["case"], latest["results"][1]["said"]) == (
        "traces/mover/1.0/made",
        "status: differs",
    )


@pytest.mark.parametrize(
    ("text", "said"), [("[]", "is no record"), ("{", "is no JSON"), ('{"schema": "x"}', "is no record")]
)
def test_what_is_no_record_is_left_alone(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "selftest.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=said) as caught:
        record.add(path, run(Outcome.KILLED))
    assert caught.value.exit_code is ExitCode.USAGE
    assert path.read_text() == text


def test_the_commit_is_that_of_the_checkout_or_nothing(tmp_path: Path) -> None:
    assert record.commit(tmp_path) == ""


def test_the_digest_follows_cases_and_requirements(tmp_path: Path) -> None:
    suites = made.suite(tmp_path / "suites")
    before = suite_digest(suites)
    (suites / "selftest.json").write_text("{}")
    assert suite_digest(suites) == before
    (suites / "area" / "whole.yaml").write_text("other")
    assert suite_digest(suites) != before
