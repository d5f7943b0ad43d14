"""The engine on four cases and real wrong façades: killed, hole, survivor, and what is no witness."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.selftest.engine import UncleanBaselineError, Watch, selftest
from harness.selftest.mutants import Mutant
from harness.selftest.results import Outcome, Result, Verified
from harness.vocabulary import ExitCode, Verdict
from tests.golden.made import blocks
from tests.selftest import made

MUTANTS = (made.KILLED, made.LENIENT, made.HOLE, made.SURVIVOR, made.UNTESTED, made.RULED)


@pytest.fixture(scope="module")
def told() -> list[tuple[str, object]]:
    return []


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, object]]) -> Verified:
    watch = Watch(
        phase=lambda name, steps: told.append((name, steps)),
        right=lambda cases: told.append(("right", cases)),
        step=lambda result: told.append(("step", result.mutant.name)),
    )
    cases = made.cases(tmp_path_factory.mktemp("suite") / "suites")
    return selftest(cases, MUTANTS, workers=2, watch=watch)


def of(done: Verified, mutant: Mutant) -> Result:
    return next(one for one in done.results if one.mutant == mutant)


def test_the_results_come_in_the_order_of_the_mutants(done: Verified) -> None:
    assert [one.mutant for one in done.results] == list(MUTANTS)


def test_a_requirement_of_its_own_kills(done: Verified) -> None:
    result = of(done, made.KILLED)
    assert (result.outcome, result.requirement) == (Outcome.KILLED, "area.range")
    assert result.by is not None
    assert (result.by.case, result.by.verdict, result.by.about) == ("area/range", Verdict.DIFFERS, "status")
    assert result.ran == 1  # it ends with the first kill


def test_a_lenient_finding_of_the_step_kills_too(done: Verified) -> None:
    result = of(done, made.LENIENT)
    assert (result.outcome, result.requirement) == (Outcome.KILLED, "area.delete")
    assert result.by is not None
    assert (result.by.step, result.by.verdict) == ("2", Verdict.LENIENT)


def test_what_only_other_requirements_notice_is_a_hole(done: Verified) -> None:
    result = of(done, made.HOLE)
    assert (result.outcome, result.requirement) == (Outcome.HOLE, None)
    assert result.by is not None
    assert (result.by.case, result.by.requirements) == ("area/range", ("area.range",))
    assert result.reason == "2 cases test what it breaks: 2 pass"


def test_what_nothing_notices_survives_with_a_reason(done: Verified) -> None:
    assert of(done, made.SURVIVOR).outcome is Outcome.SURVIVED
    assert of(done, made.SURVIVOR).reason == "2 cases test what it breaks: 2 pass"
    assert of(done, made.UNTESTED).outcome is Outcome.SURVIVED
    assert of(done, made.UNTESTED).reason == "no case tests what it breaks"


def test_a_wire_rule_kills_in_whatever_case_it_looks_at(done: Verified) -> None:
    result = of(done, made.RULED)
    assert (result.outcome, result.requirement) == (Outcome.KILLED, "wire.put-blob-hashes")
    assert result.own_cases == 0
    assert result.by is not None
    assert (result.by.case, result.by.rule) == ("area/delete", "put-blob-crc64")


def test_the_rate_counts_kills_by_their_own_requirement_only(done: Verified) -> None:
    assert done.rate == 50.0
    assert {outcome: len(done.of(outcome)) for outcome in Outcome if done.of(outcome)} == {
        Outcome.KILLED: 3,
        Outcome.HOLE: 1,
        Outcome.SURVIVED: 2,
    }


def test_what_no_case_of_its_own_notices_is_replayed(tmp_path: Path) -> None:
    lost = Mutant("commit-knows-its-own-connection", ("area.whole",), "Blocks of other connections are lost.")
    spec = blocks()
    done = selftest(made.cases(tmp_path / "suites"), [lost, made.HOLE, made.SURVIVOR], specs=[spec])
    caught, hole, survivor = done.results
    assert (caught.outcome, caught.requirement) == (Outcome.REPLAYED, None)
    assert caught.reason == "2 cases test what it breaks: 2 pass"
    assert caught.by is not None
    assert (caught.by.case, caught.by.step) == (spec.id, "put-block-list")
    assert caught.ran == 3  # other cases are not needed any more
    assert (hole.outcome, survivor.outcome) == (Outcome.HOLE, Outcome.SURVIVED)
    assert hole.by is not None
    assert hole.by.case == "area/range"
    assert (done.specs, round(done.rate, 1)) == (1, 33.3)


def test_all_cases_tell_of_every_spec_that_notices(tmp_path: Path) -> None:
    lost = Mutant("commit-knows-its-own-connection", ("area.whole",), "Blocks of other connections are lost.")
    (result,) = selftest(made.cases(tmp_path / "suites"), [lost], specs=[blocks()], all_cases=True).results
    assert (result.outcome, result.ran) == (Outcome.REPLAYED, len(made.CASES) + 1)
    assert [one.case for one in result.noticed] == [blocks().id]


def test_the_right_facade_comes_first_and_is_told_of(done: Verified, told: list[tuple[str, object]]) -> None:
    assert told[0] == ("the right façade", 3)
    assert told.index(("right", 3)) < told.index(("their own cases", 4))
    assert told[-1] == ("step", told[-1][1])
    assert set(done.baseline) == set(made.CASES)
    assert all(seen.verdict is Verdict.PASS for seen in done.baseline.values())


def test_a_case_whose_premise_fails_as_well_is_no_witness(tmp_path: Path) -> None:
    (result,) = selftest(made.cases(tmp_path / "suites"), [made.BLOCKED]).results
    assert result.outcome is Outcome.HOLE
    assert result.reason == "1 case tests what it breaks: 1 blocked"
    assert result.by is not None
    assert result.by.case == "area/range"


def test_all_cases_tell_of_every_case_that_notices(tmp_path: Path) -> None:
    (result,) = selftest(made.cases(tmp_path / "suites"), [made.KILLED], all_cases=True).results
    assert result.outcome is Outcome.KILLED
    assert result.ran == len(made.CASES)
    assert [one.case for one in result.noticed] == ["area/range"]  # what needs it is blocked


def test_a_case_that_the_right_facade_does_not_pass_ends_it_all(tmp_path: Path) -> None:
    wrong = made.CASES | {"area/range": made.CASES["area/range"].replace("206", "299")}
    with pytest.raises(UncleanBaselineError) as caught:
        selftest(made.cases(tmp_path / "suites", wrong), [made.KILLED, made.SURVIVOR])
    assert str(caught.value).splitlines() == [
        "1 case does not pass on the right façade, so no mutant is looked at:",
        "  area/range: step 1, status: expected 299, got 206",
    ]
    assert caught.value.exit_code is ExitCode.HARNESS


def test_a_case_that_the_configuration_cannot_run_is_no_witness(tmp_path: Path) -> None:
    only = {"area/range": made.CASES["area/range"].replace("tests:", "when: {style: host}\n        tests:")}
    done = selftest(made.cases(tmp_path / "suites", only), [made.KILLED])
    assert done.inapplicable == ("area/range",)
    assert done.results[0].outcome is Outcome.SURVIVED
    assert done.results[0].reason == "1 case tests what it breaks: 1 not-applicable"
