"""Checkpoint KPIs: the round trip, the stall of a training and its cost, and how often to write one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from loadgen.kpi.interval import Interval, daly, young
from loadgen.kpi.iterations import Group, metric
from loadgen.kpi.values import Given, Origin
from loadgen.plan.values import Plan
from loadgen.record.lines import Metric

WRITE = "write"
RESTORE = "restore"
_RULES: Mapping[str, Callable[[float, float], Interval]] = {"young": young, "daly": daly}


def figures(plan: Plan, groups: Mapping[str, Group], given: Given) -> Iterator[Metric]:
    """Those of a run that wrote checkpoints. All are at the run's own size and scale."""
    write = groups.get(WRITE)
    if write is None:
        return
    yield from _round_trip(write, groups.get(RESTORE))
    stall = _stall(plan, write)
    if stall is None:
        return
    yield stall
    gpus = plan.ranks * given.gpus_per_rank
    yield _times(
        stall,
        "checkpoint.stall_gpu_s",
        gpus,
        "s",
        f"stall × {gpus} GPUs ({plan.ranks} ranks × {given.gpus_per_rank})",
    )
    if price := given.price:
        yield _times(
            stall,
            "checkpoint.stall_cost",
            gpus * price.amount / 3600,
            price.currency,
            f"a checkpoint's stall × {gpus} GPUs × {price.amount:g} {price.currency} an hour "
            f"(user-supplied, {price.date}, {price.source})",
        )
    if given.cadence_s:
        yield from _cadence(write, stall, given.cadence_s)
    if given.mtbf_s and stall.value > 0:
        yield from _intervals(stall, given.mtbf_s)


def names(given: Given) -> Iterator[tuple[str, str]]:
    """The names and units that `figures` can give."""
    for name in ("round_trip_s", "stall_s", "stall_gpu_s"):
        yield f"checkpoint.{name}", "s"
    if given.price:
        yield "checkpoint.stall_cost", given.price.currency
    for what in ("stall", "write") if given.cadence_s else ():
        yield f"checkpoint.cadence_{what}_ratio", "ratio"
    for rule in _RULES if given.mtbf_s else ():
        yield f"checkpoint.{rule}_interval_s", "s"
        yield f"checkpoint.{rule}_overhead", "ratio"


def _round_trip(write: Group, restore: Group | None) -> Iterator[Metric]:
    back = {one.number: one.barrier_s for one in restore.iterations} if restore else {}
    both = [
        there + again
        for one in write.iterations
        if (there := one.barrier_s) is not None and (again := back.get(one.number)) is not None
    ]
    if restore and both:
        said = "barrier time of write and seal + barrier time of restore on all ranks; the pause is not in it"
        yield metric("checkpoint.round_trip_s", "s", both, said, (*write.problems, *restore.problems))


def _stall(plan: Plan, write: Group) -> Metric | None:
    if plan.asynchronous:
        said = "asynchronous: training waits for the snapshot only, as the profile states it"
        return Metric(
            "checkpoint.stall_s",
            plan.snapshot_s,
            "s",
            Origin.PUBLISHED,
            None,
            None,
            len(write.iterations),
            said,
        )
    said = "blocking: training waits from barrier to barrier of the write"
    found = write.over("stall_s", "s", lambda one: one.barrier_s, said)
    return replace(found, name="checkpoint.stall_s") if found else None


def _cadence(write: Group, stall: Metric, cadence_s: float) -> Iterator[Metric]:
    """What a checkpoint takes of the time between two: of the training's, and of the storage's."""
    said = f"stall / a checkpoint every {cadence_s:g} s: the part of its time that training stands still"
    yield _times(stall, "checkpoint.cadence_stall_ratio", 1 / cadence_s, "ratio", said)
    took = write.over("barrier_s", "s", lambda one: one.barrier_s)
    if took:
        said = f"barrier time of the write / {cadence_s:g} s: from 1 on, the next is due before it is sealed"
        yield _times(took, "checkpoint.cadence_write_ratio", 1 / cadence_s, "ratio", said)


def _times(stall: Metric, name: str, factor: float, unit: str, said: str) -> Metric:
    """What follows from the stall in proportion: modelled, because what it is multiplied with is stated."""
    low, high = (None if end is None else end * factor for end in (stall.low, stall.high))
    said = "; ".join([said] + [stall.said] * (not stall.whole))
    return Metric(
        name, stall.value * factor, unit, Origin.MODELLED, low, high, stall.n, said, whole=stall.whole
    )


def _intervals(stall: Metric, mtbf_s: float) -> Iterator[Metric]:
    ends = [stall.value if end is None else end for end in (stall.value, stall.low, stall.high)]
    for rule, optimum in _RULES.items():
        found = [optimum(end, mtbf_s) for end in ends]
        said = f"optimum of {rule.title()} for a stall of {stall.value:.4g} s and an MTBF of {mtbf_s:.4g} s"
        for what, unit, values in (
            ("interval_s", "s", [one.seconds for one in found]),
            ("overhead", "ratio", [one.overhead for one in found]),
        ):
            if not all(map(math.isfinite, values)):  # the stall is so long that no work is ever done
                continue
            low, high = (values[1], values[2]) if stall.low is not None else (None, None)
            yield Metric(
                f"checkpoint.{rule}_{what}",
                values[0],
                unit,
                Origin.MODELLED,
                low,
                high,
                stall.n,
                said,
                stall.whole,
            )
