"""All metrics of a run, and the names of all that a run of a plan can have."""

from __future__ import annotations

from collections.abc import Mapping

from loadgen.kpi import checkpoint, limits, percentiles, phases, staging, utilisation
from loadgen.kpi.iterations import groups, of_lanes
from loadgen.kpi.values import NOTHING, Given
from loadgen.plan import document
from loadgen.plan.values import Action, Lane, Plan
from loadgen.record.lines import Metric
from loadgen.record.read import LoadRun
from loadgen.work.op import Kind


def metrics(run: LoadRun, given: Given = NOTHING) -> tuple[Metric, ...]:
    """Every metric of a run, in the order of its phases. What the run has no figures for is left out.

    Raises `loadgen.plan.document.DocumentError` for a header without a plan.
    """
    plan = document.load(run.header.plan)
    found: list[Metric] = []
    every = {one.name: one for one in groups(run)}
    reads = utilisation.reads(plan)
    planned = {one.name: one for one in plan.phases if one.measured}
    for name, group in every.items():
        phase, _, lane = name.partition(".")
        found += phases.figures(group, phase in planned and phases.alike(planned[phase], lane))
        if name in staging.PHASES:
            found += staging.figures(group, given)
        if name in reads:
            lanes = reads[name]
            readers = group if lanes is None else of_lanes(run, name, lanes)
            found += utilisation.figures(plan, readers, given)
        if not lane:
            found += limits.figures(plan, group, given)
            found += percentiles.latencies(run, name, group.problems)
    found += checkpoint.figures(plan, every, given)
    return tuple(found)


def left_out(run: LoadRun) -> Mapping[str, str]:
    """The names of metrics that the run has values for, but not enough, and why."""
    return {
        name: why
        for group in groups(run)
        if "." not in group.name
        for name, why in percentiles.left_out(run, group.name, group.problems)
    }


def known_metrics(plan: Plan, given: Given = NOTHING) -> Mapping[str, str]:
    """The name of every metric that a run of this plan can have, with its unit."""
    found: dict[str, str] = {}
    names = set()
    for phase in plan.phases:
        if not phase.measured:
            continue
        names.add(phase.name)
        found.update(phases.figure_names(phase.name, phases.alike(phase)))
        for lane in phase.lanes if len(phase.lanes) > 1 else ():
            found.update(phases.figure_names(f"{phase.name}.{lane.name}", phases.alike(phase, lane.name)))
        if phase.name in staging.PHASES:
            found.update(staging.names(phase.name, given))
        if phase.name in utilisation.reads(plan):
            found.update(utilisation.names(plan, phase.name, given))
        found.update(limits.names(phase.name, given))
        ops = dict.fromkeys(op.value for lane in phase.lanes for op in operations(lane))
        found.update(percentiles.latency_names(phase.name, ops))
    if checkpoint.WRITE in names:
        found.update(checkpoint.names(given))
    return found


_OPERATIONS = {
    Action.UPLOAD: (Kind.PUT_BLOB, Kind.PUT_BLOCK, Kind.PUT_BLOCK_LIST),
    Action.DOWNLOAD: (Kind.GET_BLOB,),
    Action.HYDRATE: (Kind.PUT_BLOCK_FROM_URL, Kind.PUT_BLOCK_LIST),
    Action.LIST: (Kind.LIST_BLOBS,),
    Action.CHURN: (Kind.PUT_BLOB, Kind.GET_PROPERTIES, Kind.SET_METADATA, Kind.DELETE_BLOB),
    Action.REMOVE: (Kind.DELETE_BLOB,),
}


def operations(lane: Lane) -> tuple[Kind, ...]:
    """The operations that a lane can send."""
    return _OPERATIONS[lane.action]
