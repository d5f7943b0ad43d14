"""The ledger: what was acknowledged, what may have happened, and whether what is read fits. Pure.

A blob has one write under way at most. A write without an acknowledgement may have happened or not: both are
allowed until a read has shown it, or has shown after `REST` seconds that it never came. From then on only the
one state is: nothing flaps, nothing comes back.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

REST = 5.0
"""Seconds after which a write whose connection is gone can no longer happen."""

_REMEMBERED = 64
"""Earlier states of a blob that are known again when they come back."""


@dataclass(frozen=True, slots=True)
class State:
    """What a blob is after a write. `number` is that of the write; 0: nothing was ever written."""

    number: int
    digest: str | None = None  # SHA-256 of its bytes; None: there is no blob
    length: int = 0

    @property
    def there(self) -> bool:
        """Whether there is a blob."""
        return self.digest is not None

    def __str__(self) -> str:
        if not self.there:
            return f"no blob (after write {self.number})" if self.number else "no blob"
        return f"{self.length} bytes of write {self.number}, sha256 {str(self.digest)[:16]}…"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a read has found: `number` as the blob's metadata says, whoever wrote that."""

    digest: str | None = None
    length: int = 0
    number: str = ""

    def is_like(self, state: State) -> bool:
        """Whether this is what that state looks like."""
        if self.digest is None or not state.there:
            return self.digest is None and not state.there
        return self.digest == state.digest and self.number == str(state.number)

    def __str__(self) -> str:
        if self.digest is None:
            return "no blob"
        return f"{self.length} bytes, metadata of write {self.number or '?'}, sha256 {self.digest[:16]}…"


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken."""

    what: str  # one word: lost, stale, resurrected, half, strange, …
    blob: str
    expected: str
    observed: str


@dataclass(frozen=True, slots=True)
class Look:
    """A read that has begun: what was certain then."""

    blob: str
    since: int


@dataclass(slots=True)
class _Entry:
    certain: list[State] = field(default_factory=lambda: [State(0)])
    dropped: int = 0  # states that are no longer in `certain`
    pending: State | None = None
    shown: bool = False  # a read has shown the pending write
    left: float | None = None  # when the pending write was given up; None: it is under way
    known: OrderedDict[int, State] = field(default_factory=OrderedDict)

    @property
    def now(self) -> State:
        return self.certain[-1]

    def reach(self, state: State) -> None:
        self.certain.append(state)
        if len(self.certain) > _REMEMBERED:
            del self.certain[0]
            self.dropped += 1


class Ledger:
    """Every blob of a soak. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self.acknowledged = 0
        self.unanswered = 0
        self.bytes = 0  # of the blobs that are certain

    def now(self, blob: str) -> State:
        """The state that is certain."""
        return self._entry(blob).now

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def open_since(self, blob: str) -> float | None:
        """When its unanswered write was given up; None: there is none."""
        return self._entry(blob).left

    def free(self, blob: str) -> bool:
        """Whether a write of it may begin."""
        return self._entry(blob).pending is None

    def begin(self, blob: str, state: State) -> None:
        """A write is about to be sent."""
        entry = self._entry(blob)
        assert entry.pending is None, blob
        entry.pending, entry.shown, entry.left = state, False, None
        entry.known[state.number] = state
        if len(entry.known) > _REMEMBERED:
            entry.known.popitem(last=False)

    def acknowledge(self, blob: str) -> None:
        """The endpoint says that it has done it."""
        self.acknowledged += 1
        self._resolve(self._entry(blob), came=True)

    def rest(self, time: float) -> float:
        """Seconds from now until every write without an answer has happened or never will."""
        left = [entry.left for entry in self._entries.values() if entry.left is not None]
        return max(0.0, max(left) + REST - time) if left else 0.0

    def leave(self, blob: str, time: float) -> None:
        """There was no answer, or one that promises nothing."""
        self.unanswered += 1
        entry = self._entry(blob)
        if entry.shown:
            self._resolve(entry, came=True)
        else:
            entry.left = time

    def look(self, blob: str) -> Look:
        """A read is about to be sent."""
        entry = self._entry(blob)
        return Look(blob, entry.dropped + len(entry.certain) - 1)

    def judge(self, look: Look, seen: Seen) -> Violation | None:
        """Whether what a read has found is allowed. What it shows is certain from then on."""
        entry = self._entry(look.blob)
        allowed = entry.certain[max(0, look.since - entry.dropped) :]
        if any(seen.is_like(state) for state in allowed):
            return None
        if entry.pending is not None and seen.is_like(entry.pending):
            if not entry.shown:
                entry.shown = True
                self._reach(entry, entry.pending)
            if entry.left is not None:
                entry.pending = entry.left = None
            return None
        wanted = [*allowed, *([entry.pending] if entry.pending is not None else [])]
        expected = ", or ".join(dict.fromkeys(map(str, wanted)))
        return Violation(_word(entry, seen), look.blob, expected, str(seen))

    def settle(self, look: Look, seen: Seen) -> Violation | None:
        """The same for a read that began `REST` seconds after the write was given up: all is certain now."""
        violation = self.judge(look, seen)
        entry = self._entry(look.blob)
        if violation is None and entry.left is not None:
            self._resolve(entry, came=False)
        return violation

    def accept(self, blob: str, seen: Seen) -> None:
        """After a violation: go on from what is there, so that it is told once."""
        entry = self._entry(blob)
        number = int(seen.number) if seen.number.isdecimal() else 0
        if entry.left is not None:
            entry.pending = entry.left = None
        entry.shown = False
        self._reach(entry, State(number, seen.digest, seen.length))

    def _entry(self, blob: str) -> _Entry:
        return self._entries.setdefault(blob, _Entry())

    def _resolve(self, entry: _Entry, *, came: bool) -> None:
        if came and entry.pending is not None and not entry.shown:
            self._reach(entry, entry.pending)
        entry.pending = entry.left = None

    def _reach(self, entry: _Entry, state: State) -> None:
        self.bytes += state.length - entry.now.length
        entry.reach(state)


def _word(entry: _Entry, seen: Seen) -> str:
    if seen.digest is None:
        return "lost"
    written = entry.known.get(int(seen.number)) if seen.number.isdecimal() else None
    if written is None:
        return "strange"
    if not seen.is_like(written):
        return "half"
    return "stale" if entry.now.there else "resurrected"
