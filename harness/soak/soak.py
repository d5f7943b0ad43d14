"""A soak from its first write to its last read: who runs beside whom, and in which order it all ends."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.clients.reach import upstream
from harness.containers import RUN_PREFIX
from harness.crowd import call
from harness.crowd.call import Answer, Call
from harness.crowd.crowd import Budget, Crowd, each
from harness.crowd.limits import make_room
from harness.crowd.tally import Tally
from harness.endpoint import Endpoint, Face
from harness.endpoints.errors import StartError
from harness.faults.proxy import FaultProxy
from harness.soak import people, weather
from harness.soak.diary import Diary
from harness.soak.ledger import Violation
from harness.soak.lives import Lives, file_system
from harness.soak.world import World
from harness.vocabulary import ExitCode, exit_code

_BUDGET = Budget(tries=1, connect=5.0, answer=12.0)
_LAST_TRIES = 60  # of a read at the end, half a second apart
_LAST_READERS = 8
_GRACE = 20.0  # seconds that everybody has to finish what was begun
_TICK = 1.0
_CLIENTS_MORE = 4  # connections for each writer and reader: its own, the proxy's two, a new one


class SoakError(Exception):
    """A soak that cannot begin."""

    def __init__(self, what: str, hint: str, code: ExitCode) -> None:
        super().__init__(what)
        self.hint, self.exit_code = hint, code


@dataclass(frozen=True, slots=True)
class Wish:
    """What a soak is to be."""

    folder: Path  # of the run: there, and empty
    shown: str  # what people call the endpoint
    minutes: float
    seed: int
    kill_every: float | None  # seconds; None: it is never killed
    writers: int = 24
    readers: int = 8
    blobs: int = 240
    budget: int = 1 << 30  # bytes that lie there at once, about


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it."""

    counts: Mapping[str, Any]
    violations: tuple[Violation, ...]
    verified: int  # blobs whose last state was read at the end
    complete: bool
    why: str  # it is not complete

    @property
    def exit_code(self) -> ExitCode:
        """For a script."""
        codes = [ExitCode.DIVERGENCE] if self.violations else []
        if not self.complete:
            codes.append(ExitCode.INDETERMINATE)
        if not self.counts.get("acknowledged"):
            codes.append(ExitCode.NOTHING_VERIFIED)
        return exit_code(codes)


Watch = Callable[[Mapping[str, Any]], None]
"""Told every second how far it is."""


def soak(wish: Wish, endpoint: Endpoint, lives: Lives | None, root: Path | None, watch: Watch) -> Done:
    """Run it. Raises SoakError; whatever ends it, the diary has its footer."""
    if said := make_room(_CLIENTS_MORE * (wish.writers + wish.readers)):
        raise SoakError(said, "Ask for fewer writers, or raise ulimit -n.", ExitCode.NOTHING_VERIFIED)
    face = endpoint.face()
    prefix = face.prefix
    with FaultProxy(upstream(endpoint, face), prefix=prefix, keep=0) as proxy:
        return asyncio.run(_Soak(wish, endpoint, lives, root, proxy, watch).run())


