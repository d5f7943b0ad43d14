"""The search for an order that explains a history: Wing and Gong's, just in time, as Lowe made it fast.

A history is linearisable when every operation can be given one moment between its call and its return so
that, one after another, all of them have the outcomes that they had. The search walks along the history and
keeps every *configuration* that is still possible: the state of the blob, and which of the operations under
way have already had their moment. An operation gets its moment as late as possible: when it returns. Where
no configuration is left, the history up to that return has no explanation.

Operations on different blobs do not touch each other, so each blob is searched alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.history.models import Model, State
from harness.history.values import Operation

ENOUGH = 2_000_000
"""Configurations that are looked at before a search is given up."""


class TooMuchError(Exception):
    """The search was given up: nothing is known."""


@dataclass(frozen=True, slots=True)
class Item:
    """An operation as the search takes it.

    `end` None: nobody heard of its end, so it may have its moment at any time after its call, or never.
    A `maybe` has its moment before its end, or never.
    """

    operation: Operation
    effect: bool
    end: int | None
    maybe: bool = False


def item(operation: Operation, *, maybe: bool = False) -> Item:
    """An operation for the search."""
    end = None if operation.changes and not _heard(operation) else operation.returned
    return Item(operation, operation.changes, end, maybe)


def _heard(operation: Operation) -> bool:
    return operation.returned is not None and operation.outcome.value != "unknown"


Configuration = tuple[State, int]
"""A state, and a bit for each operation under way that has had its moment."""


def stuck(items: Sequence[Item], model: Model, enough: int = ENOUGH) -> Item | None:
    """The first item at whose return no explanation is left; None: there is one. Raises TooMuchError."""
    search = _Search(model, enough)
    for _, _, one, returns in _events(items):
        if not returns:
            search.call(one)
        elif not search.finish(one):
            return one
    return None


def _events(items: Iterable[Item]) -> list[tuple[int, int, Item, bool]]:
    """Calls and returns in their order; a call and a return at one moment overlap."""
    found: list[tuple[int, bool, int, Item]] = []
    for one in items:
        found.append((one.operation.called, False, one.operation.number, one))
        if one.end is not None:
            found.append((max(one.end, one.operation.called), True, one.operation.number, one))
    found.sort(key=lambda event: event[:3])
    return [(moment, number, one, returns) for moment, returns, number, one in found]


class _Search:
    """The configurations that are possible, while time goes on."""

    def __init__(self, model: Model, enough: int) -> None:
        self._model = model
        self._left = enough
        self._now: set[Configuration] = {(model.first, 0)}
        self._bits: dict[int, int] = {}  # of operations under way, by number
        self._looking: dict[int, Item] = {}  # by bit: they change nothing
        self._acting: dict[int, Item] = {}  # by bit: they do, and somebody heard of their end
        self._silent: dict[int, Item] = {}  # by bit: they may do it at any time, or never

    def call(self, one: Item) -> None:
        bit = 1
        while bit in self._looking or bit in self._acting or bit in self._silent:
            bit <<= 1
        self._bits[one.operation.number] = bit
        place = self._silent if one.end is None else self._acting if one.effect else self._looking
        place[bit] = one

    def finish(self, one: Item) -> bool:
        """Let an operation return; whether an explanation is left."""
        bit = self._bits.pop(one.operation.number)
        had = {(state, done & ~bit) for state, done in self._now if done & bit}
        waiting = [(state, done) for state, done in self._now if not done & bit]
        had |= self._followed(waiting, bit)
        if one.maybe:
            had.update(waiting)
        self._looking.pop(bit, None)
        self._acting.pop(bit, None)
        self._now = had
        return bool(had)

    def _followed(self, waiting: list[Configuration], target: int) -> set[Configuration]:
        """What is possible when the target has just had its moment."""
        found: set[Configuration] = set()
        seen = set(waiting)
        todo = list(waiting)
        while todo:
            self._left -= 1
            if self._left < 0:
                raise TooMuchError
            state, done = todo.pop()
            done = self._look(state, done)
            if done & target:
                found.add((state, done & ~target))
                continue
            for following in self._act(state, done):
                if following not in seen:
                    seen.add(following)
                    todo.append(following)
        return found

    def _look(self, state: State, done: int) -> int:
        """Whatever only looks, and fits now, has its moment now: it hinders nobody."""
        for bit, one in self._looking.items():
            if not done & bit and self._model.step(state, one.operation) is not None:
                done |= bit
        return done

    def _act(self, state: State, done: int) -> list[Configuration]:
        following: list[Configuration] = []
        for bit, one in self._acting.items():
            if not done & bit and (after := self._model.step(state, one.operation)) is not None:
                following.append((after, done | bit))
        for bit, one in self._silent.items():
            if done & bit:
                continue
            after = self._model.step(state, one.operation)
            if after is not None and (not self._model.overwrites or self._helps(state, after, done | bit)):
                following.append((after, done | bit))
        return following

    def _helps(self, before: State, after: State, done: int) -> bool:
        """Whether something fits now that did not before.

        Where each effect overwrites all that was, an operation of which nobody heard can always wait until it
        is needed: what it did before another overwrote it was seen by nobody.
        """
        return any(
            not done & bit
            and self._model.step(before, one.operation) is None
            and self._model.step(after, one.operation) is not None
            for group in (self._looking, self._acting, self._silent)
            for bit, one in group.items()
        )
