"""What a generator can do at most, as values: measured against the null server with a plan's operations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from loadgen.plan.values import Action, FileSet, Lane, Plan
from loadgen.work.op import Kind

OPEN_LOOP = 128
"""Requests at once with which the ceiling of an open loop is measured: so many connections a worker makes."""
_MOST = 512
_IN_FLIGHT = 512 << 20  # bytes of payload under way in one worker: more is no faster, and takes memory


@dataclass(frozen=True, slots=True)
class Shape:
    """What one worker's ranks do with files of a kind: a small plan made of it costs them the same."""

    action: Action
    kind: Kind  # of the operations that a file begins with; others may follow
    bytes: int  # of payload, each of these
    blocks: int  # so many of these a file
    ranks: int  # of one worker
    parallel: int  # requests at once, a rank
    files_at_once: int  # a rank
    payload: str  # the recipe
    open: bool = False  # tasks arrive by themselves

    @property
    def concurrency(self) -> int:
        """Requests at once, of one worker."""
        of_a_rank = min(self.parallel, self.files_at_once * self.blocks)
        wanted = OPEN_LOOP if self.open else min(_MOST, self.ranks * of_a_rank)
        return max(1, min(wanted, _IN_FLIGHT // max(1, self.bytes)))

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All kinds of operations that a file takes."""
        return self.kind, *_AFTER.get((self.action, self.kind), ())

    @property
    def mean_bytes(self) -> float:
        """Of payload, over all operations that a file takes."""
        return self.bytes * self.blocks / (self.blocks + len(self.kinds) - 1)


_SEAL = (Kind.PUT_BLOCK_LIST,)
_AFTER = {
    (Action.UPLOAD, Kind.PUT_BLOCK): _SEAL,
    (Action.HYDRATE, Kind.PUT_BLOCK_FROM_URL): _SEAL,
    (Action.CHURN, Kind.PUT_BLOB): (Kind.GET_PROPERTIES, Kind.SET_METADATA, Kind.DELETE_BLOB),
}
"""What is sent once for each file when it is through what it began with."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one shape reached, all workers at the same time."""

    shape: Shape
    ops_per_s: float  # of all kinds that a file takes, as they come
    errors: int = 0

    @property
    def bytes_per_s(self) -> float:
        """Payload bytes a second."""
        return self.ops_per_s * self.shape.mean_bytes


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
                {**asdict(rate.shape), "action": rate.shape.action.value, "kind": rate.shape.kind.value}
                | {"ops_per_s": round(rate.ops_per_s, 2), "errors": rate.errors}
                for rate in self.rates
            ],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Ceiling:
        """What `to_json` made. Raises `KeyError`, `ValueError` for anything else."""
        rates = []
        for one in value["rates"]:
            about = {each.name: one[each.name] for each in fields(Shape)}
            about |= {"action": Action(one["action"]), "kind": Kind(one["kind"])}
            rates.append(Rate(Shape(**about), one["ops_per_s"], one["errors"]))
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
    """What a lane sends, by kind; those of one file have the same shape. Ranks are spread evenly.

    Sizes are the mean over its files, so that rates of operations compare.
    """
    files = [plan.file_set(name) for name in lane.files]
    sent: dict[Kind, list[tuple[int, int, int]]] = {}  # files, operations they begin with, payload bytes
    for one in files:
        kind, ops = _begins(lane, one)
        size = 0 if lane.action in (Action.LIST, Action.REMOVE) else one.count * one.bytes
        sent.setdefault(kind, []).append((one.count, ops, size))
    recipe = files[0].payload if files else ""
    found: dict[Kind, Shape] = {}
    for kind, parts in sent.items():
        count, ops, size = (sum(column) for column in zip(*parts, strict=True))
        shape = Shape(
            lane.action,
            kind,
            round(size / max(1, ops)),
            max(1, round(ops / max(1, count))),
            math.ceil(lane.ranks / workers),
            lane.parallel,
            lane.files_at_once,
            recipe,
            lane.arrivals is not None,
        )
        found.update(dict.fromkeys(shape.kinds, shape))
    return found


def _begins(lane: Lane, files: FileSet) -> tuple[Kind, int]:
    """What files of a set begin with, and how many of these, once through."""
    match lane.action:
        case Action.UPLOAD if files.bytes <= lane.single_bytes:
            return Kind.PUT_BLOB, files.count
        case Action.UPLOAD:
            return Kind.PUT_BLOCK, files.count * math.ceil(files.bytes / lane.block_bytes)
        case Action.HYDRATE:
            return Kind.PUT_BLOCK_FROM_URL, files.count * math.ceil(files.bytes / lane.block_bytes)
        case Action.DOWNLOAD:
            return Kind.GET_BLOB, files.count * math.ceil(files.bytes / (lane.range_bytes or files.bytes))
        case Action.LIST:
            return Kind.LIST_BLOBS, files.count
        case Action.CHURN:
            return Kind.PUT_BLOB, files.count
        case Action.REMOVE:
            return Kind.DELETE_BLOB, files.count
