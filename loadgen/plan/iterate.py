"""A plan done several times over: its measured phases again, on names that are free again."""

from __future__ import annotations

from dataclasses import replace

from loadgen.plan.values import Action, Lane, Phase, Plan

_REMOVED_AT_ONCE = 8
"""Blobs that a rank removes at a time: nobody measures it, and it is not to take long."""


def iterated(plan: Plan, iterations: int) -> Plan:
    """The measured phases of a plan so many times, in order.

    What an iteration wrote is removed before the next one, unmeasured: a blob that is written over costs an
    endpoint something else than a new one, and the disk is to hold one iteration only. Blobs that an endpoint
    fetched by itself are written over.
    """
    phases = [phase for phase in plan.phases if not phase.measured]
    measured = [phase for phase in plan.phases if phase.measured]
    if iterations == 1:
        # A pause keeps iterations apart; after the only one there is nothing to keep it apart from.
        return replace(plan, phases=(*phases, *(replace(one, pause_s=0.0) for one in measured)))
    for number in range(1, iterations + 1):
        last = number == iterations
        phases += [replace(one, iteration=number, pause_s=0.0 if last else one.pause_s) for one in measured]
        if not last and (lanes := _removing(plan, measured)):
            phases.append(Phase("remove", lanes, 0.0, iteration=number, measured=False))
    return replace(plan, phases=tuple(phases))


def _removing(plan: Plan, measured: list[Phase]) -> tuple[Lane, ...]:
    written = [lane for phase in measured for lane in phase.lanes if lane.action is Action.UPLOAD]
    return tuple(
        Lane(
            f"remove-{place}",
            Action.REMOVE,
            lane.files,
            lane.ranks,
            lane.first_rank,
            files_at_once=_REMOVED_AT_ONCE,
        )
        for place, lane in enumerate(written)
    )
