"""What a generator can do at most, as values: measured against the null server with a plan's operations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from loadgen.plan.values import Action, FileSet, Lane, Plan
from loadgen.work.op import Kind

OPEN_LOOP = 128
"""Requests at once with which the ceiling of an open loop is measured: so many connections a worker makes."""
_MOST = 512
_IN_FLIGHT = 512 << 20  # bytes of payload under way in one worker: more is no faster, and takes memory


@dataclass(frozen=True, slots=True)
class Shape:
    """Operations of one kind as one worker sends them."""

    kind: Kind
    bytes: int  # of payload, each
    blocks: int  # or ranges, of a blob; 0 for operations that are about a whole blob
    concurrency: int  # requests at once, of one worker
    payload: str  # the recipe


@dataclass(frozen=True, slots=True)
class Rate:
    """What one shape reached, all workers at the same time."""

    shape: Shape
    ops_per_s: float
    errors: int = 0

    @property
    def bytes_per_s(self) -> float:
        """Payload bytes a second."""
        return self.ops_per_s * self.shape.bytes


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The rates of all shapes of a plan, on the machine and in the session of the run."""

    workers: int
    seconds: float  # that each shape was given
    rates: tuple[Rate, ...]
    https: bool = False

    def ops_per_s(self, shape: Shape) -> float | None:
        """The rate of a shape; None when it was not measured, or when nothing came of it."""
        for rate in self.rates:
            if rate.shape == shape and rate.ops_per_s > 0:
                return rate.ops_per_s
        return None

    @property
    def bytes_per_s(self) -> float:
        """The highest payload rate of any shape whose bytes went over the wire."""
        fetched = Kind.PUT_BLOCK_FROM_URL  # by the endpoint
        return max((rate.bytes_per_s for rate in self.rates if rate.shape.kind is not fetched), default=0.0)

    def to_json(self) -> dict[str, Any]:
        """As an event's facts."""
        return {
            "workers": self.workers,
            "seconds": self.seconds,
            "https": self.https,
            "rates": [
                {**asdict(rate.shape), "kind": rate.shape.kind.value}
                | {"ops_per_s": round(rate.ops_per_s, 2), "errors": rate.errors}
                for rate in self.rates
            ],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Ceiling:
        """What `to_json` made. Raises `KeyError`, `ValueError` for anything else."""
        rates = [
            Rate(
                Shape(Kind(one["kind"]), one["bytes"], one["blocks"], one["concurrency"], one["payload"]),
                one["ops_per_s"],
                one["errors"],
            )
            for one in value["rates"]
        ]
        return cls(value["workers"], value["seconds"], tuple(rates), value["https"])


def added(parts: Iterable[Ceiling]) -> Ceiling:
    """The ceiling of workers that were measured at the same time. Raises `ValueError` for none."""
    parts = [*parts]
    if not parts:
        raise ValueError("the ceiling of no workers")
    shapes = dict.fromkeys(rate.shape for part in parts for rate in part.rates)
    rates = [
        Rate(
            shape,
            sum(rate.ops_per_s for part in parts for rate in part.rates if rate.shape == shape),
            sum(rate.errors for part in parts for rate in part.rates if rate.shape == shape),
        )
        for shape in shapes
    ]
    return replace(parts[0], workers=sum(part.workers for part in parts), rates=tuple(rates))


def shapes_of(plan: Plan, workers: int, *, measured: bool = True) -> tuple[Shape, ...]:
    """All shapes of the plan's measured phases, or of all its phases; each once."""
    found: dict[Shape, None] = {}
    for phase in plan.phases:
        if phase.measured or not measured:
            for lane in phase.lanes:
                found.update(dict.fromkeys(lane_shapes(plan, lane, workers).values()))
    return tuple(found)


def lane_shapes(plan: Plan, lane: Lane, workers: int) -> dict[Kind, Shape]:
    """What a lane sends, by kind. Sizes are the mean over its files, so that rates of operations compare."""
    files = [plan.file_set(name) for name in lane.files]
    sent: dict[Kind, list[tuple[int, int, int]]] = {}  # operations, payload bytes, blocks
    for one in files:
        for kind, ops, size, blocks in _operations(lane, one):
            sent.setdefault(kind, []).append((ops, size, blocks))
    recipe = files[0].payload if files else ""
    concurrency = _concurrency(lane, files, workers)
    return {kind: _shape(kind, parts, concurrency, recipe) for kind, parts in sent.items()}


def _shape(kind: Kind, parts: list[tuple[int, int, int]], concurrency: int, recipe: str) -> Shape:
    ops = sum(count for count, _, _ in parts) or 1
    size = round(sum(one for _, one, _ in parts) / ops)
    blocks = round(sum(one for _, _, one in parts) / ops)
    return Shape(kind, size, blocks, max(1, min(concurrency, _IN_FLIGHT // max(1, size))), recipe)


def _operations(lane: Lane, files: FileSet) -> Iterator[tuple[Kind, int, int, int]]:
    """Kind, operations, payload bytes and blocks of a file set, once through."""
    count, total = files.count, files.count * files.bytes
    blocks = count * math.ceil(files.bytes / lane.block_bytes)
    match lane.action:
        case Action.UPLOAD if files.bytes <= lane.single_bytes:
            yield Kind.PUT_BLOB, count, total, 0
        case Action.UPLOAD | Action.HYDRATE:
            fetched = lane.action is Action.HYDRATE
            of_a_blob = blocks // count * blocks  # so many of each block's blob
            yield (Kind.PUT_BLOCK_FROM_URL if fetched else Kind.PUT_BLOCK), blocks, total, of_a_blob
            yield Kind.PUT_BLOCK_LIST, count, 0, blocks
        case Action.DOWNLOAD:
            ranges = math.ceil(files.bytes / (lane.range_bytes or files.bytes))
            yield Kind.GET_BLOB, count * ranges, total, count * ranges * ranges
        case Action.LIST:
            yield Kind.LIST_BLOBS, 1, 0, 0
        case Action.CHURN:
            yield Kind.PUT_BLOB, count, total, 0
            for kind in (Kind.GET_PROPERTIES, Kind.SET_METADATA, Kind.DELETE_BLOB):
                yield kind, count, 0, 0
        case Action.REMOVE:
            yield Kind.DELETE_BLOB, count, 0, 0


def _concurrency(lane: Lane, files: list[FileSet], workers: int) -> int:
    """Requests at once of one worker, if ranks are spread evenly."""
    if lane.arrivals is not None:
        return OPEN_LOOP
    ranks = math.ceil(lane.ranks / workers)
    step = {
        Action.UPLOAD: lane.block_bytes,
        Action.HYDRATE: lane.block_bytes,
        Action.DOWNLOAD: lane.range_bytes,
    }
    size = step.get(lane.action, 0)
    largest = max((one.bytes for one in files), default=1)
    of_a_file = math.ceil(largest / size) if size else 1
    return max(1, min(_MOST, ranks * min(lane.parallel, lane.files_at_once * of_a_file)))
