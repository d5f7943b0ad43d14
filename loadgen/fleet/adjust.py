"""A plan with other blocks, other parallelism or other arrivals than its profile says."""

from __future__ import annotations

from dataclasses import replace

from loadgen.fleet.wish import WishError
from loadgen.plan.deadlines import with_deadlines
from loadgen.plan.moved import full_bytes
from loadgen.plan.values import Lane, Plan


def adjusted(
    plan: Plan,
    *,
    block_bytes: int | None = None,
    parallel: int | None = None,
    seconds: float | None = None,
    rate: float | None = None,
) -> Plan:
    """The plan with other blocks, other parallelism, or other arrivals. Raises `WishError`."""
    lanes = [lane for phase in plan.phases for lane in phase.lanes]
    if (seconds is not None or rate is not None) and all(lane.arrivals is None for lane in lanes):
        raise WishError(
            f"{plan.profile} has no arrivals: its ranks send as fast as they can",
            "--seconds and --rate are for profiles with an open loop.",
        )

    def other(lane: Lane) -> Lane:
        arrivals = lane.arrivals
        if arrivals is not None:
            arrivals = replace(
                arrivals,
                rate=arrivals.rate if rate is None else rate,
                seconds=arrivals.seconds if seconds is None else seconds,
            )
        return replace(
            lane,
            block_bytes=lane.block_bytes if block_bytes is None else block_bytes,
            parallel=lane.parallel if parallel is None else parallel,
            arrivals=arrivals,
        )

    # Deadlines follow from requests and arrivals, which are others now; none gets shorter.
    changed = tuple(replace(one, lanes=tuple(map(other, one.lanes)), deadline_s=0.0) for one in plan.phases)
    due = with_deadlines(replace(plan, phases=changed)).phases
    most = (max(old.deadline_s, new.deadline_s) for old, new in zip(plan.phases, due, strict=True))
    phases = (replace(one, deadline_s=last) for one, last in zip(changed, most, strict=True))
    made = replace(plan, phases=tuple(phases))
    return replace(made, scale=plan.scale * full_bytes(made) / full_bytes(plan))
