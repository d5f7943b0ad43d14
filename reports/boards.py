"""The matrix of clients: for each endpoint what every client did of every action, and the cells behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.matrix.cell import scenario_of
from harness.vocabulary import Verdict
from reports.cells import text
from reports.evidence import Record
from reports.excluded import Excluded, Matrices, excluded
from reports.names import Slugs
from reports.table import Cell, Column, summed

CLIENT, ACTION, FAULT = "client", "action", "fault"
"""Axes that mean the same in every matrix."""

ACTIONS = (
    "put-small",
    "put-large",
    "put-empty",
    "get-small",
    "get-large",
    "put-tree",
    "get-tree",
    "list",
    "copy",
    "sync",
    "delete",
    "metadata",
    "create-only",
)
"""The order of the columns; an action that is not among them comes last."""


@dataclass(frozen=True, slots=True)
class Told:
    """Cells that went the same way for the same reason."""

    verdict: Verdict
    reason: str  # empty for a pass
    cells: tuple[str, ...]  # their values, less client and action
    anchor: str | None  # of the article about the first of them


@dataclass(frozen=True, slots=True)
class Square:
    """What one client did of one action."""

    slug: str
    action: str
    cell: Cell
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One client."""

    slug: str
    client: str
    version: str
    cell: Cell  # over all its actions
    squares: tuple[Square, ...]  # one for each action of the board
    cannot: tuple[Excluded, ...]  # actions of which it has no cells, and why


@dataclass(frozen=True, slots=True)
class Board:
    """The clients at one endpoint."""

    column: Column
    actions: tuple[str, ...]
    lines: tuple[Line, ...]


def boards(
    columns: Sequence[Column], anchors: Mapping[str, str], slugs: Slugs, matrices: Matrices
) -> tuple[Board, ...]:
    """A board for each endpoint whose run has such cells.

    `anchors` are those of articles, by the column's slug and the cell's id.
    """
    chosen = [(column, [one for one in column.run.records if _is_one(one)]) for column in columns]
    actions = ordered(record.axes[ACTION] for _, records in chosen for record in records)
    return tuple(
        Board(
            column,
            actions,
            tuple(
                _line(client, found, column, actions, anchors, slugs, matrices)
                for client, found in by_axis(records, CLIENT).items()
            ),
        )
        for column, records in chosen
        if records
    )


def ordered(actions: Iterable[str]) -> tuple[str, ...]:
    """Actions, each once, in the order of the columns."""
    known = {action: position for position, action in enumerate(ACTIONS)}
    return tuple(sorted(set(actions), key=lambda one: (known.get(one, len(known)), one)))


def by_axis(records: Iterable[Record], axis: str) -> dict[str, list[Record]]:
    """The records by their value of an axis, sorted by it."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.axes[axis], []).append(record)
    return dict(sorted(found.items()))


def version(records: Iterable[Record]) -> str:
    """The versions of a client that some of its cells say; empty when it did not run."""
    return ", ".join(sorted({record.client_version for record in records if record.client_version}))


def cannot(
    records: Sequence[Record], client: str, axis: str, values: Sequence[str], matrices: Matrices
) -> tuple[Excluded, ...]:
    """What of an axis a client has no cells of, in the matrices that its records are from."""
    scenarios = dict.fromkeys(scenario_of(record.id) for record in records)
    return tuple(one for scenario in scenarios for one in excluded(matrices, scenario, client, axis, values))


def _is_one(record: Record) -> bool:
    axes = record.axes
    return CLIENT in axes and ACTION in axes and FAULT not in axes


def _line(
    client: str,
    records: Sequence[Record],
    column: Column,
    actions: Sequence[str],
    anchors: Mapping[str, str],
    slugs: Slugs,
    matrices: Matrices,
) -> Line:
    by_action = by_axis(records, ACTION)
    slug = slugs.take(f"client/{client}@{column.slug}")
    return Line(
        slug=slug,
        client=client,
        version=version(records),
        cell=summed(column, (record.verdict for record in records)),
        squares=tuple(
            _square(action, by_action.get(action, ()), column, anchors, slugs.take(f"{slug}/{action}"))
            for action in actions
        ),
        cannot=cannot(records, client, ACTION, actions, matrices),
    )


def _square(
    action: str, records: Sequence[Record], column: Column, anchors: Mapping[str, str], slug: str
) -> Square:
    groups: dict[tuple[Verdict, str], list[Record]] = {}
    for record in records:
        said = "" if record.verdict is Verdict.PASS else record.reason or record.verdict.meaning
        groups.setdefault((record.verdict, said), []).append(record)
    return Square(
        slug,
        action,
        summed(column, (record.verdict for record in records)),
        tuple(
            Told(
                verdict,
                said,
                tuple(text(record, (CLIENT, ACTION)) for record in found),
                anchors.get(f"{column.slug} {found[0].id}"),
            )
            for (verdict, said), found in sorted(groups.items(), key=lambda one: one[0][0].rank)
        ),
    )
