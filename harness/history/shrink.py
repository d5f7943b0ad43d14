"""The shortest part of a history that is still a contradiction, by delta debugging.

Leaving a write out could make a contradiction of a history that has none. So an effect is not left out but
made a *maybe*: it happened in its time, or never. Whatever explains the whole history explains such a part
as well; a part without an explanation is therefore a proof, also when the maybes are then not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.history.evidence import Writers
from harness.history.linear import Budget, Item, Past, TooMuchError, item, stuck, until
from harness.history.models import Blocks, Model, Register, State
from harness.history.values import Operation

_TRY = 20_000
"""Configurations for one try: what would take more is not tried."""

_ALL = 400_000
"""Configurations for all tries: after that, what is left is shown."""

_LAST = 10
"""Effects that are tried where effects do not overwrite each other: maybes would be too many to search."""

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


@dataclass(frozen=True, slots=True)
class Part:
    """A smallest part that has no explanation, and the operation in it that finds no place.

    `before` are the states that the blob may have had when the part begins; none: it begins with the history.
    """

    at: Operation
    kept: tuple[Operation, ...]
    before: tuple[State, ...] = ()


def shrunk(operations: Sequence[Operation], end: Item, model_of: ModelOf) -> Part:
    """The smallest part. `operations` are those of one blob, `end` is what their search was stuck at."""
    assert end.end is not None
    parts = _Parts(operations, end, model_of)
    kept = parts.smallest()
    before = () if parts.past is None else tuple({state for state, _ in parts.past.possible})
    return Part(parts.last.operation, tuple(one for one in operations if one.number in kept), before)


class _Parts:
    """Parts of what had happened up to a moment, tried one after the other."""

    def __init__(self, operations: Sequence[Operation], end: Item, model_of: ModelOf) -> None:
        """What was under way at that moment may have done something; it has not been told anything."""
        assert end.end is not None
        self.last = end
        self._end = end.end
        self._budget = Budget(_ALL)
        self._model_of = model_of
        before = [
            one
            for one in operations
            if one.called <= self._end and (one.changes or (one.returned or 0) <= self._end)
        ]
        effects = [one for one in before if one.changes]
        self.past: Past | None = None
        if not model_of(before).overwrites and len(effects) > _LAST:
            begin = effects[-_LAST].called
            self.past = until([self._item(one) for one in before], model_of(before), begin)
            before = [one for one in before if one.called >= begin]
        self._operations = before

    def smallest(self) -> frozenset[int]:
        """By number. Looks go first: writes that contradict one look say more than looks alone."""
        looks = [one.number for one in self._operations if not one.changes]
        effects = [one.number for one in self._operations if one.changes]
        looks = self._needed(looks, effects)
        effects = self._needed(effects, looks)
        looks = self._needed(looks, effects)
        return frozenset((*looks, *effects, self.last.operation.number))

    def _needed(self, candidates: list[int], others: Sequence[int]) -> list[int]:
        """Those of the candidates that cannot be left out, while the others stay."""
        size = max(1, len(candidates) // 2)
        while candidates and self._budget.left > 0:
            at, before = 0, len(candidates)
            while at < len(candidates):
                fewer = candidates[:at] + candidates[at + size :]
                if self._contradicts(frozenset((*fewer, *others))):
                    candidates = fewer
                else:
                    at += size
            if size == 1 and len(candidates) == before:
                break
            size = max(1, min(size // 2, len(candidates) // 2))
        return candidates

    def _contradicts(self, kept: frozenset[int]) -> bool:
        """Whether the search is stuck when these are kept, and all other effects are maybes."""
        granted = min(_TRY, self._budget.left)
        budget = Budget(granted)
        must = [one for one in self._operations if one.number in kept]
        items = [self._item(one) for one in must]
        items += [
            self._item(_weak(one), maybe=True)
            for one in self._operations
            if one.number not in kept and one.changes
        ]
        try:
            found = stuck(items, self._model_of(must), budget, self.past)
        except TooMuchError:
            found = None
        self._budget.left -= granted - max(budget.left, 0) + 1
        if found is None:
            return False
        self.last = found
        return True

    def _item(self, one: Operation, *, maybe: bool = False) -> Item:
        made = item(one, maybe=maybe)
        return made if made.end is None or made.end <= self._end else replace(made, end=None)


def _weak(one: Operation) -> Operation:
    """A write without its condition: it explains whatever it did with it, and more."""
    return replace(one, if_match="", create_only=False) if one.conditional else one
