"""The values that pass between the wire and the operations: request, response, headers, streaming bodies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Pair: TypeAlias = tuple[str, str]
Piece: TypeAlias = "bytes | memoryview"


class BodyError(Exception):
    """A request body that could not be read to its end."""


class BodyAborted(BodyError):  # noqa: N818 (says what happened)
    """The body stopped before its end: the client went away, broke the framing or fell silent.

    Let it pass through the handler: there is nobody left to answer, or the wire answers itself (`status`).
    """

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


class BodyTooLarge(BodyError):  # noqa: N818
    """The body is longer than the reader was ready to take; `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the request body is longer than {limit} bytes")
        self.limit = limit


class Headers:
    """Request headers: raw pairs in wire order, found by name in any case. Values are latin-1 text."""

    __slots__ = ("_by_name", "_pairs")

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self._pairs: tuple[Pair, ...] = tuple(pairs)
        self._by_name: dict[str, list[str]] = {}
        for name, value in self._pairs:
            self._by_name.setdefault(name.lower(), []).append(value)

    def get(self, name: str) -> str | None:
        """The first value of `name` (any case), or None."""
        values = self._by_name.get(name.lower())
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        """Every value of `name` (any case), in wire order; a copy."""
        return list(self._by_name.get(name.lower(), ()))

    def items(self) -> Sequence[Pair]:
        """All pairs with the case and the order they had on the wire."""
        return self._pairs

    def names(self) -> Sequence[str]:
        """The distinct names in lower case, in order of first appearance."""
        return tuple(self._by_name)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._by_name

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._pairs == other._pairs

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        """Names only: values may hold signatures and tokens."""
        return f"Headers({', '.join(name for name, _ in self._pairs)})"


class BodyReader(ABC):
    """A request body read once, from front to back, with back-pressure on the client.

    `length` is the declared Content-Length in bytes; None means chunked, so the length is not known.
    """

    length: int | None

    @abstractmethod
    def chunks(self) -> AsyncIterator[Piece]:
        """The body in pieces of at most 256 KiB; raises BodyAborted.

        A memoryview is good until the next piece is asked for; copy what must live longer.
        """

    async def read(self, limit: int) -> bytes:
        """The whole body; raises BodyTooLarge beyond `limit` bytes, BodyAborted when it breaks off."""
        if self.length is not None and self.length > limit:
            raise BodyTooLarge(limit)
        whole = bytearray()
        async for piece in self.chunks():
            whole += piece
            if len(whole) > limit:
                raise BodyTooLarge(limit)
        return bytes(whole)

    async def drain(self) -> None:
        """Reads the rest and forgets it; raises BodyAborted."""
        async for _ in self.chunks():
            pass


class BytesBody(BodyReader):
    """A body that is already in memory: a batch's sub-request, a test."""

    def __init__(self, content: bytes = b"", *, chunked: bool = False) -> None:
        self.length = None if chunked else len(content)
        self._left = content

    async def chunks(self) -> AsyncIterator[Piece]:
        """The content as one piece, the first time."""
        left, self._left = self._left, b""
        if left:
            yield left


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the wire.

    `target` is the raw request target, `path` its percent-encoded path without query, `query` what follows
    the first "?" (empty when there is none). `received` is the Unix time (s) at which the head was complete.
    For a target in absolute form the `Host` header is the target's own authority.
    """

    method: str
    target: str
    path: str
    query: str
    headers: Headers
    body: BodyReader
    scheme: str = "http"
    client: tuple[str, int] = ("", 0)
    local: tuple[str, int] = ("", 0)
    received: float = 0.0
    version: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class FileSlice:
    """`length` bytes of the open file `fd` from `offset`. The wire calls `close` exactly once, always."""

    fd: int
    offset: int
    length: int
    close: Callable[[], None]


ResponseBody: TypeAlias = "bytes | FileSlice | AsyncIterator[bytes] | None"


@dataclass(slots=True)
class Response:
    """One response. The wire adds framing (Content-Length or Transfer-Encoding) first and Connection last.

    A Content-Length or Transfer-Encoding among `headers` keeps its place and is not added again. `chunked`
    asks for chunked framing of bytes, and of nothing at all (a HEAD that says so without a body). A stream
    is chunked unless `headers` give its length.
    """

    status: int
    reason: str
    headers: list[Pair] = field(default_factory=list)
    body: ResponseBody = None
    chunked: bool = False


Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
