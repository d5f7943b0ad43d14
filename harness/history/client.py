"""One client of a workload: a connection of its own, and every operation noted before and after."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import quote
from xml.etree import ElementTree

from harness.endpoint import Endpoint
from harness.exchange import Exchange, Response, header
from harness.history.bodies import RECORD, body, runs
from harness.history.recorder import Recorder
from harness.history.values import Kind, Operation, Outcome, Seen
from harness.signing.request import own_request
from harness.wire.dial import dial
from harness.wire.documents import block_list
from harness.wire.message import WireRequest

SECONDS = 10.0
"""How long an answer may make no progress; after that nobody knows what became of its request."""

_MARK = "op"  # the name of the metadata that holds the tag
_TYPE = "application/x-bp."
_PAGES = 1000
_UNSENT = ("refused", "unresolved", "tls")  # failures before anything was sent
_ABSENT = frozenset({"BlobNotFound", ""})  # HEAD has no body, and some endpoints no code


class Client:
    """A client of one container, for one thread. Use as a context manager."""

    def __init__(
        self, recorder: Recorder, name: str, endpoint: Endpoint, container: str, face: str | None = None
    ) -> None:
        self.name = name
        self._recorder = recorder
        self._endpoint = endpoint
        self._face = endpoint.face(face)
        self._container = container
        self._connection = dial(endpoint, self._face.name, timeout=SECONDS, deadline=2 * SECONDS)
        self._tags = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def renew(self) -> None:
        """Close the connection: the next request may reach another process of the server."""
        self._connection.close()

    def new_tag(self) -> str:
        """A mark that nobody else uses."""
        self._tags += 1
        return f"{self.name}.{self._tags}"

    def put(self, blob: str, size: int, *, if_match: str = "", create_only: bool = False) -> Operation:
        """Put Blob of so many records."""
        tag = self.new_tag()
        planned = self._plan(Kind.PUT, blob, tag=tag, size=size, if_match=if_match, create_only=create_only)
        headers = [
            ("x-ms-blob-type", "BlockBlob"),
            ("Content-Type", _TYPE + tag),
            (f"x-ms-meta-{_MARK}", tag),
            *_conditions(planned),
        ]
        return self._write(planned, "PUT", self._path(blob), headers, body(tag, size))

    def stage(self, blob: str, block: str, tag: str, size: int) -> Operation:
        """Put Block of so many records of a tag."""
        planned = self._plan(Kind.STAGE, blob, tag=tag, size=size, block=block)
        target = f"{self._path(blob)}?comp=block&blockid={quote(_block_id(block), safe='')}"
        return self._write(planned, "PUT", target, (), body(tag, size))

    def commit(
        self, blob: str, tag: str, blocks: Iterable[str], *, if_match: str = "", create_only: bool = False
    ) -> Operation:
        """Put Block List, with each block as <Latest>."""
        ids = tuple(blocks)
        planned = self._plan(
            Kind.COMMIT, blob, tag=tag, blocks=ids, if_match=if_match, create_only=create_only
        )
        document = block_list(_block_id(block) for block in ids)
        headers = [
            ("Content-Type", "application/xml"),
            ("x-ms-blob-content-type", _TYPE + tag),
            (f"x-ms-meta-{_MARK}", tag),
            *_conditions(planned),
        ]
        return self._write(planned, "PUT", f"{self._path(blob)}?comp=blocklist", headers, document)

    def delete(self, blob: str, *, if_match: str = "") -> Operation:
        """Delete Blob."""
        planned = self._plan(Kind.DELETE, blob, if_match=if_match)
        return self._write(planned, "DELETE", self._path(blob), _conditions(planned))

    def read(
        self, blob: str, *, if_match: str = "", first: int | None = None, count: int | None = None
    ) -> Operation:
        """Get Blob, whole or a range of records."""
        planned = self._plan(Kind.READ, blob, if_match=if_match, first=first, count=count)
        headers = _conditions(planned)
        if first is not None and count is not None:
            headers.append(("x-ms-range", f"bytes={first * RECORD}-{(first + count) * RECORD - 1}"))
        return self._look(planned, "GET", headers)

    def stat(self, blob: str) -> Operation:
        """Get Blob Properties."""
        return self._look(self._plan(Kind.STAT, blob), "HEAD", [])

    def list(self, prefix: str, page: int | None = None) -> Operation:
        """List Blobs, to its end, in pages of so many names."""
        listed: dict[str, Seen] = {}
        marker, twice = "", ""
        one: Operation | None = None
        for _ in range(_PAGES):
            target = f"/{self._container}?restype=container&comp=list&include=metadata"
            target += f"&prefix={quote(prefix, safe='')}"
            target += f"&maxresults={page}" if page else ""
            target += f"&marker={quote(marker, safe='')}" if marker else ""
            signed = self._signed("GET", target)
            one = self._recorder.call(self._plan(Kind.LIST, prefix)) if one is None else one
            exchange = self._connection.exchange(signed)
            moment = self._recorder.heard()
            answer = exchange.response
            if exchange.failure is not None or answer is None or answer.status != 200:
                return self._finish(_ended(one, exchange, moment))
            try:
                root = ElementTree.fromstring(answer.body.data or b"")  # noqa: S314 - expat bounds entities
            except ElementTree.ParseError as error:
                said = f"no XML: {error}"
                return self._finish(
                    replace(one, returned=moment, outcome=Outcome.REFUSED, status=200, said=said)
                )
            for found in root.iterfind("Blobs/Blob"):
                name = found.findtext("Name") or ""
                twice = name if name in listed else twice
                listed[name] = _seen_in_list(found)
            marker = root.findtext("NextMarker") or ""
            if not marker:
                break
        assert one is not None
        said = f"names {twice} twice" if twice else "has no end" if marker else ""
        outcome = Outcome.REFUSED if marker else Outcome.DONE
        shown = MappingProxyType(listed)
        return self._finish(
            replace(one, returned=moment, outcome=outcome, status=200, said=said, listed=shown)
        )

    def _plan(self, kind: Kind, blob: str, **known: object) -> Operation:
        planned = Operation(0, self.name, kind, blob, 0)
        return replace(planned, **known)  # type: ignore[arg-type]  # the names of its own fields

    def _path(self, blob: str) -> str:
        return f"/{self._container}/{quote(blob, safe='/')}"

    def _signed(
        self, method: str, target: str, headers: Iterable[tuple[str, str]] = (), data: bytes = b""
    ) -> WireRequest:
        return own_request(self._endpoint, self._face, method, target, headers, data)

    def _exchange(
        self,
        planned: Operation,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        data: bytes = b"",
    ) -> tuple[Operation, Exchange]:
        signed = self._signed(method, target, headers, data)  # before: it is no part of the call
        one = self._recorder.call(planned)
        exchange = self._connection.exchange(signed)
        return _ended(one, exchange, self._recorder.heard()), exchange

    def _write(
        self,
        planned: Operation,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        data: bytes = b"",
    ) -> Operation:
        one, exchange = self._exchange(planned, method, target, headers, data)
        if one.outcome is Outcome.DONE and exchange.response is not None:
            one = replace(one, etag=_etag(exchange.response))
        return self._finish(one)

    def _look(self, planned: Operation, method: str, headers: Iterable[tuple[str, str]]) -> Operation:
        one, exchange = self._exchange(planned, method, self._path(planned.blob), headers)
        if one.outcome is Outcome.DONE and exchange.response is not None:
            one = replace(one, seen=_seen(exchange.response, method))
        return self._finish(one)

    def _finish(self, one: Operation) -> Operation:
        self._recorder.finish(one)
        return one


def _ended(one: Operation, exchange: Exchange, moment: int) -> Operation:
    """An operation with what its answer says became of it."""
    answer = exchange.response
    if exchange.failure is not None or answer is None:
        said = exchange.failure or "no answer"
        unsent = said.startswith(_UNSENT)
        return replace(
            one, returned=moment, outcome=Outcome.REFUSED if unsent else Outcome.UNKNOWN, said=said
        )
    code = header(answer.headers, "x-ms-error-code") or ""
    return replace(
        one, returned=moment, outcome=_outcome(one, answer.status, code), status=answer.status, said=code
    )


_DONE: Mapping[Kind, tuple[int, ...]] = MappingProxyType(
    {
        Kind.PUT: (201,),
        Kind.STAGE: (201,),
        Kind.COMMIT: (201,),
        Kind.DELETE: (202,),
        Kind.READ: (200, 206),
        Kind.STAT: (200,),
        Kind.LIST: (200,),
    }
)


def _outcome(one: Operation, status: int, code: str) -> Outcome:
    if status in _DONE[one.kind]:
        return Outcome.DONE
    if status >= 500 or status in (408, 429):
        return Outcome.UNKNOWN
    if one.conditional and (status == 412 or (one.create_only and status == 409)):
        return Outcome.UNMET
    if status == 404 and one.kind in (Kind.DELETE, Kind.READ, Kind.STAT) and code in _ABSENT:
        return Outcome.ABSENT
    if one.kind is Kind.COMMIT and status == 400 and code == "InvalidBlockList":
        return Outcome.NO_BLOCK
    return Outcome.REFUSED


def surprising(one: Operation) -> bool:
    """Whether an answer is none that the contract has for this request; no answer is no surprise."""
    if one.outcome is Outcome.REFUSED:
        return one.status != 0
    return one.kind is Kind.LIST and one.outcome is Outcome.DONE and bool(one.said)


def _conditions(one: Operation) -> list[tuple[str, str]]:
    if one.create_only:
        return [("If-None-Match", "*")]
    return [("If-Match", f'"{one.if_match}"')] if one.if_match else []


def _block_id(block: str) -> str:
    return base64.b64encode(block.encode()).decode()


def _etag(answer: Response) -> str:
    return (header(answer.headers, "ETag") or "").strip('"')


def _marked(kind: str) -> str:
    return kind.removeprefix(_TYPE) if kind.startswith(_TYPE) else ""


def _seen(answer: Response, method: str) -> Seen:
    length = header(answer.headers, "Content-Length") or str(answer.body.length)
    if answer.status == 206:
        length = (header(answer.headers, "Content-Range") or "").rpartition("/")[2]
    return Seen(
        etag=_etag(answer),
        tag=header(answer.headers, f"x-ms-meta-{_MARK}") or "",
        length=int(length) if length.isdecimal() else -1,
        kind=_marked(header(answer.headers, "Content-Type") or ""),
        runs=None if method == "HEAD" else runs(answer.body.data or b""),
    )


def _seen_in_list(found: ElementTree.Element) -> Seen:
    length = found.findtext("Properties/Content-Length") or ""
    return Seen(
        etag=(found.findtext("Properties/Etag") or "").strip('"'),
        tag=found.findtext(f"Metadata/{_MARK}") or "",
        length=int(length) if length.isdecimal() else -1,
        kind=_marked(found.findtext("Properties/Content-Type") or ""),
    )
