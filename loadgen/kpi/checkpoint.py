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

_FULL = 0.99  # a scale that is as good as 1: sizes are cut to whole blobs
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
    size = "" if plan.asynchronous else _size(plan)  # a snapshot is as the profile states it, at any scale
    gpus = plan.ranks * given.gpus_per_rank
    said = f"stall × {gpus} GPUs ({plan.ranks} ranks × {given.gpus_per_rank})"
    yield _times(stall, "checkpoint.stall_gpu_s", gpus, "s", said, size)
    if price := given.price:
        said = (
            f"a checkpoint's stall × {gpus} GPUs × {price.amount:g} {price.currency} an hour "
            f"(user-supplied, {price.date}, {price.source})"
        )
        cost = gpus * price.amount / 3600
        yield _times(stall, "checkpoint.stall_cost", cost, price.currency, said, size)
    if given.cadence_s:
        said = f"stall / {given.cadence_s:g} s from one to the next: the part in which training stands still"
        yield _times(stall, "checkpoint.cadence_stall_ratio", 1 / given.cadence_s, "ratio", said, size)
        yield from _cadence_write(plan, write, given.cadence_s)
    if given.mtbf_s and stall.value > 0:
        yield from _intervals(stall, given.mtbf_s, size)


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
    said = f"blocking: training waits from barrier to barrier of the write; {_size(plan) or 'full size'}"
    found = write.over("stall_s", "s", lambda one: one.barrier_s, said)
    return replace(found, name="checkpoint.stall_s") if found else None


def _size(plan: Plan) -> str:
    """At what size a run measured, where that is not the one that its profile has; else nothing."""
    if plan.scale >= _FULL:
        return ""
    return f"measured at scale {plan.scale:.3g} on {plan.ranks} of {plan.full_ranks} ranks"


def _cadence_write(plan: Plan, write: Group, cadence_s: float) -> Iterator[Metric]:
    """What a checkpoint takes of the storage's time between two."""
    took = write.over("barrier_s", "s", lambda one: one.barrier_s)
    if took:
        said = f"barrier time of the write / {cadence_s:g} s: from 1 on, the next is due before it is sealed"
        yield _times(took, "checkpoint.cadence_write_ratio", 1 / cadence_s, "ratio", said, _size(plan))


def _times(stall: Metric, name: str, factor: float, unit: str, said: str, size: str) -> Metric:
    """What follows from the stall in proportion: modelled, because what it is multiplied with is stated."""
    low, high = (None if end is None else end * factor for end in (stall.low, stall.high))
    return _of_size(
        Metric(name, stall.value * factor, unit, Origin.MODELLED, low, high, stall.n, said), stall, size
    )


def _of_size(found: Metric, stall: Metric, size: str) -> Metric:
    """What is stated (MTBF, cadence, GPUs) is the training's at full size: a part of it decides nothing."""
    return replace(
        found,
        said="; ".join([found.said, *[size] * bool(size), *[stall.said] * (not stall.whole)]),
        whole=stall.whole,
        no_verdict=f"the stall was {size}, what it is held against is the whole training's" if size else "",
    )


def _intervals(stall: Metric, mtbf_s: float, size: str) -> Iterator[Metric]:
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
            name = f"checkpoint.{rule}_{what}"
            yield _of_size(
                Metric(name, values[0], unit, Origin.MODELLED, low, high, stall.n, said), stall, size
            )
