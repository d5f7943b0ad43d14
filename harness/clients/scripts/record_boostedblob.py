"""Runs in boostedblob's environment: what programs do with its library, and what its command has left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import boostedblob as bbb  # type: ignore[import-not-found]
from boostedblob.globals import configure  # type: ignore[import-not-found]
from record_kit import Work, WrongError, expect, main  # type: ignore[import-not-found]

CHUNK = 1024 * 1024
"""Bytes of a block and of a range; the library's own 32 MiB would only make recordings large."""

Use = Callable[[Work, str, Any], Awaitable[None]]
"""What a scenario does: with the root of its container, and an executor of small concurrency."""


def used(use: Use) -> Callable[[Work], None]:
    """The same as a function that can be called."""

    async def session(work: Work) -> None:
        async with bbb.BoostExecutor(4) as executor:
            await use(work, f"az://{work.account}/{work.container}", executor)

    async def configured(work: Work) -> None:
        with configure(chunk_size=CHUNK):
            await bbb.ensure_session(session)(work)

    return lambda work: asyncio.run(configured(work))


def same(work: Work) -> None:
    """What a command has written is what it should be; nothing is sent."""
    for got, wanted in zip(work.arguments[::2], work.arguments[1::2], strict=True):
        expect(f"content of {got}", True, Path(work.out, got).read_bytes() == work.content(wanted))


async def upload_blocks(work: Work, root: str, executor: Any) -> None:
    """A file of several chunks: the blocks go up at once, the list names them in order."""
    await bbb.copyfile(work.files["big.bin"], f"{root}/big.bin", executor, overwrite=True)
    expect("size", len(work.content("big.bin")), await bbb.getsize(f"{root}/big.bin"))


async def download_ranges(work: Work, root: str, executor: Any) -> None:
    """A file of several chunks: ranges come down at once, and are put together in order."""
    await bbb.copyfile(f"{root}/data/big.bin", str(work.out / "big.bin"), executor)
    expect("content", True, (work.out / "big.bin").read_bytes() == work.content("big.bin"))


async def read(work: Work, root: str, executor: Any) -> None:
    """A file, a part of it, a file of no bytes, and one that is not there."""
    content = work.content("a.txt")
    expect("content", content, await bbb.read.read_single(f"{root}/data/a.txt"))
    expect("a part", content[2:7], await bbb.read.read_byte_range(f"{root}/data/a.txt", (2, 7)))
    stream = await bbb.read.read_stream(f"{root}/data/empty", executor)
    parts = [bytes(part) async for part in bbb.boost.iter_underlying(stream)]
    expect("content of nothing", b"", b"".join(parts))
    await _missing("a file that is not there", bbb.read.read_single(f"{root}/data/none"))


async def stat(work: Work, root: str, executor: Any) -> None:
    """What a path is."""
    expect("size", len(work.content("a.txt")), (await bbb.stat(f"{root}/data/a.txt")).size)
    expect(
        "a file",
        [True, False],
        [await bbb.isfile(f"{root}/data/a.txt"), await bbb.isdir(f"{root}/data/a.txt")],
    )
    expect("a folder", [False, True], [await bbb.isfile(f"{root}/data"), await bbb.isdir(f"{root}/data")])
    expect("nothing", False, await bbb.exists(f"{root}/none"))


async def listing(work: Work, root: str, executor: Any) -> None:
    """One level of the tree, all of it, and what only looks like a folder."""
    top = [entry.path.to_az_str() async for entry in bbb.scandir(root)]
    expect("top", [f"{root}/a.txt", f"{root}/data/", f"{root}/other/"], sorted(top))
    below = [path.to_az_str() async for path in bbb.listdir(f"{root}/data")]
    expect("below", [f"{root}/data/1", f"{root}/data/2", f"{root}/data/sub/"], sorted(below))
    tree = [(entry.path.to_az_str(), entry.stat.size) async for entry in bbb.scantree(f"{root}/data")]
    wanted = [(f"{root}/data/1", 3), (f"{root}/data/2", 3), (f"{root}/data/sub/3", 5)]
    expect("tree", wanted, sorted(tree))


async def create(work: Work, root: str, executor: Any) -> None:
    """A file that must not be there yet; the client looks first, and there is no condition on the write."""
    await bbb.copyfile(work.files["a.txt"], f"{root}/new.txt", executor)
    try:
        await bbb.copyfile(work.files["b.txt"], f"{root}/new.txt", executor)
    except FileExistsError:
        expect("content", work.content("a.txt"), await bbb.read.read_single(f"{root}/new.txt"))
        return
    raise WrongError("a file that is there was replaced")


async def write_unordered(work: Work, root: str, executor: Any) -> None:
    """A copy of a file's parts as they come, in whatever order, through this machine."""
    stream = await bbb.read.read_stream_unordered(f"{root}/data/big.bin", executor)
    await bbb.write.write_stream_unordered(f"{root}/copy.bin", stream, executor, overwrite=True)
    expect("size", len(work.content("big.bin")), await bbb.getsize(f"{root}/copy.bin"))


async def round_trip(work: Work, root: str, executor: Any) -> None:
    """Everyday work with another credential: write, look, list, read, copy, remove."""
    await bbb.copyfile(work.files["a.txt"], f"{root}/trip/a.txt", executor, overwrite=True)
    expect("size", len(work.content("a.txt")), await bbb.getsize(f"{root}/trip/a.txt"))
    await bbb.copyfile(f"{root}/trip/a.txt", f"{root}/trip/b.txt", executor, overwrite=True)
    expect("content", work.content("a.txt"), await bbb.read.read_single(f"{root}/trip/b.txt"))
    tree = [path.to_az_str() async for path in bbb.listtree(f"{root}/trip")]
    expect("tree", [f"{root}/trip/a.txt", f"{root}/trip/b.txt"], sorted(tree))
    await bbb.remove(f"{root}/trip/a.txt")
    expect("what is removed", False, await bbb.exists(f"{root}/trip/a.txt"))


async def gone(work: Work, root: str, executor: Any) -> None:
    """What a command has left: the names in the arguments, and no others."""
    tree = [path.to_az_str().removeprefix(f"{root}/") async for path in bbb.listtree(root)]
    expect("what is left", sorted(work.arguments[1:]), sorted(tree))


async def _missing(what: str, action: Awaitable[Any]) -> None:
    try:
        await action
    except FileNotFoundError:
        return
    raise WrongError(f"{what}: it went through")


if __name__ == "__main__":
    uses = (
        upload_blocks,
        download_ranges,
        read,
        stat,
        listing,
        create,
        write_unordered,
        round_trip,
        gone,
    )
    main({"same": same, **{use.__name__: used(use) for use in uses}})
