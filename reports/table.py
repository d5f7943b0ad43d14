"""The matrices as values: one column per run, one group of rows per operation or client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from harness.results.score import Score
from harness.vocabulary import Verdict, worst
from reports.evidence import Record, Run
from reports.gate import Gate, gate
from reports.names import Slugs

RACES = ("concurrency", "histories")
"""Suites that are about what happens at once; they have a part of the page to themselves."""


@dataclass(frozen=True, slots=True)
class Column:
    """One run, as a column of every table."""

    slug: str  # unique in the page, safe in an id
    name: str  # the endpoint's name, with the service version where the runs are of several
    endpoint: str  # the endpoint's name
    note: str  # what tells two runs of one endpoint apart; empty when nothing needs to
    run: Run
    score: Score  # over everything
    sets: tuple[Score, ...]  # over each set of which the run has something
    gate: Gate


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of some cases at one endpoint; `verdict` is None where the run has no record."""

    column: Column
    verdict: Verdict | None
    passed: int = 0
    total: int = 0
    others: tuple[tuple[Verdict, int], ...] = ()  # verdicts that are no pass, worst first
    record: Record | None = None  # for the row of one case


@dataclass(frozen=True, slots=True)
class Also:
    """Another cell of a matrix, told in one line."""

    id: str
    text: str  # its values
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One case or scenario across the endpoints."""

    id: str
    title: str
    cells: tuple[Cell, ...]
    also: tuple[Also, ...] = ()  # cells of the same matrix with which it went the same way

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Its verdicts, each once."""
        return _distinct(self.cells)


@dataclass(frozen=True, slots=True)
class Group:
    """One operation, or one client, across the endpoints, and its rows."""

    slug: str
    name: str
    note: str  # versions of a client
    cells: tuple[Cell, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All groups of one kind, in alphabetical order."""

    kind: str  # "case", "scenario", or "cell": rows are then values of an axis
    groups: tuple[Group, ...]

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(len(group.rows) for group in self.groups)


def columns(runs: Sequence[Run]) -> tuple[Column, ...]:
    """The columns, in the order of the runs."""
    endpoints = [run.endpoint.get("name") or run.endpoint.get("url") or run.name for run in runs]
    several = len({run.service_version for run in runs}) > 1
    names = [
        f"{endpoint} {run.service_version}" if several else endpoint
        for endpoint, run in zip(endpoints, runs, strict=True)
    ]
    slugs = Slugs()
    return tuple(
        Column(
            slug=slugs.take(name),
            name=name,
            endpoint=endpoint,
            note=run.name if names.count(name) > 1 else "",
            run=run,
            score=run.results.score(),
            sets=tuple(run.results.score(name) for name in run.results.sets if run.results.chosen(name)),
            gate=gate(run),
        )
        for name, endpoint, run in zip(names, endpoints, runs, strict=True)
    )


def matrices(columns: Sequence[Column], slugs: Slugs) -> tuple[Matrix, Matrix]:
    """The matrix of operations and the matrix of client scenarios."""
    frame = _frame(columns)
    return _matrix(frame, columns, "case", slugs), _matrix(frame, columns, "scenario", slugs)


def _frame(columns: Sequence[Column]) -> pd.DataFrame:
    """One line per record; `record` is its index into the run's records, `column` into the columns.

    Cells of matrices are left out: there are thousands of them, and `reports.cells` counts them.
    """
    groups = _groups(columns)
    lines = [
        (position, record.kind, groups[record.id], record.id, record.verdict, index)
        for position, column in enumerate(columns)
        for index, record in enumerate(column.run.records)
        if not record.cell and record.suite not in RACES
    ]
    return pd.DataFrame(lines, columns=["column", "kind", "group", "id", "verdict", "record"])


def _groups(columns: Sequence[Column]) -> dict[str, str]:
    """The group of every id, the same in all columns: a client that did not run cannot say its name."""
    records = [record for column in columns for record in column.run.records]
    named = sorted(records, key=lambda record: record.kind == "scenario" and record.client_version is None)
    groups: dict[str, str] = {}
    for record in named:
        groups.setdefault(record.id, record.group)
    return groups


def _matrix(frame: pd.DataFrame, columns: Sequence[Column], kind: str, slugs: Slugs) -> Matrix:
    chosen = frame[frame["kind"] == kind]
    return Matrix(
        kind=kind,
        groups=tuple(
            _group(str(name), part, columns, slugs) for name, part in chosen.groupby("group", sort=True)
        ),
    )


def _group(name: str, frame: pd.DataFrame, columns: Sequence[Column], slugs: Slugs) -> Group:
    parts = {int(str(position)): part for position, part in frame.groupby("column")}
    versions: dict[str, None] = {}
    for column, index in zip(frame["column"], frame["record"], strict=True):
        version = columns[column].run.records[index].client_version
        if version:
            versions[version] = None
    return Group(
        slug=slugs.take(f"group/{name}"),
        name=name,
        note=", ".join(versions),
        cells=tuple(_summary(column, parts.get(position)) for position, column in enumerate(columns)),
        rows=tuple(_row(str(identity), part, columns) for identity, part in frame.groupby("id", sort=True)),
    )


def _summary(column: Column, frame: pd.DataFrame | None) -> Cell:
    """The worst verdict of a group, how many of it passed, and what the others are."""
    if frame is None:
        return Cell(column, None)
    return summed(column, (Verdict(str(verdict)) for verdict in frame["verdict"]))


def summed(column: Column, verdicts: Iterable[Verdict]) -> Cell:
    """What became of some checks at one endpoint."""
    counts = Counter(verdicts)
    others = sorted((verdict for verdict in counts if verdict is not Verdict.PASS), key=lambda one: one.rank)
    return Cell(
        column=column,
        verdict=worst(counts) if counts else None,
        passed=counts[Verdict.PASS],
        total=counts.total(),
        others=tuple((verdict, counts[verdict]) for verdict in others),
    )


def _row(identity: str, frame: pd.DataFrame, columns: Sequence[Column]) -> Row:
    records = {
        int(column): columns[int(column)].run.records[int(index)]
        for column, index in zip(frame["column"], frame["record"], strict=True)
    }
    title = next(iter(records.values())).title
    return Row(
        id=identity,
        title=title,
        cells=tuple(
            Cell(column, record.verdict, int(record.verdict is Verdict.PASS), 1, record=record)
            if (record := records.get(position))
            else Cell(column, None)
            for position, column in enumerate(columns)
        ),
    )


def _distinct(cells: Sequence[Cell]) -> tuple[Verdict, ...]:
    return tuple(dict.fromkeys(cell.verdict for cell in cells if cell.verdict is not None))
