"""The chunked transfer coding, decoded and encoded strictly and without I/O (RFC 9112 7.1)."""

from __future__ import annotations

import re

from reference_impl.http.fields import FieldError, parse_fields

MAX_LINE = 4 * 1024
"""Bytes of a chunk-size line with its extensions, CRLF included."""
MAX_TRAILERS = 16 * 1024
"""Bytes of all trailer lines, the empty one included."""
LAST_CHUNK = b"0\r\n\r\n"

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")


class ChunkError(ValueError):
    """Bytes that are no chunked body."""


class ChunkDecoder:
    """Decodes one chunked body, the same however its bytes are split; trailers are dropped."""

    __slots__ = ("_expect", "_left", "_line", "_trailer_bytes", "done")

    def __init__(self) -> None:
        self.done = False
        self._left = 0
        self._line = bytearray()
        self._expect = "size"  # size | data | data-end | trailer
        self._trailer_bytes = 0

    def decode(self, data: memoryview, out: memoryview) -> tuple[int, int]:
        """Decodes into `out` until that is full, `data` used up or the body done: (bytes taken, made).

        Raises ChunkError; the decoder is then of no further use.
        """
        taken = made = 0
        while not self.done and taken < len(data):
            if self._expect == "data":
                size = min(self._left, len(data) - taken, len(out) - made)
                if size == 0:
                    break
                out[made : made + size] = data[taken : taken + size]
                taken += size
                made += size
                self._left -= size
                if self._left == 0:
                    self._expect = "data-end"
            else:
                taken += self._take_line(data[taken:])
        return taken, made

    def _take_line(self, data: memoryview) -> int:
        """Takes up to one line's end; acts on the line when it is whole."""
        limit = {"size": MAX_LINE, "data-end": 2}.get(self._expect, MAX_TRAILERS - self._trailer_bytes)
        piece = bytes(data[: limit - len(self._line)])
        newline = piece.find(b"\n")
        if newline >= 0:
            piece = piece[: newline + 1]
        self._line += piece
        if newline >= 0:
            if not self._line.endswith(b"\r\n"):
                raise ChunkError("a line of the chunked body ends without a carriage return")
            line = bytes(self._line[:-2])
            self._line.clear()
            self._act(line)
        elif len(self._line) >= limit:
            raise ChunkError(
                "a chunk is longer than its size says"
                if self._expect == "data-end"
                else "a chunk line is too long"
            )
        return len(piece)

    def _act(self, line: bytes) -> None:
        if self._expect == "size":
            match = _SIZE.fullmatch(line)
            if match is None:
                raise ChunkError("a chunk size is malformed")
            self._left = int(match.group(1), 16)
            if self._left >= 1 << 63:
                raise ChunkError("a chunk size is out of range")
            self._expect = "data" if self._left else "trailer"
        elif self._expect == "data-end":
            if line:
                raise ChunkError("a chunk is longer than its size says")
            self._expect = "size"
        elif line:
            self._trailer_bytes += len(line) + 2
            try:
                parse_fields([line.decode("latin-1")])
            except FieldError as error:
                raise ChunkError(f"a trailer is malformed: {error}") from None
        else:
            self.done = True


def chunk(data: bytes) -> bytes:
    """`data` (not empty) as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)
