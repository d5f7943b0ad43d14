"""Sweeps over a product of axes: every combination of points, each with what the first fitting rule says.

`axes` maps each axis to a list of values or to named points with columns of their own. `table` is a list of
rules: what a rule says about an axis picks combinations, the rest are columns. A combination that no rule
fits, a rule that fits nothing, and one left out without a reason are mistakes in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from harness.cases.errors import CaseError
from harness.cases.marks import Marked

Row = dict[str, Any]
ANY = "*"
SKIP = "skip"
"""The column that leaves a combination out, and says why."""


def rows(marked: Marked) -> Iterator[tuple[int, Row]]:
    """Each combination that is a case, as a row: the line of its rule, the points and all columns."""
    axes = {name: _points(points) for name, points in marked.value["axes"].items()}
    rules: list[Row] = marked.value["table"]
    for index, rule in enumerate(rules):
        _check(marked, index, rule, axes)
    used: set[int] = set()
    wanted: set[str] | None = None
    for points in product(*axes.values()):
        place = dict(zip(axes, points, strict=True))
        fitting = (number for number, rule in enumerate(rules) if _fits(rule, place))
        if (index := next(fitting, -1)) < 0:
            said = ", ".join(f"{name}={point}" for name, point in place.items())
            raise CaseError(marked.file, marked.line(("table",)), f"no rule says what holds for {said}")
        used.add(index)
        columns = {name: value for name, value in rules[index].items() if name not in axes}
        if SKIP in columns:
            continue
        row: Row = dict(place)
        for name, point in place.items():
            row |= axes[name][point]
        row |= columns
        wanted = wanted or set(row)
        if odd := sorted(set(row) ^ wanted):
            raise CaseError(
                marked.file,
                marked.line(("table", index)),
                f"every row needs the same columns; {odd[0]!r} is not in all of them",
            )
        yield marked.line(("table", index)), row
    if unused := sorted(set(range(len(rules))) - used):
        line = marked.line(("table", unused[0]))
        raise CaseError(marked.file, line, "this rule never applies: no combination, or an earlier rule fits")


def _points(points: Any) -> dict[Any, Row]:
    if isinstance(points, dict):
        return {name: columns or {} for name, columns in points.items()}
    return {value: {} for value in points}


def _check(marked: Marked, index: int, rule: Row, axes: dict[str, dict[Any, Row]]) -> None:
    for name, points in axes.items():
        for wanted in _wanted(rule, name):
            if wanted != ANY and wanted not in points:
                line = marked.line(("table", index, name))
                raise CaseError(marked.file, line, f"{name} has no point {wanted!r}")
    if SKIP in rule and not (isinstance(rule[SKIP], str) and rule[SKIP].strip()):
        raise CaseError(marked.file, marked.line(("table", index, SKIP)), "skip needs the reason as text")


def _wanted(rule: Row, axis: str) -> list[Any]:
    said = rule.get(axis, ANY)
    return said if isinstance(said, list) else [said]


def _fits(rule: Row, place: Row) -> bool:
    return all(ANY in (wanted := _wanted(rule, axis)) or point in wanted for axis, point in place.items())
