"""Whether a line of load.jsonl follows its schema, and if not, what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.lines import LineSchema
from loadgen.record.lines import KINDS

_LINES = LineSchema(Path(__file__).with_name("load.schema.json"))


def validator() -> Any:
    """Checks one line of load.jsonl, slowly, and says what is wrong."""
    return _LINES.validator


def problem(value: object) -> str | None:
    """What is wrong with a line, in one line; None: nothing."""
    kind = value.get("line") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        return f"no line of a load run: line {kind!r}"
    return _LINES.problem(kind, value)
