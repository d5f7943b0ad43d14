"""The request that the wire sends, byte for byte as told, and how it becomes bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.exchange import Headers, header


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request. Nothing is added, dropped, reordered or corrected: framing headers are the caller's too.

    `body` is the payload before framing. With `chunked` it goes out in chunks of `chunk_size` bytes, ended by
    `trailers`; the caller names `Transfer-Encoding` in `headers`.
    """

    method: str
    target: str  # exactly as on the request line
    headers: Headers = field(repr=False)  # in this order and case, duplicates kept; may carry secrets
    body: bytes = field(default=b"", repr=False)
    chunked: bool = False
    chunk_size: int = 64 * 1024
    trailers: Headers = ()
    http_version: str = "HTTP/1.1"
    # Seconds to wait for "100 Continue" (or a final response) between head and body; None: do not wait.
    await_continue: float | None = None
    # Send only so many bytes of the framed body, then close the connection without reading; None: send all.
    stop_after: int | None = None
    stop_with_reset: bool = False  # close with RST instead of FIN

    @property
    def declares_more(self) -> bool:
        """Whether Content-Length tells of a longer body than there is."""
        said = header(self.headers, "Content-Length") or ""
        return not self.chunked and said.isdecimal() and int(said) > len(self.body)

    def head(self) -> bytes:
        """The bytes from the request line to the empty line.

        Raises `UnicodeEncodeError` for text that is not latin-1: nobody says what its bytes would be.
        """
        lines = [f"{self.method} {self.target} {self.http_version}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def framed_body(self) -> bytes:
        """The bytes after the head."""
        return b"".join(self._chunks()) if self.chunked else self.body

    def _chunks(self) -> Iterator[bytes | memoryview]:
        view = memoryview(self.body)
        for start in range(0, len(view), self.chunk_size):
            piece = view[start : start + self.chunk_size]
            yield b"%x\r\n" % len(piece)
            yield piece
            yield b"\r\n"
        yield b"0\r\n"
        for name, value in self.trailers:
            yield f"{name}: {value}\r\n".encode("latin-1")
        yield b"\r\n"
