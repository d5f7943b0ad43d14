"""Reading load.jsonl: every line checked against the schema; a run that was cut off is seen as one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from harness.vocabulary import ExitCode
from loadgen.record.histogram import Histogram, HistogramError
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
    from_json,
)
from loadgen.record.shape import problem
from loadgen.record.write import FILE

_SCHEMA = 1
_One = TypeVar("_One")


class LoadError(Exception):
    """A load run that cannot be read."""

    exit_code = ExitCode.USAGE

    def __init__(
        self, what: str, hint: str = "Give the folder of a load run: the one with load.jsonl."
    ) -> None:
        super().__init__(what)
        self.hint = hint


class HistogramKey(NamedTuple):
    """What a histogram is about."""

    phase: str
    iteration: int
    lane: str
    op: str
    metric: str


@dataclass(frozen=True, slots=True)
class LoadRun:
    """A whole load run as values."""

    folder: Path
    header: Header
    events: tuple[Event, ...]
    intervals: tuple[Interval, ...]
    ranks: tuple[Rank, ...]
    phases: tuple[Phase, ...]
    histograms: Mapping[HistogramKey, Histogram]
    checks: tuple[Check, ...]
    metrics: tuple[Metric, ...]
    complete: bool
    why: str  # it is not complete; "" when it is

    def histogram(
        self,
        phase: str,
        metric: str = "latency",
        *,
        iteration: int | None = None,
        lane: str | None = None,
        op: str | None = None,
    ) -> Histogram:
        """One metric of a phase, over all of what is not named; empty when there is none of it."""
        return Histogram.merged(
            one
            for key, one in self.histograms.items()
            if (key.phase, key.metric) == (phase, metric)
            and iteration in (None, key.iteration)
            and lane in (None, key.lane)
            and op in (None, key.op)
        )


def read(folder: Path) -> LoadRun:
    """The load run in a folder. Raises `LoadError`."""
    return read_lines(folder / FILE)


def read_lines(path: Path) -> LoadRun:
    """The load run in a file. Raises `LoadError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LoadError(f"no load run in {path.parent}: {error.strerror}") from error
    # Only these bytes end a line. What follows the last of them was being written when the run was cut off.
    *whole, torn = data.split(b"\n")
    lines = [_line(path, number, line) for number, line in enumerate(whole, 1)]
    if not lines or not isinstance(lines[0], Header):
        raise LoadError(f"{path} does not start with a header line")
    header, *rest = lines
    footer = rest.pop() if rest and isinstance(rest[-1], Footer) and not torn else None
    if strange := [one.line for one in rest if isinstance(one, Header | Footer)]:
        raise LoadError(f"{path}: a {strange[0]} stands among the lines; the file was changed")
    assert isinstance(header, Header)
    return LoadRun(
        path.parent,
        header,
        _of(Event, rest),
        _of(Interval, rest),
        _of(Rank, rest),
        _of(Phase, rest),
        _merged(_of(HistogramLine, rest)),
        _of(Check, rest),
        _of(Metric, rest),
        complete=isinstance(footer, Footer) and footer.complete,
        why=footer.why if isinstance(footer, Footer) else "the file has no end: the run was cut off",
    )


def _of(kind: type[_One], lines: Iterable[Line]) -> tuple[_One, ...]:
    return tuple(one for one in lines if isinstance(one, kind))


def _merged(lines: Iterable[HistogramLine]) -> dict[HistogramKey, Histogram]:
    merged: dict[HistogramKey, Histogram] = {}
    for one in lines:
        key = HistogramKey(one.phase, one.iteration, one.lane, one.op, one.metric)
        merged.setdefault(key, Histogram()).merge(one.packed)
    return merged


def _line(path: Path, number: int, line: bytes) -> Line:
    try:
        value: Any = json.loads(line)
    except ValueError as error:
        raise LoadError(f"{path}:{number}: not JSON: {error}") from error
    if isinstance(value, dict) and value.get("line") == "header" and value.get("schema") != _SCHEMA:
        raise LoadError(
            f"{path}: written with schema {value.get('schema')!r}; this version reads {_SCHEMA}",
            "Use the version of Blobproof that wrote it.",
        )
    if wrong := problem(value):
        raise LoadError(f"{path}:{number}: {wrong}")
    try:
        return from_json(value)
    except HistogramError as error:
        raise LoadError(f"{path}:{number}: {error}") from error
