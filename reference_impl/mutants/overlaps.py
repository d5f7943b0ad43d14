"""Mutants that go wrong only when requests overlap in time, as those of real clients do all day."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Generic, TypeVar

from reference_impl.http.message import Headers, Response
from reference_impl.mutants.registry import Patch, mutant
from reference_impl.operations import blocks, changing, from_url, lists, put, reading, sources, writing
from reference_impl.operations.call import Call
from reference_impl.operations.sources import Source
from reference_impl.protocol.names import Resource
from reference_impl.protocol.query import Query
from reference_impl.protocol.ranges import ByteRange
from reference_impl.store import BlobMissing, Store, UnknownBlock, Upload

T = TypeVar("T")
Run = Callable[[Call], Awaitable[Response]]

_MOMENT = 0.02
"""Seconds for which a request waits for others that it could be done together with."""
_LARGE = 1024 * 1024
_RANGES = ("range", "x-ms-range")


class Together(Generic[T]):
    """Requests that come within a moment of each other are taken for the first of them."""

    def __init__(self) -> None:
        self._open: dict[Hashable, T] = {}

    async def first(self, key: Hashable, mine: T) -> T:
        """What the first request of this moment wanted; that is this one itself when it comes alone."""
        if key in self._open:
            return self._open[key]
        self._open[key] = mine
        try:
            await asyncio.sleep(_MOMENT)
        finally:
            del self._open[key]
        return mine


@mutant("reads-at-once-are-one", breaks="get-blob.range")
def reads_at_once_are_one(patch: Patch) -> None:
    """Reads of one blob that come together are done once, whatever their ranges: the first range is what all
    of them get. Every download in parallel chunks is damaged."""

    def make(right: Run) -> Run:
        together = Together[Headers]()

        async def wrong(call: Call) -> Response:
            first = await together.first(call.turn, call.request.headers)
            pairs = [pair for pair in call.request.headers.items() if pair[0].lower() not in _RANGES]
            pairs += [pair for pair in first.items() if pair[0].lower() in _RANGES]
            call.request = replace(call.request, headers=Headers(pairs))
            return await right(call)

        return wrong

    patch.wrap(reading, "get_blob", make)


@mutant("heads-at-once-are-one", breaks=("get-blob-properties.length", "get-blob-properties.same-as-get"))
def heads_at_once_are_one(patch: Patch) -> None:
    """Of HEADs that come together for blobs of one container all get the properties of the first blob: who
    checks many uploads at once finds the wrong lengths."""

    def make(right: Run) -> Run:
        together = Together[Resource]()

        async def wrong(call: Call) -> Response:
            call.resource = await together.first(call.turn[:2], call.resource)
            return await right(call)

        return wrong

    patch.wrap(reading, "get_properties", make)


@mutant("listings-at-once-are-one", breaks="list-blobs.prefix")
def listings_at_once_are_one(patch: Patch) -> None:
    """Listings of one container that come together are answered alike, whatever their prefixes: who walks
    several folders at once finds one of them many times, and the others never."""

    def make(right: Run) -> Run:
        together = Together[Query]()

        async def wrong(call: Call) -> Response:
            call.query = await together.first(call.turn[:2], call.query)
            return await right(call)

        return wrong

    patch.wrap(lists, "blobs", make)


@mutant("sources-at-once-are-one", breaks="put-block-from-url.range")
def sources_at_once_are_one(patch: Patch) -> None:
    """Ranges of one copy source that are asked for together are read once: all blocks get the first range,
    and a file copied in parallel pieces is one piece many times."""

    def make(right: Callable[..., Awaitable[Source]]) -> Callable[..., Awaitable[Source]]:
        together = Together[ByteRange | None]()

        async def wrong(call: Call, asked: ByteRange | None, **options: bool) -> Source:
            return await right(call, await together.first(sources.source_url(call), asked), **options)

        return wrong

    patch.wrap(sources, "open_source", make)


@mutant("large-blocks-share-a-file", breaks="put-block.any-order")
def large_blocks_share_a_file(patch: Patch) -> None:
    """Blocks of 1 MiB and more are received into a file that is named after the blob: two that arrive at the
    same time overwrite each other, and both are acknowledged."""

    def make(right: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        arriving: dict[Hashable, list[Upload]] = {}

        async def wrong(call: Call, upload: Upload, digest: Any) -> None:
            if call.query.get("comp") != "block" or (call.request.body.length or 0) < _LARGE:
                await right(call, upload, digest)
                return
            here = arriving.setdefault(call.turn, [])
            here.append(upload)
            try:
                await right(call, upload, digest)
                await asyncio.sleep(_MOMENT)
                if here[-1] is not upload:
                    other = os.pread(here[-1].fd, min(upload.size, here[-1].size), 0)
                    os.pwrite(upload.fd, other, 0)
            finally:
                here.remove(upload)

        return wrong

    patch.wrap(writing, "receive", make)


@mutant("staged-list-is-read-and-written", breaks="put-block.any-order")
def staged_list_is_read_and_written(patch: Patch) -> None:
    """The staged blocks of a blob are one list that each Put Block reads and writes back: of two that arrive
    at the same time one is forgotten, and the commit after hours of uploading is refused."""
    lists_: dict[tuple[str, ...], frozenset[str]] = {}
    forgotten: dict[tuple[str, ...], set[str]] = {}
    commit = Store.commit_blocks

    def make(right: Run) -> Run:
        async def wrong(call: Call) -> Response:
            place = (call.account, call.container, call.blob)
            mine = call.query.get("blockid") or ""
            before = lists_.get(place, frozenset())
            response = await right(call)
            await asyncio.sleep(_MOMENT)
            gone = forgotten.setdefault(place, set())
            gone |= lists_.get(place, frozenset()) - before
            gone.discard(mine)
            lists_[place] = before | {mine}
            return response

        return wrong

    def committed(self: Store, account: str, container: str, name: str, entries: Any, *rest: Any) -> Any:
        place = (account, container, name)
        if forgotten.get(place, set()).intersection(block for _, block in entries):
            raise UnknownBlock("a block is not in the list")
        record = commit(self, account, container, name, entries, *rest)
        lists_.pop(place, None)
        forgotten.pop(place, None)
        return record

    patch.wrap(blocks, "put_block", make)
    patch.wrap(from_url, "put_block_from_url", make)
    patch.replace(Store, "commit_blocks", committed)


@mutant("names-are-read-and-written", breaks="put-blob.stores")
def names_are_read_and_written(patch: Patch) -> None:
    """The names of a container are one list that each Put Blob reads and writes back: of two new blobs that
    arrive at the same time one is acknowledged, and gone. A folder uploaded in parallel has holes."""

    def make(right: Run) -> Run:
        known: dict[tuple[str, str], frozenset[str]] = {}

        async def wrong(call: Call) -> Response:
            place = (call.account, call.container)
            before = known.get(place, frozenset())
            response = await right(call)
            await asyncio.sleep(_MOMENT)
            now = before | {call.blob}
            store = call.service.store
            for lost in known.get(place, frozenset()) - now:
                with suppress(BlobMissing):
                    await call.service.run(store.delete_blob, *place, lost, None, "include")
            known[place] = now
            return response

        return wrong

    patch.wrap(put, "put_blob", make)


@mutant("deletes-at-once-are-one", breaks="delete-blob.gone")
def deletes_at_once_are_one(patch: Patch) -> None:
    """While a blob of a container is being deleted, other deletions in it are acknowledged and not done: a
    folder that is removed in parallel comes back half."""

    def make(right: Run) -> Run:
        busy: set[tuple[str, str]] = set()

        async def wrong(call: Call) -> Response:
            place = (call.account, call.container)
            if place in busy:
                await call.service.run(call.service.store.blob, *place, call.blob)
                return call.respond(202, "Accepted", [("x-ms-delete-type-permanent", "true")])
            busy.add(place)
            try:
                await asyncio.sleep(_MOMENT)
                return await right(call)
            finally:
                busy.discard(place)

        return wrong

    patch.wrap(changing, "delete", make)
