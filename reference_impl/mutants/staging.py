"""Mutants of staged blocks, of commits and of block lists."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, mutant
from reference_impl.operations import blocks, writing
from reference_impl.operations import put as putting
from reference_impl.operations.call import Call
from reference_impl.protocol import xml_in
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.query import Query
from reference_impl.store import (
    BlobMissing,
    BlobProps,
    BlobRecord,
    Block,
    BlockIdLengthMismatch,
    EntryKind,
    OpenBlob,
    Store,
    UnknownBlock,
    Upload,
)

Entries = Sequence[tuple[EntryKind, str]]


def staged(store: Store, account: str, container: str, name: str) -> Sequence[Block]:
    """The staged blocks of a blob; none where there is no blob of any kind."""
    try:
        return store.block_list(account, container, name).uncommitted
    except BlobMissing:
        return ()


@mutant("first-block-wins", breaks="put-block.replaces")
def first_block_wins(patch: Patch) -> None:
    """A block that is staged again is acknowledged and dropped: a retry after damage keeps the damage."""
    stage = Store.stage_block

    def wrong(self: Store, upload: Upload, name: str, block_id: str, check: Any = None) -> None:
        place = upload.place
        known = staged(self, place.account, place.container, name)
        if block_id in {block.id for block in known}:
            upload.abort()
            return
        stage(self, upload, name, block_id, check)

    patch.replace(Store, "stage_block", wrong)


@mutant("plus-in-block-id-is-a-blank", breaks="put-block.ids")
def plus_in_block_id_is_a_blank(patch: Patch) -> None:
    """%2B in a block ID is read as a blank: one upload in three fails, at random."""

    def make(right: Callable[[Query, str], str | None]) -> Callable[[Query, str], str | None]:
        def wrong(self: Query, name: str) -> str | None:
            found = right(self, name)
            return found.replace("+", " ") if found and name == "blockid" else found

        return wrong

    patch.wrap(Query, "get", make)


@mutant("block-ids-are-short", breaks="put-block.ids")
def block_ids_are_short(patch: Patch) -> None:
    """A block ID may have 32 bytes: AzCopy's have 36, so that it can upload nothing large."""
    patch.replace(blocks, "MAX_BLOCK_ID", 32)


@mutant("block-ids-are-endless", breaks="put-block.id-limit")
def block_ids_are_endless(patch: Patch) -> None:
    """A block ID may be of any length: what is staged here is refused by the service."""
    patch.replace(blocks, "MAX_BLOCK_ID", 4096)


@mutant("unequal-block-ids-accepted", breaks="put-block.equal-length")
def unequal_block_ids_accepted(patch: Patch) -> None:
    """Block IDs of unequal length are taken: a client's mistake shows only at the service."""
    stage = Store.stage_block

    def wrong(self: Store, upload: Upload, name: str, block_id: str, check: Any = None) -> None:
        try:
            stage(self, upload, name, block_id, check)
        except BlockIdLengthMismatch:
            return

    patch.replace(Store, "stage_block", wrong)


@mutant("empty-block-accepted", breaks="put-block.not-empty")
def empty_block_accepted(patch: Patch) -> None:
    """A block of no bytes is taken: a reader that broke off commits a hole."""

    def make(right: Callable[[Call, int], int]) -> Callable[[Call, int], int]:
        return lambda call, limit: right(call, limit) or -1

    patch.wrap(writing, "declared_length", make)


@mutant("bad-block-id-accepted", breaks="put-block.id-malformed")
def bad_block_id_accepted(patch: Patch) -> None:
    """A block ID that is no base64 is taken for another: blocks of a wrong client overwrite each other."""

    def make(right: Callable[[Call], str]) -> Callable[[Call], str]:
        def wrong(call: Call) -> str:
            try:
                return right(call)
            except BlobError as error:
                if error.code != "InvalidQueryParameterValue":
                    raise
                return "AAAA"

        return wrong

    patch.wrap(blocks, "block_id", make)


