"""Mutants whose fault is a race: each request alone is answered right, and so is one after another.

Each leaves a gap open that the façade keeps shut, and waits in it for a moment so that others get through.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from reference_impl.http.message import FileSlice, Response
from reference_impl.mutants.registry import Patch, mutant
from reference_impl.operations import reading
from reference_impl.operations.call import Call
from reference_impl.protocol.headers_out import Fields
from reference_impl.protocol.ranges import Span
from reference_impl.store import BlobMissing, BlobRecord, OpenBlob, Store, Upload, blobs, generations
from reference_impl.store.locks import Locks

_GAP = 0.004
"""Seconds for which a gap stays open: about as long as a request takes."""

_KEPT = 0.05
"""Seconds for which something is remembered that may have changed."""

Place = tuple[str, str, str]


@mutant("commit-shows-data-first", breaks="histories.atomic-commit")
def commit_shows_data_first(patch: Patch) -> None:
    """A write puts the data in place first, and its properties a moment later: who reads in between gets new
    bytes without their metadata, or with none at all. A checkpoint is loaded that is not described yet."""
    late = threading.local()
    save, still_there, publish = generations.save_new, blobs._still_there, blobs.publish

    def published(*args: Any) -> BlobRecord:
        late.waiting = []
        try:
            return publish(*args)
        finally:
            late.waiting = None

    def saved(*args: Any) -> None:
        if getattr(late, "waiting", None) is None:
            save(*args)
        else:
            late.waiting.append(args)

    def checked(*args: Any) -> None:
        time.sleep(_GAP)
        for waiting in late.waiting:
            save(*waiting)
        still_there(*args)

    patch.replace(blobs, "publish", published)
    patch.replace(generations, "save_new", saved)
    patch.replace(blobs, "_still_there", checked)


@mutant("blocks-change-while-committed", breaks="histories.atomic-commit")
def blocks_change_while_committed(patch: Patch) -> None:
    """A block may arrive while its blob is being committed, and takes the place of the one that was chosen:
    the blob is made of blocks of two writers, as neither of them committed it."""
    staging = threading.local()
    stage, held = blobs.stage_block, Locks.name

    def staged(*args: Any) -> None:
        staging.now = True
        try:
            stage(*args)
        finally:
            staging.now = False

    def name(self: Locks, *args: str) -> contextlib.AbstractContextManager[int]:
        return contextlib.nullcontext(-1) if getattr(staging, "now", False) else held(self, *args)

    def make(right: Callable[..., int]) -> Callable[..., int]:
        def wrong(*args: Any) -> int:
            time.sleep(3 * _GAP)  # a block takes as long to arrive
            return right(*args)

        return wrong

    patch.replace(blobs, "stage_block", staged)
    patch.replace(Locks, "name", name)
    patch.wrap(blobs, "assemble", make)


@mutant("condition-checked-before-the-lock", breaks="histories.no-lost-update")
def condition_checked_before_the_lock(patch: Patch) -> None:
    """A condition is checked, and the blob replaced a moment later, whatever happened to it in between: two
    trainers that update one manifest with If-Match are both told that they did, and one update is lost."""
    write, commit = Store.commit_blob, Store.commit_blocks

    def early(self: Store, place: Place, check: blobs.Check | None) -> None:
        record = None
        with contextlib.suppress(BlobMissing):
            record = self.blob(*place)
        if check is not None:
            check(record)
        time.sleep(_GAP)

    def written(self: Store, upload: Upload, name: str, props: Any, check: Any = None) -> BlobRecord:
        early(self, (upload.place.account, upload.place.container, name), check)
        return write(self, upload, name, props)

    def committed(
        self: Store, account: str, container: str, name: str, entries: Any, props: Any, check: Any = None
    ) -> BlobRecord:
        early(self, (account, container, name), check)
        return commit(self, account, container, name, entries, props)

    patch.replace(Store, "commit_blob", written)
    patch.replace(Store, "commit_blocks", committed)


@mutant("listing-is-remembered", breaks="histories.listings")
def listing_is_remembered(patch: Patch) -> None:
    """A page of a listing is remembered for a moment, and forgotten only when the same process changes
    something: who lists what another process wrote, or while a page is being made, does not find it."""
    pages: dict[str, tuple[float, Any]] = {}
    right = Store.list_blobs

    def listed(self: Store, *place: str, **options: Any) -> Any:
        key = repr((place, sorted(options.items())))
        until, page = pages.get(key, (0.0, None))
        if time.monotonic() > until:
            page = right(self, *place, **options)
            time.sleep(_GAP)  # a change that is done here forgets what is not yet remembered
            pages[key] = time.monotonic() + _KEPT, page
        return page

    def make(change: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(*args: Any, **options: Any) -> Any:
            try:
                return change(*args, **options)
            finally:
                pages.clear()

        return wrong

    patch.replace(Store, "list_blobs", listed)
    for name in ("commit_blob", "commit_blocks", "update_blob", "delete_blob"):
        patch.wrap(Store, name, make)


@mutant("deleted-blob-comes-back", breaks="histories.no-resurrection")
def deleted_blob_comes_back(patch: Patch) -> None:
    """What is being read while it is deleted is remembered after that: the blob is there again, for everybody
    and for a while. A retry that finds the old shard never writes the new one."""
    found: dict[Place, tuple[float, BlobRecord, int]] = {}
    newest: dict[Place, int] = {}
    guard = threading.Lock()
    opened, delete = Store.open, Store.delete_blob

    def forget(place: Place) -> None:
        with guard:
            if place in found:
                os.close(found.pop(place)[2])

    def open_one(self: Store, account: str, container: str, name: str, snapshot: int = 0) -> OpenBlob:
        place = (account, container, name)
        with guard:
            until, record, fd = found.get(place, (0.0, None, -1))
            if record is not None and time.monotonic() < until and record.ticks >= newest.get(place, 0):
                return OpenBlob(record, os.dup(fd))
        blob = opened(self, account, container, name, snapshot)
        if not snapshot:
            time.sleep(_GAP)  # a deletion that is done here forgets what is not yet remembered
            forget(place)
            with guard:
                found.setdefault(place, (time.monotonic() + _KEPT, blob.record, os.dup(blob.fd)))
        return blob

    def deleted(self: Store, account: str, container: str, name: str, *rest: Any) -> None:
        delete(self, account, container, name, *rest)
        forget((account, container, name))

    def write(right: Callable[..., BlobRecord]) -> Callable[..., BlobRecord]:
        def wrong(self: Store, upload: Upload, name: str, *rest: Any) -> BlobRecord:
            record = right(self, upload, name, *rest)
            newest[upload.place.account, upload.place.container, name] = record.ticks
            return record

        return wrong

    def commit(right: Callable[..., BlobRecord]) -> Callable[..., BlobRecord]:
        def wrong(self: Store, account: str, container: str, name: str, *rest: Any) -> BlobRecord:
            record = right(self, account, container, name, *rest)
            newest[account, container, name] = record.ticks
            return record

        return wrong

    patch.replace(Store, "open", open_one)
    patch.replace(Store, "delete_blob", deleted)
    patch.wrap(Store, "commit_blob", write)
    patch.wrap(Store, "commit_blocks", commit)


@mutant("read-opens-twice", breaks="histories.no-torn-reads")
def read_opens_twice(patch: Patch) -> None:
    """The second half of a body is read from whatever is there by then: who reads while another writes gets
    the beginning of one file and the end of another."""
    get, send = reading.get_blob, reading._send
    halves: dict[int, tuple[Call, Span]] = {}

    def sent(call: Call, status: int, reason: str, fields: Fields, blob: OpenBlob, span: Span) -> Response:
        response = send(call, status, reason, fields, blob, span)
        if isinstance(response.body, FileSlice):
            halves[id(response)] = call, span
        return response

    async def wrong(call: Call) -> Response:
        response = await get(call)
        if id(response) not in halves:
            return response
        _, span = halves.pop(id(response))
        body = response.body
        assert isinstance(body, FileSlice)
        half = span.count // 2
        data = os.pread(body.fd, half, span.first)
        await asyncio.sleep(_GAP)
        try:
            again = call.service.store.open(call.account, call.container, call.blob)
        except BlobMissing:
            return response
        with again:
            rest = os.pread(again.fd, span.count - half, span.first + half)
        if len(rest) < span.count - half:
            return response
        body.close()
        response.body = data + rest
        return response

    patch.replace(reading, "_send", sent)
    patch.replace(reading, "get_blob", wrong)
