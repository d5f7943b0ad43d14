"""Connections: used again and again, one for each request, left half-way, and told to wait."""

from __future__ import annotations

import uuid
from dataclasses import replace

from harness.crowd import call
from harness.crowd.call import Call
from harness.crowd.crowd import Crowd, each
from harness.crowd.gathering import Gathering, difference, few, named, sender
from harness.crowd.line import Line, LineError
from harness.crowd.listing import flat, read_staged
from harness.exchange import header
from harness.matrix.cell import Cell

_MANY = 768
_THERE = 61  # blobs that are read again and again
_SIZE = 2 * 1024 + 1


def test_reuse(gathered: Gathering, cell: Cell) -> None:
    """Every answer belongs to its request, on connections that are kept and on one for each request.

    Reads, HEADs, listings, writes and refusals come at the same moment. A server that joins them, or takes
    one request's leftovers for the next one's beginning, answers one client with what belongs to another.
    Connections that come and go by the thousand are what a job's start looks like.
    """
    many = max(_MANY, gathered.parallel)
    blobs = {f"reuse/{number}": named(number, _SIZE + number, 2) for number in range(_THERE)}
    wrong: list[str] = []

    async def lay(crowd: Crowd) -> None:
        async def put(name: str) -> None:
            await crowd.must(call.put(gathered.container, name, blobs[name]), 201)

        await each(16, blobs, put)

    async def work(crowd: Crowd) -> None:
        async def one(number: int) -> None:
            name = f"reuse/{number % _THERE}"
            match number % 7:
                case 0:  # the same bytes once more
                    await crowd.must(call.put(gathered.container, name, blobs[name]), 201)
                case 1:
                    await crowd.must(call.get(gathered.container, f"{name}/none"), 404)
                case 2:
                    answer = await crowd.must(call.head(gathered.container, name), 200)
                    said = header(answer.headers, "Content-Length")
                    if answer.status == 200 and said != str(len(blobs[name])):
                        wrong.append(f"HEAD {name}: {said} bytes instead of {len(blobs[name])}")
                case 3:
                    names = await flat(sender(crowd), gathered.container, name)
                    if names != sorted(one for one in blobs if one.startswith(name)):
                        wrong.append(f"a listing of {name}: {', '.join(names[:5])}")
                case _:
                    answer = await crowd.must(call.get(gathered.container, name), 200)
                    if answer.status == 200 and answer.body != blobs[name]:
                        wrong.append(f"{name}: {difference(blobs[name], answer.body)}")

        await each(gathered.parallel, range(many), one)
        await gathered.same(crowd, "blobs read and written on connections of all ages", blobs)
        gathered.all_of("answers with the bytes that were asked for", many, wrong)

    gathered.run(lay)
    gathered.run(work, churn=cell["connections"] == "churn")


def test_half_sent(gathered: Gathering) -> None:
    """A body that ends before its Content-Length stores nothing, whatever else goes on.

    Clients die in the middle of an upload. Half of a file that shows under its name is taken for the file.
    """
    kept = {f"kept/{number}": named(number, _SIZE, 4) for number in range(32)}
    whole = {f"whole/{number}": named(number, _SIZE, 6) for number in range(gathered.parallel)}
    many = max(_MANY // 2, gathered.parallel)
    sent: list[str] = []

    async def work(crowd: Crowd) -> None:
        async def keep(name: str) -> None:
            await crowd.must(call.put(gathered.container, name, kept[name]), 201)

        await each(16, kept, keep)
        await crowd.must(call.stage(gathered.container, "blocks", call.block_id(0), b"whole"), 201)

        async def one(number: int) -> None:
            if number % 2 and number < len(whole) * 2:
                name = f"whole/{number // 2}"
                await crowd.must(call.put(gathered.container, name, whole[name]), 201)
            elif await _half(crowd, gathered, _victim(gathered, number), number):
                sent.append(str(number))

        await each(gathered.parallel, range(many), one)
        written = {f"whole/{number // 2}" for number in range(1, min(many, len(whole) * 2), 2)}
        await gathered.same(crowd, "blobs that half a body was to replace", kept)
        await gathered.same(crowd, "blobs written beside them", {name: whole[name] for name in written})
        names = await flat(sender(crowd), gathered.container)
        strange = sorted(set(names) - kept.keys() - written)
        gathered.scenario.check(
            "blobs made of half a body",
            "none",
            few(strange) if strange else "none",
            why="Half of a file that shows under its name is taken for the file.",
        )
        answer = await crowd.must(call.staged(gathered.container, "blocks"), 200)
        found = read_staged(answer.body) if answer.status == 200 else ()
        gathered.scenario.check("uncommitted blocks", (call.block_id(0),), found)
        answer = await crowd.must(call.commit(gathered.container, "blocks", [call.block_id(2)]), 400)
        gathered.scenario.check("a commit of a block that came half", "InvalidBlockList", answer.code)
        gathered.scenario.check("half bodies that were sent", "some", "some" if sent else "none")

    gathered.run(work)


def test_expect(gathered: Gathering) -> None:
    """Bodies that wait for 100 Continue all arrive, under load as well.

    The C++ SDK sends `Expect: 100-continue` with every PUT. A server that forgets to answer when it is busy
    makes each of them wait, or fail.
    """
    many = max(_MANY // 2, gathered.parallel)
    blobs = {f"expect/{number}": named(number, _SIZE, 8) for number in range(many)}
    wrong: list[str] = []

    async def work(crowd: Crowd) -> None:
        async def one(name: str) -> None:
            plain = call.put(gathered.container, name, blobs[name])
            await crowd.must(replace(plain, awaits=True), 201)
            answer = await crowd.must(call.get(gathered.container, name), 200)
            if answer.status == 200 and answer.body != blobs[name]:
                wrong.append(f"{name}: {difference(blobs[name], answer.body)}")

        await each(gathered.parallel, blobs, one)
        gathered.all_of("blobs whose bodies were asked to wait", many, wrong)

    gathered.run(work)


def _victim(gathered: Gathering, number: int) -> Call:
    """A write that is going to be left half-way: of a new blob, over an old one, of a block, of a list."""
    container, data = gathered.container, named(number, _SIZE, 10)
    match number // 2 % 4:
        case 0:
            return call.put(container, f"half/{number}", data)
        case 1:
            return call.put(container, f"kept/{number % 32}", data)
        case 2:
            return call.stage(container, "blocks", call.block_id(2), data)
        case _:
            return call.commit(container, "blocks", [call.block_id(0)] * 40)


async def _half(crowd: Crowd, gathered: Gathering, victim: Call, number: int) -> bool:
    """Send the head and half of the body, then close with FIN or RST. Whether it could be sent."""
    request = crowd.signed(victim, str(uuid.uuid4()))
    try:
        line = await Line.open(gathered.endpoint, gathered.face, crowd.budget.connect)
    except LineError as error:
        crowd.tally.broken[str(error).partition(":")[0]] += 1
        return False
    try:
        await line.send(request.head() + request.body[: len(request.body) // 2])
    except OSError:
        crowd.tally.broken["reset"] += 1
        return False
    finally:
        line.reset() if number % 3 else await line.close()
    return True
