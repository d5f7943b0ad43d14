"""How many requests a plan makes, by operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from loadgen.plan.moved import visits
from loadgen.plan.values import Action, FileSet, Lane, Phase, Plan
from loadgen.work.op import Kind


def requests(plan: Plan, *, measured_only: bool = True) -> Mapping[Kind, int]:
    """Requests by operation, over all iterations; those that are made again after an error are not in it."""
    total: Counter[Kind] = Counter()
    for phase in plan.phases:
        if phase.measured or not measured_only:
            total.update(phase_requests(plan, phase))
    return dict(total)


def phase_requests(plan: Plan, phase: Phase) -> Mapping[Kind, int]:
    """Requests of one phase by operation; blobs whose sizes vary count as if all had the mean."""
    total: Counter[Kind] = Counter()
    for lane in phase.lanes:
        for name in lane.files:
            files = plan.file_set(name)
            tasks = lane.ranks * lane.repeat if lane.action is Action.LIST else visits(plan, lane, files)
            for kind, count in _of_task(lane, files).items():
                total[kind] += round(tasks * count)
    return dict(total)


def _of_task(lane: Lane, files: FileSet) -> Mapping[Kind, int]:
    """The requests for one file; for a list, those for one walk through the set."""
    blocks = -(-files.bytes // lane.block_bytes)
    if lane.action is Action.UPLOAD:
        if files.bytes <= lane.single_bytes:
            return {Kind.PUT_BLOB: 1}
        return {Kind.PUT_BLOCK: blocks, Kind.PUT_BLOCK_LIST: 1}
    if lane.action is Action.HYDRATE:
        return {Kind.PUT_BLOCK_FROM_URL: blocks, Kind.PUT_BLOCK_LIST: 1}
    if lane.action is Action.DOWNLOAD:
        return {Kind.GET_BLOB: -(-files.bytes // (lane.range_bytes or files.bytes))}
    if lane.action is Action.LIST:
        return {Kind.LIST_BLOBS: -(-files.count // lane.page_names)}
    if lane.action is Action.REMOVE:
        return {Kind.DELETE_BLOB: 1}
    return dict.fromkeys((Kind.PUT_BLOB, Kind.GET_PROPERTIES, Kind.SET_METADATA, Kind.DELETE_BLOB), 1)
