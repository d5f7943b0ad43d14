"""Copy sources: an open source, whether it is a blob of this very server or one behind another URL."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import SplitResult, urlsplit

from reference_impl.auth.permissions import READ_BLOB
from reference_impl.copysource import CopySourceError, CopySourceRefused, SourceResponse
from reference_impl.http.message import Headers, Piece
from reference_impl.operations import entry, history, tiers
from reference_impl.operations.call import Call
from reference_impl.operations.entry import Asked
from reference_impl.operations.reading import DEFAULT_TYPE
from reference_impl.protocol import metadata, names
from reference_impl.protocol.checksums import decode_md5, encode_md5
from reference_impl.protocol.conditions import State
from reference_impl.protocol.errors import CODES, BlobError, invalid_header
from reference_impl.protocol.hosts import Known, own
from reference_impl.protocol.query import Query
from reference_impl.protocol.ranges import ByteRange, Span, resolve
from reference_impl.protocol.times import parse_http_date, unix_seconds
from reference_impl.store import BlobMissing, BlobProps, ContainerMissing, OpenBlob

URL_LIMIT = 2048
_PIECE = 1024 * 1024
_TOKENS_SINCE = "2020-10-02"
_CODE = "x-ms-error-code"
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)", re.ASCII)


@dataclass(slots=True)
class Source:
    """A copy source, open at its first byte. `length` is what `pieces` will yield, `total` the whole blob's.

    Close it whatever happens.
    """

    length: int | None
    total: int | None
    props: BlobProps
    state: State | None
    opened: OpenBlob | SourceResponse
    span: Span | None = field(default=None)

    async def pieces(self, call: Call) -> AsyncIterator[Piece]:
        """The bytes, in bounded pieces."""
        if isinstance(self.opened, OpenBlob):
            span = self.span or Span(0, 0)
            offset, end = span.first, span.first + span.count
            while offset < end:
                piece = await call.service.run(os.pread, self.opened.fd, min(_PIECE, end - offset), offset)
                if not piece:
                    raise BlobError("InternalError")
                offset += len(piece)
                yield piece
            return
        try:
            async for piece in self.opened.chunks():
                yield piece
        except CopySourceError as error:
            raise unverified(call, 500, str(error)) from None

    async def close(self) -> None:
        """Let the source go."""
        if isinstance(self.opened, OpenBlob):
            self.opened.close()
        else:
            await self.opened.close()


def source_url(call: Call) -> str:
    """The x-ms-copy-source of a request: an absolute URL of at most 2 KiB."""
    text = call.header("x-ms-copy-source") or ""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(text) > URL_LIMIT or not text.isascii():
        raise invalid_header("x-ms-copy-source", text)
    return text


def shown_url(url: str) -> str:
    """The URL as it may be kept and shown: without its query, where the signature stands."""
    return url.partition("?")[0]


async def open_source(call: Call, asked: ByteRange | None, *, as_caller: bool = False) -> Source:
    """Open the copy source of a request. Raises CannotVerifyCopySource with the source's own status.

    `as_caller` lets the request's Shared Key or bearer token open a source of the same account, as Copy Blob
    does; the From-URL operations want a public source, a SAS or a token of the source's own.
    """
    url = source_url(call)
    token = call.header("x-ms-copy-source-authorization") if call.version >= _TOKENS_SINCE else None
    if token is not None and not token.lower().startswith("bearer "):
        raise invalid_header("x-ms-copy-source-authorization", "")
    parts = urlsplit(url)
    here = own(parts, _known(call))
    if here is not None:
        return await _open_own(call, parts, here.account, token, asked, as_caller)
    return await _open_remote(call, url, token, asked)


def _known(call: Call) -> Known:
    config = call.service.config
    return Known(
        call.service.accounts,
        config.domain,
        config.public_hosts,
        call.request.local,
        call.header("host") or "",
    )


async def _open_own(
    call: Call,
    parts: SplitResult,
    account: str | None,
    token: str | None,
    asked: ByteRange | None,
    as_caller: bool,
) -> Source:
    store = call.service.store
    try:
        resource = names.parse(parts.path, account, container_level=False)
        if resource.container is None or resource.blob is None:
            raise BlobError("InvalidUri")
        headers = Headers([] if token is None else [("Authorization", token)])
        query = Query(parts.query)
        at = Asked("GET", resource, parts.path, query, headers, parts.scheme, call.request.client[0])
        principal = await entry.authenticate(call.service, at)
        same_account = resource.account == call.account and call.principal.kind in ("key", "bearer")
        if principal.kind == "anonymous" and as_caller and same_account:
            principal = call.principal
        await entry.permit(call, principal, resource, READ_BLOB, "")
        moment = history.snapshot(query)
        try:
            opened = await call.service.run(
                store.open, resource.account, resource.container, resource.blob, moment
            )
        except ContainerMissing:
            raise BlobError("ContainerNotFound") from None
        except BlobMissing:
            raise BlobError("BlobNotFound") from None
        try:
            record = opened.record
            tiers.refuse_archived(record)
            span = Span(0, record.length) if asked is None else resolve(asked, record.length)
        except BaseException:
            opened.close()
            raise
    except BlobError as error:
        raise unverified(call, error.status, error.message, error.code) from None
    state = State(record.etag, unix_seconds(record.ticks), record.props.tags)
    return Source(span.count, record.length, record.props, state, opened, span)


async def _open_remote(call: Call, url: str, token: str | None, asked: ByteRange | None) -> Source:
    headers = [("x-ms-version", call.version), ("x-ms-client-request-id", call.request_id)]
    if token is not None:
        if not url.startswith("https:"):
            raise unverified(call, 403, "A bearer token is sent over HTTPS only.", "AuthenticationFailed")
        headers.append(("Authorization", token))
    if asked is not None:
        end = "" if asked.last is None else str(asked.last)
        headers.append(("Range", f"bytes={asked.first}-{end}"))
    try:
        answer = await call.service.sources.open(url, headers=headers)
    except CopySourceRefused as error:
        raise unverified(call, 403, str(error), "AuthorizationFailure") from None
    except CopySourceError as error:
        raise unverified(call, 500, str(error)) from None
    found = {name.lower(): value for name, value in answer.headers}
    if answer.status != (200 if asked is None else 206):
        await answer.close()
        # No redirect of another server's becomes one of ours.
        status = answer.status if answer.status == 304 or 400 <= answer.status < 600 else 409
        raise unverified(call, status, answer.reason or "", found.get(_CODE))
    try:
        props = _props(found, answer)
        total = answer.length if asked is None else _total(asked, found.get("content-range", ""))
    except ValueError as error:
        await answer.close()
        raise unverified(call, 409, str(error)) from None
    return Source(answer.length, total, props, _state(found), answer)


def _total(asked: ByteRange, content_range: str) -> int | None:
    """The length of the whole source; ValueError when what it sends is not what was asked for."""
    sent = _CONTENT_RANGE.fullmatch(content_range)
    if sent is None or int(sent[1]) != asked.first:
        raise ValueError("The source sent another range than it was asked for.")
    return int(sent[3]) if sent[3] != "*" else None


def _state(found: Mapping[str, str]) -> State | None:
    modified = parse_http_date(found.get("last-modified", ""))
    return None if modified is None else State(found.get("etag", "").strip('"'), modified, None)


def _props(found: Mapping[str, str], answer: SourceResponse) -> BlobProps:
    """The properties of a source; ValueError when it has metadata that no blob can have."""
    try:
        kept = metadata.collect(answer.headers)
    except BlobError as error:
        raise ValueError(f"The metadata of the source cannot be kept. {error.message}") from None
    return BlobProps(
        content_type=found.get("content-type") or DEFAULT_TYPE,
        content_encoding=found.get("content-encoding"),
        content_language=found.get("content-language"),
        content_disposition=found.get("content-disposition"),
        cache_control=found.get("cache-control"),
        content_md5=_md5(found.get("content-md5")),
        metadata=kept,
        appended=_appended(found),
    )


def _appended(found: Mapping[str, str]) -> int | None:
    """The number of blocks of an append blob; None for every other source."""
    if found.get("x-ms-blob-type") != "AppendBlob":
        return None
    return int(found.get("x-ms-blob-committed-block-count", "0"))


def known_state(call: Call, source: Source) -> State:
    """What conditions on a source compare with. A source that does not tell it fails every condition."""
    if source.state is None:
        raise unverified(call, 412, "The source has no Last-Modified, so no condition can be checked.")
    return source.state


def _md5(text: str | None) -> str | None:
    """A Content-MD5 when it is one: other servers may say anything there."""
    try:
        return None if text is None else encode_md5(decode_md5(text))
    except BlobError:
        return None


def unverified(call: Call, status: int, message: str, code: str | None = None) -> BlobError:
    """CannotVerifyCopySource that mirrors the source's status; from 2025-01-05 it tells its code as well."""
    headers: list[tuple[str, str]] = []
    elements: list[tuple[str, str]] = []
    if status == 401:
        # HTTP wants a challenge on every 401.
        headers.append(entry.challenge(call))
    if call.version >= "2025-01-05":
        headers.append(("x-ms-copy-source-status-code", str(status)))
        elements.append(("CopySourceStatusCode", str(status)))
        if code:
            headers.append(("x-ms-copy-source-error-code", code))
            elements.append(("CopySourceErrorCode", code))
        elements.append(("CopySourceErrorMessage", message))
    text = CODES["CannotVerifyCopySource"][1]
    return BlobError(
        "CannotVerifyCopySource", status=status, message=text, headers=headers, elements=elements
    )


def tags(call: Call, source: Source, sent: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The tags of a copy: those sent, or with x-ms-copy-source-tag-option COPY those of the source.

    Tags of a blob elsewhere are not on its answer, so copying them is refused rather than forgotten.
    """
    option = (call.header("x-ms-copy-source-tag-option") or "REPLACE").upper()
    if option not in ("REPLACE", "COPY"):
        raise invalid_header("x-ms-copy-source-tag-option", option)
    if option == "REPLACE":
        return sent
    if sent:
        raise BlobError("BothUserTagsAndSourceTagsCopyPresentException")
    if not isinstance(source.opened, OpenBlob):
        raise BlobError("UnsupportedHeader", elements=(("HeaderName", "x-ms-copy-source-tag-option"),))
    return source.props.tags


def without_history(props: BlobProps) -> BlobProps:
    """Properties of a source without what belongs to it alone: tier, tags, copy history."""
    return replace(props, tier=None, tags=(), extra={})
