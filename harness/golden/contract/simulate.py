"""The steps played against the model, one after the other; where their order is not sure, in every way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.cases.case import Equal, Expect, Graded, Not, Recipe, Save
from harness.golden.contract.answer import Answer, common, nothing
from harness.golden.contract.binding import bind, named_entry
from harness.golden.contract.gate import Stage
from harness.golden.contract.names import Names
from harness.golden.contract.operations import answer
from harness.golden.contract.order import Place, Touch, numbers, touch, union
from harness.golden.contract.request import Asked
from harness.golden.contract.state import UNKNOWN, Lease, Version, World

_MOST = 32
"""Steps at the same time up to which every one of them is tried."""
_VALIDATORS: tuple[Literal["ETag", "Last-Modified"], ...] = ("ETag", "Last-Modified")


@dataclass(frozen=True, slots=True)
class Played:
    """One step as the model sees it."""

    rounds: tuple[Asked, ...]  # more than one where it is repeated; none where the server never sees it
    saves: tuple[Save, ...]
    racy: bool = False


class Play:
    """A sequence of steps, and what the contract says of each."""

    def __init__(self, steps: Sequence[Played], names: Names, payloads: Mapping[str, Recipe]) -> None:
        self._steps = steps
        self._names = names
        self._payloads = payloads
        self._touches = [union(touch(asked) for asked in step.rounds) for step in steps]
        self._rivals = [self._disturbing(index) for index in range(len(steps))]

    def _disturbing(self, index: int) -> tuple[int, ...]:
        """The steps that may come before or after this one, and change what it sees."""
        mine, before = self._touches[index], self._names.before
        return tuple(
            other
            for other, theirs in enumerate(self._touches)
            if other != index
            and not before[index] >> other & 1
            and not before[other] >> index & 1
            and theirs.disturbs(mine)
        )

    def answers(self) -> tuple[list[Answer], World]:
        """What each step is answered with, and the world after all of them."""
        world = World()
        everything = (1 << len(self._steps)) - 1
        out = []
        for index, step in enumerate(self._steps):
            said = self._step(world, index, everything)
            if self._rivals[index]:
                said = self._raced(index)
            elif step.racy:
                said = Answer(Expect(status=said.expect.status))
            elif said.shows is not None:
                self._names.carry(index, said.shows)
            out.append(said)
        return out, world

    def _step(self, world: World, index: int, among: int) -> Answer:
        """Play one step: its answer, and the world changed. `among`: the steps that are played, as bits."""
        step, said = self._steps[index], Answer()
        rivals = [rival for rival in self._rivals[index] if among >> rival & 1]
        self._names.at = index
        for asked in step.rounds:
            stage = Stage(asked, world, self._names, self._payloads)
            old = stage.current if asked.depth == "blob" else None
            said = self._validated(answer(stage), asked, old)
            bind(stage, said, step.saves)
        if rivals:
            self._forget(world, index)
        for save in step.saves:
            if step.racy or self._doubtful(index, save, rivals):
                world.symbols.pop(save.name, None)
        return said if len(step.rounds) == 1 else replace(said, shows=None)

    def _validated(self, said: Answer, asked: Asked, old: Version | None) -> Answer:
        """The ETag and date of what the answer shows, where an earlier answer has told them."""
        if said.shows is None:
            return said
        if said.shows == (asked.index, asked.round):
            before = None if old is None else self._names.of(old.state, "ETag", make=False)
            return said if before is None else said.with_headers([("ETag", Graded(Not(before)))])
        for what in _VALIDATORS:
            if (template := self._names.of(said.shows, what)) is not None:
                said = said.with_headers([(what, Graded(Equal(template)))])
        return said

    # --- where the order is not sure ---

    def _raced(self, index: int) -> Answer:
        rivals = self._rivals[index]
        if len(rivals) > _MOST:
            return nothing("too much changes what it sees at the same time")
        before = self._names.before
        past = before[index]
        possible = {past}
        everything = past
        for rival in rivals:
            one = past | before[rival] | 1 << rival
            possible.add(one)
            everything |= one
        possible.add(everything)
        return common([self._alternative(index, steps) for steps in sorted(possible)])

    def _alternative(self, index: int, steps: int) -> Answer:
        """The answer where these steps have come before."""
        world = World()
        for other in numbers(steps):
            self._step(world, other, steps)
        return self._step(world, index, steps)

    def _doubtful(self, index: int, save: Save, rivals: Sequence[int]) -> bool:
        """Whether a saved value may be another one, because of what comes at the same time."""
        if not rivals:
            return False
        name = named_entry(save)
        if name is None:
            return True
        seen = Touch(sees=frozenset({("blob", self._steps[index].rounds[0].container, name)}))
        return any(self._touches[rival].disturbs(seen) for rival in rivals)

    def _forget(self, world: World, index: int) -> None:
        """What a step made is not known where it may have been done before or after another."""
        for place in self._touches[index].writes:
            _forget(world, place)


def _forget(world: World, place: Place) -> None:
    if place[0] == "container":
        if len(place) == 2:
            world.container(place[1]).exists = UNKNOWN
        else:
            container = world.container(place[1])
            container.metadata, container.state, container.lease = UNKNOWN, (-3, 0), Lease(UNKNOWN)
    elif len(place) >= 3:
        blob = world.blob(place[1], place[2])
        lease = Lease(UNKNOWN) if place[0] == "lease" else blob.lease
        world.put(place[1], place[2], replace(blob, lost=True, lease=lease))
