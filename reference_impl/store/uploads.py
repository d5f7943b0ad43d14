"""Bytes on their way in: temp files on the store's file system."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from . import fs
from .area import Area, Place
from .errors import fault


class Upload:
    """A temp file that a commit or a stage takes over; otherwise it goes away with abort().

    A context manager: leaving it aborts what nobody took. One thread at a time.
    """

    __slots__ = ("_area", "fd", "name", "place", "size", "taken")

    def __init__(self, area: Area, place: Place) -> None:
        self._area = area
        self.place = place
        self.size = 0  # bytes; whoever writes to fd directly (splice) adds to it
        self.taken = False
        self.name, self.fd = area.temporary()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append. StoreFault (OutOfSpace, …)."""
        try:
            self.size += fs.write_all(self.fd, data)
        except OSError as error:
            raise fault(error) from error

    def close(self) -> None:
        """Close the descriptor; the file stays."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)

    def unname(self) -> None:
        """Drop the file's name; what it holds can be read through `fd` until that is closed."""
        fs.discard(self.name, self._area.tmp)
        self.taken = True

    def abort(self) -> None:
        """Drop the file. Nothing happens when it was taken or dropped already."""
        self.close()
        if not self.taken:
            self.taken = True
            fs.discard(self.name, self._area.tmp)
