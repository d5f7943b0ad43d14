"""Where the operations of a load run go: turns each into the head of a signed request, as fast as can be."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from harness.endpoint import Endpoint, Face
from harness.exchange import Headers
from harness.signing import CredentialMissingError
from harness.signing.authorise import service_sas
from harness.signing.canonical import http_date
from harness.signing.shared_key import Parts, string_to_sign
from harness.signing.spec import ServiceSas
from harness.vocabulary import ExitCode
from harness.wire.documents import block_list
from loadgen.client.pads import Pads
from loadgen.client.shapes import NEXT_PAGE, SHAPES, Shape, Slot
from loadgen.work.op import Kind, Op

Auth = Literal["shared-key", "sas", "bearer", "anonymous"]

_SAS_LIFE = timedelta(hours=48)
_SAS_RENEWED = 12 * 3600  # seconds after which the shared access signatures of sources are made anew
_NAMES = 4096
_GET_BLOB, _PUT_BLOB, _PUT_BLOCK = Kind.GET_BLOB, Kind.PUT_BLOB, Kind.PUT_BLOCK
_SLOT = re.compile(rb"\x01\w+\x02")


class TargetError(Exception):
    """The endpoint has no such address, or lacks the credentials that were asked for."""

    exit_code = ExitCode.USAGE

    def __init__(
        self, what: str, hint: str = "Configure a key, a SAS or a token source for the endpoint."
    ) -> None:
        super().__init__(what)
        self.hint = hint


class _Wire(NamedTuple):
    """Formats of a request's head and of what is signed of it, for one second."""

    head: bytes
    text: bytes  # to sign; empty: nothing is signed


def block_id(number: int) -> str:
    """The id of a block: all are equally long, and none needs percent-encoding."""
    return b64encode(b"%09d" % number).decode()


def auth_of(endpoint: Endpoint) -> Auth:
    """How an endpoint's requests are authorised when nothing else is said: key, else SAS, else tokens."""
    if endpoint.key is not None:
        return "shared-key"
    if endpoint.sas is not None:
        return "sas"
    return "anonymous" if endpoint.tokens is None else "bearer"


