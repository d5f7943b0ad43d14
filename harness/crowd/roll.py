"""The roll: which names a listing must show, may show and must not show, while they come and go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """What is wrong with a listing; nothing where all is empty."""

    missing: tuple[str, ...] = ()  # acknowledged before it began, and not touched since
    gone: tuple[str, ...] = ()  # whose deletion was acknowledged before it began
    twice: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()  # that nobody ever wrote

    def __bool__(self) -> bool:
        return bool(self.missing or self.gone or self.twice or self.strange)


@dataclass(frozen=True, slots=True)
class Look:
    """A listing that has begun: when, and what was certain then."""

    time: int
    there: frozenset[str]
    away: frozenset[str]


@dataclass(slots=True)
class _Entry:
    there: bool | None = False  # None: nobody knows
    busy: int = 0
    changed: int = 0


@dataclass(slots=True)
class Roll:
    """Every name that somebody writes or deletes. A change begins before its request, and ends after it."""

    _time: int = 0
    _names: dict[str, _Entry] = field(default_factory=dict)

    def begin(self, name: str) -> None:
        """A change of this name is about to be asked for."""
        self._time += 1
        entry = self._names.setdefault(name, _Entry())
        entry.busy += 1
        entry.changed = self._time

    def end(self, name: str, there: bool | None) -> None:
        """It is acknowledged: the name is there, or not. None: there was no answer."""
        self._time += 1
        entry = self._names[name]
        entry.busy -= 1
        # Of two changes at once nobody knows which was the last.
        entry.there = there if entry.busy == 0 else None
        entry.changed = self._time

    def look(self) -> Look:
        """A listing begins now."""
        calm = {name: entry for name, entry in self._names.items() if entry.busy == 0}
        return Look(
            self._time,
            frozenset(name for name, entry in calm.items() if entry.there is True),
            frozenset(name for name, entry in calm.items() if entry.there is False),
        )

    def judge(self, look: Look, listed: Iterable[str], prefix: str = "") -> Said:
        """What is wrong with what it showed; it has ended. Only names below the prefix are its business."""
        counts = Counter(listed)
        calm = {name for name, entry in self._names.items() if entry.changed <= look.time}
        there = {name for name in look.there & calm if name.startswith(prefix)}
        return Said(
            missing=tuple(sorted(there - counts.keys())),
            gone=tuple(sorted(look.away & calm & counts.keys())),
            twice=tuple(sorted(name for name, number in counts.items() if number > 1)),
            strange=tuple(sorted(counts.keys() - self._names.keys())),
        )
