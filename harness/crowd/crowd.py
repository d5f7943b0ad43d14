"""The crowd: a pool of connections, signed requests, and a budget for whatever has to be asked again."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from harness.crowd.call import OWN_ID, Answer, Call
from harness.crowd.line import Line, LineError
from harness.crowd.tally import Tally
from harness.endpoint import Endpoint, Face
from harness.exchange import Exchange, Fidelity, Request
from harness.signing.request import own_request
from harness.wire.body import body_of
from harness.wire.codec import ResponseParser
from harness.wire.message import WireRequest

T = TypeVar("T")

_THROTTLES = (503, 429)


@dataclass(frozen=True, slots=True)
class Budget:
    """How often a call is made before it counts as unanswered. Times are seconds."""

    tries: int = 8
    first_pause: float = 0.05
    longest_pause: float = 1.0
    connect: float = 20.0
    answer: float = 30.0

    def pauses(self) -> Iterator[float]:
        """The pause before each further attempt."""
        pause = self.first_pause
        for _ in range(self.tries - 1):
            yield pause
            pause = min(2 * pause, self.longest_pause)


class UnansweredError(Exception):
    """A call has no answer after its budget: nothing can be said of what comes after it."""


class Crowd:
    """Many connections to one address of an endpoint. Use as a context manager, inside one event loop.

    A call is made again, within the budget, when the endpoint refuses for now (503, 429) or the connection
    breaks: so only send calls that may arrive twice. With `churn` every request has a connection of its own.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        face: Face,
        *,
        churn: bool = False,
        budget: Budget | None = None,
        tally: Tally | None = None,
    ) -> None:
        self.endpoint, self.face = endpoint, face
        self.tally = tally if tally is not None else Tally()
        self.budget = budget or Budget()
        self._churn = churn
        self._idle: list[Line] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.forget()

    def forget(self) -> None:
        """Close all idle connections: the other side is known to be gone."""
        idle, self._idle = self._idle, []
        for line in idle:
            line.drop()

    async def ask(self, call: Call) -> Answer:
        """Make a call. An answer without a status is one that never came, and is told as such."""
        pauses = self.budget.pauses()
        while True:
            answer = await self.once(call)
            if answer.status and answer.status not in _THROTTLES:
                return answer
            if answer.status:
                self.tally.throttled[answer.said] += 1
            else:
                self.tally.broken[answer.failure.partition(":")[0]] += 1
            pause = next(pauses, None)
            if pause is None:
                self.tally.unanswered.append(f"{call.about}: {answer.said}")
                return answer
            await asyncio.sleep(pause)

    async def must(self, call: Call, *statuses: int) -> Answer:
        """Make a call whose answer can only be one of these. Raises UnansweredError."""
        answer = await self.ask(call)
        if not answer.status or answer.status in _THROTTLES:
            raise UnansweredError(f"{call.about}: {answer.said}, {self.budget.tries} times")
        if answer.status not in statuses:
            self.tally.unexpected.append(f"{call.about}: {answer.said}")
        return answer

    async def once(self, call: Call, *, stale: bool = True) -> Answer:
        """Make a call once; with `stale` on a fresh connection where an idle one was closed meanwhile.

        Whether an idle connection was closed before or after the request was read, nobody can know.
        """
        own = str(uuid.uuid4())
        request = self.signed(call, own)
        while True:
            line: Line | None = None
            started, clock = time.time(), time.monotonic()
            try:
                line = await self.line()
                parser = await line.exchange(
                    call.method, request.head(), request.body, self.budget.answer, awaits=call.awaits
                )
            except LineError as error:
                if line is not None:
                    line.drop()
                    if stale and line.used and error.unheard and not str(error).startswith("timeout"):
                        continue  # a server may close an idle connection at any time: nobody was refused
                return Answer(0, failure=str(error))
            except BaseException:
                if line is not None:
                    line.drop()
                raise
            exchange = self._exchange(request, parser, line, started, time.monotonic() - clock)
            self._give_back(line, parser)
            response = exchange.response
            assert response is not None
            theirs = self.tally.heard(call, own, exchange)
            body = response.body
            return Answer(
                response.status, response.headers, body.data or b"", body.length, body.sha256, own=theirs
            )

    async def line(self) -> Line:
        """An idle connection, or a new one. Raises LineError."""
        if self._idle:
            return self._idle.pop()
        self.tally.connections += 1
        return await Line.open(self.endpoint, self.face, self.budget.connect)

    def signed(self, call: Call, own: str, *, length: int | None = None) -> WireRequest:
        """The call as it goes over the wire. `length` is what Content-Length says, if not the truth."""
        headers = [(OWN_ID, own)]
        if call.awaits:
            headers.append(("Expect", "100-continue"))
        if self._churn:
            headers.append(("Connection", "close"))
        return own_request(
            self.endpoint,
            self.face,
            call.method,
            call.target,
            (*headers, *call.headers),
            call.body,
            length=length,
        )

    def _give_back(self, line: Line, parser: ResponseParser) -> None:
        if self._churn or not parser.reusable:
            line.drop()
        else:
            self._idle.append(line)

    def _exchange(
        self, request: WireRequest, parser: ResponseParser, line: Line, started: float, elapsed: float
    ) -> Exchange:
        return Exchange(
            request=Request(request.method, request.target, request.headers, body_of(request.body)),
            response=parser.response(),
            fidelity=Fidelity.OWN_WIRE,
            scheme=self.face.scheme,
            started=started,
            elapsed=elapsed,
            connection=line.number,
            interim=tuple(parser.interim),
            anomalies=tuple(parser.anomalies),
            extra=parser.extra,
        )


async def each(parallel: int, items: Iterable[T], work: Callable[[T], Awaitable[object]]) -> None:
    """Work on the items, so many at once, in their order of beginning."""
    left = iter(items)

    async def worker() -> None:
        for item in left:
            await work(item)

    await asyncio.gather(*(worker() for _ in range(parallel)))
