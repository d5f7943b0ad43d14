"""Checks against the world: what caches hide, what no hardware can do, what a crash would leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from loadgen.plan import document
from loadgen.plan.values import Action, Plan
from loadgen.record.lines import Phase
from loadgen.record.read import LoadRun
from loadgen.validity.check import Check, State, percent
from loadgen.validity.generator import on_this_machine

HOLDS, MIXED = 1.0, 5.0
"""Working set against memory: below the first a cache may hold all of it; from the second on it hides little
(MLPerf Storage asks for data of 5 times the memory; benchmarks.md, section 1.2)."""
SOON = 60.0
"""Seconds between writing and reading, below which what was written is likely to be in a cache."""
_SLACK = 1.02  # above a bound, for the ends of intervals


@dataclass(frozen=True, slots=True)
class Bound:
    """What something cannot exceed. `direction`: read, write, or any.

    A bound on the `wire` is held against the bodies that the generator sent or received, of whatever phase.
    Every other one is held against the payload of phases that move it in that direction alone: the endpoint
    may have fetched it itself.
    """

    name: str  # in words: the network interface eth0, 12 nodes of L32aos_v4
    bytes_per_s: float
    direction: str = "any"
    provenance: str = "published"  # published, user-supplied, calibrated, assumed, measured
    wire: bool = False


def cache_check(run: LoadRun, server_memory_bytes: int | None = None) -> Check:
    """What of the reads may have come from memory."""
    name = "cache"
    plan = document.load(run.header.plan)
    reads = {phase: size for phase in _names(run) if (size := _read_bytes(plan, phase))}
    if not reads:
        return Check(name, State.OK, "Nothing was read in measured phases, so no cache could help.")
    client = run.header.measured_on.get("memory_bytes")
    here = on_this_machine(run)
    memory = server_memory_bytes or (int(client) if here and client else None)
    phase, smallest = min(reads.items(), key=lambda one: one[1])
    facts = {
        "working_set_bytes": reads,
        "server_memory_bytes": memory,
        "client_memory_bytes": client,
        "server_is_this_machine": here,
    }
    what = f"{phase} reads {_size(smallest)} of different data"
    if memory is None:
        said = f"{what}; how much memory the servers have is not known, so it may have come from there."
        return Check(name, State.WARNS, said, facts)
    whose = "this machine, which serves too, has" if here and not server_memory_bytes else "the servers have"
    ratio = smallest / memory
    facts["ratio"] = round(ratio, 6)
    if ratio < HOLDS:
        said = f"{what} and {whose} {_size(memory)} of memory: reads may never have asked a disk."
        return Check(name, State.WARNS, said, facts)
    if ratio < MIXED:
        said = f"{what}, {ratio:.2g} times the servers' memory: part of it may have come from there."
        return Check(name, State.WARNS, said, facts)
    return Check(name, State.OK, f"{what}, {ratio:.2g} times the servers' memory: caches hide little.", facts)


def fresh_check(run: LoadRun) -> Check:
    """Whether what was read had just been written."""
    name = "reads-after-writes"
    plan = document.load(run.header.plan)
    written: dict[str, tuple[str, float]] = {}  # file set: the phase that wrote it last, and when it ended
    soonest: tuple[float, str, str] | None = None
    by_key = {(phase.name, phase.iteration): phase for phase in plan.phases}
    for phase in sorted(run.phases, key=lambda one: one.begin_s):
        planned = by_key.get((phase.name, phase.iteration))
        if planned is None:
            continue
        for lane in planned.lanes:
            for files in lane.files:
                if lane.action is Action.DOWNLOAD and phase.measured and files in written:
                    writer, ended = written[files]
                    gap = phase.begin_s - ended
                    if soonest is None or gap < soonest[0]:
                        soonest = gap, writer, phase.name
        for lane in planned.lanes:
            if lane.action is Action.UPLOAD and phase.end_s is not None:
                written.update(dict.fromkeys(lane.files, (phase.name, phase.end_s)))
    if soonest is None:
        return Check(name, State.OK, "Nothing was read that this run had written.")
    gap, writer, reader = soonest
    facts = {"gap_s": round(gap, 3), "written_by": writer, "read_by": reader}
    if gap < SOON:
        said = f"{reader} began {gap:.3g} s after {writer} had written its data: it may still be in a cache."
        return Check(name, State.WARNS, said, facts)
    said = f"{reader} began {gap:.3g} s after {writer}: long enough for a small cache to have moved on."
    return Check(name, State.OK, said, facts)


def physics_check(run: LoadRun, bounds: Iterable[Bound]) -> Check:
    """Whether any phase moved more than something on its way can carry."""
    name = "physics"
    bounds = [*bounds]
    if not bounds:
        return Check(name, State.NOT_RUN, "No bound is known that a figure could break.")
    directions = _directions(document.load(run.header.plan))
    nearest: tuple[float, str, float, Bound] | None = None
    for phase in run.phases:
        if not (phase.measured and phase.barrier_s):
            continue
        bodies = _bodies(run, phase)
        for bound in bounds:
            if bound.wire:
                moved = bodies[bound.direction]
            elif bound.direction in ("any", directions.get(phase.name, "any")):
                moved = phase.bytes
            else:
                continue
            if moved and bound.bytes_per_s > 0:
                rate = moved / phase.barrier_s
                share = rate / bound.bytes_per_s
                if nearest is None or share > nearest[0]:
                    nearest = share, phase.name, rate, bound
    if nearest is None:
        return Check(name, State.NOT_RUN, "No measured phase moved anything that a bound is known for.")
    share, where, rate, bound = nearest
    facts = {
        "share": round(share, 4),
        "phase": where,
        "bytes_per_s": round(rate),
        "bound": bound.name,
        "bound_bytes_per_s": round(bound.bytes_per_s),
        "provenance": bound.provenance,
    }
    reached = f"{where} moved {_size(rate)}/s, {percent(share)} of what {bound.name} can carry"
    if share > _SLACK and bound.provenance == "assumed":
        said = f"{reached}, which is an assumption: the assumption is wrong."
        return Check(name, State.WARNS, said, facts, forbids_verdict=True)
    if share > _SLACK:
        return Check(name, State.INVALIDATES, f"{reached}: that is impossible, so a figure is wrong.", facts)
    return Check(name, State.OK, f"{reached}: possible.", facts)


_BUILT_IN: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "reference": ("one copy", "fsync before it is acknowledged"),
        "azurite": ("one copy, in memory", "none"),
        "null": ("nothing is kept", "none"),
    }
)
"""Redundancy and flushing of what this repository starts itself."""


def durability_of(run: LoadRun) -> tuple[str, str] | None:
    """Redundancy and flushing of the endpoint, as it or whoever ran it declares; None when nobody does."""
    return promised(run.header.disclosure, str(run.header.endpoint.get("name", "")))


def promised(disclosure: Mapping[str, Any], endpoint: str) -> tuple[str, str] | None:
    """The same, before there is a run: from what is disclosed, and the name of the endpoint."""
    declared = disclosure.get("durability")
    if isinstance(declared, Mapping) and declared.get("redundancy") and declared.get("flush"):
        return str(declared["redundancy"]), str(declared["flush"])
    return _BUILT_IN.get(endpoint.partition(":")[0])


def durability_check(run: LoadRun) -> Check:
    """Whether anybody knows what a crash would leave: figures of different promises do not compare."""
    name = "durability"
    found = durability_of(run)
    if found is None:
        said = (
            "What redundancy the endpoint keeps, and when it flushes, is not declared: "
            "no verdict against another endpoint can be given."
        )
        return Check(name, State.WARNS, said, forbids_verdict=True)
    redundancy, flush = found
    facts: dict[str, Any] = {"redundancy": redundancy, "flush": flush}
    return Check(name, State.OK, f"Declared: {redundancy}; flush: {flush}.", facts)


def _bodies(run: LoadRun, phase: Phase) -> Mapping[str, int]:
    """Bytes of bodies that the generator received, sent, and both."""
    own = [one for one in run.intervals if (one.phase, one.iteration) == (phase.name, phase.iteration)]
    read, written = sum(one.bytes_received for one in own), sum(one.bytes_sent for one in own)
    return {"read": read, "write": written, "any": read + written}


def _names(run: LoadRun) -> list[str]:
    return [*dict.fromkeys(phase.name for phase in run.phases if phase.measured)]


def _read_bytes(plan: Plan, name: str) -> int:
    """Bytes of all different blobs that the phases of a name read."""
    files = {
        one
        for phase in plan.phases
        if phase.name == name
        for lane in phase.lanes
        if lane.action is Action.DOWNLOAD
        for one in lane.files
    }
    return sum(plan.file_set(one).count * plan.file_set(one).bytes for one in files)


def _directions(plan: Plan) -> dict[str, str]:
    found: dict[str, str] = {}
    for phase in plan.phases:
        actions = {lane.action for lane in phase.lanes}
        if actions <= {Action.DOWNLOAD, Action.LIST}:
            found[phase.name] = "read"
        elif actions <= {Action.UPLOAD, Action.HYDRATE}:
            found[phase.name] = "write"
    return found


def _size(value: float) -> str:
    for unit, one in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= one:
            return f"{value / one:.3g} {unit}"
    return f"{value:.0f} B"
