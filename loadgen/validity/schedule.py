"""The check of open loops: whether tasks were begun when they were due, or had to wait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loadgen.plan import document
from loadgen.plan.values import Action, Lane
from loadgen.record.histogram import Histogram
from loadgen.record.lines import Phase
from loadgen.record.read import LoadRun
from loadgen.validity.check import Check, State, percent
from loadgen.validity.share import titled
from loadgen.work.op import Kind

KEPT = 0.99
"""An open loop that begins less than this share of its tasks in time did not keep its schedule."""
LATE = 0.01
"""Seconds after its due time from which a task was begun late."""
_NOT_BEGUN = "not-begun"  # see `loadgen.work.op.Outcome`
_FIRST = {
    Action.UPLOAD: (Kind.PUT_BLOB, Kind.PUT_BLOCK),
    Action.DOWNLOAD: (Kind.GET_BLOB,),
    Action.HYDRATE: (Kind.PUT_BLOCK_FROM_URL,),
    Action.LIST: (Kind.LIST_BLOBS,),
    Action.CHURN: (Kind.PUT_BLOB,),
    Action.REMOVE: (Kind.DELETE_BLOB,),
}
"""What a task begins with: what comes after waits for it, not for its due time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How an open lane kept its schedule."""

    share: float  # of tasks begun within `LATE` of when they were due; it was no more than that
    mean_wait_s: float
    not_begun: int


def schedule_check(run: LoadRun) -> Check:
    """Whether open loops offered the load that they were to offer."""
    name = "schedule"
    kept: dict[str, Kept] = {}
    unknown: list[str] = []
    planned = {(phase.name, phase.iteration): phase for phase in document.load(run.header.plan).phases}
    for phase in run.phases:
        one = planned.get((phase.name, phase.iteration))
        if one is None or not phase.measured:
            continue
        for lane in one.lanes:
            if lane.arrivals is not None:
                found = _kept(run, phase, lane)
                title = f"{titled(phase)}/{lane.name}"
                if found is None:
                    unknown.append(title)
                else:
                    kept[title] = found
    if not kept and not unknown:
        return Check(name, State.OK, "Every loop is closed: there is no schedule to keep.")
    facts = {
        "kept": {lane: round(one.share, 4) for lane, one in kept.items()},
        "mean_wait_s": {lane: round(one.mean_wait_s, 6) for lane, one in kept.items()},
        "not_begun": {lane: one.not_begun for lane, one in kept.items()},
        "late_after_s": LATE,
        "unknown": unknown,
    }
    where, least = min(kept.items(), key=lambda one: one[1].share, default=("", None))
    if least is not None and least.share < KEPT:
        never = f", and {least.not_begun:,} were never begun" if least.not_begun else ""
        said = (
            f"In {where} {percent(least.share)} of the tasks at most were begun within {1000 * LATE:g} ms of "
            f"when they were due{never}: the mean wait was {1000 * least.mean_wait_s:.3g} ms, "
            "and latencies hold it."
        )
        return Check(name, State.WARNS, said, facts)
    if unknown or least is None:
        said = f"What became of the tasks of {unknown[0]} is not known: ranks were lost, or had none."
        return Check(name, State.NOT_RUN, said, facts)
    return Check(
        name, State.OK, f"Open loops kept their schedule ({percent(least.share)} in {where}).", facts
    )


def _kept(run: LoadRun, phase: Phase, lane: Lane) -> Kept | None:
    """None where ranks were lost before they told what became of their tasks, or nothing was recorded."""
    ranks = [
        one
        for one in run.ranks
        if (one.phase, one.iteration, one.lane) == (phase.name, phase.iteration, lane.name)
    ]
    tasks = sum(one.files + one.failed for one in ranks)
    if len(ranks) < lane.ranks or all(one.end_s is None for one in ranks) or not tasks:
        return None
    intervals = [
        one
        for one in run.intervals
        if (one.phase, one.iteration, one.lane) == (phase.name, phase.iteration, lane.name)
    ]
    late = ops = wait = 0
    for kind in _FIRST[lane.action]:
        latency, service = (
            run.histogram(phase.name, metric, iteration=phase.iteration, lane=lane.name, op=kind.value)
            for metric in ("latency", "service")
        )
        # What was made again was begun in time: its first attempt, and the pause, look like a wait.
        again = sum(
            count
            for one in intervals
            if one.op == kind
            for what, count in one.errors.items()
            if what != _NOT_BEGUN
        )
        late += max(0, begun_late(latency, service) - again)
        ops += latency.count
        wait += max(0, latency.sum - service.sum)
    not_begun = sum(one.errors.get(_NOT_BEGUN, 0) for one in intervals)
    in_time = 1 - late / ops if ops else 0.0
    share = in_time * max(0.0, 1 - not_begun / tasks)
    return Kept(share, wait / ops / 1e6 if ops else 0.0, not_begun)


def begun_late(latency: Histogram, service: Histogram, late_s: float = LATE) -> int:
    """So many operations at least were begun more than `late_s` after their intended start.

    Latency is wait and service together, and only the two are kept, not their pairs. But of operations whose
    service took up to x, those whose latency is above x + `late_s` have waited longer than that: for each x
    the difference of the two counts is a lower bound. The greatest of them is the answer.
    """
    if not latency.count or not service.count:
        return 0
    _, highs, counts = service.buckets()
    lows, _, waited = latency.buckets()
    served = np.cumsum(counts)
    through = np.concatenate(([0], np.cumsum(waited)))[
        np.searchsorted(lows, highs + round(late_s * 1e6), side="right")
    ]
    return max(0, int((served - through).max()))
