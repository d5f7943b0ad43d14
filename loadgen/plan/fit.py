"""Whether a plan fits on the free disk and into the time that there is: said before it starts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from loadgen.plan.deadlines import LEAST_S, arriving_s
from loadgen.plan.moved import phase_bytes
from loadgen.plan.requests import phase_requests
from loadgen.plan.scale import LEAST_RANKS
from loadgen.plan.values import Action, Phase, Plan, Share
from loadgen.profiles.errors import ProfileError
from loadgen.words import said_bytes, said_seconds

MARGIN = 0.05
"""Of the free bytes, what is left alone: file systems need room for what they keep beside the data."""


class FitError(ProfileError):
    """A plan that cannot fit on the disk or in time."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What is taken for an estimate. `said` tells where the figure comes from."""

    bytes_per_s: float
    requests_per_s: float = 0.0  # 0: not known
    said: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long a phase would take at a rate, and when it is late."""

    phase: str
    iteration: int
    bytes: int
    requests: int
    seconds: float
    deadline_s: float
    arriving_s: float = 0.0  # of an open loop: how long tasks arrive, at any scale

    @property
    def late(self) -> bool:
        """Whether it would not be through by its deadline."""
        return self.seconds > self.deadline_s


@dataclass(frozen=True, slots=True)
class Fit:
    """What a plan needs, against what there is."""

    stored_bytes: int  # the most that lies at the endpoint at any time
    free_bytes: int | None  # None: not known
    rates: Rates | None
    estimates: tuple[Estimate, ...]  # of all phases, in order; empty without rates

    @property
    def seconds(self) -> float:
        """How long all phases would take, one after the other, without pauses."""
        return sum(one.seconds for one in self.estimates)

    @property
    def arriving_s(self) -> float:
        """How long tasks arrive in all phases together, whatever the rates."""
        return sum(one.arriving_s for one in self.estimates)

    @property
    def usable_bytes(self) -> int | None:
        """The free bytes, less a margin."""
        return None if self.free_bytes is None else int(self.free_bytes * (1 - MARGIN))

    @property
    def on_disk(self) -> bool:
        """Whether it fits on the disk; true where the disk is not known."""
        return self.usable_bytes is None or self.stored_bytes <= self.usable_bytes

    @property
    def late(self) -> tuple[Estimate, ...]:
        """The phases that would not be through by their deadlines."""
        return tuple(one for one in self.estimates if one.late)

    @property
    def largest_scale(self) -> float:
        """By how much the plan has to shrink for the disk: its scale times this fits; 1 where it does."""
        if self.on_disk or self.usable_bytes is None:
            return 1.0
        return self.usable_bytes / self.stored_bytes


def fit(plan: Plan, free_bytes: int | None = None, rates: Rates | None = None) -> Fit:
    """What a plan needs, against free bytes of the endpoint's disk and at rates that it may reach."""
    estimates = tuple(_estimate(plan, phase, rates) for phase in plan.phases) if rates else ()
    return Fit(stored_bytes(plan), free_bytes, rates, estimates)


def check(
    plan: Plan,
    free_bytes: int | None = None,
    rates: Rates | None = None,
    within_s: float | None = None,
) -> Fit:
    """The same, and raises `FitError`, with the numbers, for a plan that cannot fit.

    `within_s`: how long all phases together may take; None: as long as they do.
    """
    found = fit(plan, free_bytes, rates)
    if not found.on_disk:
        smaller = plan.scale * found.largest_scale * _at_fewer_ranks(plan)
        raise FitError(
            f"{plan.profile} stores {said_bytes(found.stored_bytes)} at scale {plan.scale:.3g}, "
            f"and may use {said_bytes(found.usable_bytes or 0)} of {said_bytes(found.free_bytes or 0)} free",
            f"--scale {_down(smaller)} or less fits, or give the endpoint a larger disk.",
        )
    if found.late and rates is not None:
        worst = max(found.late, key=lambda one: one.seconds / one.deadline_s)
        # Deadlines that follow from bytes get shorter with them, down to the least.
        smaller = plan.scale * min(worst.deadline_s, LEAST_S) / worst.seconds
        raise FitError(
            f"{plan.profile}: at {said_bytes(rates.bytes_per_s)}/s{f' ({rates.said})' if rates.said else ''} "
            f"{worst.phase} would take {said_seconds(worst.seconds)} for {said_bytes(worst.bytes)} and "
            f"{worst.requests:,} requests, and is late after {said_seconds(worst.deadline_s)}",
            f"--scale {_down(smaller)} or less is through in time, "
            "or give its phase a later deadline_s in a profile of your own.",
        )
    if within_s is not None and found.seconds > within_s and rates is not None:
        raise FitError(
            f"{plan.profile} at scale {plan.scale:.3g}: at {said_bytes(rates.bytes_per_s)}/s "
            f"it would take {said_seconds(found.seconds)}, and there are {said_seconds(within_s)}",
            f"Tasks arrive for {said_seconds(found.arriving_s)} at any scale: give it more time."
            if found.arriving_s > within_s
            else f"--scale {_down(plan.scale * within_s / found.seconds)} or less is through in time.",
        )
    return found


