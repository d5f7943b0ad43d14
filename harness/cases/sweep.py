"""Sweeps: one file with axes and a table becomes one case a row, before anything else looks at it.

A row gives every axis a value, and may give further columns. With `axes` as a mapping, rows are a product.
`{column}` anywhere in the file becomes the row's value; where a text is nothing but `{column}`, it becomes
the value itself, whatever its shape; it may name other columns in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.cases import product
from harness.cases.errors import CaseError
from harness.cases.marks import Marked
from harness.cases.template import BUILT_IN


def expand(marked: Marked) -> tuple[Marked, ...]:
    """The files that a sweep stands for, one for each row of its table. Raises CaseError."""
    axes = list(marked.value["axes"])
    made = product.rows(marked) if isinstance(marked.value["axes"], dict) else _table(marked, axes)
    body = {key: value for key, value in marked.value.items() if key not in ("axes", "table")}
    out: dict[str, Marked] = {}
    for line, row in made:
        if clash := sorted(set(row) & BUILT_IN):
            raise CaseError(
                marked.file, line, f"{clash[0]!r} is a built-in placeholder and no name for a column"
            )
        value = _fill(body, row)
        value["id"] = f"{body['id']}[{','.join(f'{axis}={_shown(row[axis])}' for axis in axes)}]"
        if value["id"] in out:
            raise CaseError(marked.file, line, f"two rows make {value['id']}")
        out[value["id"]] = Marked(marked.file, value, {**marked.lines, (): line})
    return tuple(out.values())


def _table(marked: Marked, axes: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a table that spells out every case."""
    rows: list[dict[str, Any]] = marked.value["table"]
    columns = set(rows[0])
    for index, row in enumerate(rows):
        line = marked.line(("table", index))
        if missing := [axis for axis in axes if axis not in row]:
            raise CaseError(marked.file, line, f"the row has no {missing[0]!r}, which is an axis")
        if set(row) != columns:
            odd = sorted(set(row) ^ columns)[0]
            raise CaseError(
                marked.file, line, f"every row needs the same columns; {odd!r} is not in all of them"
            )
        yield line, row


def _fill(value: Any, row: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        filled = {_fill_key(key, row): _fill(item, row) for key, item in value.items()}
        return {key: item for key, item in filled.items() if item != _OMITTED}
    if isinstance(value, list):
        return [_fill(item, row) for item in value]
    if not isinstance(value, str) or "{" not in value:
        return value
    for name, said in row.items():
        if value == f"{{{name}}}":
            return _fill(said, {other: row[other] for other in row if other != name})
        if f"{{{name}}}" in value and not isinstance(said, dict | list):
            value = value.replace(f"{{{name}}}", _text(said))
    return value


_OMITTED = "omit"
"""A column with this value leaves its key out in that row."""


def _fill_key(key: str, row: dict[str, Any]) -> str:
    filled = _fill(key, row)
    return filled if isinstance(filled, str) else key


def _text(value: Any) -> str:
    """A value as it stands inside a longer text: character by character."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def _shown(value: Any) -> str:
    """A value as it stands in an id, where brackets, line breaks and double blanks have no place."""
    return " ".join("".join(" " if character in "[]" else character for character in _text(value)).split())
