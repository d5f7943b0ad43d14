"""The search for an order that explains a history: Wing and Gong's, just in time, as Lowe made it fast.

A history is linearisable when every operation can be given one moment between its call and its return so
that, one after another, all of them have the outcomes that they had. The search walks along the history and
keeps every *configuration* that is still possible: the state of the blob, and which of the operations under
way have already had their moment. An operation gets its moment as late as possible: when it returns. Where
no configuration is left, the history up to that return has no explanation.

Operations on different blobs do not touch each other, so each blob is searched alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.history.models import Model, State
from harness.history.values import Operation

ENOUGH = 500_000
"""Configurations that are looked at before a search is given up: some seconds."""


class TooMuchError(Exception):
    """The search was given up: nothing is known."""


Configuration = tuple[State, int]
"""A state, and a bit for each operation under way that has had its moment."""


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


class Budget:
    """Configurations that may still be looked at, by one search or by several."""

    __slots__ = ("left",)

    def __init__(self, left: int = ENOUGH) -> None:
        self.left = left

    def spend(self) -> None:
        """One more. Raises TooMuchError."""
        self.left -= 1
        if self.left < 0:
            raise TooMuchError


def stuck(
    items: Iterable[Item], model: Model, budget: Budget | None = None, past: Past | None = None
) -> Item | None:
    """The first item at whose return no explanation is left; None: there is one. Raises TooMuchError.

    With a past the search goes on from there; the items are those that were called since.
    """
    search = _Search(model, budget or Budget(), past)
    under_way = () if past is None else past.under_way
    for _, _, one, returns in _events(items, under_way):
        if not returns:
            search.call(one)
        elif not search.finish(one):
            return one
    return None


@dataclass(frozen=True, slots=True)
class Past:
    """What was possible at a moment: the configurations, and the operations under way with their bits."""

    possible: frozenset[Configuration]
    bits: Mapping[int, int]  # by number
    under_way: tuple[Item, ...]


def until(items: Sequence[Item], model: Model, moment: int, budget: Budget | None = None) -> Past:
    """What was possible just before a moment. Raises TooMuchError."""
    search = _Search(model, budget or Budget(), None)
    under_way: dict[int, Item] = {}
    for when, number, one, returns in _events(items):
        if when >= moment:
            break
        if returns:
            search.finish(one)
            del under_way[number]
        else:
            search.call(one)
            under_way[number] = one
    return Past(frozenset(search.now), dict(search.bits), tuple(under_way.values()))


def _events(items: Iterable[Item], under_way: Iterable[Item] = ()) -> list[tuple[int, int, Item, bool]]:
    """Calls and returns in their order; a call and a return at one moment overlap."""
    found: list[tuple[int, bool, int, Item]] = []
    for one in items:
        found.append((one.operation.called, False, one.operation.number, one))
        _returns(one, found)
    for one in under_way:
        _returns(one, found)
    found.sort(key=lambda event: event[:3])
    return [(moment, number, one, returns) for moment, returns, number, one in found]


def _returns(one: Item, found: list[tuple[int, bool, int, Item]]) -> None:
    if one.end is not None:
        found.append((max(one.end, one.operation.called), True, one.operation.number, one))


class _Search:
    """The configurations that are possible, while time goes on."""

    def __init__(self, model: Model, budget: Budget, past: Past | None) -> None:
        self._model = model
        self._budget = budget
        self.now: set[Configuration] = {(model.first, 0)}
        self.bits: dict[int, int] = {}  # of operations under way, by number
        self._looking: dict[int, Item] = {}  # by bit: they change nothing
        self._acting: dict[int, Item] = {}  # by bit: they do, and somebody heard of their end
        self._silent: dict[int, Item] = {}  # by bit: they may do it at any time, or never
        if past is not None:
            self.now = set(past.possible)
            for one in past.under_way:
                self._place(one, past.bits[one.operation.number])

    def call(self, one: Item) -> None:
        bit = 1
        while bit in self._looking or bit in self._acting or bit in self._silent:
            bit <<= 1
        self._place(one, bit)

    def _place(self, one: Item, bit: int) -> None:
        self.bits[one.operation.number] = bit
        place = self._silent if one.end is None else self._acting if one.effect else self._looking
        place[bit] = one

    def finish(self, one: Item) -> bool:
        """Let an operation return; whether an explanation is left."""
        bit = self.bits.pop(one.operation.number)
        had = {(state, done & ~bit) for state, done in self.now if done & bit}
        waiting = [(state, done) for state, done in self.now if not done & bit]
        had |= self._followed(waiting, bit)
        if one.maybe:
            had.update(waiting)
        self._looking.pop(bit, None)
        self._acting.pop(bit, None)
        self.now = had
        return bool(had)

    def _followed(self, waiting: list[Configuration], target: int) -> set[Configuration]:
        """What is possible when the target has just had its moment."""
        found: set[Configuration] = set()
        seen = set(waiting)
        todo = list(waiting)
        while todo:
            self._budget.spend()
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
