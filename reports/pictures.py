"""Pictures that a scenario left in its folder of a run: histories that were violated, as images."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from harness.vocabulary import Verdict
from reports.evidence import Record
from reports.table import Column

NAME = "history.svg"
LIMIT = 400_000
"""Bytes of one picture."""
BUDGET = 2_000_000
"""Bytes of all pictures of a page."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture; `data` is a URL that holds all of it."""

    id: str
    column: Column
    says: str
    data: str


def pictures(columns: Iterable[Column]) -> tuple[Picture, ...]:
    """The pictures of everything that broke, as long as the page can hold them."""
    found, left = [], BUDGET
    for column in columns:
        for record in column.run.records:
            data = _read(column, record)
            if data is not None and len(data) <= left:
                left -= len(data)
                # As an image an SVG runs no script and fetches nothing, whoever has written it.
                url = f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"
                found.append(Picture(record.id, column, record.reason or record.title, url))
    return tuple(found)


def _read(column: Column, record: Record) -> bytes | None:
    """The bytes of a record's picture; None when there is none that may be shown."""
    if not record.logs or record.verdict in (Verdict.PASS, Verdict.OBSERVED, Verdict.NOT_APPLICABLE):
        return None
    folder = column.run.results.folder.resolve()
    try:
        path = (folder / record.logs / NAME).resolve()
        if not path.is_relative_to(folder) or path.stat().st_size > LIMIT:
            return None
        return path.read_bytes()
    except (OSError, ValueError):  # most records have none
        return None
