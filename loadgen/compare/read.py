"""Reading compare.jsonl: every line held against the schema; one that was cut off is seen as such."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.lines import LineSchema
from loadgen.compare.conclude import Conclusion, conclude
from loadgen.compare.values import FILE, Block, BlockResult, CheckSeen, CompareError, Rules, Stage, Turn
from loadgen.compare.write import SCHEMA, Line

_HINT = "Give the folder of a comparison: the one with compare.jsonl."


@dataclass(frozen=True, slots=True)
class CompareRun:
    """A whole comparison as values. Lines that are results stay as JSON, as the schema has them."""

    folder: Path
    header: Mapping[str, Any]
    rules: Rules
    blocks: tuple[Block, ...]  # warm-up, A/A and A/B, in the order they ran, failed ones among them
    aa: Mapping[str, Any] | None  # the line of that name; None: it never came so far
    checks: tuple[CheckSeen, ...]
    primary: Mapping[str, Any] | None
    secondary: tuple[Mapping[str, Any], ...]
    complete: bool
    why: str  # it is not complete; "" when it is

    def again(self, rules: Rules | None = None) -> Conclusion:
        """What follows from the blocks, computed again; by other rules if some are given."""
        held_back = tuple(self.header["held_back"])
        return conclude(self.blocks, rules or self.rules, complete=self.complete, held_back=held_back)


def read(folder: Path) -> CompareRun:
    """The comparison in a folder. Raises `CompareError`."""
    path = folder / FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CompareError(f"no comparison in {folder}: {error.strerror}", _HINT) from error
    # Only these bytes end a line. What follows the last of them was being written when it was cut off.
    *whole, torn = data.split(b"\n")
    lines = [_line(path, number, line) for number, line in enumerate(whole, 1)]
    if not lines or lines[0]["line"] != "header":
        raise CompareError(f"{path} does not start with a header line", _HINT)
    header, *rest = lines
    footer = rest.pop() if rest and rest[-1]["line"] == "footer" and not torn else None
    if strange := [one["line"] for one in rest if one["line"] in ("header", "footer")]:
        raise CompareError(f"{path}: a {strange[0]} stands among the lines; the file was changed", _HINT)
    results = [one for one in rest if one["line"] == "result"]
    return CompareRun(
        folder=folder,
        header=header,
        rules=Rules(**header["rules"]),
        blocks=tuple(_block(one) for one in rest if one["line"] == "block"),
        aa=next((one for one in rest if one["line"] == "aa"), None),
        checks=tuple(_check(one) for one in rest if one["line"] == "check"),
        primary=next((one for one in results if one["role"] == "primary"), None),
        secondary=tuple(one for one in results if one["role"] == "secondary"),
        complete=footer is not None and footer["complete"],
        why=footer["why"] if footer else "the file has no end: the comparison was cut off",
    )


def _block(line: Line) -> Block:
    turns = (
        Turn(
            one["arm"],
            BlockResult(
                values=one["values"],
                ops=one["ops"],
                errors=one["errors"],
                seconds=one["seconds"],
                checks=tuple(_check(check) for check in one["checks"]),
                folder=one["folder"],
                failure=one["failure"],
                facts=one["facts"],
            ),
        )
        for one in line["runs"]
    )
    return Block(
        Stage(line["stage"]), line["number"], line["order"], line["seed"], tuple(turns), line["failed"]
    )


def _check(line: Line) -> CheckSeen:
    return CheckSeen(line["name"], line["state"], line["said"])


_LINES = LineSchema(Path(__file__).with_name("compare.schema.json"))


def problem(value: Any) -> str:
    """What of a line does not follow the schema; "" where it does."""
    kind = value.get("line") if isinstance(value, dict) else None
    name = value.get("role") if kind == "result" else kind
    if not isinstance(name, str) or name not in _KINDS:
        return f"no line of a comparison: {name!r}"
    return _LINES.problem(name, value) or ""


_KINDS = frozenset({"header", "block", "aa", "check", "primary", "secondary", "footer"})


def _line(path: Path, number: int, line: bytes) -> Line:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise CompareError(f"{path}:{number}: not JSON: {error}", _HINT) from error
    if isinstance(value, dict) and value.get("line") == "header" and value.get("schema") != SCHEMA:
        raise CompareError(
            f"{path}: written with schema {value.get('schema')!r}; this version reads {SCHEMA}",
            "Use the version of Blobproof that wrote it.",
        )
    if wrong := problem(value):
        raise CompareError(f"{path}:{number}: {wrong}", _HINT)
    return dict(value)
