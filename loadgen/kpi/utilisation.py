"""Accelerator utilisation: what a training asks of storage for each accelerator, and what it got."""

from __future__ import annotations

from collections.abc import Iterator

from loadgen.kpi.iterations import Group
from loadgen.kpi.values import Given, Origin, Training
from loadgen.plan.values import Action, Phase, Plan
from loadgen.record.lines import Metric


def reads(plan: Plan) -> tuple[str, ...]:
    """The names of the measured phases that read blobs."""
    return tuple(dict.fromkeys(one.name for one in plan.phases if one.measured and _readers(one)))


def _readers(phase: Phase) -> int:
    """How many ranks read in a phase."""
    return sum(lane.ranks for lane in phase.lanes if lane.action is Action.DOWNLOAD)


def demand(training: Training) -> float:
    """What one accelerator reads when nothing makes it wait, bytes a second."""
    return training.bytes_per_step / training.compute_s


def utilisation(delivered: float, training: Training, *, overlap: bool) -> float:
    """Compute time / total time, 0 … 1, at so many bytes a second for one accelerator.

    `overlap`: the next step is read while this one computes; else one after the other.
    """
    reading = training.bytes_per_step / delivered
    total = max(reading, training.compute_s) if overlap else reading + training.compute_s
    return training.compute_s / total


def figures(plan: Plan, group: Group, given: Given) -> Iterator[Metric]:
    """Those of one phase that reads; nothing without a training."""
    phase = next((one for one in plan.phases if one.name == group.name and _readers(one)), None)
    if given.training is None or phase is None:
        return
    training, name = given.training, group.name
    accelerators = _readers(phase) * training.accelerators_per_rank
    found = group.over(
        "delivered_per_accelerator_bytes_per_s",
        "bytes/s",
        lambda one: one.bytes / one.barrier_s / accelerators if one.bytes and one.barrier_s else None,
        f"all bytes / barrier time / {accelerators:g} accelerators",
    )
    if found is None:
        return
    yield found
    origin = f"{training.name}: {training.bytes_per_step:g} bytes in {training.compute_s:g} s"
    source = f"{origin} ({training.source})" if training.source else origin
    yield Metric(
        f"{name}.demand_per_accelerator_bytes_per_s",
        demand(training),
        "bytes/s",
        Origin.PUBLISHED,
        said=source,
    )
    for what, overlap, said in (
        ("accelerator_utilisation", True, "the next step is read while one computes"),
        ("accelerator_utilisation_serial", False, "a step is read, then computed"),
    ):
        low, high = (
            None if end is None else utilisation(end, training, overlap=overlap)
            for end in (found.low, found.high)
        )
        yield Metric(
            f"{name}.{what}",
            utilisation(found.value, training, overlap=overlap),
            "ratio",
            Origin.MODELLED,
            low,
            high,
            found.n,
            f"compute / total; {said}; {origin}; nothing was computed in this run",
            found.whole,
        )


def names(phase: str, given: Given) -> Iterator[tuple[str, str]]:
    """The names and units that `figures` can give for a phase that reads."""
    if given.training is not None:
        yield f"{phase}.delivered_per_accelerator_bytes_per_s", "bytes/s"
        yield f"{phase}.demand_per_accelerator_bytes_per_s", "bytes/s"
        yield f"{phase}.accelerator_utilisation", "ratio"
        yield f"{phase}.accelerator_utilisation_serial", "ratio"
