"""The blobs of a plan, all computed: names, sizes and seeds, and which of them a rank works on."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from loadgen.payload.layout import seed_for
from loadgen.plan.values import Action, FileSet, Lane, Plan, Share
from loadgen.work.op import Blob

_MOST = 4.0
"""Sizes stray from the mean by so many standard deviations at most."""


def owners(files: FileSet, lane: Lane) -> int:
    """How many ranks of the lane have files of this set."""
    return min(files.owners or lane.ranks, lane.ranks)


def maker(plan: Plan, files: FileSet, lane: Lane, turn: str) -> Callable[[int], Blob]:
    """What makes the files of a set by number. A name tells the rank that wrote it, whichever rank reads it.

    What is in it is new for every run (whose container is new) and for every `turn` of the run through its
    files: an endpoint that keeps equal bytes once would be paid for what it had already.
    """
    owned_by = files.owners or lane.ranks
    prefix, pattern, payload = folder(plan, files), files.pattern, files.payload
    family = seed_for(plan.seed, f"{plan.container}/{turn}/{files.name}", 0)
    plain = None if files.spread else files.bytes

    def make(index: int) -> Blob:
        name = pattern.format(index=index, rank=index % owned_by, part=index // owned_by)
        length = size(plan, files, index) if plain is None else plain
        return Blob(prefix + name, length, payload, family | index)

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


def of_rank(plan: Plan, lane: Lane, rank: int, turn: str = "1") -> Iterator[Blob]:
    """What a rank of a lane works on, in order, once through. `rank` counts from 0 within the lane.

    `turn` tells this time through from others, in this phase and in those before it.
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
        yield from map(maker(plan, files, lane, turn), indices)


def in_turn(plan: Plan, lane: Lane, turn: str = "1") -> Iterator[Blob]:
    """What the arrivals of an open loop work on, one after the other, once through; `turn` as above."""
    for name in lane.files:
        files = plan.file_set(name)
        if lane.action is Action.LIST:
            yield Blob(folder(plan, files), 0, files.payload, 0)
            continue
        yield from map(maker(plan, files, lane, turn), range(files.count))
