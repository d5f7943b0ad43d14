"""What one side has sent and an act has not taken yet: a queue that holds the sender back when it grows."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from harness.faults.cut import Cut, Part
from harness.tap.proxy import Side


class EndedError(Exception):
    """The side will send nothing more."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a message, and what they are."""

    part: Part
    raw: bytes
    end: bool  # the message is complete with them


class Inlet:
    """One direction. `taken`: its bytes go into the queue, and an act takes them out."""

    def __init__(
        self,
        side: Side,
        limit: int,
        hold_back: Callable[[Side, str], None],
        let_go: Callable[[Side, str], None],
    ) -> None:
        self._side = side
        self._limit = limit
        self._hold_back = hold_back
        self._let_go = let_go
        self._queue: deque[memoryview] = deque()
        self._size = 0
        self._arrived = asyncio.Event()
        self._ended = False
        self.taken = False

    def take(self, data: memoryview) -> None:
        """From now on bytes wait here, these first."""
        self.taken = True
        if data:
            self.put(bytes(data))

    def put(self, data: bytes) -> None:
        """More bytes."""
        self._queue.append(memoryview(data))
        self._size += len(data)
        if self._size > self._limit:
            self._hold_back(self._side, "queue")
        self._arrived.set()

    def end(self) -> None:
        """No more bytes will come."""
        self._ended = True
        self._arrived.set()

    def leave(self) -> bytes:
        """What is left; from now on bytes do not wait."""
        self.taken = False
        left = b"".join(self._queue)
        self._queue.clear()
        self._shrink(self._size)
        return left

    async def piece(self, advance: Callable[[memoryview], Cut]) -> Piece:
        """Bytes up to the next boundary. Raises EndedError when none will come."""
        while not self._queue:
            if self._ended:
                raise EndedError
            self._arrived.clear()
            await self._arrived.wait()
        view = self._queue.popleft()
        cut = advance(view)
        taken = len(view) - len(cut.rest)
        if cut.rest:
            self._queue.appendleft(cut.rest)
        self._shrink(taken)
        return Piece(cut.part, bytes(view[:taken]), cut.end)

    def _shrink(self, count: int) -> None:
        self._size -= count
        if self._size <= self._limit // 2:
            self._let_go(self._side, "queue")
