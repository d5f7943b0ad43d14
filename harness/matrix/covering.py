"""Covering sets: few cells in which every two values of different axes meet that can meet at all.

Greedy over the whole product: exact about the combinations that cannot be, and the same on every machine. The
product is the list of what could be run, so a set is never longer than that.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from harness.matrix.cell import Cell
from harness.matrix.table import Matrix

Meeting = tuple[tuple[str, str], ...]
"""Values of different axes that meet in a cell."""


def covering(matrix: Matrix) -> tuple[Cell, ...]:
    """The covering set of a matrix: again and again the first cell with the most meetings that are new."""
    cells = tuple(matrix.cells())
    if matrix.strength == 0:
        return cells
    meetings = [_meetings(cell, matrix) for cell in cells]
    left = frozenset[Meeting]().union(*meetings)
    chosen: list[int] = []
    while left:
        best = max(range(len(cells)), key=lambda number: (len(meetings[number] & left), -number))
        chosen.append(best)
        left -= meetings[best]
    return tuple(cells[number] for number in sorted(chosen))


def uncovered(matrix: Matrix, cells: Iterable[Cell]) -> frozenset[Meeting]:
    """The meetings that can be and are in none of these cells."""
    if matrix.strength == 0:
        there = {cell.text for cell in cells}
        return frozenset(tuple(cell.values.items()) for cell in matrix.cells() if cell.text not in there)
    wanted = frozenset[Meeting]().union(*(_meetings(cell, matrix) for cell in matrix.cells()))
    return wanted.difference(*(_meetings(cell, matrix) for cell in cells))


def _meetings(cell: Cell, matrix: Matrix) -> frozenset[Meeting]:
    strength = min(matrix.strength, len(matrix.axes))
    return frozenset(combinations(cell.values.items(), strength))