@mutant("latest-takes-the-committed", breaks="put-block-list.latest")
def latest_takes_the_committed(patch: Patch) -> None:
    """Latest takes a committed block before a staged one: an update of a part of a file changes nothing."""
    commit = Store.commit_blocks

    def wrong(
        self: Store, account: str, container: str, name: str, entries: Entries, *rest: Any
    ) -> BlobRecord:
        try:
            known = {block.id for block in self.block_list(account, container, name).committed}
        except BlobMissing:
            known = set()
        changed: Entries = [
            ("committed", block) if kind == "latest" and block in known else (kind, block)
            for kind, block in entries
        ]
        return commit(self, account, container, name, changed, *rest)

    patch.replace(Store, "commit_blocks", wrong)


@mutant("long-lists-refused", breaks="put-block-list.duplicates")
def long_lists_refused(patch: Patch) -> None:
    """A list may have 10,000 entries, as parts have elsewhere: files above 80 GB cannot be written."""

    def make(right: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        def wrong(body: bytes) -> Any:
            entries = right(body)
            if len(entries) > 10_000:
                raise BlobError("BlockListTooLong")
            return entries

        return wrong

    patch.wrap(xml_in, "block_list", make)


@mutant("endless-lists-accepted", breaks="put-block-list.limit")
def endless_lists_accepted(patch: Patch) -> None:
    """A list may have more than 50,000 entries: what is written here cannot be moved to the service."""
    patch.replace(xml_in, "MAX_BLOCKS", 1_000_000)


@mutant("repeated-block-once", breaks="put-block-list.duplicates")
def repeated_block_once(patch: Patch) -> None:
    """A block that a list names twice is written once: sparse files shrink."""
    patch.wrap(xml_in, "block_list", lambda right: lambda body: list(dict.fromkeys(right(body))))


@mutant("failed-commit-drops-blocks", breaks="put-block-list.keeps-staged")
def failed_commit_drops_blocks(patch: Patch) -> None:
    """A refused commit throws the staged blocks away: AzCopy uploads terabytes again for one bad entry."""
    commit = Store.commit_blocks

    def wrong(self: Store, account: str, container: str, name: str, *rest: Any) -> BlobRecord:
        try:
            return commit(self, account, container, name, *rest)
        except UnknownBlock:
            try:
                self.blob(account, container, name)
            except BlobMissing:
                self.delete_blob(account, container, name)
            raise

    patch.replace(Store, "commit_blocks", wrong)


@mutant("list-hash-becomes-the-blobs", breaks="put-block-list.list-hash")
def list_hash_becomes_the_blobs(patch: Patch) -> None:
    """Content-MD5 of a commit is stored as the blob's: every verified download of it fails."""

    def make(right: Callable[..., BlobProps]) -> Callable[..., BlobProps]:
        def wrong(call: Call, *, fallback: bool) -> BlobProps:
            props = right(call, fallback=fallback)
            return (
                props
                if fallback
                else replace(props, content_md5=props.content_md5 or call.header("content-md5"))
            )

        return wrong

    patch.wrap(writing, "from_headers", make)


@mutant("commit-forgets-properties", breaks="put-block-list.properties")
def commit_forgets_properties(patch: Patch) -> None:
    """The commit's content type and metadata are dropped: large files lose what small ones keep."""

    def make(right: Callable[..., BlobProps]) -> Callable[..., BlobProps]:
        return lambda call, *, fallback: right(call, fallback=fallback) if fallback else BlobProps()

    patch.wrap(writing, "from_headers", make)


@mutant("commit-takes-the-lists-type", breaks="put-block-list.own-content-type")
def commit_takes_the_lists_type(patch: Patch) -> None:
    """The Content-Type of the list becomes the blob's: every large file is application/xml."""

    def make(right: Callable[..., BlobProps]) -> Callable[..., BlobProps]:
        return lambda call, *, fallback: right(call, fallback=True)

    patch.wrap(writing, "from_headers", make)


@mutant("commit-renews-creation-time", breaks="put-block-list.creation-time")
def commit_renews_creation_time(patch: Patch) -> None:
    """A commit over a blob makes it young: rules by age start from the beginning."""
    commit = Store.commit_blocks

    def wrong(self: Store, account: str, container: str, name: str, *rest: Any) -> BlobRecord:
        record = commit(self, account, container, name, *rest)
        _YOUNG[account, container, name] = record.ticks
        return record

    def aged(record: BlobRecord, *place: str) -> BlobRecord:
        born = _YOUNG.get(place)
        return replace(record, created_ticks=born) if born else record

    def make(right: Callable[..., BlobRecord]) -> Callable[..., BlobRecord]:
        return lambda self, *place: aged(right(self, *place), *place[:3])

    def make_open(right: Callable[..., OpenBlob]) -> Callable[..., OpenBlob]:
        def opened(self: Store, *place: Any) -> OpenBlob:
            found = right(self, *place)
            found.record = aged(found.record, *place[:3])
            return found

        return opened

    patch.replace(Store, "commit_blocks", wrong)
    patch.wrap(Store, "blob", make)
    patch.wrap(Store, "open", make_open)


_YOUNG: dict[tuple[str, ...], int] = {}


@mutant("block-list-shows-all", breaks=("get-block-list.default", "get-block-list.types"))
def block_list_shows_all(patch: Patch) -> None:
    """Get Block List always shows both lists: a client that resumes counts staged blocks as committed."""

    def make(right: Callable[[Query, str], str | None]) -> Callable[[Query, str], str | None]:
        return lambda self, name: "all" if name == "blocklisttype" else right(self, name)

    patch.wrap(Query, "get", make)


@mutant("whole-write-keeps-staged-blocks", breaks="put-block.outdated")
def whole_write_keeps_staged_blocks(patch: Patch) -> None:
    """Put Blob leaves older staged blocks: a late commit brings back what was overwritten."""
    write = putting.put_blob

    async def wrong(call: Call) -> Response:
        store = call.service.store
        left = await call.service.run(staged, store, call.account, call.container, call.blob)
        response = await write(call)
        for block in left:
            upload = await call.service.run(store.upload, call.account, call.container)
            with upload:
                upload.write(b"\\0" * block.size)
                await call.service.run(store.stage_block, upload, call.blob, block.id)
        return response

    patch.replace(putting, "put_blob", wrong)


@mutant("commit-keeps-staged-blocks", breaks="put-block-list.discards")
def commit_keeps_staged_blocks(patch: Patch) -> None:
    """Blocks that a commit does not use stay staged: they pile up, and the next commit finds old ones."""
    commit = Store.commit_blocks

    def wrong(
        self: Store, account: str, container: str, name: str, entries: Entries, *rest: Any
    ) -> BlobRecord:
        left = staged(self, account, container, name)
        record = commit(self, account, container, name, entries, *rest)
        used = {block for _, block in entries}
        for block in left:
            if block.id not in used:
                with self.upload(account, container) as upload:
                    upload.write(b"\\0" * block.size)
                    self.stage_block(upload, name, block.id)
        return record

    patch.replace(Store, "commit_blocks", wrong)


@mutant("put-block-touches-the-blob", breaks="put-block.leaves-blob-alone")
def put_block_touches_the_blob(patch: Patch) -> None:
    """Staging a block gives the committed blob a new ETag: readers under If-Match are thrown out."""
    write = blocks.put_block

    async def wrong(call: Call) -> Response:
        response = await write(call)
        store = call.service.store
        with contextlib.suppress(BlobMissing):
            await call.service.change(
                call.turn,
                store.update_blob,
                call.account,
                call.container,
                call.blob,
                lambda record: record.props,
            )
        return response

    patch.replace(blocks, "put_block", wrong)


@mutant("staged-order-is-arrival", breaks="put-block.any-order")
def staged_order_is_arrival(patch: Patch) -> None:
    """A block must come after the one before it: parallel uploads fail as soon as one overtakes another."""
    stage = Store.stage_block

    def wrong(self: Store, upload: Upload, name: str, block_id: str, check: Any = None) -> None:
        place = upload.place
        known = staged(self, place.account, place.container, name)
        if any(block.id > block_id for block in known):
            raise BlobError("InvalidBlobOrBlock")
        stage(self, upload, name, block_id, check)

    patch.replace(Store, "stage_block", wrong)
