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
    assert end.end is not None
    parts = _Parts(operations, end.end, model_of)
    kept = parts.smallest()
    found = parts.stuck_at(kept)
    assert found is not None
    return found.operation, tuple(one for one in operations if one.number in kept)


class _Parts:
    """Parts of what had happened up to a moment, tried one after the other."""

    def __init__(self, operations: Sequence[Operation], end: int, model_of: ModelOf) -> None:
        """What was under way at that moment may have done something; it has not been told anything."""
        self._operations = [
            one for one in operations if one.called <= end and (one.changes or (one.returned or 0) <= end)
        ]
        self._end = end
        self._model_of = model_of
        self._tries = _TRIES

    def smallest(self) -> frozenset[int]:
        """By number. Looks go first: writes that contradict one look say more than looks alone."""
        looks = [one.number for one in self._operations if not one.changes]
        effects = [one.number for one in self._operations if one.changes]
        looks = self._needed(looks, effects)
        effects = self._needed(effects, looks)
        return frozenset((*self._needed(looks, effects), *effects))

    def _needed(self, candidates: list[int], others: Sequence[int]) -> list[int]:
        """Those of the candidates that cannot be left out, while the others stay."""
        size = max(1, len(candidates) // 2)
        while candidates:
            at, before = 0, len(candidates)
            while at < len(candidates) and self._tries:
                self._tries -= 1
                fewer = candidates[:at] + candidates[at + size :]
                if self._contradicts(frozenset((*fewer, *others))):
                    candidates = fewer
                else:
                    at += size
            if size == 1 and (len(candidates) == before or not self._tries):
                break
            size = max(1, min(size // 2, len(candidates) // 2))
        return candidates

    def _contradicts(self, kept: frozenset[int]) -> bool:
        try:
            return self.stuck_at(kept) is not None
        except TooMuchError:
            return False

    def stuck_at(self, kept: frozenset[int]) -> Item | None:
        """Where the search is stuck when these are kept, and all other effects are maybes."""
        must = [one for one in self._operations if one.number in kept]
        items = [self._item(one) for one in must]
        items += [
            self._item(_weak(one), maybe=True)
            for one in self._operations
            if one.number not in kept and one.changes
        ]
        return stuck(items, self._model_of(must), _ENOUGH)

    def _item(self, one: Operation, *, maybe: bool = False) -> Item:
        made = item(one, maybe=maybe)
        return made if made.end is None or made.end <= self._end else replace(made, end=None)


def _weak(one: Operation) -> Operation:
    """A write without its condition: it explains whatever it did with it, and more."""
    return replace(one, if_match="", create_only=False) if one.conditional else one
