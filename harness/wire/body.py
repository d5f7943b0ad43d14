"""Message bodies as facts: length and digest always, the bytes only up to a limit."""

from __future__ import annotations

import hashlib

from harness.exchange import Body

KEEP = 8 * 1024 * 1024
"""Bytes of a body that are kept; longer ones are known by length and digest alone."""

EMPTY = Body(0, hashlib.sha256(b"").hexdigest(), b"")


def body_of(data: bytes, keep: int = KEEP) -> Body:
    """The facts about a whole body."""
    if not data:
        return EMPTY
    return Body(len(data), hashlib.sha256(data).hexdigest(), data if len(data) <= keep else None)


class BodyRecorder:
    """Collects a body piece by piece; memory stays below the limit however long it gets.

    With a limit below 0 it counts alone: the digest, which costs more than all the rest, is empty.
    """

    __slots__ = ("_digest", "_kept", "_limit", "length")

    def __init__(self, keep: int = KEEP) -> None:
        self._limit = keep
        self._digest = hashlib.sha256() if keep >= 0 else None
        self._kept: list[bytes] | None = []
        self.length = 0

    def add(self, data: bytes | memoryview) -> None:
        """The next bytes of the body."""
        self.length += len(data)
        if self._digest is not None:
            self._digest.update(data)
        if self._kept is not None:
            if self.length <= self._limit:
                self._kept.append(bytes(data))
            else:
                self._kept = None

    def finish(self) -> Body:
        """The facts about what was added so far."""
        if not self.length:
            return EMPTY
        data = None if self._kept is None else b"".join(self._kept)
        return Body(self.length, self._digest.hexdigest() if self._digest is not None else "", data)
