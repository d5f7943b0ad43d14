"""One connection through the fault proxy: bytes pass at once; those of a struck exchange go to its act."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from harness.exchange import Exchange
from harness.faults.armory import Armory, Charge
from harness.faults.cut import AnswerCutter, Part, RequestCutter
from harness.faults.fault import Asked, Fault
from harness.faults.inlet import EndedError, Inlet, Piece
from harness.faults.sent import sent
from harness.rules.identify import identify
from harness.tap.conversation import Conversation
from harness.tap.proxy import Link, Side, Upstream

_QUEUE = 256 * 1024  # bytes that wait for an act before their sender is held back
_BEGINNING = re.compile(rb"[\r\n]*(?:[A-Z]{0,32}\Z|[A-Z]+ )")  # of a request; other bytes are not waited for


@dataclass(eq=False, slots=True)
class _Expected:
    """A request whose answer has not passed whole."""

    method: str
    act: Act | None = None


class FaultLink(Link):
    """A link of the tap that asks, for each request, whether a fault is due.

    While none is, every byte is passed on when it comes. A head is held back until it is complete only while
    faults are armed. What is struck is in the hands of one task, its act; what it leaves passes as ever.
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        number: int,
        scheme: str,
        keep: int,
        prefix: str,
        armory: Armory,
        perform: Callable[[Act], Awaitable[None]],
        takes_request: Callable[[Fault], bool],
        done: Callable[[Exchange], None],
        fault: Callable[[str], None],
        gone: Callable[[Link], None],
    ) -> None:
        super().__init__(upstream, Conversation(number, scheme, keep, self._exchanged), fault, gone)
        self.number = number
        self._prefix = prefix
        self._armory = armory
        self._perform = perform
        self._takes_request = takes_request
        self._done = done
        self._requests = RequestCutter()
        self._head = bytearray()  # of a request that may be struck, while it is not complete
        self._head_passed = False  # some of the head is on its way already: it cannot be struck any more
        self._begun = 0
        self._emitted = 0
        self._charges: dict[int, Charge] = {}  # by the request's number on this connection
        self._expected: deque[_Expected] = deque()
        self._current: Act | None = None  # the struck request whose bytes pass now
        self._cutter: AnswerCutter | None = None  # None: no byte of the next answer has come
        self._acts: dict[Act, asyncio.Task[None]] = {}
        self._from_client = Inlet(self.client, _QUEUE, self._hold_back, self._let_go)
        self._from_server = Inlet(self.server, _QUEUE, self._hold_back, self._let_go)
        self._turn = asyncio.Event()
        self.client_ended = asyncio.Event()
        self._room = {self.client: asyncio.Event(), self.server: asyncio.Event()}
        for event in self._room.values():
            event.set()
        self._reasons: dict[Side, set[str]] = {self.client: set(), self.server: set()}
        self._lost: tuple[Side, Exception | None] | None = None
        self._deferred: list[Side] = []  # sides that ended while an act was at work

    # --- what the transports say ---

    def received(self, side: Side, data: bytes) -> None:
        if side is self.client:
            if self._from_client.taken:
                self._from_client.put(data)
            else:
                self._pass_requests(data)
            self.conversation.from_client(data)
        elif self._from_server.taken:
            self._from_server.put(data)
        else:
            self._pass_answers(data)

    def ended(self, side: Side) -> bool:
        if not self._acts:
            return super().ended(side)
        side.finished = True
        self._deferred.append(side)
        self._wake(side)
        return side.transport is not None and side.transport.get_extra_info("ssl_object") is None

    def lost(self, side: Side, error: Exception | None) -> None:
        if side is self.server and self._acts:
            self._lost = side, error  # what it said is still to be given
            self._room[side].set()
            self._wake(side)
        else:
            super().lost(side, error)

    def _wake(self, side: Side) -> None:
        """Tell the acts that this side has ended."""
        (self._from_client if side is self.client else self._from_server).end()
        if side is self.client:
            self.client_ended.set()
        self._turn.set()

    def hold(self, side: Side) -> None:
        self._room[side].clear()
        self._hold_back(self.server if side is self.client else self.client, "full")

    def release(self, side: Side) -> None:
        self._room[side].set()
        self._let_go(self.server if side is self.client else self.client, "full")

    def _hold_back(self, side: Side, why: str) -> None:
        self._reasons[side].add(why)
        if side.transport is not None and not side.transport.is_closing():
            side.transport.pause_reading()

    def _let_go(self, side: Side, why: str) -> None:
        self._reasons[side].discard(why)
        if not self._reasons[side] and side.transport is not None and not side.transport.is_closing():
            side.transport.resume_reading()

    # --- bytes on their way ---

    def _pass_requests(self, data: bytes) -> None:
        view = whole = memoryview(data)
        start = 0  # of what is still to be passed
        while view:
            at = len(whole) - len(view)
            cut = self._requests.advance(view)
            view = cut.rest
            if cut.part is Part.PARTIAL and (self._head or self._may_be_struck(whole[at:])):
                self._to_server(whole[start:at])
                self._head += whole[at:]
                return
            if cut.part is Part.PARTIAL:
                self._head_passed = True
                continue
            if cut.part is Part.HEAD:
                head = bytes(self._head) + whole[at : len(whole) - len(view)]
                act = self._begin()
                if act is not None and self._takes_request(act.fault):
                    self._to_server(whole[start:at])
                    self._head = bytearray()  # the act has it
                    self._from_client.take(view)
                    self._start(act, head, whole=cut.end)
                    return
                if act is not None:
                    self._start(act, head, whole=False)
                self._current = act
            if self._head:  # it began in earlier bytes, so it stands in front of all of these
                self._to_server(self._head)
                self._head = bytearray()
            if cut.end and self._current is not None:
                self._current.charge.reached = True
                self._current = None
        self._to_server(whole[start:])

    def _may_be_struck(self, beginning: memoryview) -> bool:
        """Whether these first bytes of a head, which is not complete, are to wait for the rest."""
        armed = self._armory.armed and not self._head_passed
        return armed and _BEGINNING.match(beginning) is not None

    def _begin(self) -> Act | None:
        """A request's head is complete: note it, and say what strikes it."""
        cutter, passed = self._requests, self._head_passed
        self._head_passed = False
        expected = _Expected(cutter.method)
        self._expected.append(expected)
        self._begun += 1
        if passed or not self._armory.armed:
            return None
        who = identify(cutter.method, cutter.target, cutter.headers, self._prefix)
        asked = Asked(cutter.method, cutter.target, cutter.headers, cutter.length, who)
        charge = self._armory.claim(asked, self.number)
        if charge is None:
            return None
        self._charges[self._begun] = charge
        act = Act(self, charge, asked, expected)
        expected.act = act
        return act

    def _pass_answers(self, data: bytes) -> None:
        view = whole = memoryview(data)
        while view and self._expected:
            at = len(whole) - len(view)
            first = self._expected[0]
            if first.act is not None and not self._takes_request(first.act.fault):
                self._to_client(data[:at])
                self._from_server.take(view)
                return
            if self._cutter is None:
                self._cutter = AnswerCutter(first.method)
            cut = self._cutter.advance(view)
            view = cut.rest
            if cut.part is Part.HEAD and first.act is not None:
                first.act.charge.status = self._cutter.status
            if cut.end:
                self._settled()
        self._to_client(data)

    def _settled(self) -> None:
        """The first answer that was awaited has passed whole."""
        self._expected.popleft()
        self._cutter = None
        self._turn.set()

    def _to_server(self, data: bytes | bytearray | memoryview) -> None:
        transport = self.server.transport
        if not data:
            return
        if transport is None:
            self._early.append(bytes(data))
        elif not transport.is_closing():
            transport.write(data)

    def _to_client(self, data: bytes) -> None:
        transport = self.client.transport
        if not data:
            return
        if transport is not None and not transport.is_closing():
            transport.write(data)
        self.conversation.from_server(data)

    # --- acts ---

    def _start(self, act: Act, head: bytes, *, whole: bool) -> None:
        act.head, act.request_whole = head, whole
        self._acts[act] = asyncio.get_running_loop().create_task(self._run(act))

    async def _run(self, act: Act) -> None:
        try:
            await self._perform(act)
        except EndedError:
            pass  # a side ended before the act did: what follows is the same as without one
        finally:
            self._after(act)

    def _after(self, act: Act) -> None:
        """Whatever the act has left passes."""
        del self._acts[act]
        if not act.charge.at:
            self._armory.end(act.charge)
        act.expected.act = None
        if self._over:
            return
        if self._takes_request(act.fault):
            if act.answered and self._expected and self._expected[0] is act.expected:
                self._settled()
            self._pass_requests(self._from_client.leave())
        else:
            self._pass_answers(self._from_server.leave())
        if self._acts:
            return
        for side in self._deferred:
            if not super().ended(side) and side.transport is not None:
                side.transport.close()
        self._deferred.clear()
        if self._lost is not None:
            super().lost(*self._lost)

    def _exchanged(self, exchange: Exchange) -> None:
        """An exchange is over, as the client saw it."""
        self._emitted += 1
        charge = self._charges.pop(self._emitted, None)
        if charge is not None and charge.at:
            charge.exchange = exchange
            self._armory.end(charge)
        else:
            self._done(exchange)

    def _finish(self, failure: str, *, reset: bool, at_once: bool = False) -> None:
        if self._over:
            return
        super()._finish(failure, reset=reset, at_once=at_once)
        current = asyncio.current_task()
        for task in self._acts.values():
            if task is not current:
                task.cancel()
        for charge in self._charges.values():
            self._armory.end(charge)


