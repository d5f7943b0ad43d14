"""A barrier across workers: who is to arrive, who has, who never will, and when it is waited no longer."""

from __future__ import annotations

from collections.abc import Iterable


class Barrier:
    """Opens when everybody who is still there has arrived, or when its time is up. Times: ns of a clock."""

    def __init__(self, expected: Iterable[str], deadline: int) -> None:
        self.deadline = deadline
        self._waiting = set(expected)
        self._lost: set[str] = set()

    def arrive(self, who: str) -> None:
        """Somebody is there. Whoever was not expected, or was given up, changes nothing."""
        self._waiting.discard(who)

    def lose(self, who: str) -> None:
        """Somebody will not arrive any more; who arrived before has arrived."""
        if who in self._waiting:
            self._waiting.remove(who)
            self._lost.add(who)

    def over(self, now: int) -> bool:
        """Whether nobody is waited for any longer."""
        return not self._waiting or now >= self.deadline

    @property
    def waiting(self) -> frozenset[str]:
        """Those who are still there and have not arrived."""
        return frozenset(self._waiting)

    @property
    def missing(self) -> frozenset[str]:
        """Those who have not arrived, for whatever reason."""
        return frozenset(self._waiting | self._lost)
