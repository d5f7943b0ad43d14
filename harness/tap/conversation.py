"""One connection seen by the tap: pairs requests with responses and makes exchanges of them. No I/O."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from harness.exchange import Exchange, Fidelity, Headers, Request
from harness.tap.requests import RequestReader, body_length
from harness.wire.body import BodyRecorder
from harness.wire.codec import ProtocolError, ResponseParser


@dataclass(slots=True)
class _Pending:
    """An exchange that is under way."""

    method: str
    target: str
    headers: Headers
    sent: BodyRecorder
    answer: ResponseParser
    wall: float  # seconds since the epoch
    clock: float  # the same moment, on the monotonic clock
    asked: bool = False  # the request is complete
    first_byte: float | None = None  # on the monotonic clock
    stray: int = 0  # bytes that came between the last response and this request


class Conversation:
    """Feed it both directions of a connection; it calls `done` once for every exchange."""

    def __init__(self, number: int, scheme: str, keep: int, done: Callable[[Exchange], None]) -> None:
        self._number = number
        self._scheme = scheme
        self._keep = keep
        self._done = done
        self._open: deque[_Pending] = deque()
        self._requests = RequestReader(self)
        self._broken: str | None = None  # why the server's bytes cannot be read any further
        self._stray = 0

    @property
    def idle(self) -> bool:
        """Whether every request that came has its whole answer."""
        return self._broken is not None or (not self._open and self._requests.between)

    @property
    def fault(self) -> str | None:
        """Why the bytes could not be read as HTTP; None when they could."""
        if self._requests.fault:
            return f"request: {self._requests.fault}"
        return self._broken and f"response: {self._broken}"

    def from_client(self, data: bytes) -> None:
        """Bytes that the client sent."""
        self._requests.feed(data)

    def from_server(self, data: bytes) -> None:
        """Bytes that the server sent."""
        if self._broken is not None:
            return
        while data:
            pending = self._open[0] if self._open else None
            if pending is None or pending.answer.done:
                self._stray += len(data)
                return
            if pending.first_byte is None:
                pending.first_byte = time.perf_counter()
            try:
                pending.answer.feed(data)
            except ProtocolError as error:
                self._broken = str(error)
                return
            if not pending.answer.done:
                return
            # With a pipelined request open, what follows is its answer; else it belongs to nobody.
            data = pending.answer.take_extra() if len(self._open) > 1 else b""
            self._settle()

    def server_ended(self) -> None:
        """The server will send nothing more: ends a body that lasts until then."""
        if self._open and self._open[0].answer.head_done and self._broken is None:
            try:
                self._open[0].answer.end()
            except ProtocolError:
                return  # cut off: the end of the connection will say so
            self._settle()

    def ended(self, failure: str) -> None:
        """The connection is gone: whatever is under way ends here, with this failure."""
        self.server_ended()
        if self.fault:
            failure = f"protocol: {self.fault}"
        while self._open:
            self._done(self._exchange(self._open.popleft(), failure))

    def begin(self, method: str, target: str, headers: Headers) -> None:
        """A request's head is complete (called by the request reader, as are the next two)."""
        self._open.append(
            _Pending(
                method,
                target,
                headers,
                sent=BodyRecorder(self._keep),
                answer=ResponseParser(method, self._keep),
                wall=time.time(),
                clock=time.perf_counter(),
                stray=self._stray,
            )
        )
        self._stray = 0

    def body(self, piece: memoryview) -> None:
        """Some bytes of the newest request's body."""
        self._open[-1].sent.add(piece)

    def end(self) -> None:
        """The newest request is complete."""
        self._open[-1].asked = True
        self._settle()

    def _settle(self) -> None:
        """Hand out what is complete on both sides, in order."""
        while self._open and self._open[0].asked and self._open[0].answer.done:
            self._done(self._exchange(self._open.popleft(), None))

    def _exchange(self, pending: _Pending, failure: str | None) -> Exchange:
        answer = pending.answer
        anomalies = list(answer.anomalies)
        if pending.stray:
            anomalies.insert(0, f"stray: {pending.stray} bytes")
        if answer.extra:
            anomalies.append(f"extra: {answer.extra} bytes")
        first = pending.first_byte
        return Exchange(
            request=Request(pending.method, pending.target, pending.headers, pending.sent.finish()),
            response=answer.response(),
            fidelity=Fidelity.TAP,
            scheme=self._scheme,
            started=pending.wall,
            elapsed=time.perf_counter() - pending.clock,
            first_byte=None if first is None else first - pending.clock,
            connection=self._number,
            failure=failure,
            interim=tuple(answer.interim),
            anomalies=tuple(anomalies),
            extra=answer.extra,
            unsent=max((body_length(pending.headers) or 0) - pending.sent.length, 0),
        )
