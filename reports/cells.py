"""Matrices of scenarios on a page: counts by the values of each axis, and what did not pass, folded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.matrix.cell import scenario_of
from harness.vocabulary import Verdict
from reports.evidence import Record
from reports.names import Slugs
from reports.table import RACES, Also, Cell, Column, Group, Matrix, Row, summed

Places = tuple[Record | None, ...]
"""The records of one id, one for each column."""

_QUIET = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.OBSERVED})
"""Cells of which a count is enough: they say nothing against the endpoint."""

_VARYING = re.compile(r"[0-9a-fA-F]{6,}|\d+")


def sheets(columns: Sequence[Column], slugs: Slugs) -> tuple[Matrix, Matrix]:
    """The matrices of clients, and those about what happens at once: a group for each scenario, whose rows
    are the values of its axes."""
    by_scenario: dict[str, list[Places]] = {}
    for identity, places in _by_id(columns).items():
        by_scenario.setdefault(scenario_of(identity), []).append(places)
    groups = [_group(name, found, columns, slugs) for name, found in sorted(by_scenario.items())]
    races = tuple(group for group in groups if group.note.partition("/")[0] in RACES)
    return Matrix("cell", tuple(group for group in groups if group not in races)), Matrix("cell", races)


def failing(columns: Sequence[Column]) -> Matrix:
    """The cells that need an explanation, as rows: those that went the same way everywhere stand together."""
    folded: dict[tuple[object, ...], list[Places]] = {}
    for identity, places in sorted(_by_id(columns).items()):
        if any(record and _tells(record) for record in places):
            key = (scenario_of(identity), *(_went(record) for record in places))
            folded.setdefault(key, []).append(places)
    by_client: dict[str, list[Row]] = {}
    for found in folded.values():
        first = _first(found[0])
        by_client.setdefault(first.axes.get("client", first.group), []).append(_row(found, columns))
    return Matrix(
        "scenario",
        tuple(Group("", client, "", (), tuple(rows)) for client, rows in sorted(by_client.items())),
    )


@dataclass(frozen=True, slots=True)
class Outside:
    """Cells of one scenario that are outside the denominator for the same reason."""

    scenario: str
    reason: str
    counts: tuple[int, ...]  # one for each column


def outside(columns: Sequence[Column]) -> tuple[Outside, ...]:
    """What of the matrices is not applicable, by scenario and reason."""
    counts: dict[tuple[str, str], Counter[int]] = {}
    for position, column in enumerate(columns):
        for record in column.run.records:
            if record.cell and record.verdict is Verdict.NOT_APPLICABLE:
                key = (scenario_of(record.id), record.reason or record.verdict.meaning)
                counts.setdefault(key, Counter())[position] += 1
    return tuple(
        Outside(scenario, reason, tuple(found[position] for position in range(len(columns))))
        for (scenario, reason), found in sorted(counts.items())
    )


def text(record: Record, without: Iterable[str] = ()) -> str:
    """The values of a cell: those of axes that speak for themselves bare, the others with their axis."""
    left_out = frozenset(without)
    return ", ".join(
        f"{axis} {value}" if len(value) < 3 else value for axis, value in record.cell if axis not in left_out
    )


def _by_id(columns: Sequence[Column]) -> Mapping[str, Places]:
    found: dict[str, list[Record | None]] = {}
    for position, column in enumerate(columns):
        for record in column.run.records:
            if record.cell or record.suite in RACES:
                found.setdefault(record.id, [None] * len(columns))[position] = record
    return {identity: tuple(places) for identity, places in found.items()}


def _group(name: str, found: Sequence[Places], columns: Sequence[Column], slugs: Slugs) -> Group:
    values: dict[tuple[str, str], list[Places]] = {}
    for places in found:
        for pair in _first(places).cell:
            values.setdefault(pair, []).append(places)
    axes = list(dict.fromkeys(axis for places in found for axis, _ in _first(places).cell))
    return Group(
        slug=slugs.take(f"matrix/{name}"),
        name=_first(found[0]).title,
        note=name,
        cells=_summed(found, columns),
        rows=tuple(
            Row(f"{name} {axis}={value}", f"{axis} = {value}", _summed(chosen, columns))
            for (axis, value), chosen in sorted(values.items(), key=lambda one: axes.index(one[0][0]))
            if len(chosen) < len(found) or len(axes) == 1
        ),
    )


def _summed(found: Sequence[Places], columns: Sequence[Column]) -> tuple[Cell, ...]:
    return tuple(
        summed(column, (record.verdict for places in found if (record := places[position])))
        for position, column in enumerate(columns)
    )


def _row(found: Sequence[Places], columns: Sequence[Column]) -> Row:
    first = _first(found[0])
    return Row(
        id=first.id,
        title=f"{first.title} ({text(first)})" if first.cell else first.title,
        cells=tuple(
            Cell(column, record.verdict, int(record.verdict is Verdict.PASS), 1, record=record)
            if record
            else Cell(column, None)
            for column, record in zip(columns, found[0], strict=True)
        ),
        also=tuple(
            Also(record.id, text(record), record.reason or record.verdict.meaning)
            for places in found[1:]
            for record in [_worst(places)]
        ),
    )


def _went(record: Record | None) -> tuple[object, ...]:
    """How it went, so that two cells of which the same can be told are told once."""
    if record is None:
        return ()
    said = {
        (one.about, one.verdict, one.rule or _VARYING.sub("#", one.observed)[:80] * (one.about == "outcome"))
        for one in record.findings
        if not one.held
    }
    return (record.verdict, record.axes.get("client", record.group), frozenset(said))


def _tells(record: Record) -> bool:
    return record.verdict not in _QUIET if record.cell else record.verdict is not Verdict.PASS


def _first(places: Places) -> Record:
    return next(record for record in places if record)


def _worst(places: Places) -> Record:
    return min((record for record in places if record), key=lambda record: record.verdict.rank)
