"""Mutants of copies: from where, under which conditions, and what comes along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, drop, mutant, put
from reference_impl.operations import copies, from_url, sources
from reference_impl.operations.call import Call
from reference_impl.operations.sources import Source
from reference_impl.protocol.checksums import Expected
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.ranges import ByteRange
from reference_impl.store import BlobProps


def opening(patch: Patch, edit: Callable[[Call, Source], Source]) -> None:
    """Change a copy source as it is opened."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(call: Call, asked: ByteRange | None, **options: bool) -> Source:
            return edit(call, await right(call, asked, **options))

        return wrong

    patch.wrap(sources, "open_source", make)


@mutant("copy-loses-metadata", breaks="copy-blob.copies")
def copy_loses_metadata(patch: Patch) -> None:
    """A copy has none of the source's metadata: what a backup brings back is not what was there."""
    opening(patch, lambda _call, source: keeping(source, metadata=()))


@mutant("copy-loses-type", breaks=("copy-blob.copies", "put-blob-from-url.source-properties"))
def copy_loses_type(patch: Patch) -> None:
    """A copy has none of the source's properties: every page turns into a download."""
    opening(patch, lambda _call, source: keeping(source, content_type=None, content_encoding=None))


def keeping(source: Source, **changed: Any) -> Source:
    """The source with other properties."""
    source.props = replace(source.props, **changed)
    return source


@mutant("copy-keeps-both-metadata", breaks="copy-blob.metadata")
def copy_keeps_both_metadata(patch: Patch) -> None:
    """Metadata in a copy request is added to the source's, where it should replace all of it."""
    mixed = Call.metadata

    def edit(call: Call, source: Source) -> Source:
        sent = dict(mixed(call))
        if not sent or call.header("x-ms-blob-type"):
            return source
        return keeping(source, metadata=tuple({**dict(source.props.metadata), **sent}.items()))

    opening(patch, edit)
    patch.wrap(Call, "metadata", lambda right: lambda self: () if is_copy(self) else right(self))


def is_copy(call: Call) -> bool:
    """Whether a request is Copy Blob or its synchronous sister."""
    return call.operation is not None and call.operation.name.startswith("Copy Blob")


@mutant("source-range-ignored", breaks="put-block-from-url.range")
def source_range_ignored(patch: Patch) -> None:
    """Every block from a URL is the whole source: a file copied in pieces is many times itself."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(call: Call, _asked: ByteRange | None, **options: bool) -> Any:
            return await right(call, None, **options)

        return wrong

    patch.wrap(sources, "open_source", make)


@mutant(
    "source-conditions-ignored",
    breaks=("put-block-from-url.source-conditions", "put-blob-from-url.source-conditions"),
)
def source_conditions_ignored(patch: Patch) -> None:
    """Conditions on a source are not looked at: a file that changes while it is copied is a mixture."""
    patch.replace(from_url, "check_source", lambda _call, _source: None)


@mutant("source-date-conditions-are-412", breaks="put-blob-from-url.source-conditions")
def source_date_conditions_are_412(patch: Patch) -> None:
    """Whatever condition on a source fails, the code is ConditionNotMet, as if it were the destination's."""

    def make(right: Callable[[Call, Source], None]) -> Callable[[Call, Source], None]:
        def wrong(call: Call, source: Source) -> None:
            try:
                right(call, source)
            except BlobError:
                raise BlobError("ConditionNotMet") from None

        return wrong

    patch.wrap(from_url, "check_source", make)


@mutant("source-hash-unchecked", breaks=("put-block-from-url.md5", "put-blob-from-url.md5"))
def source_hash_unchecked(patch: Patch) -> None:
    """The hash of a source is not compared: what was damaged between two services is acknowledged."""
    patch.replace(from_url, "source_promise", lambda _call: Expected(None, None))


