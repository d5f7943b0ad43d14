"""What is measured of every phase: barrier to barrier, by rank, bytes, requests."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loadgen.kpi.iterations import Group, Iteration
from loadgen.plan.values import Phase
from loadgen.record.lines import Metric


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of every phase. `of`: its value in one iteration, None where that has none."""

    what: str
    unit: str
    said: str
    of: Callable[[Iteration], float | None]
    alike: bool = False  # it compares ranks: only where all do the same at once


def _last(one: Iteration) -> float | None:
    return max(one.rank_s, default=None)


def _median(one: Iteration) -> float | None:
    return statistics.median(one.rank_s) if one.rank_s else None


def _straggler(one: Iteration) -> float | None:
    return max(one.rank_s) - statistics.median(one.rank_s) if one.rank_s else None


def _ratio(one: Iteration) -> float | None:
    middle = _median(one)
    return max(one.rank_s) / middle if middle else None


def _seal(one: Iteration) -> float | None:
    return max(one.seal_s, default=0.0) or None


def _a_second(amount: float, one: Iteration) -> float | None:
    return amount / one.barrier_s if amount and one.barrier_s else None


FIGURES = (
    Figure("barrier_s", "s", "barrier to barrier: until the last rank is through", lambda one: one.barrier_s),
    Figure("median_rank_s", "s", "half of the ranks are through", _median, alike=True),
    Figure("last_rank_s", "s", "the last rank is through", _last),
    Figure("straggler_s", "s", "last rank less median rank", _straggler, alike=True),
    Figure("straggler_ratio", "ratio", "last rank / median rank", _ratio, alike=True),
    Figure("seal_s", "s", "a Put Block List or more under way, of the rank where it was longest", _seal),
    Figure("bytes", "bytes", "payload moved", lambda one: float(one.bytes) or None),
    Figure(
        "bytes_per_s", "bytes/s", "all bytes / barrier time, no mean of rates",
        lambda one: _a_second(one.bytes, one),
    ),
    Figure("requests", "requests", "that succeeded", lambda one: float(one.ops)),
    Figure(
        "requests_per_s", "requests/s", "all requests that succeeded / barrier time",
        lambda one: _a_second(one.ops, one),
    ),
    Figure("errors", "requests", "attempts that did not succeed", lambda one: float(one.errors)),
    Figure(
        "error_ratio", "ratio", "attempts that did not succeed / all attempts",
        lambda one: one.errors / (one.ops + one.errors) if one.ops + one.errors else None,
    ),
)  # fmt: skip
"""What is told of each phase, and of each lane where a phase has several."""


def alike(phase: Phase, lane: str = "") -> bool:
    """Whether all ranks of a phase, or of one of its lanes, do the same at once: no open loop."""
    lanes = [one for one in phase.lanes if lane in ("", one.name)]
    return len(lanes) == 1 and lanes[0].arrivals is None


def figures(group: Group, ranks_alike: bool) -> Iterator[Metric]:
    """The figures of a phase or a lane."""
    for figure in FIGURES:
        if figure.alike and not ranks_alike:
            continue
        found = group.over(figure.what, figure.unit, figure.of, figure.said)
        if found is not None:
            yield found


def figure_names(name: str, ranks_alike: bool) -> Iterator[tuple[str, str]]:
    """The names and units that `figures` can give for a phase or a lane."""
    for figure in FIGURES:
        if ranks_alike or not figure.alike:
            yield f"{name}.{figure.what}", figure.unit
