"""What a conductor needs of the world: the workers, the time, and somebody to tell."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from loadgen.fleet.messages import Word
from loadgen.record import lines

Message = dict[str, Any]


class Fleet(Protocol):
    """The workers, however they are reached."""

    def there(self) -> Collection[str]:
        """The ids of the workers that are connected and alive."""
        ...

    def send(self, worker: str, word: Word, data: Message) -> None:
        """Say something to one of them; one that is gone does not hear it."""
        ...


class Clock(Protocol):
    """The master's time."""

    def now(self) -> int:
        """ns of its monotonic clock."""
        ...

    def wall(self) -> int:
        """ns since 1970, by its wall clock."""
        ...

    def rest(self, seconds: float) -> None:
        """Let time pass; meanwhile workers are heard."""
        ...


class Audience(Protocol):
    """Who is told of the run."""

    def line(self, line: lines.Line) -> None:
        """A line of the run's file, in its order."""
        ...

    def note(self, what: str, **facts: object) -> None:
        """Something that is not kept: `progress`, `refused`, `over`."""
        ...
