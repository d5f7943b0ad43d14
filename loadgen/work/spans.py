"""Time that is covered by at least one of several spans: what overlaps counts once."""

from __future__ import annotations

_KEPT = 64
"""Gaps between spans that are remembered: one that begins before all of them counts from the oldest on."""


class Spans:
    """Spans of whole ns, added in the order in which they end, or nearly. Memory is bounded."""

    __slots__ = ("_apart", "_from", "covered")

    def __init__(self) -> None:
        self.covered = 0  # ns
        self._apart: list[tuple[int, int]] = []  # ascending, none touches another
        self._from = 0

    def add(self, begin: int, end: int) -> None:
        """One more span."""
        begin = max(begin, self._from)
        later: list[tuple[int, int]] = []
        apart = self._apart
        while apart and apart[-1][1] >= begin:
            span = apart.pop()
            if span[0] > end:
                later.append(span)
                continue
            begin, end = min(begin, span[0]), max(end, span[1])
            self.covered -= span[1] - span[0]
        if end > begin:
            self.covered += end - begin
            apart.append((begin, end))
        apart.extend(reversed(later))
        if len(apart) > _KEPT:
            self._from = apart.pop(0)[1]
