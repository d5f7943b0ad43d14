"""Accelerator utilisation: what a training asks of storage for each accelerator, and what it got."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from loadgen.kpi.iterations import Group
from loadgen.kpi.values import Given, Origin, Training
from loadgen.plan.values import Action, Lane, Phase, Plan
from loadgen.record.lines import Metric


def reads(plan: Plan) -> Mapping[str, tuple[str, ...] | None]:
    """The measured phases that read blobs: the lanes that do. None: all of them."""
    found: dict[str, tuple[str, ...] | None] = {}
    for phase in plan.phases:
        if phase.measured and (lanes := _reading(phase)):
            found[phase.name] = None if len(lanes) == len(phase.lanes) else tuple(one.name for one in lanes)
    return found


def _reading(phase: Phase) -> list[Lane]:
    return [lane for lane in phase.lanes if lane.action is Action.DOWNLOAD]


def _readers(phase: Phase) -> int:
    """How many ranks read in a phase."""
    return len({lane.first_rank + rank for lane in _reading(phase) for rank in range(lane.ranks)})


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


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the accelerators of a phase ask for."""

    accelerators: float
    each: float  # bytes a second, of one that never waits
    training: Training | None  # None: an open loop that asks as a training does
    said: str


def figures(plan: Plan, group: Group, given: Given) -> Iterator[Metric]:
    """Those of one phase that reads, where a training is given or the reads are an open loop.

    `group`: of the lanes that read alone, since what others move at the same time feeds no accelerator.
    """
    asked = _asked(plan, group.name, given.training)
    if asked is None:
        return
    name = group.name
    found = group.over(
        "delivered_per_accelerator_bytes_per_s",
        "bytes/s",
        lambda one: one.bytes / one.barrier_s / asked.accelerators if one.bytes and one.barrier_s else None,
        f"all bytes that were read / time of the last reader / {asked.accelerators:g} accelerators",
    )
    if found is None:
        return
    yield found
    yield Metric(
        f"{name}.demand_per_accelerator_bytes_per_s", asked.each, "bytes/s", Origin.PUBLISHED, said=asked.said
    )
    yield _utilisation(
        f"{name}.accelerator_utilisation",
        found,
        lambda delivered: min(1.0, delivered / asked.each),
        f"compute / total; the next step is read while one computes; {asked.said}",
    )
    if (training := asked.training) is not None:
        yield _utilisation(
            f"{name}.accelerator_utilisation_serial",
            found,
            lambda delivered: utilisation(delivered, training, overlap=False),
            f"compute / total; a step is read, then computed; {asked.said}",
        )


def names(plan: Plan, phase: str, given: Given) -> Iterator[tuple[str, str]]:
    """The names and units that `figures` can give for a phase that reads."""
    asked = _asked(plan, phase, given.training)
    if asked is not None:
        yield f"{phase}.delivered_per_accelerator_bytes_per_s", "bytes/s"
        yield f"{phase}.demand_per_accelerator_bytes_per_s", "bytes/s"
        yield f"{phase}.accelerator_utilisation", "ratio"
        if asked.training is not None:
            yield f"{phase}.accelerator_utilisation_serial", "ratio"


def _asked(plan: Plan, name: str, training: Training | None) -> _Asked | None:
    phase = next((one for one in plan.phases if one.name == name and _readers(one)), None)
    if phase is None:
        return None
    ranks = _readers(phase)
    if training is not None:
        said = f"{training.name}: {training.bytes_per_step:g} bytes in {training.compute_s:g} s"
        said += f" ({training.source})" if training.source else ""
        return _Asked(ranks * training.accelerators_per_rank, demand(training), training, said)
    asked = sum(_open_loop(plan, lane) for lane in _reading(phase))
    if not asked:
        return None
    return _Asked(ranks, asked / ranks, None, "reads are due as the profile says, a rank is an accelerator")


def _open_loop(plan: Plan, lane: Lane) -> float:
    """Bytes a second that an open loop asks for; 0 of a closed one."""
    if lane.arrivals is None:
        return 0.0
    files = [plan.file_set(name) for name in lane.files]
    return lane.arrivals.rate * sum(one.count * one.bytes for one in files) / sum(one.count for one in files)


def _utilisation(name: str, delivered: Metric, of: Callable[[float], float], said: str) -> Metric:
    low, high = (None if end is None else of(end) for end in (delivered.low, delivered.high))
    said = f"{said}; nothing was computed in this run"
    return Metric(
        name, of(delivered.value), "ratio", Origin.MODELLED, low, high, delivered.n, said, delivered.whole
    )
