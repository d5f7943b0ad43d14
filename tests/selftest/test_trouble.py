"""Trouble is never a kill: a façade that does not start, dies or hangs, and faults of our own."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.cases.case import Case
from harness.endpoints.errors import StartError
from harness.judge.facts import Facts
from harness.results.finding import Finding
from harness.selftest import engine, look, witnesses
from harness.selftest.engine import UncleanBaselineError, selftest
from harness.selftest.mutants import Mutant
from harness.selftest.results import Outcome, Result
from tests.execute.service import Received, response, service
from tests.selftest import made

CASES = {
    "area/whole": """
        operation: Get Blob
        tests: [area.whole]
        steps:
          - send: GET /{container}/{blob}
            expect: {status: 200}
    """
}
MUTANT = Mutant("made-up", ("area.whole",), "As the test says.")
OTHER = Mutant("well-behaved", ("area.whole",), "Nothing.")


@dataclass
class Process:
    """What stands for the façade's process."""

    running: bool = True


_SHARED = SimpleNamespace(certificates=None, issuer=None)

Answer = Callable[[Process], bytes]
"""What a façade answers when it is asked for the blob."""


@dataclass
class Bench:
    """The self-test over scripted façades instead of real ones."""

    folder: Path
    answers: dict[str | None, Answer] = field(default_factory=dict)

    def run(self, answer: Answer, *mutants: Mutant) -> tuple[Result, ...]:
        """What becomes of the mutants (default: the made-up one, which answers like this)."""
        self.answers = {MUTANT.name: answer}
        cases = made.cases(self.folder / "suites", CASES)
        return selftest(cases, mutants or (MUTANT,)).results

    @contextlib.contextmanager
    def reference(self, mutant: str | None, **_rest: object) -> Iterator[Any]:
        """In the place of the real one."""
        process = Process()
        wanted = self.answers.get(mutant, right)

        def answers(request: Received) -> bytes | None:
            return wanted(process) if request.method == "GET" and "/blob-" in request.target else None

        with service(answers) as made_up:
            yield SimpleNamespace(endpoint=made_up.endpoint, server=process)


def right(_process: Process) -> bytes:
    return response(200)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Workers are forked, so that they see what is put in place here."""
    bench = Bench(tmp_path)
    monkeypatch.setattr(look, "reference", bench.reference)
    monkeypatch.setattr("harness.judge.judge.outcomes", lambda *_: iter(()))  # it would keep no wire rule
    monkeypatch.setattr(engine, "_shared", lambda: contextlib.nullcontext(_SHARED))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # a worker that dies leaves its folder behind
    monkeypatch.setattr("harness.execute.STEP_SECONDS", 0.3)
    return bench


def test_the_bench_itself_kills(bench: Bench) -> None:
    (result,) = bench.run(lambda process: response(404))
    assert (result.outcome, result.requirement) == (Outcome.KILLED, "area.whole")


def test_one_that_hangs_is_indeterminate(bench: Bench) -> None:
    def hang(_process: Process) -> bytes:
        threading.Event().wait(5.0)  # far longer than a step may take here
        return b""

    (result,) = bench.run(hang)
    assert result.outcome is Outcome.INDETERMINATE
    assert result.reason.startswith("area/whole: step 1, timeout")


def test_one_that_dies_is_indeterminate_even_if_its_last_word_was_wrong(bench: Bench) -> None:
    def die(process: Process) -> bytes:
        process.running = False
        return response(404)

    (result,) = bench.run(die)
    assert result.outcome is Outcome.INDETERMINATE
    assert result.reason == "the façade ended in the middle of area/whole"


def test_one_that_does_not_start_is_indeterminate(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    real = bench.reference

    def reference(mutant: str | None, **rest: object) -> contextlib.AbstractContextManager[Any]:
        if mutant == MUTANT.name:
            raise StartError("it ended at once", "Mend it.")
        return real(mutant, **rest)

    monkeypatch.setattr(look, "reference", reference)
    (result,) = bench.run(right)
    assert (result.outcome, result.reason) == (Outcome.INDETERMINATE, "it ended at once")


def test_one_that_takes_too_long_is_ended_between_two_cases(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LEAST", -1.0)
    monkeypatch.setattr(engine, "_TIMES", 0.0)
    (result,) = bench.run(lambda process: response(404))
    assert result.outcome is Outcome.INDETERMINATE
    assert "it took more than" in result.reason


def test_a_fault_of_ours_is_no_kill_and_stops_no_other_mutant(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = witnesses.judge

    def judge(case: Case, facts: Facts) -> tuple[Finding, ...]:
        response = facts.steps[-1].exchange.response
        if response is not None and response.status == 404:
            raise RuntimeError("we do not understand")
        return real(case, facts)

    monkeypatch.setattr(witnesses, "judge", judge)
    wrong, other = bench.run(lambda process: response(404), MUTANT, OTHER)
    assert wrong.outcome is Outcome.HARNESS_ERROR
    assert wrong.reason == "area/whole: RuntimeError: we do not understand"
    assert other.outcome is Outcome.SURVIVED


def test_a_worker_that_dies_is_a_fault_of_ours(bench: Bench) -> None:
    (result,) = bench.run(lambda process: os._exit(9))
    assert result.outcome is Outcome.HARNESS_ERROR
    assert result.reason == "its worker ended with 9"


def test_no_worker_left_is_said_of_every_other_mutant(bench: Bench) -> None:
    _, other = bench.run(lambda process: os._exit(9), MUTANT, OTHER)
    assert (other.outcome, other.reason) == (Outcome.HARNESS_ERROR, "every worker has ended")


def test_a_right_facade_that_is_in_trouble_ends_it_all(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def reference(mutant: str | None, **_rest: object) -> contextlib.AbstractContextManager[Any]:
        raise StartError("no free port", "Wait.")

    monkeypatch.setattr(look, "reference", reference)
    with pytest.raises(UncleanBaselineError, match="cannot be looked at: no free port"):
        bench.run(right)
