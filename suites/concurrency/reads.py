"""Reads of one large blob by many at once: at random places, slowly, and given up half-way."""

from __future__ import annotations

import asyncio
import random
import uuid

from harness.clients.truth import Truth
from harness.crowd import call
from harness.crowd.crowd import Crowd, each
from harness.crowd.gathering import Gathering, difference, named
from harness.crowd.line import Line, LineError
from harness.wire.codec import ResponseParser

_LARGE = 24 * 1024 * 1024 + 13
_RANGES = 1024
_LONGEST = 40 * 1024
_SMALL = 4 * 1024
_WINDOW = 4 * 1024  # bytes that a slow reader lets wait in its socket
_SIP = 1024  # bytes that it reads at a time, every _REST seconds: 4 KiB/s
_REST = 0.25
_TO_THE_END = 4  # slow readers that go on to the last byte
_STEPS = 30  # how far the others read then, before they give up


def test_ranges(gathered: Gathering) -> None:
    """Ranges at random places of one large blob come back byte for byte, whoever else reads.

    Data loaders shuffle: every rank reads other samples of the same shard at the same time. One answer that
    is shifted, or that was meant for the neighbour, trains on the wrong sample and says nothing.
    """
    data = _large(gathered)
    chance = random.Random(11)  # noqa: S311 - places, not secrets
    spans = [_span(chance) for _ in range(max(_RANGES, gathered.parallel))]
    wrong: list[str] = []

    async def work(crowd: Crowd) -> None:
        async def read(span: tuple[int, int]) -> None:
            first, last = span
            answer = await crowd.must(call.get(gathered.container, "large", first, last), 206)
            if answer.status == 206 and answer.body != data[first : last + 1]:
                wrong.append(f"{first}-{last}: {difference(data[first : last + 1], answer.body)}")

        await each(gathered.parallel, spans, read)
        gathered.all_of("ranges with the blob's own bytes", len(spans), wrong)

    gathered.run(work)


def test_slow_readers(gathered: Gathering) -> None:
    """Readers that take a few KiB a second get exact bytes, and nobody waits for them.

    A trainer that stalls on its GPU stops reading. If that holds a thread, a lock or a buffer of the server,
    a few of them stop a whole cluster.
    """
    data = _large(gathered)
    many = max(2, gathered.parallel // 4)
    small = {f"small/{number}": named(number, _SMALL, 3) for number in range(gathered.parallel)}
    begun, over = asyncio.Semaphore(0), asyncio.Event()
    wrong: list[str] = []

    async def work(crowd: Crowd) -> None:
        slow = [asyncio.create_task(sip(crowd, number)) for number in range(many)]
        try:
            for _ in range(many):
                await begun.acquire()
            await each(gathered.parallel - many, small, others(crowd))
            waiting = sum(not one.done() for one in slow)
            gathered.scenario.check(
                "requests that went through while slow readers stood in the way",
                f"all of {len(small)}, beside {many} readers",
                f"all of {len(small)}, beside {waiting} readers",
                holds=waiting == many or bool(wrong),
            )
            over.set()
            await asyncio.gather(*slow)
        finally:
            for one in slow:
                one.cancel()
        gathered.all_of("slow readers with exact bytes", many, wrong)

    def others(crowd: Crowd):  # type: ignore[no-untyped-def]
        async def write_and_read(name: str) -> None:
            await crowd.must(call.put(gathered.container, name, small[name]), 201)
            answer = await crowd.must(call.get(gathered.container, name), 200)
            if answer.status == 200 and answer.body != small[name]:
                wrong.append(f"{name}, beside them: {difference(small[name], answer.body)}")

        return write_and_read

    async def sip(crowd: Crowd, number: int) -> None:
        parser = await _opened(crowd, gathered)
        if parser is None:
            wrong.append(f"reader {number}: no answer")
            begun.release()
            return
        line, got = parser
        begun.release()
        try:
            while not over.is_set():
                await asyncio.sleep(_REST)
                got += await line.read(_SIP)
            most = len(data) if number < _TO_THE_END else len(got) + _STEPS * _SIP
            while len(got) < most and (more := await line.read(_WINDOW)):
                got += more
            if bytes(got) != data[: len(got)] or len(got) < most:
                wrong.append(f"reader {number}: {difference(data[:most], bytes(got))}")
        except OSError as error:
            wrong.append(f"reader {number}: {error} after {len(got)} bytes")
        finally:
            line.reset()

    gathered.run(work)


def test_aborted(gathered: Gathering) -> None:
    """Connections that end in the middle of an answer disturb no other.

    Jobs are killed, pods are moved. What a server had still to say to one client may never come to the next
    one, and what it held for it must be free again.
    """
    data = _large(gathered)
    wrong: list[str] = []

    async def work(crowd: Crowd) -> None:
        async def one(number: int) -> None:
            if number % 2:
                found = await _opened(crowd, gathered)
                if found is None:
                    wrong.append(f"{number}: no answer to be left")
                    return
                line, got = found
                if bytes(got) != data[: len(got)]:
                    wrong.append(f"{number}: {difference(data[: len(got)], bytes(got))}")
                line.reset() if number % 4 == 1 else line.drop()
                return
            first = (number * 65_537) % (_LARGE - _LONGEST)
            answer = await crowd.must(call.get(gathered.container, "large", first, first + 999), 206)
            if answer.status == 206 and answer.body != data[first : first + 1000]:
                wrong.append(f"{first}: {difference(data[first : first + 1000], answer.body)}")

        many = max(_RANGES // 2, gathered.parallel)
        await each(gathered.parallel, range(many), one)
        gathered.all_of("reads beside connections that end", many, wrong)
        await gathered.same(crowd, "the blob that they read", {"large": data})

    gathered.run(work)


def _large(gathered: Gathering) -> bytes:
    data = named(0, _LARGE, 1)
    with Truth(gathered.endpoint) as truth:
        truth.put_blocks(gathered.container, "large", data)
    return data


def _span(chance: random.Random) -> tuple[int, int]:
    length = chance.choice((1, 511, 4096, _LONGEST, chance.randint(1, _LONGEST)))
    first = chance.randint(0, _LARGE - length)
    return first, first + length - 1


async def _opened(crowd: Crowd, gathered: Gathering) -> tuple[Line, bytearray] | None:
    """A connection of its own on which the whole blob is asked for, and the first bytes of its body."""
    request = crowd.signed(call.get(gathered.container, "large"), str(uuid.uuid4()))
    for pause in (*crowd.budget.pauses(), None):
        try:
            line = await Line.open(gathered.endpoint, gathered.face, crowd.budget.connect, window=_WINDOW)
            parser = ResponseParser("GET")
            try:
                await line.send(request.head())
                while not parser.head_done:
                    data = await asyncio.wait_for(line.read(_WINDOW), crowd.budget.answer)
                    if not data:
                        raise LineError("closed-early: inside the head", unheard=True)
                    parser.feed(data)
            except BaseException:
                line.drop()
                raise
            response = parser.response()
            if response is not None and response.status == 200:
                return line, bytearray(response.body.data or b"")
            line.drop()
            crowd.tally.throttled[f"{response.status if response else 0} to a reader"] += 1
        except (LineError, OSError, TimeoutError) as error:
            crowd.tally.broken[str(error).partition(":")[0] or "timeout"] += 1
        if pause is not None:
            await asyncio.sleep(pause)
    return None
