"""When a phase is late: from what it moves and the slowest rates at which waiting for it makes sense."""

from __future__ import annotations

from dataclasses import replace

from loadgen.plan.moved import phase_bytes
from loadgen.plan.requests import phase_requests
from loadgen.plan.values import Phase, Plan

FLOOR_BYTES_PER_S = 10_000_000
"""A run that moves less than 10 MB/s, over all its ranks, is late."""
FLOOR_REQUESTS_PER_S = 100
"""A run that gets through fewer requests than this, over all its ranks, is late."""
LEAST_S = 60.0


def with_deadlines(plan: Plan) -> Plan:
    """The plan, with a deadline for every phase that had none."""
    phases = tuple(
        phase if phase.deadline_s > 0 else replace(phase, deadline_s=deadline_s(plan, phase))
        for phase in plan.phases
    )
    return replace(plan, phases=phases)


def deadline_s(plan: Plan, phase: Phase) -> float:
    """Seconds after which a phase is late, at least 60."""
    arriving = max((arriving_s(plan, phase, place) for place in range(len(phase.lanes))), default=0.0)
    moving = phase_bytes(plan, phase) / FLOOR_BYTES_PER_S
    asking = sum(phase_requests(plan, phase).values()) / FLOOR_REQUESTS_PER_S
    return float(round(max(LEAST_S, arriving + moving + asking)))


def arriving_s(plan: Plan, phase: Phase, place: int) -> float:
    """How long tasks arrive in a lane of a phase, seconds; 0 for a closed loop."""
    lane = phase.lanes[place]
    if lane.arrivals is None:
        return 0.0
    if lane.arrivals.seconds:
        return lane.arrivals.seconds
    return sum(plan.file_set(name).count for name in lane.files) * lane.repeat / lane.arrivals.rate
