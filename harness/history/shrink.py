"""The shortest part of a history that is still a contradiction, by delta debugging.

Leaving a write out could make a contradiction of a history that has none. So an effect is not left out but
made a *maybe*: it happened in its time, or never. Whatever explains the whole history explains such a part
as well; a part without an explanation is therefore a proof, also when the maybes are then not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.history.evidence import Writers
from harness.history.linear import Item, TooMuchError, item, stuck
from harness.history.models import Blocks, Model, Register
from harness.history.values import Operation

_ENOUGH = 100_000
"""Configurations for one try: what would take more is not tried."""

_TRIES = 3_000

ModelOf = Callable[[Sequence[Operation]], Model]
"""The model for those operations that must be explained."""


def register_for(known: Writers, *, staging: bool) -> ModelOf:
    """The register, which tells apart only the versions that matter to the operations."""

    def made(kept: Sequence[Operation]) -> Model:
        told = {one.seen.tag for one in kept if one.seen is not None}
        told |= {known.etags[one.if_match] for one in kept if one.if_match in known.etags}
        return Register(known.etags, told, staging)

    return made


def blocks_for(known: Writers) -> ModelOf:
    """The model with blocks: it has nothing to leave out."""
    return lambda kept: Blocks(known.etags, known.sizes)


def shrunk(
    operations: Sequence[Operation], end: Item, model_of: ModelOf
) -> tuple[Operation, tuple[Operation, ...]]:
    """The operation that finds no place, and a smallest set with it that has no explanation.

    `operations` are those of one blob, `end` is what their search was stuck at.
    """
    before = [one for one in operations if end.end is not None and one.called <= end.end]
    parts = _Parts(before, model_of)
    kept = parts.smallest()
    found = parts.stuck_at(kept)
    assert found is not None
    return found.operation, tuple(one for one in before if one.number in kept)


class _Parts:
    """Parts of a history, tried one after the other."""

    def __init__(self, operations: Sequence[Operation], model_of: ModelOf) -> None:
        self._operations = operations
        self._model_of = model_of
        self._tries = _TRIES

    def smallest(self) -> frozenset[int]:
        kept = [one.number for one in self._operations]
        size = max(1, len(kept) // 2)
        while True:
            shorter = self._without_chunks(kept, size)
            if size == 1 and len(shorter) == len(kept):
                return frozenset(kept)
            kept, size = shorter, max(1, min(size // 2, len(shorter) // 2))

    def _without_chunks(self, kept: list[int], size: int) -> list[int]:
        at = 0
        while at < len(kept) and self._tries:
            self._tries -= 1
            fewer = kept[:at] + kept[at + size :]
            if self._contradicts(frozenset(fewer)):
                kept = fewer
            else:
                at += size
        return kept

    def _contradicts(self, kept: frozenset[int]) -> bool:
        try:
            return self.stuck_at(kept) is not None
        except TooMuchError:
            return False

    def stuck_at(self, kept: frozenset[int]) -> Item | None:
        must = [one for one in self._operations if one.number in kept]
        items = [item(one) for one in must]
        items += [
            item(_weak(one), maybe=True) for one in self._operations if one.number not in kept and one.changes
        ]
        return stuck(items, self._model_of(must), _ENOUGH)


def _weak(one: Operation) -> Operation:
    """A write without its condition: it explains whatever it did with it, and more."""
    return replace(one, if_match="", create_only=False) if one.conditional else one
