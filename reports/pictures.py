"""Pictures that a scenario left in its folder of a run: histories that were violated, as images."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from harness.vocabulary import Verdict
from reports.evidence import Record
from reports.table import Column
from reports.text import shorten

NAMES = "*.svg"
EACH = 3
"""Pictures of one scenario."""
CAPTION = 200
"""Characters below a picture; the finding has all of it."""
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
            for data in _drawn(column, record):
                if len(data) <= left:
                    left -= len(data)
                    # As an image an SVG runs no script and fetches nothing, whoever has written it.
                    url = f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"
                    says = shorten(record.reason or record.title, CAPTION)
                    found.append(Picture(record.id, column, says, url))
    return tuple(found)


def _drawn(column: Column, record: Record) -> list[bytes]:
    """The first pictures of a record that broke, as far as they may be shown."""
    if not record.logs or record.verdict in (Verdict.PASS, Verdict.OBSERVED, Verdict.NOT_APPLICABLE):
        return []
    folder = column.run.results.folder.resolve()
    try:
        paths = [path.resolve() for path in sorted((folder / record.logs).glob(NAMES))[:EACH]]
        return [
            path.read_bytes()
            for path in paths
            if path.is_relative_to(folder) and path.stat().st_size <= LIMIT
        ]
    except (OSError, ValueError):  # a name that no folder can have, or a file that is gone
        return []
