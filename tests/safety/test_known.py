"""The table of known outcomes: read, checked, and in step with the matrix."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data import folder
from harness.drive.action import Action
from harness.drive.client import cannot
from harness.drive.clients import client
from harness.faults.catalogue import catalogue
from harness.matrix.table import Matrix, tables
from harness.safety.known import FILE, KnownError, about, load
from harness.safety.outcome import Outcome

SAFETY = folder("suites") / "safety"

ENTRY = """
[[known]]
client = "obstore"
action = ["get-small", "get-large"]
on = "read"
fault = "short-body"
outcome = "{outcome}"
why = "It never compares the length with what it asked for."
"""


def _matrix() -> Matrix:
    return tables(SAFETY / "clients.py")["one_fault"]


def test_an_entry_speaks_of_its_cells(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text(ENTRY.format(outcome="corrupts-silently"))
    cell = {"client": "obstore", "action": "get-small", "on": "read", "fault": "short-body"}
    found = about(load(path), cell)
    assert found is not None
    assert found.outcome is Outcome.CORRUPTS_SILENTLY
    assert about(load(path), {**cell, "action": "get-tree"}) is None


@pytest.mark.parametrize("text", ["known = 3", ENTRY.format(outcome="explodes"), "[[known]]", "= ="])
def test_a_table_that_means_nothing_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / FILE
    path.write_text(text)
    with pytest.raises(KnownError, match=FILE):
        load(path)


def test_every_known_outcome_is_of_cells_that_there_are() -> None:
    cells = [cell.values for cell in _matrix().cells()]
    for one in load(SAFETY / FILE):
        there = [values for values in cells if one.covers(values)]
        for axis, said in one.cells.items():
            assert said <= {values[axis] for values in there}, f"{axis} of {one.why}"


def test_the_matrix_has_the_cells_of_what_each_client_can_do() -> None:
    matrix = _matrix()
    there = {(cell["client"], cell["action"]) for cell in matrix.cells()}
    clients = matrix.axes["client"]
    can = {(name, action.value) for name in clients for action in Action if not cannot(client(name), action)}
    assert there == can


def test_the_matrix_has_every_fault_for_the_families_that_it_is_meant_for() -> None:
    matrix = _matrix()
    assert set(matrix.axes["fault"]) == set(catalogue())
    for cell in matrix.cells():
        assert cell["on"] in catalogue()[cell["fault"]].families
