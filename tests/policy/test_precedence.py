"""Of several exit codes the first of 2, 4, 1, 3, 5, 6 counts; and a ledger changes what a gate sees."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path

import pytest

from harness.ledger import Deviation
from harness.ledger import settle as settled
from harness.policy import Policy, decide, load
from harness.results.read import FILE, read
from harness.results.write import ResultsWriter
from harness.vocabulary import EXIT_PRECEDENCE, ExitCode, Verdict, exit_code
from tests.run.made import header, record, results

TODAY = date(2026, 11, 22)
OF = {
    Verdict.HARNESS_ERROR: ExitCode.HARNESS,
    Verdict.DIFFERS: ExitCode.DIVERGENCE,
    Verdict.STALE: ExitCode.DIVERGENCE,
    Verdict.LENIENT: ExitCode.DIVERGENCE,
    Verdict.INDETERMINATE: ExitCode.INDETERMINATE,
    Verdict.UNSUPPORTED: ExitCode.NOTHING_VERIFIED,
    Verdict.BLOCKED: ExitCode.NOTHING_VERIFIED,
    Verdict.NOT_RUN: ExitCode.NOTHING_VERIFIED,
}
"""What each verdict that fails the strict gate fails it with."""


def test_the_order_is_that_of_the_design() -> None:
    assert [code.value for code in EXIT_PRECEDENCE] == [2, 4, 1, 3, 5, 6]
    assert set(EXIT_PRECEDENCE) == set(ExitCode) - {ExitCode.MET}


@pytest.mark.parametrize(("first", "second"), [*itertools.combinations(EXIT_PRECEDENCE, 2)])
def test_of_two_codes_the_earlier_counts(first: ExitCode, second: ExitCode) -> None:
    for codes in ([first, second], [second, first], [ExitCode.MET, second, first]):
        assert exit_code(codes) is first
    assert exit_code([]) is ExitCode.MET


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(OF, 2)])
def test_of_two_verdicts_the_earlier_code_counts(one: Verdict, other: Verdict) -> None:
    run = results([record("a/1", one), record("a/2", other), record("a/3")])
    decision = decide(run, load("strict"))
    assert decision.exit_code is exit_code([OF[one], OF[other]])
    assert all(name in " ".join(decision.reasons) for name in ("a/1", "a/2"))


def test_a_run_that_was_cut_off_still_says_what_differs() -> None:
    run = results([record("a/1", Verdict.DIFFERS)], ["a/1", "a/2"], complete=False)
    decision = decide(run, load("mvp"))
    assert decision.exit_code is ExitCode.DIVERGENCE
    assert any("cut off" in reason for reason in decision.reasons)


def test_a_gate_that_excludes_everything_is_never_met() -> None:
    for gate in (Policy("x", include=()), Policy("x", exclude=("*",)), Policy("x", include=("b/*",))):
        assert decide(results([record("a/1")]), gate).exit_code is ExitCode.NOTHING_VERIFIED


def test_a_gate_is_not_met_by_a_client_that_it_excludes_only_in_part() -> None:
    run = results([record("azcopy/up", Verdict.NOT_RUN), record("put-blob/one")])
    assert not decide(run, load("mvp")).met
    assert decide(run, Policy("wire", exclude=("azcopy/*",))).met


@pytest.mark.parametrize(
    ("verdict", "expires", "after", "code"),
    [
        (Verdict.DIFFERS, date(2026, 12, 31), "known", ExitCode.MET),
        (Verdict.DIFFERS, TODAY, "known", ExitCode.MET),
        (Verdict.DIFFERS, date(2026, 11, 21), "differs", ExitCode.DIVERGENCE),
        (Verdict.PASS, date(2026, 12, 31), "stale", ExitCode.DIVERGENCE),
        (Verdict.PASS, date(2026, 11, 21), "stale", ExitCode.DIVERGENCE),
        (Verdict.UNSUPPORTED, date(2026, 12, 31), "unsupported", ExitCode.NOTHING_VERIFIED),
    ],
)
def test_what_a_ledger_does_to_a_gate(
    tmp_path: Path, verdict: Verdict, expires: date, after: str, code: ExitCode
) -> None:
    ledger = {"a/1": Deviation("a/1", "A reason.", "STOR-1", expires)}
    writer = ResultsWriter(
        tmp_path / FILE, header("a/1", "a/2"), ["a/1", "a/2"], lambda one: settled(one, ledger, TODAY)
    )
    writer.add(record("a/1", verdict))
    writer.add(record("a/2"))
    writer.close(complete=True)
    run = read(tmp_path)
    assert {one["id"]: one["verdict"] for one in run.records} == {"a/1": after, "a/2": "pass"}
    assert decide(run, load("mvp")).exit_code is code
    assert (run.score().verified, run.score().listed) == (1 if after == "unsupported" else 2, 2)
