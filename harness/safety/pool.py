"""Things that cost more to open than to use: kept open, the least used ended first, all ended at the end."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Pool(Generic[T]):
    """At most `limit` of them are open at a time; the one that was used longest ago makes room."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: OrderedDict[Hashable, tuple[T, ExitStack]] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._open)

    def get(self, key: Hashable, make: Callable[[], AbstractContextManager[T]]) -> T:
        """The one with this key, opened now if it is not open yet."""
        if key in self._open:
            self._open.move_to_end(key)
            return self._open[key][0]
        while len(self._open) >= self._limit:
            self._end(next(iter(self._open)))
        with ExitStack() as stack:
            made = stack.enter_context(make())
            self._open[key] = made, stack.pop_all()
        return made

    def drop(self, key: Hashable) -> None:
        """End the one with this key, if it is open: what follows gets a fresh one."""
        if key in self._open:
            self._end(key)

    def close(self) -> None:
        """End all of them, the newest first, whatever one of them does."""
        with ExitStack() as every:
            for _, stack in self._open.values():
                every.push(stack)
            self._open.clear()

    def _end(self, key: Hashable) -> None:
        _, stack = self._open.pop(key)
        with contextlib.closing(stack):
            pass