def _at_fewer_ranks(plan: Plan) -> float:
    """How much more than its scale a plan has to shrink for what it stores to shrink by as much.

    Where every rank reads every file, a smaller scale has fewer ranks, and so more bytes for each.
    """
    shared = any(lane.share is Share.ALL for phase in plan.phases for lane in phase.lanes)
    return min(1.0, LEAST_RANKS / plan.ranks) if shared else 1.0


def _down(scale: float) -> str:
    """A scale in two digits, never rounded up: what is said to fit fits."""
    if scale <= 0:
        return "0"
    digits = 1 - math.floor(math.log10(scale))
    return f"{math.floor(scale * 10**digits) / 10**digits:.2g}"


def stored_bytes(plan: Plan) -> int:
    """The most bytes that lie at the endpoint at any time: what was put there and not yet removed."""
    lying: dict[str, int] = {}
    most = 0
    for phase in plan.phases:
        for lane in phase.lanes:
            for name in lane.files:
                files = plan.file_set(name)
                if lane.action is Action.UPLOAD:
                    lying[name] = files.count * files.bytes
                elif lane.action is Action.HYDRATE:
                    lying[f"hydrated {name}"] = files.count * files.bytes
                elif lane.action is Action.REMOVE:
                    lying.pop(name, None)
                elif lane.action is Action.CHURN:
                    # Each is removed again; at worst, all that a slow endpoint was given lie there at once.
                    lying[name] = files.count * files.bytes
        most = max(most, sum(lying.values()))
    return most


def _estimate(plan: Plan, phase: Phase, rates: Rates) -> Estimate:
    moved, asked = phase_bytes(plan, phase), sum(phase_requests(plan, phase).values())
    arriving = max((arriving_s(plan, phase, place) for place in range(len(phase.lanes))), default=0.0)
    busy = max(moved / rates.bytes_per_s, asked / rates.requests_per_s if rates.requests_per_s else 0.0)
    seconds = max(arriving, busy)
    return Estimate(phase.name, phase.iteration, moved, asked, seconds, phase.deadline_s, arriving)


def lines(plan: Plan, found: Fit) -> Iterable[str]:
    """What is said of a plan before it starts, a sentence a line."""
    yield said_room(found)
    if found.estimates:
        yield said_time(found)
    for one in found.estimates:
        yield (
            f"{one.phase}: {said_bytes(one.bytes)} in {one.requests:,} requests would take "
            f"{said_seconds(one.seconds)}, late after {said_seconds(one.deadline_s)}"
        )


def said_room(found: Fit) -> str:
    """What a plan stores, and what is free where that is known."""
    stored = f"stores {said_bytes(found.stored_bytes)}"
    return stored if found.free_bytes is None else f"{stored} of {said_bytes(found.free_bytes)} free"


def said_time(found: Fit) -> str:
    """How long a plan would take at the rates of its estimate; without rates, nothing."""
    if found.rates is None:
        return ""
    from_where = f" ({found.rates.said})" if found.rates.said else ""
    rate = said_bytes(found.rates.bytes_per_s)
    return f"at {rate}/s{from_where} it would take {said_seconds(found.seconds)}"
