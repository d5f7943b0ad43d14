"""The blobs of a plan, all computed: names, sizes and seeds, and which of them a rank works on."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from loadgen.payload.layout import seed_for
from loadgen.plan.values import Action, FileSet, Lane, Phase, Plan, Share
from loadgen.work.op import Blob

UNKNOWN = -1
"""The seed of a blob that is read, when nobody can tell what is in it."""
Turn = Callable[[str], str | None]
"""By the name of a set: in which time through its files they got what is in them; None: nobody can tell."""
_WRITE = frozenset({Action.UPLOAD, Action.CHURN})
_MOST = 4.0
"""Sizes stray from the mean by so many standard deviations at most."""


def owners(files: FileSet, lane: Lane) -> int:
    """How many ranks of the lane have files of this set."""
    return min(files.owners or lane.ranks, lane.ranks)


def maker(plan: Plan, files: FileSet, lane: Lane, turn: str | None) -> Callable[[int], Blob]:
    """What makes the files of a set by number. A name tells the rank that wrote it, whichever rank reads it.

    What is in it is new for every run (whose container is new) and for every `turn` of the run through its
    files: an endpoint that keeps equal bytes once would be paid for what it had already.
    """
    owned_by = files.owners or lane.ranks
    prefix, pattern, payload = folder(plan, files), files.pattern, files.payload
    family = None if turn is None else seed_for(plan.seed, f"{plan.container}/{turn}/{files.name}", 0)
    plain = None if files.spread else files.bytes

    def make(index: int) -> Blob:
        name = pattern.format(index=index, rank=index % owned_by, part=index // owned_by)
        length = size(plan, files, index) if plain is None else plain
        return Blob(prefix + name, length, payload, UNKNOWN if family is None else family | index)

    return make


def size(plan: Plan, files: FileSet, index: int) -> int:
    """The size of file `index`, bytes, at least 1: normal around the mean where the set has a spread."""
    if not files.spread:
        return files.bytes
    drawn = random.Random(f"{plan.seed}/{files.name}/{index}/size").gauss()  # noqa: S311 - no secret
    return max(1, round(files.bytes + files.spread * max(-_MOST, min(_MOST, drawn))))


def folder(plan: Plan, files: FileSet) -> str:
    """The prefix under which List Blobs finds the blobs of a set."""
    return f"{plan.prefix}/{files.name}/"


def turn(plan: Plan, phase: Phase, lane: Lane, number: int) -> Turn:
    """Of a lane's files, when it goes through them for the `number`th time in a phase, from 0.

    What is written is new each time. What is read is what was written last, before the phase.
    """
    if lane.action is Action.DOWNLOAD:
        return lambda name: _written(plan, phase, name)
    return lambda _: f"{phase.iteration}.{number}"


def _written(plan: Plan, reading: Phase, name: str) -> str | None:
    found: str | None = None
    for phase in plan.phases:
        writers = [lane for lane in phase.lanes if name in lane.files and lane.action in _WRITE]
        if (phase.name, phase.iteration) == (reading.name, reading.iteration):
            return None if writers else found
        for lane in writers:
            # Of several times through, which one came last for each file is not known.
            once = lane.repeat == 1 and not (lane.arrivals and lane.arrivals.seconds)
            found = f"{phase.iteration}.0" if once and len(writers) == 1 else None
    return found


def _first(_: str) -> str:
    return "1"


def of_rank(plan: Plan, lane: Lane, rank: int, turns: Turn = _first) -> Iterator[Blob]:
    """What a rank of a lane works on, in order, once through. `rank` counts from 0 within the lane.

    `turns` tells this time through from others, in this phase and in those before it.
    """
    for name in lane.files:
        files = plan.file_set(name)
        if lane.action is Action.LIST:
            yield Blob(folder(plan, files), 0, files.payload, 0)
            continue
        shared_by = owners(files, lane)
        if lane.share is Share.ALL:
            # Each from another start: ranks in lockstep would be a test of the endpoint's cache.
            first = rank * files.count // lane.ranks
            indices = ((first + step) % files.count for step in range(files.count))
        else:
            indices = (index for index in range(rank, files.count, shared_by) if rank < shared_by)
        yield from map(maker(plan, files, lane, turns(name)), indices)


def in_turn(plan: Plan, lane: Lane, turns: Turn = _first) -> Iterator[Blob]:
    """What the arrivals of an open loop work on, one after the other, once through; `turns` as above."""
    for name in lane.files:
        files = plan.file_set(name)
        if lane.action is Action.LIST:
            yield Blob(folder(plan, files), 0, files.payload, 0)
            continue
        yield from map(maker(plan, files, lane, turns(name)), range(files.count))
