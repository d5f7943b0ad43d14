"""The bytes of a capture: gzip unpacked on the way, and JSON texts that are too long to keep taken out."""

from __future__ import annotations

import gzip
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, cast

from harness.captures.captured import CaptureError

_GZIP = b"\x1f\x8b"
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_BOM = b"\xef\xbb\xbf"  # some proxies write one, and JSON has none
_CHUNK = 256 * 1024
_TEXT = re.compile(rb'"[^"]*"')
_NESTED = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_OTHERS = bytes(set(range(256)) - _NESTED.keys())
_DEEPEST = 1000
"""Values within values. The parser remembers the way to each, so that its memory grows with the square."""


class NestedError(Exception):
    """JSON that is nested too deeply to be read in bounded memory."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, Callable[[], int]]]:
    """The unpacked bytes of a file, and how many bytes of the file itself have been read so far."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise CaptureError(f"{path} cannot be read: {error.strerror}", "Give a file or folder.") from error
    with raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        yield cast(BinaryIO, gzip.GzipFile(fileobj=raw) if packed else raw), raw.tell


class Shortened:
    """A stream of JSON in which every text longer than `limit` bytes is replaced by a `mark`.

    A HAR holds whole downloads as texts. None of them is ever in memory here.
    """

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._first = True
        self._rest = b""  # half an escape at the end of the last chunk
        self._held: list[bytes] | None = None  # of the text that is open at the end of the chunk
        self._length = 0  # of that text
        self._depth = 0
        self.ended = False  # whether the reader has asked for more than there is
        self.mark = f"too long to keep {secrets.token_hex(8)}"  # no capture holds this by chance

    def read(self, size: int = -1) -> bytes:
        """Some bytes, not `size` of them; none at the end."""
        if size == 0:
            return b""
        while chunk := self._stream.read(_CHUNK):
            if self._first:
                chunk, self._first = chunk.removeprefix(_BOM), False
            if made := self._shorten(self._rest + chunk):
                return made
        self.ended = True
        left, self._rest, self._held = b"".join([*(self._held or ()), self._rest]), b"", None
        return left

    def _shorten(self, chunk: bytes) -> bytes:
        # Positions stay as they are when each escape becomes two bytes that are no quotes.
        plain = _ESCAPE.sub(b"..", chunk) if b"\\" in chunk else chunk
        self._rest = chunk[-1:] if plain.endswith(b"\\") else b""
        end = len(chunk) - len(self._rest)
        made, start = [], 0
        if self._held is not None:
            start = plain.find(b'"', 0, end)
            if start < 0:
                self._hold(chunk[:end])
                return b""
            self._hold(chunk[:start])
            made += [self.mark.encode()] if self._length > self._limit else self._held
            made.append(b'"')
            start += 1
            self._held = None
        if plain.count(b'"', start, end) % 2:
            opening = plain.rindex(b'"', start, end) + 1
            made.append(chunk[start:opening])
            self._held, self._length = [], 0
            self._hold(chunk[opening:end])
            self._descend(plain[start : opening - 1])
        else:
            self._descend(plain[start:end])
            made.append(chunk[start:end])
        return b"".join(made)

    def _descend(self, plain: bytes) -> None:
        """Follow the brackets of a piece in which every text is whole."""
        steps = map(_NESTED.__getitem__, _TEXT.sub(b"", plain).translate(None, _OTHERS))
        for depth in accumulate(steps, initial=self._depth):
            self._depth = depth
            if depth > _DEEPEST:
                raise NestedError(f"values are nested more than {_DEEPEST:,} deep")

    def _hold(self, piece: bytes) -> None:
        assert self._held is not None
        self._length += len(piece)
        self._held = [*self._held, piece] if self._length <= self._limit else []
