"""boostedblob copies trees up and down, with as many requests at once as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from harness.clients.data import digests, read_tree, write_tree
from harness.clients.stage import stage
from harness.crowd import call
from harness.crowd.boostedblob import Boosted
from harness.crowd.crowd import Crowd, each
from harness.crowd.gathering import named
from harness.drive.clients.boostedblob import CLIENT
from harness.matrix.cell import Cell
from harness.matrix.served import Served
from harness.scenario import Scenario
from harness.tools.find import Missing, find

_FILES = 1024
_SMALL = 700
_LARGE = 5 * 1024 * 1024 + 3
_CHUNK = 128 * 1024


def test_tree(scenario: Scenario, served: Served, cell: Cell, options: Any) -> None:
    """boostedblob's trees, many small files or large ones in small chunks, arrive byte for byte.

    It is what moves data sets and checkpoints where AzCopy is too slow. It checks neither lengths nor hashes:
    what an endpoint mixes up under its load is wrong on the disk, and nobody says so.
    """
    found = find("boostedblob")
    if isinstance(found, Missing):
        scenario.not_run(f"{found.reason}. {found.how}")
    scenario.used(CLIENT.name, found.version)
    if served.endpoint.key is None:
        scenario.not_applicable(f"endpoint {served.endpoint.name} has no account key")
    small = cell["files"] == "small"
    files = _small() if small else _large()
    chunk = 0 if small else _CHUNK
    parallel = int(cell["parallel"])
    with stage(scenario, served.endpoint, options.prefix, face=served.face) as there:
        bbb = Boosted(there, found, parallel, cell.seconds)
        local = there.work / "local"
        if cell["direction"] == "up":
            write_tree(local, files)
            bbb.copy(str(local), bbb.tree("tree"), chunk=chunk)
            there.stored_tree("tree/", digests(files))
            return
        asyncio.run(_lay(served, there.container, files))
        local.mkdir()
        bbb.copy(bbb.tree("tree"), str(local), chunk=chunk)
        there.same("the local tree", digests(files), read_tree(local))


def _small() -> Mapping[str, bytes]:
    # No empty ones: the signature that boostedblob puts on those is another matter, with a case of its own.
    return {
        f"part-{number % 13}/file-{number:05d}": named(number, 1 + number % _SMALL, 20)
        for number in range(_FILES)
    }


def _large() -> Mapping[str, bytes]:
    return {f"large-{number}": named(number, _LARGE + number, 21) for number in range(4)}


async def _lay(served: Served, container: str, files: Mapping[str, bytes]) -> None:
    async with Crowd(served.endpoint, served.endpoint.face(served.face)) as crowd:

        async def put(name: str) -> None:
            await crowd.must(call.put(container, f"tree/{name}", files[name]), 201)

        await each(16, files, put)
