"""Mutants of what a write keeps, replaces, checks and refuses."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, mutant
from reference_impl.operations import changing, writing
from reference_impl.operations import put as putting
from reference_impl.operations.call import Call
from reference_impl.protocol import checksums, metadata
from reference_impl.protocol.checksums import Digest, Expected
from reference_impl.protocol.errors import BlobError, invalid_header
from reference_impl.store import BlobMissing, BlobProps, BlobRecord, ContainerMissing, ContainerProps, Store


def old(store: Store, account: str, container: str, name: str) -> BlobRecord | None:
    """The blob that a write is about to replace."""
    try:
        return store.blob(account, container, name)
    except BlobMissing:
        return None


@mutant("put-blob-keeps-old-metadata", breaks="put-blob.clears-metadata")
def put_blob_keeps_old_metadata(patch: Patch) -> None:
    """A new Put Blob adds its metadata to the old: a file carries marks that its writer never set."""
    write = putting.put_blob
    collect = Call.metadata

    async def wrong(call: Call) -> Response:
        record = await writing.current(call)
        kept = dict(record.props.metadata) if record else {}
        with patch.meanwhile(Call, "metadata", lambda self: tuple({**kept, **dict(collect(self))}.items())):
            return await write(call)

    patch.replace(putting, "put_blob", wrong)


def merging(patch: Patch, name: str, merge: Callable[[BlobProps, BlobProps], BlobProps]) -> None:
    """Have an operation of `changing` store what `merge` makes of the old properties and the new."""
    update = Store.update_blob
    right = getattr(changing, name)

    async def wrong(call: Call) -> Response:
        def updating(
            self: Store, account: str, container: str, blob: str, change: Any, *, touch: bool = True
        ) -> BlobRecord:
            return update(
                self,
                account,
                container,
                blob,
                lambda record: merge(record.props, change(record)),
                touch=touch,
            )

        with patch.meanwhile(Store, "update_blob", updating):
            response: Response = await right(call)
        return response

    patch.replace(changing, name, wrong)


@mutant("set-metadata-adds", breaks="set-blob-metadata.replaces")
def set_metadata_adds(patch: Patch) -> None:
    """Set Blob Metadata adds to what is there: names that were to go stay for ever."""
    merging(
        patch,
        "set_metadata",
        lambda was, new: replace(new, metadata=tuple({**dict(was.metadata), **dict(new.metadata)}.items())),
    )


@mutant("set-metadata-drops-properties", breaks="set-blob-metadata.leaves-blob-alone")
def set_metadata_drops_properties(patch: Patch) -> None:
    """Set Blob Metadata clears the content properties: a page turns into a download when somebody tags it."""
    merging(patch, "set_metadata", lambda _was, new: BlobProps(metadata=new.metadata))


@mutant("set-properties-adds", breaks="set-blob-properties.clears")
def set_properties_adds(patch: Patch) -> None:
    """Set Blob Properties keeps what is not sent: an encoding that no longer holds stays."""
    merging(
        patch,
        "set_properties",
        lambda was, new: replace(
            new,
            content_type=new.content_type or was.content_type,
            content_encoding=new.content_encoding or was.content_encoding,
            content_language=new.content_language or was.content_language,
            content_disposition=new.content_disposition or was.content_disposition,
            cache_control=new.cache_control or was.cache_control,
        ),
    )


@mutant("set-properties-drops-metadata", breaks="set-blob-properties.leaves-blob-alone")
def set_properties_drops_metadata(patch: Patch) -> None:
    """Set Blob Properties clears the metadata: a client that changes a type loses its marks."""
    merging(patch, "set_properties", lambda _was, new: replace(new, metadata=()))


@mutant("set-properties-keeps-etag", breaks="set-blob-properties.new-etag")
def set_properties_keeps_etag(patch: Patch) -> None:
    """Set Blob Properties leaves the ETag as it was: caches never see the new type."""
    update = changing._update

    async def wrong(call: Call, change: writing.Change, *, touch: bool = True) -> BlobRecord:
        quiet = call.operation is not None and call.operation.name == "Set Blob Properties"
        return await update(call, change, touch=touch and not quiet)

    patch.replace(changing, "_update", wrong)


@mutant("plain-type-wins", breaks="put-blob.properties-first")
def plain_type_wins(patch: Patch) -> None:
    """Content-Type decides over x-ms-blob-content-type: the type that an HTTP library adds is stored."""

    def make(right: Callable[..., BlobProps]) -> Callable[..., BlobProps]:
        def wrong(call: Call, *, fallback: bool) -> BlobProps:
            found = right(call, fallback=fallback)
            plain = call.header("content-type") if fallback else None
            return replace(found, content_type=plain or found.content_type)

        return wrong

    patch.wrap(writing, "blob_headers", make)


@mutant("crc64-byte-order", breaks="checksums.crc64")
def crc64_byte_order(patch: Patch) -> None:
    """CRC-64 is written with its highest byte first: no client's own sum ever agrees."""
    patch.replace(
        checksums,
        "encode_crc64",
        lambda value: base64.b64encode(value.to_bytes(8, "big")).decode("ascii"),
    )


@mutant("crc64-unchecked", breaks=("put-blob.crc64-checked", "put-block.hash-checked"))
def crc64_unchecked(patch: Patch) -> None:
    """A wrong CRC-64 is accepted: data damaged on the way in is stored and acknowledged."""

    def make(right: Callable[..., None]) -> Callable[..., None]:
        def wrong(self: Expected, digest: Digest, **options: bool) -> None:
            self.crc64 = None
            right(self, digest, **options)

        return wrong

    patch.wrap(Expected, "check", make)