class Target:
    """One container of an endpoint, at one of its addresses. Not for several threads at once."""

    def __init__(
        self,
        endpoint: Endpoint,
        face: Face,
        container: str,
        auth: Auth,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises `TargetError`; `build` is the usual way here."""
        _check(endpoint, auth)
        self.endpoint = endpoint
        self.face = face
        self.auth: Auth = auth
        self._container = container
        self._clock = clock
        self._second = -1
        self._sources_until = 0
        self._wires: Mapping[Kind, _Wire] = {}
        self._next_page = _Wire(b"", b"")
        key = endpoint.key.reveal() if auth == "shared-key" and endpoint.key is not None else ""
        try:
            self._sign = Pads(key).sign
        except ValueError:
            raise TargetError(f"the account key of endpoint {endpoint.name} is no base64") from None
        # Names come again and again, a block or a range at a time.
        self._quoted = lru_cache(_NAMES)(_quoted)
        self._source = lru_cache(_NAMES)(self._source_url)
        self._list = lru_cache(8)(_block_list)
        self._id = lru_cache(_NAMES)(_block_id)

    @classmethod
    def build(
        cls,
        endpoint: Endpoint,
        face: Face | str | None,
        container: str,
        *,
        auth: Auth | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Target:
        """`face`: an address or its name, None is the main one; `auth` None: what the endpoint is given.

        `clock` gives seconds since the epoch, for dates. Raises `TargetError`.
        """
        if not isinstance(face, Face):
            try:
                face = endpoint.face(face)
            except LookupError as error:
                raise TargetError(str(error), "Take one of its addresses.") from None
        return cls(endpoint, face, container, auth or auth_of(endpoint), clock)

    @property
    def ca_file(self) -> Path | None:
        """The authority to trust; None: those of the system."""
        return self.endpoint.ca_file

    def head(self, op: Op) -> bytes:
        """The head of an operation's request, dated and signed, with the empty line at its end.

        May ask for a token once in a while, which can take a moment: see `TokenSource`.
        """
        second = int(self._clock())
        if second != self._second:
            self._renew(second)
        kind = op.kind
        head, text = self._wires[kind]
        if kind is _GET_BLOB:
            name = self._quoted(op.blob.name)
            span = b"bytes=%d-%d" % (op.offset, op.offset + op.length - 1)
            if text:
                return head % (name, span, self._sign(text % (span, name)))
            return head % (name, span)
        # `sent` are the values of the slots in the order in which they stand in the head, `signed` in that of
        # the text that is signed: standard headers, x-ms- headers, name, query.
        sent: tuple[object, ...]
        signed: tuple[object, ...]
        if kind is Kind.LIST_BLOBS:
            sent, signed, (head, text) = self._page(op)
        else:
            sent, signed = self._values(op, self._quoted(op.blob.name))
        if text:
            return head % (*sent, self._sign(text % signed))
        return head % sent

    def _values(self, op: Op, name: bytes) -> tuple[tuple[object, ...], tuple[object, ...]]:
        kind = op.kind
        if kind is _PUT_BLOB:
            # A length of 0 is signed as nothing.
            length = b"%d" % op.length
            return (name, length), (length if op.length else b"", name)
        if kind is _PUT_BLOCK:
            block, length = self._id(op.block), b"%d" % op.length
            return (name, block, length), (length if op.length else b"", name, block)
        if kind is Kind.PUT_BLOCK_LIST:
            length = b"%d" % len(self.body(op))
            return (name, length), (length, name)
        if kind is Kind.PUT_BLOCK_FROM_URL:
            block, source = self._id(op.block), self._source(op.source)
            span = b"bytes=%d-%d" % (op.offset, op.offset + op.length - 1)
            return (name, block, source, span), (source, span, name, block)
        if kind is Kind.SET_METADATA:
            rank = b"%d" % op.rank
            return (name, rank), (rank, name)
        return (name,), (name,)

    def _page(self, op: Op) -> tuple[tuple[object, ...], tuple[object, ...], _Wire]:
        prefix, marker, limit = op.blob.name, op.marker, b"%d" % op.limit
        quoted = quote(prefix, safe="").encode()
        if not marker:
            return (quoted, limit), (limit, prefix.encode()), self._wires[Kind.LIST_BLOBS]
        sent = (quoted, limit, quote(marker, safe="").encode())
        return sent, (marker.encode(), limit, prefix.encode()), self._next_page

    def body(self, op: Op) -> bytes:
        """The body of an operation that is no payload: the list of a Put Block List, else nothing."""
        return self._list(op.block) if op.kind is Kind.PUT_BLOCK_LIST else b""

    def _renew(self, second: int) -> None:
        self._second = second
        if second >= self._sources_until:
            self._sources_until = second + _SAS_RENEWED
            self._source.cache_clear()
        date = http_date(datetime.fromtimestamp(second, UTC))
        token = self._token()
        self._wires = {kind: self._wire(shape, date, token) for kind, shape in SHAPES.items()}
        self._next_page = self._wire(NEXT_PAGE, date, token)

    def _token(self) -> str:
        if self.auth != "bearer" or self.endpoint.tokens is None:
            return ""
        return self.endpoint.tokens.token().reveal()

    def _wire(self, shape: Shape, date: str, token: str) -> _Wire:
        face, endpoint = self.face, self.endpoint
        target = f"{face.prefix}/{quote(self._container)}" + (f"/{Slot.NAME}" if shape.blob else "")
        if shape.query:
            target += f"?{shape.query}"
        headers: Headers = (
            ("Host", face.authority),
            ("User-Agent", "blobproof-load"),
            ("x-ms-date", date),
            ("x-ms-version", endpoint.version),
            *shape.headers,
        )
        text = b""
        if self.auth == "shared-key":
            text = _format(string_to_sign(Parts(shape.method, target, headers), endpoint.account))
            headers = (*headers, ("Authorization", f"SharedKey {endpoint.account}:\x01signature\x02"))
        elif self.auth == "sas" and endpoint.sas is not None:
            target += ("&" if shape.query else "?") + endpoint.sas.reveal().lstrip("?")
        elif self.auth == "bearer":
            headers = (*headers, ("Authorization", f"Bearer {token}"))
            if any(value is Slot.SOURCE for _, value in shape.headers):
                headers = (*headers, ("x-ms-copy-source-authorization", f"Bearer {token}"))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return _Wire(_format(f"{shape.method} {target} HTTP/1.1\r\n{lines}\r\n"), text)

    def _source_url(self, name: str) -> bytes:
        url = f"{self.face.url}/{quote(self._container)}/{quote(name)}"
        if self.auth == "sas" and self.endpoint.sas is not None:
            url += f"?{self.endpoint.sas.reveal().lstrip('?')}"
        elif self.auth == "shared-key":
            wanted = ServiceSas("blob", of=f"{self._container}/{name}", permissions="r", expiry=_SAS_LIFE)
            now = datetime.fromtimestamp(self._second, UTC)
            try:
                url += f"?{service_sas(self.endpoint, wanted, now)}"
            except CredentialMissingError as error:
                raise TargetError(error.reason) from None
        return url.encode()


def _check(endpoint: Endpoint, auth: Auth) -> None:
    has = {
        "shared-key": endpoint.key,
        "sas": endpoint.sas,
        "bearer": endpoint.tokens,
        "anonymous": endpoint,
    }
    if has[auth] is None:
        what = {"shared-key": "account key", "sas": "SAS", "bearer": "token source"}[auth]
        raise TargetError(f"endpoint {endpoint.name} has no {what}")


def _quoted(name: str) -> bytes:
    return quote(name).encode()


def _block_id(number: int) -> bytes:
    return block_id(number).encode()


def _block_list(blocks: int) -> bytes:
    return block_list(map(block_id, range(blocks)))


def _format(text: str) -> bytes:
    """A text with slots as a format for `bytes % tuple`."""
    return _SLOT.sub(b"%b", text.encode().replace(b"%", b"%%"))
