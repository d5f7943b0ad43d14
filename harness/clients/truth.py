"""What is really stored, read and written over our own wire: the measure for what a client says it did."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote
from xml.etree import ElementTree

from harness.endpoint import Endpoint
from harness.exchange import Exchange, Headers, header
from harness.scenario import Ended
from harness.signing import AuthSpec, face_for
from harness.signing.request import own_request
from harness.signing.spec import Default
from harness.vocabulary import Verdict
from harness.wire.dial import dial
from harness.wire.documents import block_list

_BLOCK = 4 * 1024 * 1024
_IDLE_SECONDS = 2.0
"""Servers close connections that idle, Node after 5 s; a request may cross that while a client works."""


class PremiseError(Ended):
    """The endpoint did not do what a scenario needs before it can begin: nothing was verified.

    The text says what it answered.
    """

    def __init__(self, said: str) -> None:
        super().__init__(Verdict.BLOCKED, said)


@dataclass(frozen=True, slots=True)
class Stored:
    """A blob as the endpoint gives it back."""

    length: int
    sha256: str
    headers: Headers

    def header(self, name: str) -> str | None:
        """A header of the GET response."""
        return header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Listed:
    """A blob as a listing names it."""

    name: str
    length: int


def digest(data: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def said(data: bytes) -> str:
    """Bytes as findings show them: length and digest."""
    return f"{len(data)} bytes, sha256 {digest(data)}"


class Truth:
    """A small Blob client on our own transport. Use as a context manager; one thread at a time."""

    def __init__(self, endpoint: Endpoint, auth: AuthSpec | None = None, *, timeout: float = 60.0) -> None:
        self._endpoint = endpoint
        self._auth: AuthSpec = auth or Default()
        self._face = endpoint.face(face_for(self._auth, endpoint))
        self._connection = dial(endpoint, self._face.name, timeout=timeout)
        self._used = 0.0  # when, by time.monotonic

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(
        self, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> Exchange:
        """One authorised request. `target` is relative to the account's root, percent-encoded."""
        request = own_request(self._endpoint, self._face, method, target, headers, body, auth=self._auth)
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self._connection.close()
        exchange = self._connection.exchange(request)
        self._used = time.monotonic()
        return exchange

    def create_container(self, container: str) -> None:
        """Raises PremiseError."""
        self._must(self.send("PUT", f"/{container}?restype=container"), 201)

    def delete_container(self, container: str) -> None:
        """Tidy up: a refusal changes no verdict, `sweep` finds what is left."""
        self.send("DELETE", f"/{container}?restype=container")

    def has_container(self, container: str) -> bool:
        """Whether the container exists."""
        exchange = self.send("GET", f"/{container}?restype=container")
        return exchange.response is not None and exchange.response.status == 200

    def put(self, container: str, blob: str, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Store a blob with Put Blob. Raises PremiseError."""
        extra = [("x-ms-blob-type", "BlockBlob"), *(headers or {}).items()]
        self._must(self.send("PUT", _path(container, blob), extra, data), 201)

    def put_blocks(
        self, container: str, blob: str, data: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        """Store a blob with Put Block and Put Block List. Raises PremiseError."""
        pieces = (data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK))
        self._put_pieces(container, blob, pieces, headers)

    def put_file(self, container: str, blob: str, file: Path) -> None:
        """Store a file likewise, a block at a time. Raises PremiseError."""
        with file.open("rb") as opened:
            self._put_pieces(container, blob, iter(lambda: opened.read(_BLOCK), b""), None)

    def _put_pieces(
        self, container: str, blob: str, pieces: Iterable[bytes], headers: Mapping[str, str] | None
    ) -> None:
        path = _path(container, blob)
        ids = []
        for number, piece in enumerate(pieces):
            ids.append(f"YmxvY2st{number:04d}")
            target = f"{path}?comp=block&blockid={ids[-1]}"
            self._must(self.send("PUT", target, (), piece), 201)
        extra = [("Content-Type", "application/xml"), *(headers or {}).items()]
        self._must(self.send("PUT", f"{path}?comp=blocklist", extra, block_list(ids)), 201)

    def get(self, container: str, blob: str) -> Stored | None:
        """The blob as stored; None when the endpoint says that it is not there. Raises PremiseError."""
        exchange = self.send("GET", _path(container, blob))
        response = exchange.response
        if response is not None and exchange.failure is None and response.status == 404:
            return None
        self._must(exchange, 200)
        assert response is not None
        return Stored(response.body.length, response.body.sha256, response.headers)

    def names(self, container: str, prefix: str = "") -> Sequence[Listed]:
        """Every blob whose name begins with the prefix, in the order of the listing. Raises PremiseError."""
        found: list[Listed] = []
        marker = ""
        while True:
            target = f"/{container}?restype=container&comp=list"
            if prefix:
                target += f"&prefix={quote(prefix, safe='')}"
            if marker:
                target += f"&marker={quote(marker, safe='')}"
            exchange = self.send("GET", target)
            self._must(exchange, 200)
            assert exchange.response is not None
            try:
                root = ElementTree.fromstring(exchange.response.body.data or b"")  # noqa: S314 - expat bounds entities
            except ElementTree.ParseError as error:
                raise PremiseError(f"List Blobs gave no XML: {error}") from error
            found += [
                Listed(blob.findtext("Name") or "", int(blob.findtext("Properties/Content-Length") or -1))
                for blob in root.iterfind("Blobs/Blob")
            ]
            following = root.findtext("NextMarker") or ""
            if not following:
                return found
            if following == marker:
                raise PremiseError("List Blobs gave the same marker twice")
            marker = following

    def _must(self, exchange: Exchange, status: int) -> None:
        response = exchange.response
        if exchange.failure is None and response is not None and response.status == status:
            return
        path = exchange.request.target.partition("?")[0]
        said = exchange.failure or "nothing"
        if response is not None and exchange.failure is None:
            code = header(response.headers, "x-ms-error-code") or "no error code"
            said = f"{response.status} {response.reason} ({code})"
        raise PremiseError(f"{exchange.request.method} {path} needed {status}, got {said}")


def _path(container: str, blob: str) -> str:
    return f"/{container}/{quote(blob, safe='/')}"
