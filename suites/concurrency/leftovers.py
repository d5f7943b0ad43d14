"""What is left when everybody has gone: no blocks, no blobs, and no file that belongs to nobody."""

from __future__ import annotations

import contextlib
import os
import random
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.crowd import call
from harness.crowd.crowd import Crowd, each
from harness.crowd.gathering import Gathering, few, gathering, named, sender
from harness.crowd.line import LineError
from harness.crowd.listing import flat, read_staged
from harness.endpoint import Endpoint
from harness.endpoints import builtin
from harness.matrix.cell import Cell
from harness.matrix.served import Served, is_facade
from harness.scenario import Scenario

_MANY = 512
_SIZE = 3 * 1024
_RUNNING = ("_lock", "alive")
_TIDY = 20.0  # seconds


def test_staging(gathered: Gathering) -> None:
    """Blocks that were staged go with a commit, with a write and with a delete, and are accounted till then.

    Uploads that are given up leave blocks behind. If they stay when the blob is written anew, they fill the
    disk; if they come back in a later commit, they fill the file.
    """
    names = [f"left/{number}" for number in range(24)]
    staged = [(name, number) for name in names for number in range(_MANY // len(names))]

    async def work(crowd: Crowd) -> None:
        async def stage(one: tuple[str, int]) -> None:
            name, number = one
            data = named(number, _SIZE, 12)
            await crowd.must(call.stage(gathered.container, name, call.block_id(number), data), 201)

        async def end(at: int) -> None:
            name = names[at]
            match at % 3:
                case 0:
                    await crowd.must(call.commit(gathered.container, name, [call.block_id(0)]), 201)
                case 1:
                    await crowd.must(call.put(gathered.container, name, b"anew"), 201)
                case _:
                    await crowd.must(call.put(gathered.container, name, b"anew"), 201)
                    await crowd.must(call.delete(gathered.container, name), 202)

        random.Random(4).shuffle(staged)  # noqa: S311 - an order, not a secret
        await each(gathered.parallel, staged, stage)
        await each(gathered.parallel, range(len(names)), end)
        left: list[str] = []
        for at, name in enumerate(names):
            gone = at % 3 == 2
            answer = await crowd.must(call.staged(gathered.container, name), 404 if gone else 200)
            if answer.status == 200 and (found := read_staged(answer.body)):
                left.append(f"{name}: {len(found)} uncommitted blocks")
        gathered.all_of("blobs without blocks of earlier uploads", len(names), left)
        there = await flat(sender(crowd), gathered.container)
        wanted = sorted(name for at, name in enumerate(names) if at % 3 != 2)
        gathered.scenario.check("blobs that are left", wanted, there)

    gathered.run(work)


def test_deletes(gathered: Gathering) -> None:
    """Blobs that are deleted at the same moment are all gone.

    A job that ends deletes its shards by the thousand. One that stays although its deletion was acknowledged
    is found by the next job, and taken for its own.
    """
    names = [f"deleted/{number % 9}/{number}" for number in range(max(_MANY, gathered.parallel))]

    async def work(crowd: Crowd) -> None:
        async def put(name: str) -> None:
            await crowd.must(call.put(gathered.container, name, name.encode()), 201)

        async def delete(name: str) -> None:
            await crowd.must(call.delete(gathered.container, name), 202, 404)  # a refused one may be done

        await each(gathered.parallel, names, put)
        await each(gathered.parallel, names, delete)
        stayed = await flat(sender(crowd), gathered.container)
        gathered.all_of("blobs that are gone from the listing", len(names), stayed)
        there: list[str] = []

        async def look(name: str) -> None:
            answer = await crowd.ask(call.head(gathered.container, name))
            if answer.status != 404:
                there.append(f"{name}: {answer.said}")

        await each(gathered.parallel, names[::4], look)
        gathered.all_of("blobs that cannot be read", len(names[::4]), there)

    gathered.run(work)


def test_files(scenario: Scenario, endpoint: Endpoint, cell: Cell, options: Any) -> None:
    """When containers are deleted, no file of them stays: neither data nor blocks nor what was half-way.

    A server that forgets files fills its disk over months, and nothing that speaks its protocol can see it.
    Only where we start the server ourselves can we look.
    """
    if not is_facade(endpoint):
        scenario.not_applicable(f"the files of endpoint {endpoint.name} cannot be seen from here")
    scenario.used("crowd", version("blobproof"))
    root = scenario.work / "root"
    mutant = endpoint.name.partition(":")[2] or None
    with builtin.reference(
        mutant, processes=int(cell["processes"]), root=root, logs=scenario.logs
    ) as running:
        with gathering(scenario, Served(running.endpoint), cell, options.prefix) as ready:
            ready.run(lambda crowd: _fill(ready, crowd))
        left = _eventually_gone(root)
    scenario.check("files of containers that are gone", "none", few(left) if left else "none")


async def _fill(ready: Gathering, crowd: Crowd) -> None:
    """Blobs, blocks that nobody commits, and uploads that are given up."""

    async def one(number: int) -> None:
        name, data = f"files/{number % 40}", named(number, _SIZE, 14)
        match number % 4:
            case 0:
                await crowd.must(call.put(ready.container, name, data), 201)
            case 1:
                await crowd.must(call.stage(ready.container, f"{name}/b", call.block_id(number), data), 201)
            case 2:
                request = crowd.signed(call.put(ready.container, name, data), f"half-{number}")
                with contextlib.suppress(LineError, OSError):  # it is given up anyway
                    line = await crowd.line()
                    await line.send(request.head() + data[:1000])
                    line.reset()
            case _:
                await crowd.must(call.put(ready.container, f"files/{number}/deep", data), 201)

    await each(ready.parallel, range(max(_MANY, ready.parallel)), one)


def _eventually_gone(root: Path) -> list[str]:
    """The files that are there when the server has had its time to remove what it moved out of sight."""
    end = time.monotonic() + _TIDY
    while (left := _files(root)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def _files(root: Path) -> list[str]:
    """Every file, but those that say that the server runs."""
    return sorted(
        f"{Path(folder).relative_to(root)}/{name}"
        for folder, _, names in os.walk(root)  # which overlooks folders that go away meanwhile
        for name in names
        if name not in _RUNNING
    )
