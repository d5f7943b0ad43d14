"""Mutants of writing, changing and deleting blobs."""

from __future__ import annotations

from collections.abc import Iterable

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, mutant
from reference_impl.operations import changing, copies, put
from reference_impl.operations.call import Call
from reference_impl.protocol import checksums, metadata


@mutant("content-md5-unchecked", breaks=("put-blob.md5-checked", "put-block.hash-checked"))
def content_md5_unchecked(patch: Patch) -> None:
    """A wrong Content-MD5 is accepted: data damaged on the way in is stored and acknowledged."""
    patch.replace(checksums.Expected, "check", lambda _self, _digest, **_options: None)


@mutant("delete-answers-204", breaks="delete-blob.answer")
def delete_answers_204(patch: Patch) -> None:
    """Delete Blob answers 204 instead of 202: SDKs treat it as an error, though the blob is gone."""
    delete = changing.delete

    async def wrong(call: Call) -> Response:
        response = await delete(call)
        response.status, response.reason = 204, "No Content"
        return response

    patch.replace(changing, "delete", wrong)


@mutant("delete-does-nothing", breaks="delete-blob.gone")
def delete_does_nothing(patch: Patch) -> None:
    """Delete Blob is acknowledged and the blob stays: retention and privacy promises are broken."""

    async def wrong(call: Call) -> Response:
        return call.respond(202, "Accepted", [("x-ms-delete-type-permanent", "true")])

    patch.replace(changing, "delete", wrong)


@mutant("metadata-lowercased", breaks=("set-blob-metadata.case", "list-blobs.metadata-names"))
def metadata_lowercased(patch: Patch) -> None:
    """Metadata names lose their case: tools that look their own names up do not find them."""
    collect = metadata.collect

    def wrong(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        return tuple((name.lower(), value) for name, value in collect(headers))

    patch.replace(metadata, "collect", wrong)


@mutant("put-blob-crc-missing", breaks=("put-blob.answers-crc64", "wire.put-blob-hashes"))
def put_blob_crc_missing(patch: Patch) -> None:
    """Put Blob does not tell the CRC-64 it computed: clients cannot check what was stored."""
    write = put.put_blob

    async def wrong(call: Call) -> Response:
        response = await write(call)
        response.headers = [pair for pair in response.headers if pair[0] != "x-ms-content-crc64"]
        return response

    patch.replace(put, "put_blob", wrong)


@mutant("copy-answers-201", breaks=("copy-blob.copies", "wire.success-status"))
def copy_answers_201(patch: Patch) -> None:
    """Copy Blob answers 201 instead of 202: SDKs refuse the answer of a copy that was done."""
    copy = copies.copy_blob

    async def wrong(call: Call) -> Response:
        response = await copy(call)
        response.status, response.reason = 201, "Created"
        return response

    patch.replace(copies, "copy_blob", wrong)
