"""soak.jsonl: a header, a line for every minute, kill and violation, and a footer. No line, no end."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from harness.results.write import utc_now
from harness.soak.ledger import Violation

FILE = "soak.jsonl"

Line = dict[str, Any]
"""A line as JSON, as soak.schema.json has it."""


def schema() -> dict[str, Any]:
    """What every line is."""
    text = Path(__file__).with_name("soak.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


class Diary:
    """The only writer of a soak's lines; each is on disk before the next thing happens."""

    def __init__(self, folder: Path, header: Line) -> None:
        self._file = (folder / FILE).open("x", encoding="utf-8")
        self._add("header", started=utc_now(), **header)

    def minute(self, number: int, counts: Line) -> None:
        """How far it is."""
        self._add("minute", minute=number, at=utc_now(), **counts)

    def kill(self, number: int, seconds_down: float) -> None:
        """The façade was killed, and has come back."""
        self._add("kill", kill=number, at=utc_now(), seconds_down=round(seconds_down, 3))

    def violation(self, violation: Violation) -> None:
        """A promise was broken."""
        self._add("violation", at=utc_now(), **dataclasses.asdict(violation))

    def close(self, footer: Line) -> None:
        """The end."""
        self._add("footer", ended=utc_now(), **footer)
        self._file.close()

    def _add(self, kind: str, **rest: Any) -> None:
        self._file.write(json.dumps({"kind": kind, **rest}, ensure_ascii=False) + "\n")
        self._file.flush()