class Act:
    """A struck exchange in the hands of its fault: what `harness.faults.acts` works with."""

    def __init__(self, link: FaultLink, charge: Charge, asked: Asked, expected: _Expected) -> None:
        self._link = link
        self.charge = charge
        self.asked = asked
        self.expected = expected
        self.head = b""  # the request's head, as it came
        self.request_whole = False  # all of the request has been taken
        self.answered = False  # with a made-up answer, whole
        self.answer = AnswerCutter(asked.method)  # what is known of the endpoint's answer
        self.answer_whole = False  # its head is all there is of it
        self._partial = b""

    @property
    def fault(self) -> Fault:
        """What is to be done."""
        return self.charge.fault

    async def turn(self) -> None:
        """Until all answers to earlier requests on this connection have passed."""
        link = self._link
        while link._expected[0] is not self.expected:
            if link._lost is not None or link.server.finished:
                raise EndedError
            link._turn.clear()
            await link._turn.wait()

    async def request_piece(self) -> Piece:
        """The next bytes of the request's body."""
        piece = await self._link._from_client.piece(self._link._requests.advance)
        self.request_whole = piece.end
        return piece

    async def answer_piece(self) -> Piece:
        """The next bytes of the endpoint's answer: a head in one piece, interim ones before it.

        Raises EndedError when the endpoint has ended, or sends what is no HTTP; what came passes.
        """
        link = self._link
        if link._cutter is None:
            link._cutter = self.answer
        while True:
            try:
                piece = await link._from_server.piece(self.answer.advance)
            except EndedError:
                if not self.answer.closed():
                    link._to_client(self._partial)
                    raise
                piece = Piece(Part.DATA, b"", end=True)
            if piece.part in (Part.PARTIAL, Part.HEAD, Part.INTERIM, Part.OPAQUE):
                self._partial += piece.raw
            if piece.part is not Part.PARTIAL:
                break
        if piece.part is Part.OPAQUE:
            link._to_client(self._partial)
            raise EndedError
        if piece.part in (Part.HEAD, Part.INTERIM):
            piece, self._partial = replace(piece, raw=self._partial), b""
        if piece.part is Part.HEAD:
            self.charge.status = self.answer.status
            self.answer_whole = piece.end
        if piece.end:
            link._settled()
        return piece

    async def forward(self, data: bytes) -> None:
        """To the endpoint; waits while it reads too slowly."""
        self._link._to_server(data)
        await self._link._room[self._link.server].wait()

    async def give(self, data: bytes) -> None:
        """To the client; waits while it reads too slowly.

        Raises EndedError when the endpoint had ended before the act began, and the client has been told so.
        """
        link = self._link
        if link.server.finished and link.server not in link._deferred:
            raise EndedError
        link._to_client(data)
        await link._room[link.client].wait()

    async def pause(self, seconds: float) -> None:
        """Do nothing for so long, or until the client has ended its side: perhaps it has gone."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._link.client_ended.wait()

    async def reset(self) -> None:
        """RST to both sides, when what was given and forwarded before has arrived."""
        link = self._link
        for side in (link.client, link.server):
            if side.transport is not None:
                await sent(side.transport)
        link._finish(f"reset: fault {self.fault.id}", reset=True)

    def close(self) -> None:
        """FIN to both sides, after what was given."""
        self._link._finish(f"closed-early: fault {self.fault.id}", reset=False)
