"""How much of what the generator can do at most each phase of a run needed. Pure."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping

from loadgen.plan import document
from loadgen.record.lines import Interval, Phase
from loadgen.record.read import LoadRun
from loadgen.validity.ceiling import Ceiling, Shape, lane_shapes

_SHORTEST = 3.0  # seconds of a window
_SPANS = 4.0  # a window lasts so many times as long as most operations do


def shares(run: LoadRun, ceiling: Ceiling) -> Iterator[tuple[str, float]]:
    """Each measured phase and its share of the ceiling, as the average operation saw it.

    Operations of several kinds add up: each takes 1 / ceiling of a second of the generator. Weighted by that,
    an idle tail behind stragglers does not hide a generator that was full before. Each window is much longer
    than an operation: large ones end in waves, and a second in which one ended says little.
    """
    shapes = _shapes(run)
    for phase in run.phases:
        if not phase.measured:
            continue
        needed: defaultdict[float, float] = defaultdict(float)
        for one in run.intervals:
            if (one.phase, one.iteration) == (phase.name, phase.iteration):
                shape = shapes.get((one.phase, one.lane, one.op))
                most = None if shape is None else ceiling.ops_per_s(shape)
                needed[one.t_s] += 0.0 if most is None else _attempts(one) / most
        if share := _seen(needed, phase, _window(run, phase)):
            yield titled(phase), share


def titled(phase: Phase) -> str:
    """What a phase is called among others: its name, and its iteration from the second on."""
    return phase.name if phase.iteration == 1 else f"{phase.name} {phase.iteration}"


def _shapes(run: LoadRun) -> Mapping[tuple[str, str, str], Shape]:
    """By phase, lane and operation."""
    plan = document.load(run.header.plan)
    return {
        (phase.name, lane.name, kind.value): shape
        for phase in plan.phases
        for lane in phase.lanes
        for kind, shape in lane_shapes(plan, lane, run.header.workers).items()
    }


def _attempts(one: Interval) -> int:
    return one.ops + sum(one.errors.values())


def _window(run: LoadRun, phase: Phase) -> float:
    service = run.histogram(phase.name, "service", iteration=phase.iteration)
    return max(_SHORTEST, _SPANS * service.percentile(90) / 1e6 if service.count else 0.0)


def _seen(needed: Mapping[float, float], phase: Phase, window: float) -> float:
    """The mean over windows of seconds needed per second, each weighted by what it needed."""
    if not needed:
        return 0.0
    times = sorted(needed)
    length = min((later - at for at, later in itertools.pairwise(times)), default=1.0)
    begin = phase.begin_s
    end = begin + phase.barrier_s if phase.barrier_s is not None else phase.end_s or times[-1] + length
    if end <= begin:
        return 0.0
    count = max(1, int((end - begin) / window))
    width = (end - begin) / count
    by_window = [0.0] * count
    for at, seconds in needed.items():
        # What ended in an interval is spread over it; what ended after the barrier is of the last moment.
        low = min(max(at, begin), end)
        high = max(min(at + length, end), low)
        for number in range(count):
            first = begin + number * width
            part = min(high, first + width) - max(low, first)
            if high > low:
                by_window[number] += seconds * max(0.0, part) / (high - low)
        if high == low:
            by_window[min(count - 1, int((low - begin) / width))] += seconds
    total = sum(by_window)
    return sum(seconds * seconds / width for seconds in by_window) / total if total else 0.0
