"""A history as JSON lines: header, a line for each call and each return, footer; schema beside this file.

Calls are written before they are made, so that a history whose recorder was killed can be checked as well:
what was under way then may have happened or not. Such a history has no footer, and says so.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema

from harness.history.values import History, Kind, Operation, Outcome, Run, Seen
from harness.shapes import Shape
from harness.vocabulary import ExitCode

FILE = "history.jsonl"
"""The name of a history in the logs of a scenario."""

FORMAT = 1

Line = dict[str, Any]


class HistoryError(Exception):
    """A file that is no history."""

    exit_code = ExitCode.USAGE
    hint = "docs/histories.md says how one is recorded; the runs keep theirs in clients/histories/…/."


def header(about: Mapping[str, str]) -> Line:
    """The first line."""
    return {"kind": "header", "format": FORMAT, "about": dict(about)}


def footer(operations: int, *, complete: bool) -> Line:
    """The last line. Not complete: calls that were begun never came to an end, not even a failure."""
    return {"kind": "footer", "operations": operations, "complete": complete}


def call_line(one: Operation) -> Line:
    """What is known before a request is sent."""
    line: Line = {
        "kind": "call",
        "number": one.number,
        "client": one.client,
        "operation": one.kind.value,
        "blob": one.blob,
        "at": one.called,
    }
    for name in ("tag", "size", "block", "if_match", "create_only"):
        if value := getattr(one, name):
            line[name] = value
    if one.blocks:
        line["blocks"] = list(one.blocks)
    if one.first is not None:
        line |= {"first": one.first, "count": one.count}
    return line


def return_line(one: Operation) -> Line:
    """What the answer said."""
    line: Line = {
        "kind": "return",
        "number": one.number,
        "at": one.returned,
        "outcome": one.outcome.value,
        "status": one.status,
    }
    if one.said:
        line["said"] = one.said
    if one.etag:
        line["etag"] = one.etag
    if one.seen is not None:
        line["seen"] = _seen_line(one.seen)
    if one.listed:
        line["listed"] = {name: _seen_line(seen) for name, seen in one.listed.items()}
    return line


def _seen_line(seen: Seen) -> Line:
    line: Line = {"etag": seen.etag, "tag": seen.tag, "length": seen.length, "type": seen.kind}
    if seen.runs is not None:
        line["runs"] = [[run.tag, run.first, run.count] for run in seen.runs]
    return line


def dump(history: History) -> str:
    """A whole history as text; calls and returns in the order of their moments."""
    lines = [call_line(one) for one in history.operations]
    lines += [return_line(one) for one in history.operations if one.returned is not None]
    lines.sort(key=lambda line: (line["at"], line["kind"] == "return", line["number"]))
    every = [header(history.about), *lines, footer(len(history.operations), complete=history.complete)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in every)


def read(path: Path) -> History:
    """A history from its file, or from the folder that holds it. Raises HistoryError."""
    if path.is_dir():
        path = path / FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HistoryError(f"{path} cannot be read: {error.strerror}") from error
    *lines, rest = data.split(b"\n")  # half a line is what a recorder that was killed ends with
    values = [_value(path, number, line) for number, line in enumerate(lines, 1)]
    if not values or values[0]["kind"] != "header":
        raise HistoryError(f"{path} does not begin with the header of a history")
    if values[0]["format"] != FORMAT:
        raise HistoryError(f"{path} is of format {values[0]['format']}; this is for format {FORMAT}")
    last = values.pop() if values[-1]["kind"] == "footer" else None
    operations = _operations(path, values[1:])
    if last is not None and (rest or last["operations"] != len(operations)):
        raise HistoryError(f"{path}: the footer does not fit the lines before it; the file was changed")
    complete = last is not None and bool(last["complete"])
    return History(MappingProxyType(values[0]["about"]), operations, complete)


def _operations(path: Path, lines: list[Line]) -> tuple[Operation, ...]:
    calls: dict[int, Line] = {}
    returns: dict[int, Line] = {}
    for number, line in enumerate(lines, 2):
        if line["kind"] not in ("call", "return"):
            raise HistoryError(f"{path}:{number}: a {line['kind']} stands among the operations")
        group = calls if line["kind"] == "call" else returns
        if line["number"] in group:
            raise HistoryError(f"{path}:{number}: operation {line['number']} has two {line['kind']} lines")
        group[line["number"]] = line
    if strange := returns.keys() - calls.keys():
        raise HistoryError(f"{path}: operation {min(strange)} returned and was never called")
    for number, line in returns.items():
        if line["at"] < calls[number]["at"]:
            raise HistoryError(f"{path}: operation {number} returned before it was called")
    return tuple(_operation(line, returns.get(number)) for number, line in sorted(calls.items()))


def _operation(call: Line, answer: Line | None) -> Operation:
    said: Line = answer or {}
    return Operation(
        number=call["number"],
        client=call["client"],
        kind=Kind(call["operation"]),
        blob=call["blob"],
        called=call["at"],
        returned=said.get("at"),
        outcome=Outcome(said.get("outcome", Outcome.UNKNOWN.value)),
        tag=call.get("tag", ""),
        size=call.get("size", 0),
        block=call.get("block", ""),
        blocks=tuple(call.get("blocks", ())),
        if_match=call.get("if_match", ""),
        create_only=call.get("create_only", False),
        first=call.get("first"),
        count=call.get("count"),
        etag=said.get("etag", ""),
        seen=_seen(said["seen"]) if "seen" in said else None,
        listed=MappingProxyType({name: _seen(one) for name, one in said.get("listed", {}).items()}),
        status=said.get("status", 0),
        said=said.get("said", ""),
    )


def _seen(line: Line) -> Seen:
    runs = tuple(Run(*run) for run in line["runs"]) if "runs" in line else None
    return Seen(line["etag"], line["tag"], line["length"], line["type"], runs)


@functools.cache
def schema() -> Any:
    """The JSON Schema of one line."""
    return json.loads(Path(__file__).with_name("history.schema.json").read_text(encoding="utf-8"))


@functools.cache
def _validators() -> Mapping[str, Any]:
    kinds = ("header", "call", "return", "footer")
    whole = {key: value for key, value in schema().items() if key != "oneOf"}
    return {kind: jsonschema.Draft202012Validator({**whole, "$ref": f"#/$defs/{kind}"}) for kind in kinds}


@functools.cache
def _shapes() -> Mapping[str, Shape]:
    return {kind: Shape(validator.schema) for kind, validator in _validators().items()}


def _value(path: Path, number: int, line: bytes) -> Line:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise HistoryError(f"{path}:{number}: not JSON: {error}") from error
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _validators():
        raise HistoryError(f"{path}:{number}: no line of a history: kind {kind!r}")
    if not _shapes()[kind].surely_fits(value):
        problem = jsonschema.exceptions.best_match(_validators()[kind].iter_errors(value))
        if problem is not None:
            where = "/".join(str(part) for part in problem.absolute_path) or kind
            raise HistoryError(f"{path}:{number}: {where}: {problem.message[:200]}")
    return dict(value)
