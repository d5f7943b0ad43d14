"""Scale points from load runs that may stand on one line together."""

from __future__ import annotations

import enum
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loadgen.forecast.alike import alike, believable, doubts
from loadgen.forecast.errors import ForecastError
from loadgen.forecast.usl import PARAMETERS
from loadgen.kpi.iterations import Group, groups
from loadgen.plan import document
from loadgen.plan.values import Action, Plan
from loadgen.record.read import LoadRun

FEWEST_SIZES = 4
FEWEST_FREEDOM = 3
"""Measurements more than the law has parameters: with fewer, its interval is as good as endless."""


class By(enum.StrEnum):
    """What grows from one scale point to the next."""

    WORKERS = "workers"
    RANKS = "ranks"


@dataclass(frozen=True, slots=True)
class Point:
    """One size and every measurement at it: one an iteration of each run."""

    size: int
    rates: tuple[float, ...]  # bytes/s, or requests/s of a phase that moves no bytes
    rank_s: tuple[tuple[float, ...], ...]  # of each iteration: when each rank was through
    ranks: int
    runs: int

    @property
    def median(self) -> float:
        """Of its measurements."""
        return statistics.median(self.rates)


@dataclass(frozen=True, slots=True)
class Series:
    """One phase at several sizes, all at one scale."""

    profile: str
    phase: str
    unit: str  # "bytes/s" or "requests/s"
    by: By
    scale: float
    points: tuple[Point, ...]  # ascending
    assumptions: tuple[str, ...]
    reads: bool = False
    writes: bool = True
    bytes_per_request: float = 0.0
    substrate: str | None = None  # what the runs were on; None: this machine

    @property
    def largest(self) -> Point:
        """The point with the greatest size."""
        return self.points[-1]


@dataclass(frozen=True, slots=True)
class _Taken:
    """A run that may be a part of the series."""

    run: LoadRun
    plan: Plan
    phases: Mapping[str, Group]
    size: int


def series(runs: Sequence[LoadRun], by: By = By.WORKERS) -> tuple[Series, ...]:
    """The scale points of each measured phase. Raises `ForecastError`; `DocumentError` for a strange plan."""
    if not runs:
        raise ForecastError("no runs were given", "Give the folders of runs at 4 sizes or more.")
    taken = [
        _Taken(
            run,
            document.load(run.header.plan),
            {one.name: one for one in groups(run) if "." not in one.name},
            run.header.workers if by is By.WORKERS else run.header.ranks,
        )
        for run in runs
    ]
    folders = [run.folder.resolve() for run in runs]
    if twice := [folder for folder in folders if folders.count(folder) > 1]:
        raise ForecastError(f"{twice[0]} is given twice", "A measurement counts once.")
    for one in taken:
        believable(one.run)
        alike(taken[0].run, one.run)
    return tuple(_series(taken, name, by) for name in taken[0].phases)


def _series(taken: Sequence[_Taken], name: str, by: By) -> Series:
    for one in taken:
        if name not in one.phases:
            raise ForecastError(f"{one.run.folder} has no phase {name}", "Give runs of one profile.")
        if problems := one.phases[name].problems:
            raise ForecastError(
                f"{one.run.folder}: phase {name}: {problems[0]}", "Run it again: a phase must be whole."
            )
    lanes = [lane for phase in taken[0].plan.phases if phase.name == name for lane in phase.lanes]
    if any(lane.arrivals for lane in lanes):
        raise ForecastError(
            f"phase {name} is an open loop: its rate is what was asked for, not what the endpoint can do",
            "Give runs of a profile whose ranks go as fast as they can.",
        )
    moves = all(iteration.bytes for one in taken for iteration in one.phases[name].iterations)
    sizes = sorted({one.size for one in taken})
    points = tuple(_point(size, [one for one in taken if one.size == size], name, moves) for size in sizes)
    _enough(points, by)
    header = taken[0].run.header
    unit = "bytes/s" if moves else "requests/s"
    actions = {lane.action for lane in lanes}
    every = [iteration for one in taken for iteration in one.phases[name].iterations]
    return Series(
        header.profile,
        name,
        unit,
        by,
        header.scale,
        points,
        tuple(_assumptions(points, taken, by)),
        Action.DOWNLOAD in actions,
        bool(actions - {Action.DOWNLOAD, Action.LIST, Action.REMOVE}),
        sum(one.bytes for one in every) / max(sum(one.ops for one in every), 1),
        header.substrate,
    )


def _point(size: int, taken: Sequence[_Taken], name: str, moves: bool) -> Point:
    iterations = [iteration for one in taken for iteration in one.phases[name].iterations]
    rates = [(one.bytes if moves else one.ops) / one.barrier_s for one in iterations if one.barrier_s]
    if not rates or min(rates) <= 0:
        raise ForecastError(
            f"{taken[0].run.folder}: phase {name} has an iteration in which nothing was done",
            "Run it again.",
        )
    return Point(size, tuple(rates), tuple(one.rank_s for one in iterations), taken[0].plan.ranks, len(taken))


def _enough(points: Sequence[Point], by: By) -> None:
    if len(points) < FEWEST_SIZES:
        there = ", ".join(str(point.size) for point in points)
        raise ForecastError(
            f"a forecast needs runs at {FEWEST_SIZES} sizes or more; there are {len(points)} "
            f"({by.value}: {there})",
            "The law has three parameters: fewer sizes do not test it. Measure at more of them.",
        )
    count = sum(len(point.rates) for point in points)
    if count < PARAMETERS + FEWEST_FREEDOM:
        raise ForecastError(
            f"{count} measurements at {len(points)} sizes say too little of their own noise; "
            f"{PARAMETERS + FEWEST_FREEDOM} are needed",
            "Run each size with several iterations.",
        )


def _assumptions(points: Sequence[Point], taken: Sequence[_Taken], by: By) -> Iterator[str]:
    yield f"what limits at the larger size is what limited here: the endpoint grows as it did with {by.value}"
    if any(point.runs == 1 for point in points):
        yield "iterations of one run count as independent; runs at other times would make the interval wider"
    each = {round(statistics.fmean(file.bytes for file in one.plan.files)) for one in taken if one.plan.files}
    if len(each) > 1:
        yield f"blobs are not of one size in all runs ({min(each)} to {max(each)} bytes in the mean)"
    yield from doubts([one.run for one in taken])
    if by is By.WORKERS and len({point.ranks for point in points}) > 1:
        yield "the number of ranks grows as well"
