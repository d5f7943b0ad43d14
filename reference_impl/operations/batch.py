"""Blob Batch: a multipart body of deletes or of tier changes, each authorised and answered on its own."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace

from reference_impl.auth import permissions as may
from reference_impl.http.message import BytesBody, Headers, Response
from reference_impl.operations import answering, changing
from reference_impl.operations.call import Call, Operation
from reference_impl.protocol import headers_out, names
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.query import Query

MAX_PARTS = 256
MAX_BYTES = 4 * 1024 * 1024
_EOL = b"\r\n"
# What stands in a part is written back in its answer, so it must not be able to end a line there.
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Part:
    """One sub-request: its Content-ID as sent, and what stands in it."""

    content_id: str | None
    method: str
    target: str
    headers: Headers


async def submit(call: Call) -> Response:
    """Blob Batch: 202 whatever the parts say; a batch that cannot be read is one part without Content-ID."""
    body = await call.request.body.read(MAX_BYTES)
    try:
        parts = parse(body, _boundary(call))
        operation = _operation(parts)
        answers = [await _answer(call, part, operation) for part in parts]
    except BlobError as error:
        error.newer = True
        answers = [_write(None, _sub_call(call).refuse(error))]
    mark = f"batchresponse_{uuid.uuid4()}"
    pieces = [b"--%s\r\n%s" % (mark.encode(), answer) for answer in answers]
    whole = b"".join(pieces) + b"--%s--" % mark.encode()
    fields = [("Content-Type", f"multipart/mixed; boundary={mark}")]
    return call.respond(202, "Accepted", fields, whole, chunked=True)


def _boundary(call: Call) -> bytes:
    kind = call.header("content-type")
    if not kind:
        raise BlobError("MissingRequiredHeader", elements=(("HeaderName", "Content-Type"),))
    media, _, rest = kind.partition(";")
    name, _, mark = rest.strip().partition("=")
    mark = mark.strip().strip('"')
    if media.strip().lower() != "multipart/mixed" or name.strip().lower() != "boundary" or not mark:
        raise BlobError(
            "InvalidHeaderValue", elements=(("HeaderName", "Content-Type"), ("HeaderValue", kind))
        )
    return mark.encode("latin-1")


def parse(body: bytes, boundary: bytes) -> list[Part]:
    """The parts of a batch. Raises InvalidInput, or ExceedsMaxBatchRequestCount above 256."""
    whole = _EOL + body
    delimiter = _EOL + b"--" + boundary
    before, *rest = whole.split(delimiter)
    if before.strip() or len(rest) < 2 or not rest[-1].startswith(b"--"):
        raise BlobError("InvalidInput")
    if len(rest) - 1 > MAX_PARTS:
        raise BlobError("ExceedsMaxBatchRequestCount")
    return [_parse_part(piece) for piece in rest[:-1]]


def _parse_part(piece: bytes) -> Part:
    mime, blank, inner = piece.removeprefix(_EOL).partition(_EOL + _EOL)
    if not blank:
        raise BlobError("InvalidInput")
    outer = dict(_lines(mime.split(_EOL)))
    if outer.get("content-type", "").lower() != "application/http":
        raise BlobError("InvalidInput")
    head = inner.partition(_EOL + _EOL)[0].rstrip(_EOL).split(_EOL)
    first = head[0].decode("latin-1").split(" ")
    if len(first) != 3 or not first[2].startswith("HTTP/1."):
        raise BlobError("InvalidInput")
    pairs = Headers(_lines(head[1:], keep_case=True))
    return Part(outer.get("content-id"), first[0], first[1], pairs)


def _lines(lines: list[bytes], *, keep_case: bool = False) -> list[tuple[str, str]]:
    pairs = []
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name.strip() or _CONTROL.search(line):
            raise BlobError("InvalidInput")
        pairs.append((name.strip() if keep_case else name.strip().lower(), value.strip()))
    return pairs


def _operation(parts: list[Part]) -> Operation:
    """The one operation that all parts ask for. Nothing is done before it is known.

    Raises InvalidInput for a part that a batch cannot hold, AllBatchSubRequestsShouldBeSameApi for a mixture.
    """
    found = [_operation_of(part) for part in parts]
    if any(operation != found[0] for operation in found):
        raise BlobError("AllBatchSubRequestsShouldBeSameApi")
    return found[0]


def _operation_of(part: Part) -> Operation:
    query = Query(part.target.partition("?")[2])
    comp = (query.get("comp") or "").lower()
    if part.method == "DELETE" and not comp:
        return Operation("Delete Blob", may.DELETE_BLOB, changing.delete)
    if part.method == "PUT" and comp == "tier":
        return Operation("Set Blob Tier", may.WRITE_BLOB, changing.set_tier)
    raise BlobError("InvalidInput")


async def _answer(call: Call, part: Part, operation: Operation) -> bytes:
    """Run one part as a request of its own and write its answer as a part."""
    inner = _sub_call(call, part)
    response = await answering.answer(inner, lambda: _perform(call, inner, operation), newer=True)
    return _write(part.content_id, response)


async def _perform(outer: Call, call: Call, operation: Operation) -> Response:
    path = _relative(outer, call.request.path)
    call.resource = names.parse(path, outer.account, container_level=False)
    if call.resource.blob is None or outer.resource.container not in (None, call.resource.container):
        raise BlobError("InvalidInput")
    return await answering.perform(call, operation)


def _sub_call(call: Call, part: Part | None = None) -> Call:
    """A call for a part; without one, for the batch as a whole. Its id shares the batch's first groups."""
    outer = call.request
    if part is None:
        inner = Call(call.service, replace(outer, body=BytesBody()))
    else:
        path, _, query = part.target.partition("?")
        request = replace(
            outer,
            method=part.method,
            target=part.target,
            path=path,
            query=query,
            headers=part.headers,
            body=BytesBody(),
        )
        inner = Call(call.service, request)
    inner.request_id = headers_out.new_part_id(call.request_id)
    inner.client_request_id = inner.client_request_id or call.client_request_id
    inner.version = call.version
    inner.host_style = call.host_style
    return inner


def _relative(call: Call, path: str) -> str:
    """A part's path without the account: some clients of path style write it, some do not."""
    own = f"/{call.account}/"
    if not call.host_style and path.startswith(own) and path.count("/") > 2:
        return path[len(own) - 1 :]
    return path


def _write(content_id: str | None, response: Response) -> bytes:
    """An answer as a part of the multipart body: its own order of headers, no Date."""
    kept = {
        name: value for name, value in response.headers if name not in ("Date", "Server", "Transfer-Encoding")
    }
    body = response.body if isinstance(response.body, bytes) else b""
    if not body:
        kept.pop("Content-Length", None)
    first = [name for name in kept if name not in _LATE and name not in ("Content-Length", "Content-Type")]
    lines = ["Content-Type: application/http"]
    if content_id is not None:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"HTTP/1.1 {response.status} {response.reason}"]
    for name in (*first, *_LATE, "Content-Length", "Content-Type"):
        if name in kept:
            lines.append(f"{name}: {kept[name]}")
    lines += [f"Server: {headers_out.SERVER}", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + body + (_EOL if body else b"")


_LATE = ("x-ms-request-id", "x-ms-version", "x-ms-client-request-id")