@mutant("missing-source-is-empty", breaks=("put-blob-from-url.bad-source", "put-block-from-url.bad-source"))
def missing_source_is_empty(patch: Patch) -> None:
    """Of a source that is missing an empty blob is made: a copy job ends well, with nothing in it."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(call: Call, asked: ByteRange | None, **options: bool) -> Any:
            try:
                return await right(call, asked, **options)
            except BlobError as error:
                if error.status != 404:
                    raise
                return Nothing()

        return wrong

    patch.wrap(sources, "open_source", make)


class Nothing:
    """A source without a byte."""

    length = 0
    total = 0
    props = BlobProps()
    state = None

    async def pieces(self, _call: Call) -> Any:
        """None at all."""
        nothing: tuple[bytes, ...] = ()
        for piece in nothing:
            yield piece

    async def close(self) -> None:
        """Nothing to close."""


@mutant("source-status-is-500", breaks="put-blob-from-url.bad-source")
def source_status_is_500(patch: Patch) -> None:
    """A source that is missing is 500, as old documentation has it: clients try again for minutes."""

    def make(right: Callable[..., BlobError]) -> Callable[..., BlobError]:
        def wrong(call: Call, status: int, *rest: Any) -> BlobError:
            error = right(call, status, *rest)
            error.status = 500
            return error

        return wrong

    patch.wrap(sources, "unverified", make)


@mutant(
    "private-source-by-own-key",
    breaks=(
        "put-blob-from-url.authorised",
        "put-block-from-url.authorised",
        "copy-source-authorisation.needed",
    ),
)
def private_source_by_own_key(patch: Patch) -> None:
    """A private source is read with the caller's key: what works here fails at the service."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(call: Call, asked: ByteRange | None, **_options: bool) -> Any:
            return await right(call, asked, as_caller=True)

        return wrong

    patch.wrap(sources, "open_source", make)


@mutant("source-token-ignored", breaks=("put-blob-from-url.bearer", "copy-source-authorisation.bearer"))
def source_token_ignored(patch: Patch) -> None:
    """x-ms-copy-source-authorization is not read: AzCopy cannot copy with a login."""
    patch.replace(sources, "_TOKENS_SINCE", "9999-01-01")


@mutant("request-properties-lose", breaks="put-blob-from-url.properties")
def request_properties_lose(patch: Patch) -> None:
    """The source's properties win over those in the request: a type that was corrected is wrong again."""

    def make(
        right: Callable[[BlobProps, BlobProps], BlobProps],
    ) -> Callable[[BlobProps, BlobProps], BlobProps]:
        return lambda sent, source: right(
            replace(sent, content_type=source.content_type or sent.content_type), source
        )

    patch.wrap(from_url, "_merged", make)


@mutant("source-properties-always", breaks="put-blob-from-url.no-source-properties")
def source_properties_always(patch: Patch) -> None:
    """x-ms-copy-source-blob-properties: false is not heeded."""
    patch.replace(from_url, "_inherits", lambda _call: True)


@mutant("copy-stays-pending", breaks=("copy-blob.synchronous", "copy-blob.copies"))
def copy_stays_pending(patch: Patch) -> None:
    """A copy says that it is pending, and never that it is done: clients wait until they give up."""
    for name in ("copy_blob", "copy_blob_from_url"):
        patch.answers(copies, name, lambda _call, response: put(response, "x-ms-copy-status", "pending"))
    patch.wrap(copies, "_history", lambda right: lambda *of: {**right(*of), "copy-status": "pending"})


@mutant("copy-without-id", breaks="copy-blob.copies")
def copy_without_id(patch: Patch) -> None:
    """A copy has no id: clients cannot ask how it is going."""
    patch.answers(copies, "copy_blob", lambda _call, response: drop(response, "x-ms-copy-id"))


@mutant("copy-source-condition-as-target", breaks="copy-blob.conditions")
def copy_source_condition_as_target(patch: Patch) -> None:
    """An unmet condition on the source is reported as one on the destination."""

    def make(right: Callable[[Call], Any]) -> Callable[[Call], Any]:
        async def wrong(call: Call) -> Response:
            try:
                response: Response = await right(call)
            except BlobError as error:
                raise (
                    BlobError("TargetConditionNotMet") if error.code == "SourceConditionNotMet" else error
                ) from None
            return response

        return wrong

    patch.wrap(copies, "copy_blob", make)


@mutant("block-from-url-has-an-etag", breaks=("put-block-from-url.answer", "wire.no-validators"))
def block_from_url_has_an_etag(patch: Patch) -> None:
    """Put Block From URL answers with an ETag, as if it had changed the blob."""
    patch.answers(
        from_url, "put_block_from_url", lambda _call, response: put(response, "ETag", '"0x8DD000000000000"')
    )


@mutant("body-beside-a-source", breaks=("put-blob-from-url.no-body", "put-block-from-url.no-body"))
def body_beside_a_source(patch: Patch) -> None:
    """A request with a source may have a body too, which is dropped: its sender believes it stored."""
    patch.replace(from_url, "refuse_body", lambda _call: None)
