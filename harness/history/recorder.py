"""Recording a history while threads make it: calls before they are sent, returns when they are heard."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from harness.history import document
from harness.history.values import History, Operation


class Recorder:
    """A history in the making, in memory and in a file. Threads may share it. Use as a context manager."""

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        self._about = MappingProxyType(dict(about))
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace")
        self._lock = threading.Lock()
        self._start = time.monotonic_ns()
        self._operations: dict[int, Operation] = {}
        self._open: set[int] = set()
        self._line(document.header(about))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            complete = not self._open and error is None
            self._line(document.footer(len(self._operations), complete=complete))
            self._file.close()

    def __len__(self) -> int:
        return len(self._operations)

    def call(self, planned: Operation) -> Operation:
        """Note a call that is sent right after this; its number and moment are given here."""
        with self._lock:
            number = len(self._operations) + 1
            one = replace(planned, number=number, called=self._now())
            self._operations[number] = one
            self._open.add(number)
            self._line(document.call_line(one))
        return one

    def heard(self) -> int:
        """The moment of a return: taken before anything else is done with the answer."""
        return self._now()

    def finish(self, one: Operation) -> None:
        """Note what became of a call."""
        with self._lock:
            self._operations[one.number] = one
            self._open.discard(one.number)
            self._line(document.return_line(one))

    def history(self) -> History:
        """What was recorded until now."""
        with self._lock:
            return History(self._about, tuple(self._operations.values()), complete=not self._open)

    def _now(self) -> int:
        return time.monotonic_ns() - self._start

    def _line(self, value: document.Line) -> None:
        self._file.write(json.dumps(value, ensure_ascii=False) + "\n")
