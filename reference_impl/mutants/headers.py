"""Mutants of the headers that reads and writes answer with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, drop, mutant, put
from reference_impl.operations import blob_xml, blocks, reading, writing
from reference_impl.operations.call import Call
from reference_impl.protocol import headers_out
from reference_impl.store import BlobProps, BlobRecord

PROPERTIES = (
    ("Cache-Control", "cache_control"),
    ("Content-Encoding", "content_encoding"),
    ("Content-Language", "content_language"),
    ("Content-Disposition", "content_disposition"),
)


@mutant("head-says-no-length", breaks="get-blob-properties.length")
def head_says_no_length(patch: Patch) -> None:
    """HEAD says that every blob is empty: AzCopy's check after the upload fails, SDKs download nothing."""
    patch.answers(reading, "get_properties", lambda _call, response: put(response, "Content-Length", "0"))


@mutant("metadata-query-ignored", breaks="get-blob-metadata.returns")
def metadata_query_ignored(patch: Patch) -> None:
    """Get Blob Metadata sends the blob: a client that wants a few names loads gigabytes."""

    async def wrong(call: Call) -> Response:
        return await reading.get_blob(call)

    patch.replace(reading, "get_metadata", wrong)


@mutant("unset-properties-are-empty", breaks="get-blob.absent-properties")
def unset_properties_are_empty(patch: Patch) -> None:
    """A property that was never set is an empty header: clients keep empty texts as if they were meant."""

    def edit(_call: Call, response: Response) -> None:
        there = {name for name, _ in response.headers}
        response.headers += [(name, "") for name, _ in PROPERTIES if name not in there]

    patch.answers(reading, "get_blob", edit)
    patch.answers(reading, "get_properties", edit)


@mutant("default-type-is-text", breaks="get-blob.default-type")
def default_type_is_text(patch: Patch) -> None:
    """A blob without a type is text/plain: browsers show binaries, tools convert their line ends."""
    patch.replace(reading, "DEFAULT_TYPE", "text/plain")


@mutant("creation-time-moves", breaks="properties.creation-time")
def creation_time_moves(patch: Patch) -> None:
    """The creation time is that of the last change: retention by age never ends."""

    def make(right: Callable[[Call, BlobRecord], Any]) -> Callable[[Call, BlobRecord], Any]:
        return lambda call, record: right(call, replace(record, created_ticks=record.ticks))

    patch.wrap(reading, "blob_fields", make)
    patch.wrap(
        blob_xml,
        "_properties",
        lambda right: lambda record, *rest: right(replace(record, created_ticks=record.ticks), *rest),
    )


@mutant("last-modified-stands-still", breaks="properties.last-modified-moves")
def last_modified_stands_still(patch: Patch) -> None:
    """Last-Modified stays that of the creation: sync never sees that a file has changed."""

    def edit(_call: Call, response: Response) -> None:
        created = dict(response.headers).get("x-ms-creation-time")
        if created:
            put(response, "Last-Modified", created)

    patch.answers(reading, "get_blob", edit)
    patch.answers(reading, "get_properties", edit)


@mutant("etag-unquoted", breaks="properties.etag-quoted")
def etag_unquoted(patch: Patch) -> None:
    """ETag headers have no quotes: caches and SDKs that parse them refuse the answer."""

    def make(right: Callable[..., list[tuple[str, str]]]) -> Callable[..., list[tuple[str, str]]]:
        def wrong(fields: Any, **rest: Any) -> list[tuple[str, str]]:
            bare = [(name, value.strip('"') if name == "ETag" else value) for name, value in fields]
            return right(bare, **rest)

        return wrong

    patch.wrap(headers_out, "compose", make)


@mutant("etag-is-of-the-content", breaks="put-blob.new-etag")
def etag_is_of_the_content(patch: Patch) -> None:
    """The ETag is a hash of the content, as in object stores of another kind: equal bytes hide a write."""
    patch.replace(BlobRecord, "etag", property(content_etag))


def content_etag(record: BlobRecord) -> str:
    """An ETag that only the content decides."""
    said = f"{record.length}{record.props.content_md5}"
    return f"0x{sum(ord(letter) << (7 * at % 56) for at, letter in enumerate(said)):016X}"


@mutant("put-block-has-an-etag", breaks="put-block.stages")
def put_block_has_an_etag(patch: Patch) -> None:
    """Put Block answers with an ETag: clients take a staged block for a new version of the blob."""
    patch.answers(blocks, "put_block", lambda _call, response: put(response, "ETag", '"0x8DD000000000000"'))


@mutant("accept-ranges-missing", breaks="get-blob.accept-ranges")
def accept_ranges_missing(patch: Patch) -> None:
    """Reads do not say that ranges are served: download tools fall back to one stream."""
    for name in ("get_blob", "get_properties"):
        patch.answers(reading, name, lambda _call, response: drop(response, "Accept-Ranges"))


@mutant("lease-headers-missing", breaks=("get-blob.lease-free", "wire.read-headers"))
def lease_headers_missing(patch: Patch) -> None:
    """Reads do not say whether a blob is leased: SDKs that build their properties from it fail."""
    for name in ("get_blob", "get_properties"):
        patch.answers(
            reading, name, lambda _call, response: drop(response, "x-ms-lease-status", "x-ms-lease-state")
        )


@mutant("metadata-on-get-only", breaks="get-blob-properties.same-as-get")
def metadata_on_get_only(patch: Patch) -> None:
    """HEAD leaves the metadata out: sync tools that keep their times there copy everything again."""

    def edit(_call: Call, response: Response) -> None:
        drop(response, *[name for name, _ in response.headers if name.startswith("x-ms-meta-")])

    patch.answers(reading, "get_properties", edit)


@mutant("content-encoding-forgotten", breaks="put-blob.properties")
def content_encoding_forgotten(patch: Patch) -> None:
    """Content-Encoding is not kept: compressed files come back as if they were not."""

    def make(right: Callable[..., BlobProps]) -> Callable[..., BlobProps]:
        return lambda *place, **options: replace(right(*place, **options), content_encoding=None)

    patch.wrap(writing, "blob_headers", make)


@mutant("tier-not-inferred", breaks="get-blob-properties.tier")
def tier_not_inferred(patch: Patch) -> None:
    """HEAD does not say that the tier is only inferred: tools believe that somebody chose it."""
    patch.answers(
        reading, "get_properties", lambda _call, response: drop(response, "x-ms-access-tier-inferred")
    )
