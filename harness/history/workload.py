"""Workloads: who does what to which blobs at the same time, bounded in operations and seconds."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.endpoint import Endpoint
from harness.history.client import Client
from harness.history.recorder import Recorder
from harness.history.values import Operation, Outcome

_SIZES = (1, 2, 3, 5, 8, 40, 300, 2000)
"""Records in a body: mostly small, some longer than what goes out in one piece."""

_BLOCKS = ("b0", "b1", "b2")
_FOREVER = 40  # requests on one connection, about


@dataclass(slots=True)
class Actor:
    """A client that plays a part: what it may touch, and what it remembers."""

    client: Client
    blobs: Sequence[str]
    chance: random.Random
    remembers: dict[str, Operation] = field(default_factory=dict)

    def blob(self) -> str:
        """Any of its blobs."""
        return self.chance.choice(self.blobs)

    def size(self) -> int:
        """Any length."""
        return self.chance.choice(_SIZES)


Part = Callable[[Actor], object]
"""One round of what an actor does."""


def write(actor: Actor) -> None:
    """Replace a blob whatever is there."""
    actor.client.put(actor.blob(), actor.size())


def update(actor: Actor) -> None:
    """Read, and replace only what was read; make what is not there only while it is not."""
    blob = actor.blob()
    seen = actor.client.read(blob) if actor.chance.random() < 0.5 else actor.client.stat(blob)
    if seen.seen is not None:
        actor.client.put(blob, actor.size(), if_match=seen.seen.etag)
    elif seen.outcome is Outcome.ABSENT:
        actor.client.put(blob, actor.size(), create_only=True)


def create(actor: Actor) -> None:
    """Make a blob only where there is none."""
    actor.client.put(actor.blob(), actor.size(), create_only=True)


def delete(actor: Actor) -> None:
    """Delete a blob, at times only the version that was looked at."""
    blob = actor.blob()
    if actor.chance.random() < 0.3:
        seen = actor.client.stat(blob).seen
        if seen is not None:
            actor.client.delete(blob, if_match=seen.etag)
        return
    actor.client.delete(blob)


def commit(actor: Actor) -> None:
    """Stage blocks under ids that others use as well, and commit; now and then what was committed before."""
    blob = actor.blob()
    tag = actor.client.new_tag()
    ids = actor.chance.sample(_BLOCKS, actor.chance.randint(1, len(_BLOCKS)))
    fresh = ids if actor.chance.random() < 0.8 else ids[1:]
    for block in fresh:
        actor.client.stage(blob, block, f"{tag}/{block}", actor.chance.choice(_SIZES[:-1]))
    actor.client.commit(blob, tag, ids)


def read(actor: Actor) -> None:
    """Read a blob whole, its properties, or a range of the version that was seen last."""
    blob, last = actor.blob(), None
    what = actor.chance.random()
    if what < 0.2:
        actor.client.stat(blob)
        return
    if what < 0.5:
        last = actor.remembers.get(blob)
    if last is None or last.seen is None or last.seen.length < 64:
        done = actor.client.read(blob)
    else:
        records = last.seen.length // 32
        first = actor.chance.randrange(records)
        count = actor.chance.randint(1, records - first)
        done = actor.client.read(blob, if_match=last.seen.etag, first=first, count=count)
    if done.seen is not None:
        actor.remembers[blob] = done
    else:
        actor.remembers.pop(blob, None)


def enumerate_all(actor: Actor) -> None:
    """List everything, at once or in small pages."""
    actor.client.list("", actor.chance.choice((None, None, 1, 3)))


def write_and_list(actor: Actor) -> None:
    """Change one's own blob and list at once: what was just acknowledged must be in it."""
    blob = actor.blob()
    if actor.chance.random() < 0.3:
        actor.client.delete(blob)
    else:
        actor.client.put(blob, actor.size())
    actor.client.list("", actor.chance.choice((None, 3)))


@dataclass(frozen=True, slots=True)
class Role:
    """So many clients that play one part, on these blobs."""

    name: str
    part: Part
    count: int
    blobs: Sequence[str]


@dataclass(frozen=True, slots=True)
class Workload:
    """What is done at the same time."""

    name: str
    roles: Sequence[Role]

    @property
    def blobs(self) -> tuple[str, ...]:
        """All blobs."""
        return tuple(dict.fromkeys(blob for role in self.roles for blob in role.blobs))


_TWO = ("one", "two")
_SHARED = ("shared", "other")
_MANY = tuple(f"n{number}" for number in range(6))

_ALL = (
    Workload("writers", (Role("writer", write, 3, _TWO), Role("reader", read, 4, _TWO))),
    Workload(
        "updates",
        (
            Role("updater", update, 4, ("counter", "state")),
            Role("creator", create, 1, ("state",)),
            Role("deleter", delete, 1, ("state",)),
            Role("reader", read, 1, ("counter", "state")),
        ),
    ),
    Workload("commits", (Role("committer", commit, 3, _SHARED), Role("reader", read, 4, _SHARED))),
    Workload(
        "listings",
        (
            Role("changer", write_and_list, 3, _MANY),
            Role("writer", write, 1, _MANY),
            Role("lister", enumerate_all, 2, _MANY),
        ),
    ),
    Workload(
        "deletions",
        (Role("writer", write, 2, _TWO), Role("deleter", delete, 2, _TWO), Role("reader", read, 3, _TWO)),
    ),
    Workload(
        "everything",
        (
            Role("writer", write, 1, _MANY),
            Role("updater", update, 2, _MANY[:3]),
            Role("creator", create, 1, _MANY[3:]),
            Role("committer", commit, 2, _SHARED[:1]),
            Role("deleter", delete, 1, _MANY[2:]),
            Role("changer", write_and_list, 1, _MANY),
            Role("reader", read, 3, (*_MANY, *_SHARED[:1])),
            Role("lister", enumerate_all, 1, _MANY),
        ),
    ),
)

WORKLOADS: Mapping[str, Workload] = MappingProxyType({one.name: one for one in _ALL})


def play(
    workload: Workload,
    recorder: Recorder,
    endpoint: Endpoint,
    container: str,
    *,
    face: str | None = None,
    operations: int,
    seconds: float,
    seed: int,
) -> None:
    """Do a workload in an empty container, until so many operations were begun or the time is over.

    At the end, when nothing else is under way, one client looks at everything once more.
    """
    end = time.monotonic() + seconds
    stop = threading.Event()

    def go(part: Part, actor: Actor) -> None:
        try:
            while not stop.is_set() and len(recorder) < operations and time.monotonic() < end:
                part(actor)
                if actor.chance.randrange(_FOREVER) == 0:
                    actor.client.renew()
        except BaseException:
            stop.set()  # the others need not go on for a history that is of no use
            raise

    with ExitStack() as stack:
        cast: list[tuple[Part, Actor]] = []
        for role in workload.roles:
            for number in range(1, role.count + 1):
                client = Client(recorder, f"{role.name}{number}", endpoint, container, face)
                chance = random.Random(f"{seed} {client.name}")  # noqa: S311 - reproducible
                cast.append((role.part, Actor(stack.enter_context(client), role.blobs, chance)))
        with ThreadPoolExecutor(len(cast), thread_name_prefix="history") as pool:
            under_way = [pool.submit(go, part, actor) for part, actor in cast]
        for one in under_way:
            one.result()
        last = stack.enter_context(Client(recorder, "end", endpoint, container, face))
        for blob in workload.blobs:
            last.read(blob)
        last.list("")
