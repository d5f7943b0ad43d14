"""The recorded outcomes of a whole run, and what they say against the known ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.data import folder
from harness.faults.catalogue import catalogue
from harness.matrix.table import tables
from harness.safety.known import AXES, FILE, Known, load
from harness.safety.outcome import Outcome
from harness.safety.recorded import against, outcomes, read, unlike, written

RECORDED = Path(__file__).with_name("recorded.txt")
ONE = ("obstore", "get-small", "read", "short-body")
TWO = ("rclone", "get-small", "read", "flipped-byte")
FOUND = {ONE: Outcome.CORRUPTS_SILENTLY, TWO: Outcome.RECOVERS}


def known(cell: tuple[str, ...], outcome: Outcome) -> Known:
    return Known({axis: frozenset({value}) for axis, value in zip(AXES, cell, strict=True)}, outcome, "why")


def test_what_is_written_is_read_back() -> None:
    text = written(FOUND, catalogue())
    assert read(text) == FOUND
    assert "obstore get-small read" in text


def test_a_line_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        read("# faults: a b\nobstore get-small read R\n")


def test_outcomes_are_taken_from_cells_that_have_one() -> None:
    cell = dict(zip(AXES, ONE, strict=True))
    records = [
        {"cell": cell, "outcome": "corrupts-silently"},
        {"cell": dict(zip(AXES, TWO, strict=True))},
        {"cell": {"size": "1B"}, "outcome": "recovers"},
        {"id": "a/case"},
    ]
    assert outcomes(records) == {ONE: Outcome.CORRUPTS_SILENTLY}


def test_a_silent_corruption_needs_an_explanation() -> None:
    assert against(FOUND, []) == (f"{' '.join(ONE)}: corrupts-silently, and nothing explains it",)
    assert against(FOUND, [known(ONE, Outcome.CORRUPTS_SILENTLY)]) == ()


def test_what_is_known_and_not_found_is_said() -> None:
    table = [known(ONE, Outcome.CORRUPTS_SILENTLY), known(TWO, Outcome.CORRUPTS_SILENTLY)]
    assert against(FOUND, table) == (f"{' '.join(TWO)}: recovers, known is corrupts-silently",)


def test_what_is_known_of_some_trials_may_also_recover() -> None:
    now_and_then = replace(known(TWO, Outcome.HANGS), sometimes=True)
    for outcome, lines in ((Outcome.HANGS, 0), (Outcome.RECOVERS, 0), (Outcome.CORRUPTS_SILENTLY, 1)):
        assert len(against({TWO: outcome}, [now_and_then])) == lines


def test_two_runs_are_compared_where_both_have_a_cell() -> None:
    assert unlike(FOUND, {ONE: Outcome.RECOVERS}) == (f"{' '.join(ONE)}: corrupts-silently, then recovers",)


def test_the_recorded_run_agrees_with_what_is_known() -> None:
    found = read(RECORDED.read_text(encoding="utf-8"))
    assert against(found, load(folder("suites") / "safety" / FILE)) == ()


def test_the_recorded_run_has_a_line_for_everything_that_each_client_can_do() -> None:
    found = read(RECORDED.read_text(encoding="utf-8"))
    matrix = tables(folder("suites") / "safety" / "clients.py")["one_fault"]
    cells = {(cell["client"], cell["action"]) for cell in matrix.cells()}
    assert {(client, action) for client, action, _, _ in found} == cells
