"""Blocks that arrive out of order, on many connections, for several blobs and from several writers."""

from __future__ import annotations

import random

from harness.crowd import call
from harness.crowd.crowd import Crowd, each
from harness.crowd.gathering import Gathering, named
from harness.crowd.listing import read_staged

_BLOCKS = 1024  # in all, or as many as there are requests at once
_SIZE = 12 * 1024 + 5  # no multiple of anything
_BLOBS = 6
_WRITERS = 8


def test_out_of_order(gathered: Gathering) -> None:
    """Blocks of several blobs, staged in no order on many connections, make the blobs that were meant.

    Parallel uploaders send blocks as their threads get to them. A block that is lost, or that lands in the
    blob next to it, is a hole in a checkpoint that nobody looks into for weeks.
    """
    blocks = max(_BLOCKS, gathered.parallel) // _BLOBS
    parts = {
        f"out-of-order/{blob}": [named(number, _SIZE, blob) for number in range(blocks)]
        for blob in range(_BLOBS)
    }

    async def work(crowd: Crowd) -> None:
        todo = [(name, number) for name, pieces in parts.items() for number in range(len(pieces))]
        random.Random(1).shuffle(todo)  # noqa: S311 - an order, not a secret

        async def stage(one: tuple[str, int]) -> None:
            name, number = one
            block = call.block_id(number)
            await crowd.must(call.stage(gathered.container, name, block, parts[name][number]), 201)

        await each(gathered.parallel, todo, stage)
        await _staged(gathered, crowd, {name: len(pieces) for name, pieces in parts.items()})

        async def commit(name: str) -> None:
            ids = [call.block_id(number) for number in range(len(parts[name]))]
            await crowd.must(call.commit(gathered.container, name, ids), 201)

        await each(_BLOBS, parts, commit)
        await gathered.same(
            crowd, "blobs made of blocks", {name: b"".join(pieces) for name, pieces in parts.items()}
        )
        await _staged(gathered, crowd, dict.fromkeys(parts, 0))

    gathered.run(work)


def test_one_blob(gathered: Gathering) -> None:
    """Several writers stage to one blob, each with ids of its own, and one list takes what all have staged.

    Ranks write their shards of one file so. A staging area that is replaced instead of added to loses the
    blocks of whoever came second.
    """
    each_has = max(_BLOCKS, gathered.parallel) // _WRITERS
    name = "shared/by/all"
    numbers = [writer * 10_000 + number for writer in range(_WRITERS) for number in range(each_has)]
    pieces = {number: named(number, _SIZE // 3, 9) for number in numbers}

    async def work(crowd: Crowd) -> None:
        todo = random.Random(2).sample(numbers, len(numbers))  # noqa: S311 - an order, not a secret

        async def stage(number: int) -> None:
            block = call.block_id(number)
            await crowd.must(call.stage(gathered.container, name, block, pieces[number]), 201)

        await each(gathered.parallel, todo, stage)
        await _staged(gathered, crowd, {name: len(numbers)})
        order = random.Random(3).sample(numbers, len(numbers))  # noqa: S311
        await crowd.must(call.commit(gathered.container, name, map(call.block_id, order)), 201)
        await gathered.same(crowd, "the blob of all writers", {name: b"".join(pieces[one] for one in order)})

    gathered.run(work)


def test_commits(gathered: Gathering) -> None:
    """Small blobs, each staged and committed by itself while all the others are, hold their own bytes.

    Writers of many small files do this thousands of times a second. What one commit publishes may be its own
    blocks only, and all of them.
    """
    many = max(384, gathered.parallel)
    blobs = {f"commits/{number % 7}/{number}": named(number, 2 * 1500, 5) for number in range(many)}

    async def work(crowd: Crowd) -> None:
        async def write(name: str) -> None:
            data = blobs[name]
            for number in (1, 0):
                piece = data[number * 1500 : (number + 1) * 1500]
                await crowd.must(call.stage(gathered.container, name, call.block_id(number), piece), 201)
            ids = [call.block_id(number) for number in range(2)]
            await crowd.must(call.commit(gathered.container, name, ids), 201)

        await each(gathered.parallel, blobs, write)
        wrong: list[str] = []

        async def read(name: str) -> None:
            answer = await crowd.must(call.get(gathered.container, name), 200)
            if answer.status == 200 and answer.body != blobs[name]:
                wrong.append(name)

        await each(gathered.parallel, blobs, read)
        gathered.all_of("blobs that hold their own bytes", many, wrong)

    gathered.run(work)


async def _staged(gathered: Gathering, crowd: Crowd, wanted: dict[str, int]) -> None:
    """Check how many uncommitted blocks each blob has."""
    wrong: list[str] = []
    for name, number in wanted.items():
        answer = await crowd.must(call.staged(gathered.container, name), 200)
        found = read_staged(answer.body) if answer.status == 200 else ()
        if len(found) != number or len(set(found)) != number:
            wrong.append(f"{name} has {len(found)} uncommitted blocks, {number} were left to it")
    gathered.all_of("blobs with the blocks that are staged and not committed", len(wanted), wrong)
