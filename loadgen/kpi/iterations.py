"""A run's phases by name: each iteration with the ranks that took part, and one figure made of several."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from loadgen.kpi.values import Origin
from loadgen.record.lines import Metric, Phase, Rank
from loadgen.record.read import LoadRun


@dataclass(frozen=True, slots=True)
class Iteration:
    """A measured phase once, or one lane of it. Times are seconds from its first barrier."""

    number: int
    barrier_s: float | None  # None: it never came to its end
    rank_s: tuple[float, ...]  # when each rank was through; of those that were
    seal_s: tuple[float, ...]  # for how long each rank had a Put Block List under way, in one lane
    bytes: int
    ops: int
    errors: int
    unsent: int  # of them, those that never came to the endpoint
    problems: tuple[str, ...]  # why it is not whole; none: it is


@dataclass(frozen=True, slots=True)
class Group:
    """All iterations of one phase, or of one lane of it. `name` is what its metrics begin with."""

    name: str
    iterations: tuple[Iteration, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """Why its figures are not whole."""
        several = len(self.iterations) > 1
        return tuple(
            f"iteration {one.number}: {problem}" if several else problem
            for one in self.iterations
            for problem in one.problems
        )

    def over(
        self, what: str, unit: str, figure: Callable[[Iteration], float | None], said: str = ""
    ) -> Metric | None:
        """One figure of the iterations that have it: median, least, greatest. None where none has."""
        values = [value for one in self.iterations if (value := figure(one)) is not None]
        if not values:
            return None
        problems = self.problems
        if len(values) < len(self.iterations) and not problems:
            problems = (f"{len(self.iterations) - len(values)} iterations have no such figure",)
        return metric(f"{self.name}.{what}", unit, values, said, problems)


def metric(
    name: str, unit: str, values: Sequence[float], said: str = "", problems: Sequence[str] = ()
) -> Metric:
    """A measured metric from one value an iteration: the median; least and greatest of several."""
    several = len(values) > 1
    return Metric(
        name,
        float(statistics.median(values)),
        unit,
        Origin.MEASURED,
        float(min(values)) if several else None,
        float(max(values)) if several else None,
        len(values),
        "; ".join([said] * bool(said) + [*problems]),
        not problems,
    )


def groups(run: LoadRun) -> tuple[Group, ...]:
    """The measured phases, in the order of the run; after one of several lanes, each of its lanes."""
    found: dict[str, list[Iteration]] = {}
    for phase in run.phases:
        if not phase.measured:
            continue
        ranks = [one for one in run.ranks if (one.phase, one.iteration) == (phase.name, phase.iteration)]
        found.setdefault(phase.name, []).append(_iteration(run, phase, ranks))
        lanes = dict.fromkeys(one.lane for one in ranks)
        for lane in lanes if len(lanes) > 1 else ():
            found.setdefault(f"{phase.name}.{lane}", []).append(_of_lanes(run, phase, {lane}))
    return tuple(Group(name, tuple(iterations)) for name, iterations in found.items())


def of_lanes(run: LoadRun, name: str, lanes: Collection[str]) -> Group:
    """All iterations of a measured phase, as some of its lanes together did it."""
    return Group(
        name,
        tuple(_of_lanes(run, phase, lanes) for phase in run.phases if phase.measured and phase.name == name),
    )


def _iteration(run: LoadRun, phase: Phase, ranks: Sequence[Rank]) -> Iteration:
    through: dict[int, float] = {}
    sealing: dict[int, float] = {}
    for one in ranks:
        if one.end_s is not None:
            through[one.rank] = max(through.get(one.rank, 0.0), one.end_s - phase.begin_s)
        # Lanes of one rank work at the same time: their sum may be longer than the phase.
        sealing[one.rank] = max(sealing.get(one.rank, 0.0), one.seal_s)
    return Iteration(
        phase.iteration,
        phase.barrier_s,
        tuple(through[rank] for rank in sorted(through)),
        tuple(sealing[rank] for rank in sorted(sealing)),
        phase.bytes,
        phase.ops,
        phase.errors,
        _unsent(run, phase),
        tuple(_problems(phase, ranks)),
    )


def _of_lanes(run: LoadRun, phase: Phase, lanes: Collection[str]) -> Iteration:
    """Lanes have no barrier of their own: they are through when the last of their ranks is."""
    key = phase.name, phase.iteration
    ranks = [one for one in run.ranks if (one.phase, one.iteration) == key and one.lane in lanes]
    whole = _iteration(run, phase, ranks)
    return replace(
        whole,
        barrier_s=max(whole.rank_s, default=None),
        bytes=sum(one.bytes for one in ranks),
        ops=sum(one.ops for one in ranks),
        errors=sum(one.errors for one in ranks),
        unsent=_unsent(run, phase, lanes),
    )


def _unsent(run: LoadRun, phase: Phase, lanes: Collection[str] | None = None) -> int:
    """Attempts that the endpoint never saw: it refused the connection, or they were never begun."""
    return sum(
        one.errors.get(what, 0)
        for one in run.intervals
        if (one.phase, one.iteration) == (phase.name, phase.iteration)
        if lanes is None or one.lane in lanes
        for what in _UNSEEN
    )


_UNSEEN = ("not-begun", "refused")


def _problems(phase: Phase, ranks: Sequence[Rank]) -> Iterable[str]:
    if missing := phase.missing_ranks:
        yield f"{len(missing)} ranks did not come to the barrier ({_few(missing)})"
    if phase.barrier_s is None:
        yield "it did not come to its end"
    if failed := sum(one.failed for one in ranks):
        late = sorted({one.rank for one in ranks if one.failed})
        yield f"{failed} files were given up, by {len(late)} ranks ({_few(late)})"


def _few(numbers: Sequence[int]) -> str:
    """The first of many numbers."""
    return ", ".join(map(str, numbers[:5])) + (" …" if len(numbers) > 5 else "")
