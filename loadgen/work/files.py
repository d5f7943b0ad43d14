"""The blobs of a plan, all computed: names, sizes and seeds, and which of them a rank works on."""

from __future__ import annotations

import random
from collections.abc import Iterator

from loadgen.payload.layout import seed_for
from loadgen.plan.values import Action, FileSet, Lane, Plan, Share
from loadgen.work.op import Blob

_MOST = 4.0
"""Sizes stray from the mean by so many standard deviations at most."""


def owners(files: FileSet, lane: Lane) -> int:
    """How many ranks of the lane have files of this set."""
    return min(files.owners or lane.ranks, lane.ranks)


def blob(plan: Plan, files: FileSet, index: int, lane: Lane, turn: str) -> Blob:
    """File `index` of a set; its name tells the rank that wrote it, whichever ranks of a lane read it.

    What is in it is new for every run (whose container is new) and for every `turn` of the run through its
    files: an endpoint that keeps equal bytes once would be paid for what it had already.
    """
    owned_by = files.owners or lane.ranks
    name = files.pattern.format(index=index, rank=index % owned_by, part=index // owned_by)
    seed = seed_for(plan.seed, f"{plan.container}/{turn}/{files.name}", index)
    return Blob(f"{plan.prefix}/{files.name}/{name}", size(plan, files, index), files.payload, seed)


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
        for index in indices:
            yield blob(plan, files, index, lane, turn)


def in_turn(plan: Plan, lane: Lane, turn: str = "1") -> Iterator[Blob]:
    """What the arrivals of an open loop work on, one after the other, once through; `turn` as above."""
    for name in lane.files:
        files = plan.file_set(name)
        if lane.action is Action.LIST:
            yield Blob(folder(plan, files), 0, files.payload, 0)
            continue
        for index in range(files.count):
            yield blob(plan, files, index, lane, turn)
