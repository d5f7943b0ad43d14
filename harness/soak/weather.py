"""Random faults between the clients and the endpoint: which, for how long, and how many struck."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from harness.faults.catalogue import NamedFault, catalogue
from harness.faults.fault import Fault, Kind
from harness.faults.proxy import FaultProxy

_SPOILING = frozenset({Kind.SHORT_BODY, Kind.FLIPPED_BYTE})
"""These spoil what a reader sees and say nothing about what is stored: the reads here must be trusted."""

_CALM = (0.5, 2.0)
_STORM = (1.0, 4.0)
_AT_ONCE = 8
_LATEST = 12  # the nth request that a fault may be meant for
_LONGEST = 8  # requests in a row
_PATIENCE = 6.0  # seconds for a struck exchange to end


def used() -> tuple[NamedFault, ...]:
    """The faults of the catalogue that a soak sends."""
    return tuple(one for one in catalogue().values() if one.fault.kind not in _SPOILING)


def draw(chance: random.Random, known: tuple[NamedFault, ...]) -> tuple[Fault, ...]:
    """Some faults, each for a family that it is meant for."""
    return tuple(
        fault.on(
            chance.choice(fault.families),
            nth=chance.randint(1, _LATEST),
            times=chance.randint(1, _LONGEST),
        )
        for fault in chance.sample(known, chance.randint(1, _AT_ONCE))
    )


class Weather:
    """Arms faults now and then until it is told to stop."""

    def __init__(self, proxy: FaultProxy, seed: int) -> None:
        self._proxy = proxy
        self._chance = random.Random(seed)  # noqa: S311 - a lot, not a secret
        self.struck: Counter[str] = Counter()

    async def blow(self, over: asyncio.Event) -> None:
        """Storm, calm, storm, …"""
        known = used()
        while not over.is_set():
            await asyncio.to_thread(self._proxy.arm, draw(self._chance, known))
            await _wait(over, self._chance.uniform(*_STORM))
            await self.clear()
            await _wait(over, self._chance.uniform(*_CALM))

    async def clear(self) -> None:
        """No faults from now on; those that struck are counted."""
        self.struck.update(strike.fault for strike in await asyncio.to_thread(self._proxy.disarm, _PATIENCE))
        await asyncio.to_thread(self._proxy.take, 0.0)  # thousands of exchanges: nobody else asks for them


async def _wait(over: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(over.wait(), seconds)
    except TimeoutError:
        return