@mutant("damaged-body-is-kept", breaks="put-blob.md5-checked")
def damaged_body_is_kept(patch: Patch) -> None:
    """A body that does not match its MD5 is refused, but stored: the next reader gets the damage."""
    write = putting.put_blob
    check = Expected.check

    async def wrong(call: Call) -> Response:
        seen: list[BlobError] = []

        def noting(self: Expected, digest: Digest, **options: bool) -> None:
            try:
                check(self, digest, **options)
            except BlobError as error:
                seen.append(error)

        with patch.meanwhile(Expected, "check", noting):
            response = await write(call)
        if seen:
            raise seen[0]
        return response

    patch.replace(putting, "put_blob", wrong)


@mutant("stored-md5-on-trust", breaks="put-blob.stored-md5")
def stored_md5_on_trust(patch: Patch) -> None:
    """x-ms-blob-content-md5 of Put Blob is not compared: AzCopy's check of what it uploaded is none."""
    patch.replace(
        putting,
        "_promises",
        lambda call: (
            Expected(call.header("content-md5"), call.header("x-ms-content-crc64")),
            Expected(None, None),
        ),
    )


@mutant("empty-blob-refused", breaks="put-blob.empty")
def empty_blob_refused(patch: Patch) -> None:
    """A Put Blob of no bytes is refused: marker files and empty logs cannot be uploaded."""

    def make(right: Callable[[Call], Any]) -> Callable[[Call], Any]:
        async def wrong(call: Call) -> Response:
            if call.request.body.length == 0:
                raise invalid_header("Content-Length", "0")
            response: Response = await right(call)
            return response

        return wrong

    patch.wrap(putting, "put_blob", make)


@mutant("blob-type-guessed", breaks="put-blob.type-needed")
def blob_type_guessed(patch: Patch) -> None:
    """A PUT without x-ms-blob-type is a block blob: what is meant for another service lands here."""
    patch.wrap(
        putting,
        "require_block_blob",
        lambda right: lambda call: right(call) if call.header("x-ms-blob-type") else None,
    )


@mutant("put-blob-makes-its-container", breaks="put-blob.no-container")
def put_blob_makes_its_container(patch: Patch) -> None:
    """A Put Blob into a missing container makes it: a typing error becomes a container."""
    write = putting.put_blob

    async def wrong(call: Call) -> Response:
        store = call.service.store
        try:
            await call.service.run(store.container, call.account, call.container)
        except ContainerMissing:
            await call.service.run(store.create_container, call.account, call.container, ContainerProps())
        return await write(call)

    patch.replace(putting, "put_blob", wrong)


@mutant("delete-takes-the-folder", breaks="delete-blob.only-that")
def delete_takes_the_folder(patch: Patch) -> None:
    """Delete Blob removes everything whose name begins with it, as if it were a folder."""
    delete = changing.delete

    async def wrong(call: Call) -> Response:
        response = await delete(call)
        store = call.service.store
        below = await call.service.run(store.list_blobs, call.account, call.container, prefix=call.blob)
        for item in below.items:
            if isinstance(item, BlobRecord):
                await call.service.run(store.delete_blob, call.account, call.container, item.name)
        return response

    patch.replace(changing, "delete", wrong)


@mutant("delete-of-nothing-is-fine", breaks="delete-blob.missing")
def delete_of_nothing_is_fine(patch: Patch) -> None:
    """Deleting what is not there is 202: a client that asked for the wrong name believes that it is gone."""
    delete = changing.delete

    async def wrong(call: Call) -> Response:
        try:
            return await delete(call)
        except BlobMissing:
            return call.respond(202, "Accepted", [("x-ms-delete-type-permanent", "true")])

    patch.replace(changing, "delete", wrong)


@mutant("staged-blocks-survive-delete", breaks="delete-blob.uncommitted")
def staged_blocks_survive_delete(patch: Patch) -> None:
    """Deleting what only has staged blocks is 404: AzCopy cannot clean up after an upload it gave up."""
    delete = changing.delete

    async def wrong(call: Call) -> Response:
        await call.service.run(call.service.store.blob, call.account, call.container, call.blob)
        return await delete(call)

    patch.replace(changing, "delete", wrong)


@mutant("metadata-values-lowercased", breaks=("put-blob.metadata", "set-blob-metadata.values"))
def metadata_values_lowercased(patch: Patch) -> None:
    """Metadata values lose their capital letters: hashes and names that are kept there are wrong."""
    patch.wrap(
        Call,
        "metadata",
        lambda right: lambda self: tuple((name, value.lower()) for name, value in right(self)),
    )


@mutant("metadata-names-unchecked", breaks=("put-blob.metadata-names", "set-blob-metadata.names"))
def metadata_names_unchecked(patch: Patch) -> None:
    """A metadata name with hyphens is taken: what is written here cannot be copied to the service."""
    patch.replace(metadata, "_NAME", re.compile(r".+"))


@mutant("late-write-wins-half", breaks="put-blob.replaces")
def late_write_wins_half(patch: Patch) -> None:
    """A shorter Put Blob leaves the end of the longer old blob: the new file ends in the old one's bytes."""
    commit = Store.commit_blob

    def wrong(self: Store, upload: Any, name: str, props: BlobProps, check: Any = None) -> BlobRecord:
        try:
            opened = self.open(upload.place.account, upload.place.container, name)
        except (BlobMissing, AttributeError):
            return commit(self, upload, name, props, check)
        with opened:
            rest = opened.record.length - upload.size
            if rest > 0:
                upload.write(os.pread(opened.fd, rest, upload.size))
        return commit(self, upload, name, props, check)

    patch.replace(Store, "commit_blob", wrong)