class _Soak:
    """The state of one soak while it runs."""

    def __init__(
        self,
        wish: Wish,
        endpoint: Endpoint,
        lives: Lives | None,
        root: Path | None,
        proxy: FaultProxy,
        watch: Watch,
    ) -> None:
        self._wish, self._endpoint, self._lives, self._root = wish, endpoint, lives, root
        self._watch = watch
        self._weather = weather.Weather(proxy, wish.seed)
        # The faults stand between us and the endpoint on this machine: in front of them there is no TLS.
        self._behind: Face = dataclasses.replace(endpoint.face(), scheme="http", address=proxy.address)
        self._blobs = [f"soak/{number % 16:02d}/{number:05d}" for number in range(wish.blobs)]

    async def run(self) -> Done:
        """From the container to the footer."""
        container = f"{RUN_PREFIX}soak-{secrets.token_hex(5)}"
        async with (
            Crowd(self._endpoint, self._endpoint.face(), budget=_BUDGET, tally=Tally(remembered=0)) as direct,
            Crowd(self._endpoint, self._behind, budget=_BUDGET, tally=Tally(remembered=0)) as through,
        ):
            await self._create(direct, container)
            diary = Diary(self._wish.folder, self._header(container))
            world = World(container, through, direct, diary.violation)
            async with self._footer(world, diary) as end:
                await self._live(world, diary)
                end["verified"] = await self._last_look(world, diary)
                end["complete"] = True
                if not world.violations:
                    await world.ask(Call("DELETE", f"/{container}?restype=container"), direct=True)
        return Done(
            self._counts(world), tuple(world.violations), end["verified"], end["complete"], end["why"]
        )

    @contextlib.asynccontextmanager
    async def _footer(self, world: World, diary: Diary) -> AsyncIterator[dict[str, Any]]:
        """The diary's last line, however it ends."""
        end: dict[str, Any] = {"complete": False, "verified": 0, "why": ""}
        try:
            yield end
        except _GoneError as error:
            end["why"] = str(error)
        except asyncio.CancelledError:
            end["why"] = "interrupted"
            raise
        finally:
            diary.close({**self._counts(world), **end})

    async def _live(self, world: World, diary: Diary) -> None:
        """Everybody at once, until the time is over."""
        wish, share = self._wish, max(1, self._wish.writers)
        mine = [self._blobs[number::share] for number in range(share)]
        tasks = [
            asyncio.create_task(people.write(world, blobs, wish.seed * 1000 + number, wish.budget))
            for number, blobs in enumerate(mine)
            if blobs
        ]
        tasks += [
            asyncio.create_task(people.read(world, self._blobs, wish.seed * 1000 + 500 + number))
            for number in range(wish.readers)
        ]
        tasks += [
            asyncio.create_task(one)
            for one in (people.look(world), self._weather.blow(world.over), self._tick(world, diary))
        ]
        if self._lives is not None and wish.kill_every is not None:
            tasks.append(asyncio.create_task(self._kill(world, diary, self._lives, wish.kill_every)))
        try:
            await asyncio.wait(tasks, timeout=wish.minutes * 60, return_when=asyncio.FIRST_EXCEPTION)
            failed = [task for task in tasks if task.done() and task.exception() is not None]
            world.over.set()
            if not failed:
                await asyncio.wait(tasks, timeout=_GRACE)
        finally:
            world.over.set()
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for one in ended:
            if isinstance(one, Exception):
                raise one
        await self._weather.clear()

    async def _tick(self, world: World, diary: Diary) -> None:
        """Every second to the screen, every minute to the diary."""
        minute = 1
        while not world.over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(world.over.wait(), _TICK)
            counts = self._counts(world)
            self._watch(counts)
            if counts["seconds"] >= 60 * minute:
                diary.minute(minute, counts)
                minute += 1

    async def _kill(self, world: World, diary: Diary, lives: Lives, every: float) -> None:
        """SIGKILL and a new life, again and again."""
        due = time.monotonic() + every
        while not world.over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(world.over.wait(), max(0.0, due - time.monotonic()))
            if world.over.is_set():
                return
            await self._kill_once(world, diary, lives)
            due = max(due + every, time.monotonic() + 1)

    async def _kill_once(self, world: World, diary: Diary, lives: Lives) -> None:
        began = time.monotonic()
        await asyncio.to_thread(lives.kill)
        world.direct.forget()
        world.through.forget()
        world.kills += 1
        try:
            await asyncio.to_thread(lives.start)
        except StartError as error:
            world.violated(Violation("gone", "", "a façade that starts again after SIGKILL", str(error)))
            raise _GoneError("the façade did not come back") from error
        diary.kill(world.kills, time.monotonic() - began)

    async def _last_look(self, world: World, diary: Diary) -> int:
        """Every blob once more, in peace: after one more kill where we can, when all is certain."""
        if self._lives is not None and self._wish.kill_every is not None:
            await self._kill_once(world, diary, self._lives)
        await asyncio.sleep(world.ledger.rest(time.monotonic()))

        async def read(blob: str) -> None:
            for _ in range(_LAST_TRIES):
                if await world.read(blob, direct=True, settle=True) is not None:
                    return
                await asyncio.sleep(0.5)
            raise _GoneError(f"{blob} could not be read at the end")

        await each(_LAST_READERS, self._blobs, read)
        if not await people.listed(world):
            raise _GoneError("the container could not be listed at the end")
        return len(self._blobs)

    async def _create(self, direct: Crowd, container: str) -> None:
        answer: Answer = await direct.once(call.create(container))
        if answer.status != 201:
            raise SoakError(
                f"Create Container on {self._wish.shown} answered {answer.said}",
                "blobproof doctor says whose fault it is.",
                ExitCode.INDETERMINATE,
            )

    def _counts(self, world: World) -> dict[str, Any]:
        return {**world.counts(), "faults": dict(sorted(self._weather.struck.items()))}

    def _header(self, container: str) -> dict[str, Any]:
        wish = self._wish
        return {
            "schema": 1,
            "endpoint": wish.shown,
            "declared": self._endpoint.declared,
            "url": self._endpoint.url,
            "container": container,
            "seed": wish.seed,
            "minutes": wish.minutes,
            "kill_every": wish.kill_every,
            "writers": wish.writers,
            "readers": wish.readers,
            "blobs": wish.blobs,
            "budget": wish.budget,
            "faults": [one.id for one in weather.used()],
            "data": None if self._root is None else str(self._root),
            "file_system": None if self._root is None else file_system(self._root),
        }


class _GoneError(Exception):
    """The endpoint is gone for good."""
