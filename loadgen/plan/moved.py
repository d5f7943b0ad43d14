"""How many bytes and blobs a plan moves, and how many lie at the endpoint: plain sums over its values."""

from __future__ import annotations

from collections.abc import Iterable

from loadgen.plan.values import Action, FileSet, Lane, Phase, Plan, Share

PAYLOAD = frozenset({Action.UPLOAD, Action.DOWNLOAD, Action.HYDRATE, Action.CHURN})
"""Actions that move the bytes of their files."""


def visits(plan: Plan, lane: Lane, files: FileSet) -> float:
    """How often a lane works on a file of this set, over all its ranks and files: a count of tasks."""
    count = sum(plan.file_set(name).count for name in lane.files)
    once = files.count * (lane.ranks if lane.share is Share.ALL and lane.arrivals is None else 1)
    if lane.arrivals is not None and lane.arrivals.seconds:
        return lane.arrivals.rate * lane.arrivals.seconds * files.count / count
    return once * lane.repeat


def lane_bytes(plan: Plan, lane: Lane) -> float:
    """Payload bytes that a lane moves in a phase; sizes that vary are at their mean."""
    if lane.action not in PAYLOAD:
        return 0.0
    return sum(visits(plan, lane, files) * files.bytes for files in map(plan.file_set, lane.files))


def phase_bytes(plan: Plan, phase: Phase) -> int:
    """Payload bytes that all lanes of a phase move."""
    return round(sum(lane_bytes(plan, lane) for lane in phase.lanes))


def once(plan: Plan) -> Iterable[Phase]:
    """The measured phases of the first iteration."""
    return (phase for phase in plan.phases if phase.measured and phase.iteration == 1)


def full_bytes(plan: Plan) -> int:
    """What the measured phases of one iteration move; where that is nothing, what is laid down for them."""
    return sum(phase_bytes(plan, phase) for phase in once(plan)) or laid_bytes(plan)


def laid_bytes(plan: Plan) -> int:
    """Bytes of all file sets, once."""
    return sum(files.count * files.bytes for files in plan.files)
