"""Who lives through a soak: writers that keep the ledger, readers, and one who lists."""

from __future__ import annotations

import asyncio
import random
import time

from harness.clients.data import content
from harness.clients.truth import digest
from harness.crowd import call
from harness.crowd.call import Answer, Call
from harness.crowd.crowd import UnansweredError
from harness.crowd.listing import ListingError, flat
from harness.crowd.roll import Said
from harness.soak import choice
from harness.soak.choice import Kind
from harness.soak.ledger import REST, State, Violation
from harness.soak.world import NUMBER, World

_PAUSE = 0.1  # seconds after an exchange without an answer: the façade may be down
_STAGE_TRIES = 8
_LIST_EVERY = 5.0
_PAGE = 150
_DONE = {Kind.PUT: 201, Kind.COMMIT: 201, Kind.METADATA: 200, Kind.DELETE: 202}
_SHOWN = 3


async def write(world: World, blobs: list[str], seed: int, budget: int) -> None:
    """A writer: its blobs are written by nobody else."""
    chance = random.Random(seed)  # noqa: S311 - a lot, not a secret
    while not world.over.is_set():
        blob = chance.choice(blobs)
        if world.ledger.free(blob):
            await _write_once(world, blob, chance, full=world.ledger.bytes > budget)
        elif not await settle(world, blob):
            await asyncio.sleep(_PAUSE)


async def settle(world: World, blob: str) -> bool:
    """Learn what became of a write without an answer, once it can no longer happen; whether that is known."""
    since = world.ledger.open_since(blob)
    if since is None or time.monotonic() - since < REST:
        return False
    return await world.read(blob, direct=True, settle=True) is not None


async def read(world: World, blobs: list[str], seed: int) -> None:
    """A reader of all blobs; every other read is in peace."""
    chance = random.Random(seed)  # noqa: S311 - a lot, not a secret
    while not world.over.is_set():
        if await world.read(chance.choice(blobs), direct=chance.random() < 0.5) is None:
            await asyncio.sleep(_PAUSE)


async def look(world: World) -> None:
    """Lists again and again, page by page, while names come and go."""
    while not world.over.is_set():
        await listed(world)
        try:
            await asyncio.wait_for(world.over.wait(), _LIST_EVERY)
        except TimeoutError:
            continue


async def listed(world: World) -> bool:
    """One listing held against the roll; whether there was one."""

    async def send(asked: Call) -> Answer:
        answer = await world.ask(asked, direct=True)
        if answer.status != 200:
            raise UnansweredError(answer.said)
        return answer

    began = world.roll.look()
    try:
        names = await flat(send, world.container, "", _PAGE)
    except UnansweredError:
        return False
    except ListingError as error:
        world.violated(Violation("listing", "", "pages that can be read and have an end", str(error)))
        return True
    world.listings += 1
    if said := world.roll.judge(began, names):
        world.violated(Violation("listing", "", "the names of the ledger", _words(said)))
    return True


async def _write_once(world: World, blob: str, chance: random.Random, *, full: bool) -> None:
    """One write, from the choice to the ledger."""
    before = world.ledger.now(blob)
    kind = choice.kind(chance, before, full=full)
    number = world.next_number()
    metadata = {NUMBER: str(number)}
    data = b""
    if kind in (Kind.PUT, Kind.COMMIT):
        data = content(choice.size(chance, full=full), number)
    state = State(number, digest(data), len(data))
    match kind:
        case Kind.PUT:
            asked = call.put(world.container, blob, data, metadata)
        case Kind.COMMIT:
            staged = await _stage(world, blob, data, chance)
            if staged is None:
                return  # nothing that shows was begun
            asked = call.commit(world.container, blob, staged, metadata)
        case Kind.METADATA:
            state = State(number, before.digest, before.length)
            asked = call.describe(world.container, blob, metadata)
        case Kind.DELETE:
            state = State(number)
            asked = call.delete(world.container, blob)
    world.begin(blob, state)
    began = time.monotonic()
    answer = await world.ask(asked)
    world.operations[kind.value] += 1
    if answer.status == _DONE[kind]:
        world.acknowledge(blob, len(data))
        return
    world.leave(blob, time.monotonic() - began)
    if answer.status and answer.status not in (408, 429) and answer.status < 500:
        world.violated(_refused(kind, blob, before, answer))
    await asyncio.sleep(_PAUSE)


async def _stage(world: World, blob: str, data: bytes, chance: random.Random) -> list[str] | None:
    """Stage the blocks of a content, in no order; None: one of them was not acknowledged."""
    spans = choice.cuts(chance, len(data))
    order = chance.sample(range(len(spans)), len(spans))
    for number in order:
        first, end = spans[number]
        asked = call.stage(world.container, blob, call.block_id(number), data[first:end])
        for _ in range(_STAGE_TRIES):
            if world.over.is_set():
                return None
            answer = await world.ask(asked)
            if answer.status == 201:
                world.operations["put-block"] += 1
                break
            await asyncio.sleep(_PAUSE)
        else:
            return None
    return [call.block_id(number) for number in range(len(spans))]


def _refused(kind: Kind, blob: str, before: State, answer: Answer) -> Violation:
    """An answer that no fault of ours makes, and that takes back what was promised."""
    if kind is Kind.COMMIT and answer.code == "InvalidBlockList":
        return Violation("staged", blob, "every block that was acknowledged", answer.said)
    if kind in (Kind.METADATA, Kind.DELETE) and answer.status == 404:
        return Violation("lost", blob, str(before), f"{kind.value}: {answer.said}")
    return Violation("refused", blob, f"{kind.value}: {_DONE[kind]}", answer.said)


def _words(said: Said) -> str:
    parts = {
        "missing": said.missing,
        "deleted before": said.gone,
        "twice": said.twice,
        "never written": said.strange,
    }
    return "; ".join(
        f"{word}: {', '.join(names[:_SHOWN])}{' and more' if len(names) > _SHOWN else ''}"
        for word, names in parts.items()
        if names
    )
