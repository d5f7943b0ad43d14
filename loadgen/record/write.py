"""Writing load.jsonl: the header first, a line as soon as it is known, the footer last."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from loadgen.record.lines import (
    Check,
    Event,
    Footer,
    Header,
    HistogramLine,
    Interval,
    Line,
    Metric,
    Phase,
    Rank,
    to_json,
)
from loadgen.record.shape import problem

FILE = "load.jsonl"


def utc_now() -> str:
    """The time as load.jsonl spells it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class LoadWriter:
    """The only writer of a run's figures. A file that was not closed is that of a run that was cut off.

    `checked`: every line is held against the schema, and `ValueError` raised for one that does not follow it.
    Raises `FileExistsError` when the folder has a run already.
    """

    def __init__(self, folder: Path, header: Header, *, checked: bool = False) -> None:
        self.path = folder / FILE
        self._checked = checked
        # What UTF-8 cannot hold (half a surrogate pair, from a server's message) is escaped as JSON does it.
        self._file = self.path.open("x", encoding="utf-8", errors="backslashreplace", newline="\n")
        self._write(header)

    def add(self, *lines: Event | Interval | Rank | Phase | HistogramLine | Check | Metric) -> None:
        """More lines; they are in the file when this returns."""
        self._write(*lines)

    def close(self, *, complete: bool, why: str = "") -> None:
        """The end. `why` says what is missing when the run is not complete. A second call does nothing."""
        if not self._file.closed:
            self._write(Footer(complete, why, utc_now()))
            self._file.close()

    def _write(self, *lines: Line) -> None:
        for line in lines:
            value = to_json(line)
            if self._checked and (wrong := problem(value)):
                raise ValueError(wrong)
            self._file.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()
