"""Matrices: what a table may say, what its covering set covers, and the cells as scenarios of a run."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import gates
from harness.manifest import ManifestError, made
from harness.matrix.cell import Cell, cell_id, scenario_of
from harness.matrix.covering import covering, uncovered
from harness.matrix.table import Matrix, MatrixError, Without, tables
from harness.rules.tally import rule_ids
from harness.scenarios import ScenarioError, list_cells, list_matrices, list_scenarios, scenario_id

_TABLE = """
[moves]
budget = 30
[moves.axes]
direction = ["up", "down"]
size = ["0B", "8MiB"]
scheme = ["http", "https"]
[[moves.without]]
when = {direction = "down", size = ["0B"]}
because = "Nothing comes down where nothing is."
source = ["azcopy/3"]
[alone]
budget = 5
"""
_MODULE = '''
def test_moves(scenario, cell):
    """Moves

    It matters.
    """

def test_alone(scenario, cell):
    """Alone

    It matters.
    """

def test_plain(scenario):
    """Plain

    It matters.
    """
'''

_AXES = """
[moves.axes]
size = [{}]
[[moves.without]]
when = {}
because = "for a reason"
"""


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    """One module with a matrix, a scenario of the gates alone, and a plain one."""
    (tmp_path / "mover").mkdir()
    (tmp_path / "mover" / "transfer.py").write_text(_MODULE)
    (tmp_path / "mover" / "transfer.toml").write_text(_TABLE)
    return tmp_path


def test_cells_are_scenarios_with_ids_of_their_own(suites: Path) -> None:
    assert [one.id for one in list_scenarios(suites)] == ["mover/transfer/plain"]
    cells = list_cells(suites)
    assert [one.id for one in cells][:2] == [
        "mover/transfer/moves[direction=up,size=0B,scheme=http]",
        "mover/transfer/moves[direction=up,size=0B,scheme=https]",
    ]
    assert len(cells) == 6 + 1
    assert cells[-1].id == "mover/transfer/alone"
    assert cells[0].title == "Moves"
    assert cells[0].cell is not None and cells[0].cell.seconds == 30
    assert cells[0].cell["size"] == "0B" and cells[0].cell.get("auth", "none") == "none"
    assert scenario_of(cells[0].id) == "mover/transfer/moves"


def test_an_id_keeps_what_stands_in_its_brackets() -> None:
    assert scenario_id(Path("a/b_c.py"), "test_d_e[size=1_000]") == "a/b-c/d-e[size=1_000]"
    assert cell_id("a/b", Cell()) == "a/b"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("[moves]\naxes = {}\nsize = 1", "size"),
        ('[moves.axes]\nSize = ["a"]', "Size"),
        ('[moves.axes]\nsize = ["a b"]', "a b"),
        ("[moves.axes]\nsize = []", "size"),
        (_AXES.format('"a"', '{sise = "a"}'), "sise"),
        (_AXES.format('"a"', '{size = "b"}'), "'b'"),
        (_AXES.format('"a"', '{size = "a"}'), "no combination is left$"),
        (_AXES.format('"a", "b"', '{size = "a"}'), "size = 'a'"),
        ("[moves", "cannot be read"),
    ],
)
def test_a_table_that_says_what_cannot_be(suites: Path, table: str, says: str) -> None:
    module = suites / "mover" / "transfer.py"
    module.with_suffix(".toml").write_text(table)
    with pytest.raises(MatrixError, match=says):
        tables(module)


def test_a_table_without_a_function_is_a_mistake(suites: Path) -> None:
    (suites / "mover" / "transfer.toml").write_text("[lost]\nbudget = 1")
    with pytest.raises(ScenarioError, match="test_lost"):
        list_cells(suites)


@st.composite
def matrices(draw: st.DrawFn) -> Matrix:
    """Matrices of a few axes, now and then with combinations that cannot be."""
    count = draw(st.integers(1, 4))
    axes = {
        f"a{number}": tuple(f"v{value}" for value in range(draw(st.integers(1, 4))))
        for number in range(count)
    }
    without = []
    for _ in range(draw(st.integers(0, 2))):
        chosen = draw(st.lists(st.sampled_from(sorted(axes)), min_size=1, max_size=2, unique=True))
        without.append(
            Without({axis: frozenset({draw(st.sampled_from(axes[axis]))}) for axis in chosen}, "a reason")
        )
    return Matrix("moves", axes, tuple(without))


@settings(max_examples=200, deadline=None)
@given(matrices())
def test_every_two_values_that_can_meet_do(matrix: Matrix) -> None:
    rows = covering(matrix)
    assert not uncovered(matrix, rows)
    there = {frozenset(pair) for row in rows for pair in combinations(row.values.items(), 2)}
    for cell in matrix.cells():
        assert all(frozenset(pair) in there for pair in combinations(cell.values.items(), 2))
    assert len(rows) <= len(list(matrix.cells()))
    assert rows == covering(matrix)


def test_a_covering_set_is_short() -> None:
    axes = {f"a{number}": tuple("abcd") for number in range(5)}
    assert len(covering(Matrix("moves", axes))) <= 24  # of 1,024; no fewer than 16 can do


def test_the_manifest_of_the_gates_must_cover(suites: Path) -> None:
    ids = gates.gate_ids(suites)
    plain, cells, tables_ = list_scenarios(suites), list_cells(suites), list_matrices(suites)
    gates.check(made("gates", ids), tables_, plain, cells)
    moves = [one for one in ids if one.startswith("mover/transfer/moves[")]
    for gone, says in (
        (moves[0], "has no cell of mover/transfer/moves with"),
        ("mover/transfer/plain", "mover/transfer/plain is not in"),
        ("mover/transfer/alone", "mover/transfer/alone"),
        (rule_ids()[0], "is not in"),
    ):
        with pytest.raises(ManifestError, match=says):
            gates.check(made("gates", [one for one in ids if one != gone]), tables_, plain, cells)
    with pytest.raises(ManifestError, match="which is gone"):
        gates.check(made("gates", [*ids, "mover/transfer/moves[direction=left]"]), tables_, plain, cells)
