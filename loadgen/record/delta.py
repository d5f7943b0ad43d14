"""What happened since it was last asked: counts and histograms, by second, phase, lane and operation.

Deltas add up, in any order and however they were cut. They travel from workers to the master as JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from loadgen.record.histogram import Histogram, HistogramError

METRICS = ("latency", "service", "first_byte", "failed")
"""What is told of every operation: last byte - intended start, last byte - start, first byte - start, all of
those that succeeded; and end - intended start of attempts that did not."""

_VERSION = 1


class DeltaError(ValueError):
    """A delta that cannot be read."""


class Key(NamedTuple):
    """What a cell is about."""

    t_s: float  # when its interval begins, seconds from the run's start
    phase: str
    iteration: int
    lane: str
    op: str  # a `loadgen.work.op.Kind`


class Cell:
    """What one operation did in one lane in one interval. Bytes are those of operations that succeeded."""

    __slots__ = ("bytes_received", "bytes_sent", "errors", "failed", "first_byte", "latency", "service")

    def __init__(self) -> None:
        self.latency = Histogram()
        self.service = Histogram()
        self.first_byte = Histogram()
        self.failed = Histogram()
        self.bytes_sent = 0
        self.bytes_received = 0
        self.errors: Counter[str] = Counter()  # "503 ServerBusy", "timeout" …

    @property
    def ops(self) -> int:
        """Operations that succeeded."""
        return self.latency.count

    def merge(self, other: Cell) -> None:
        """Take in what another one counted."""
        for metric in METRICS:
            getattr(self, metric).merge(getattr(other, metric))
        self.bytes_sent += other.bytes_sent
        self.bytes_received += other.bytes_received
        self.errors.update(other.errors)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cell):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]


class Delta:
    """Cells by what they are about."""

    __slots__ = ("cells",)

    def __init__(self, cells: Mapping[Key, Cell] | None = None) -> None:
        self.cells: dict[Key, Cell] = dict(cells or {})

    def merge(self, other: Delta) -> None:
        """Take in another one, which is left as it is."""
        for key, cell in other.cells.items():
            self.cells.setdefault(key, Cell()).merge(cell)

    @property
    def ops(self) -> int:
        """Operations that succeeded."""
        return sum(cell.ops for cell in self.cells.values())

    @property
    def errors(self) -> int:
        """Attempts that did not succeed."""
        return sum(cell.errors.total() for cell in self.cells.values())

    def to_json(self) -> dict[str, Any]:
        """As values that JSON (and Locust's messages) can hold."""
        return {"version": _VERSION, "cells": [_cell(key, cell) for key, cell in self.cells.items()]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Delta:
        """What `to_json` made. Raises `DeltaError`."""
        if value.get("version") != _VERSION:
            said = f"version {value.get('version')!r}; this one reads {_VERSION}"
            raise DeltaError(f"a worker sent figures of {said}: run the same Blobproof everywhere")
        try:
            return cls(dict(map(_uncelled, value["cells"])))
        except (KeyError, TypeError, ValueError, HistogramError) as error:
            raise DeltaError(f"a worker sent figures that cannot be read: {error!r}") from error


def _cell(key: Key, cell: Cell) -> dict[str, Any]:
    packed = {metric: one.pack() for metric in METRICS if (one := getattr(cell, metric)).count}
    return {
        **key._asdict(),
        "bytes_sent": cell.bytes_sent,
        "bytes_received": cell.bytes_received,
        "errors": dict(cell.errors),
        "packed": packed,
    }


def _uncelled(value: Mapping[str, Any]) -> tuple[Key, Cell]:
    cell = Cell()
    for metric, packed in dict(value["packed"]).items():
        if metric not in METRICS:
            raise ValueError(f"no metric {metric!r}")
        setattr(cell, metric, Histogram.unpack(packed))
    cell.bytes_sent = int(value["bytes_sent"])
    cell.bytes_received = int(value["bytes_received"])
    cell.errors.update({str(what): int(count) for what, count in dict(value["errors"]).items()})
    key = Key(
        float(value["t_s"]),
        str(value["phase"]),
        int(value["iteration"]),
        str(value["lane"]),
        str(value["op"]),
    )
    return key, cell
