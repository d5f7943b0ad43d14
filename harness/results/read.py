"""Reading results.jsonl: every line checked against the schema; a cut-off run is seen as one."""

from __future__ import annotations

import functools
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.lines import LineSchema
from harness.results.record import Record
from harness.results.score import Score, score
from harness.vocabulary import ExitCode, Verdict

FILE = "results.jsonl"


class ResultsError(Exception):
    """A run that cannot be read."""

    exit_code = ExitCode.USAGE

    def __init__(
        self, what: str, hint: str = "Give the folder of a run: the one with results.jsonl."
    ) -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run as values."""

    folder: Path
    header: Record
    records: tuple[Record, ...]
    footer: Record | None

    @property
    def complete(self) -> bool:
        """Whether the run came to its end and brought everything it was to bring."""
        return self.footer is not None and bool(self.footer["complete"])

    @property
    def selection(self) -> tuple[str, ...]:
        """The ids that this run was to bring."""
        return tuple(self.header["selection"])

    @property
    def counts(self) -> Counter[Verdict]:
        """How many records have each verdict."""
        return Counter(Verdict(record["verdict"]) for record in self.records)

    @property
    def sets(self) -> tuple[str, ...]:
        """The sets that this run is a part of, from what is needed first to everything."""
        return tuple(self.header["sets"])

    def chosen(self, name: str) -> frozenset[str]:
        """The ids of a set that this run was to bring."""
        return frozenset(self.header["sets"][name]["chosen"] if name in self.sets else ())

    def score(self, name: str | None = None) -> Score:
        """Divergence and coverage over a set; by default over the widest."""
        name = name or self.sets[-1]
        items = self.header["sets"][name]["items"] if name in self.sets else 0
        return score(name, self.records, self.chosen(name), items)


@functools.cache
def validator() -> Any:
    """Checks one line of results.jsonl."""
    return _LINES.validator


_LINES = LineSchema(Path(__file__).with_name("results.schema.json"))


def read(folder: Path) -> Results:
    """The results of a run folder. Raises ResultsError."""
    return read_lines(folder / FILE)


def read_lines(path: Path) -> Results:
    """The results in a file. Raises ResultsError."""
    folder = path.parent
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ResultsError(f"no results in {folder}: {error.strerror}") from error
    # Only these bytes end a line: texts may hold characters that Python takes for line ends as well.
    *lines, rest = data.split(b"\n")
    cut_off = bool(rest) and not _is_json(rest)
    if rest and not cut_off:
        lines.append(rest)
    values = [_value(path, number, line) for number, line in enumerate(lines, 1)]
    if not values or values[0]["kind"] != "header":
        raise ResultsError(f"{path} does not start with a header line")
    footer = values.pop() if values[-1]["kind"] == "footer" else None
    header, *records = values
    if strange := [value["kind"] for value in records if value["kind"] not in ("case", "scenario", "rule")]:
        raise ResultsError(f"{path}: a {strange[0]} stands among the records; the file was changed")
    if len({record["id"] for record in records}) < len(records):
        raise ResultsError(f"{path}: an id stands twice; the file was changed")
    results = Results(folder, header, tuple(records), footer)
    if footer is not None and (cut_off or _counted(results) != (footer["records"], footer["counts"])):
        raise ResultsError(f"{path}: the footer does not fit the lines before it; the file was changed")
    return results


def _is_json(line: bytes) -> bool:
    """Whether a line without its end is whole; half a line is what a run that was cut off ends with."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _counted(results: Results) -> tuple[int, dict[str, int]]:
    return len(results.records), {verdict.value: count for verdict, count in results.counts.items()}


def _value(path: Path, number: int, line: bytes) -> Record:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise ResultsError(f"{path}:{number}: not JSON: {error}") from error
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind not in ("header", "case", "scenario", "rule", "footer"):
        raise ResultsError(f"{path}:{number}: no line of results: kind {kind!r}")
    if wrong := _LINES.problem(kind, value):
        raise ResultsError(f"{path}:{number}: {wrong}")
    return dict(value)
