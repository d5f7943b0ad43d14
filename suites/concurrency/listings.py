"""Listings while others write and delete."""

from __future__ import annotations

import asyncio
import random

from harness.crowd import call
from harness.crowd.crowd import Crowd, each
from harness.crowd.gathering import Gathering, few, sender
from harness.crowd.listing import flat, walk
from harness.crowd.roll import Roll, Said
from harness.matrix.cell import Cell

_STAY = 600  # names that nobody touches
_CHANGE = 200  # names that come and go
_PAGE = 211
_LISTS = 4
_FOLDERS = 5


def test_while_writing(gathered: Gathering, cell: Cell) -> None:
    """A listing shows every name that was there before it began and stays, once, and none that never was.

    Movers list while jobs write. A name that falls between two pages is a file that is not copied; one that
    comes twice is copied twice, or fails; one that is long gone stops the job.
    """
    roll = Roll()
    lister = walk if cell["how"] == "by-folder" else flat
    listers = 2 if gathered.parallel <= 16 else 4
    verdicts: list[str] = []
    over = asyncio.Event()

    async def work(crowd: Crowd) -> None:
        async def write(name: str) -> None:
            roll.begin(name)
            answer = await crowd.must(call.put(gathered.container, name, name.encode()), 201)
            roll.end(name, True if answer.status == 201 else None)

        async def remove(name: str) -> None:
            roll.begin(name)
            answer = await crowd.must(call.delete(gathered.container, name), 202)
            roll.end(name, False if answer.status == 202 else None)

        async def churn(number: int) -> None:
            chance = random.Random(number)  # noqa: S311 - an order, not a secret
            own = [name for at, name in enumerate(coming) if at % writers == number]
            there: set[str] = set()
            while not over.is_set() and own:
                name = chance.choice(own)
                await (remove(name) if name in there else write(name))
                there ^= {name}

        async def look(_number: int) -> None:
            look = roll.look()
            listed = await lister(sender(crowd), gathered.container, "", _PAGE)
            _judged(verdicts, roll.judge(look, listed))

        writers = gathered.parallel - listers
        coming = [_name(number, "comes") for number in range(max(_CHANGE, writers))]
        await each(gathered.parallel, [_name(number, "stays") for number in range(_STAY)], write)
        others = [asyncio.create_task(churn(number)) for number in range(writers)]
        try:
            await each(listers, range(_LISTS), look)
        finally:
            over.set()
        await asyncio.gather(*others)
        look_at_rest = roll.look()
        listed = await lister(sender(crowd), gathered.container, "", _PAGE)
        _judged(verdicts, roll.judge(look_at_rest, listed))

    gathered.run(work)
    gathered.all_of("listings that show what was there", _LISTS + 1, verdicts)


def _judged(verdicts: list[str], said: Said) -> None:
    if said:
        parts = {
            "missing": said.missing,
            "deleted": said.gone,
            "twice": said.twice,
            "never written": said.strange,
        }
        verdicts.append(", ".join(f"{word} {few(list(names))}" for word, names in parts.items() if names))


def _name(number: int, kind: str) -> str:
    return f"folder-{number % _FOLDERS:02d}/{'deep/' if number % 3 else ''}{kind}-{number:05d}"
