"""One client connection: bytes to requests, one request at a time to the handler, responses to bytes."""

from __future__ import annotations

import asyncio
import enum
import time
from contextlib import suppress
from typing import Any, Protocol, cast

from reference_impl.http.answer import Answer, BadResponse, answer
from reference_impl.http.body import IncomingBody
from reference_impl.http.delivery import deliver, release, started
from reference_impl.http.framing import Framing, framing
from reference_impl.http.head import Head, HeadError, HeadParser
from reference_impl.http.message import BodyAborted, Handler, Request, Response
from reference_impl.http.outlet import Gone, Outlet
from reference_impl.http.refusal import internal_error, refusal

SCRATCH = 64 * 1024
"""Bytes of the read buffer that all connections of a loop share: it is emptied before the next read."""
AHEAD = 64 * 1024
"""Bytes of later requests that are read ahead before reading pauses."""
DISCARD = 1024 * 1024
"""Bytes of an unread body that are dropped to save the connection; with more left it is closed."""
LINGER = 5.0
"""Seconds, at most, that a refused client has to take its answer before the connection is cut."""


_CUT = "the client closed the connection in the middle of the body"


class Phase(enum.Enum):
    """What the connection is doing."""

    HEAD = "waiting for or reading a request head"
    BUSY = "a request is in the handler or its response on the way"
    LINGER = "answered for the last time, dropping what still comes"
    CLOSED = "gone"


class Host(Protocol):
    """What a connection needs from its server."""

    handler: Handler
    idle_timeout: float
    keep_alive_timeout: float
    stopping: bool
    scratch: memoryview

    def joined(self, connection: Connection) -> None:
        """A connection was made."""

    def left(self, connection: Connection) -> None:
        """A connection was lost."""

    def keep(self, task: asyncio.Task[None]) -> None:
        """Holds a running request until it ends."""

    def served(self, request: Request, status: int, seconds: float) -> None:
        """A request was answered."""

    def failed(self, request: Request, error: BaseException) -> None:
        """The handler failed with something that is no answer."""


class Connection(asyncio.BufferedProtocol):
    """The asyncio side of one connection."""

    def __init__(self, host: Host, *, secure: bool) -> None:
        self._host = host
        self._secure = secure
        self._loop = asyncio.get_running_loop()
        self._phase = Phase.HEAD
        self._parser = HeadParser()
        self._ahead = bytearray()
        self._body: IncomingBody | None = None
        self._owes_continue = False
        self._direct = False
        self._half_closed = False
        self._last = False
        self._reading = True
        self._touched = self._loop.time()
        self._head_began = self._last_sign = self._touched

    # asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports inherit from nothing
        self._outlet = Outlet(self._transport, secure=self._secure)
        self._client = _address(transport.get_extra_info("peername"))
        self._local = _address(transport.get_extra_info("sockname"))
        self._host.joined(self)

    def get_buffer(self, sizehint: int) -> Any:
        """Where the next bytes go: into the body itself where that is possible."""
        if self._phase is Phase.BUSY and self._body is not None and not self._ahead:
            space = self._body.space()
            if space is not None:
                self._direct = True
                return space
        self._direct = False
        return self._host.scratch

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        self._touched = self._loop.time()
        if self._direct and self._body is not None:
            self._body.wrote(nbytes)
        else:
            self._take(self._host.scratch[:nbytes])
        self._steer()

    def eof_received(self) -> bool:
        """The client sends no more. It still gets its answer, if it asked for one whole."""
        self._half_closed = True
        if self._phase is Phase.BUSY:
            if self._body is not None:
                self._body.fail(BodyAborted(_CUT))
            return not self._secure
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone. A running handler goes on to its end; only its reads and writes fail."""
        self._phase = Phase.CLOSED
        self._outlet.lost()
        if self._body is not None:
            self._body.fail(BodyAborted("the client went away"))
        self._host.left(self)

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self._outlet.pause()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._outlet.resume()

    # the server's calls

    def check(self, now: float) -> None:
        """Ends what has made no progress for too long; `now` in the loop's seconds."""
        idle = self._host.idle_timeout
        if self._outlet.stalled(now, idle):
            self._outlet.reset()
        elif self._phase is Phase.HEAD:
            if self._parser.begun:
                if now - self._head_began > idle:
                    self._refuse(408, "InvalidInput", "The request head did not arrive in time.")
            elif now - self._touched > self._host.keep_alive_timeout:
                self._transport.close()
        elif self._phase is Phase.BUSY:
            if self._body is not None and self._body.waiting and now - self._touched > idle:
                self._body.fail(BodyAborted(f"no byte of the body came for {idle:g} seconds", 408))
        elif self._transport.get_write_buffer_size():
            self._last_sign = now
        elif now - self._last_sign > min(LINGER, idle):
            self._transport.abort()

    def wind_down(self) -> None:
        """The server stops: closes now if idle, else after the running request."""
        if self._phase is Phase.HEAD and not self._parser.begun:
            self._transport.close()

    def cut(self) -> None:
        """The server cannot wait any longer."""
        self._transport.abort()

    # bytes in

    def _take(self, data: memoryview) -> None:
        if self._phase is Phase.HEAD:
            self._take_head(bytes(data))
        elif self._phase is Phase.BUSY:
            taken = 0 if self._ahead or self._body is None else self._body.feed(data)
            if taken < len(data):
                self._ahead += data[taken:]

    def _take_head(self, data: bytes) -> None:
        if not self._parser.begun:
            self._head_began = self._touched
        try:
            head = self._parser.feed(data)
            if head is not None:
                self._begin(head, framing(head))
        except HeadError as error:
            self._refuse(error.status, error.code, error.message)

    def _begin(self, head: Head, frame: Framing) -> None:
        """A whole head is there: its request goes to the handler, what came after it is kept."""
        self._phase = Phase.BUSY
        self._body = body = IncomingBody(frame.length, self._on_read)
        self._owes_continue = frame.expects_continue and not body.complete
        self._ahead += self._parser.rest
        self._pump()
        if self._half_closed:
            body.fail(BodyAborted(_CUT))
        request = Request(
            method=head.method,
            target=head.target,
            path=head.path,
            query=head.query,
            headers=head.headers,
            body=body,
            scheme="https" if self._secure else "http",
            client=self._client,
            local=self._local,
            received=time.time(),
            version=head.version,
        )
        self._host.keep(self._loop.create_task(self._serve(request, body, keep_alive=frame.keep_alive)))

    def _pump(self) -> None:
        """Gives the body what was read ahead and belongs to it."""
        if self._ahead and self._body is not None and self._body.hungry:
            with memoryview(self._ahead) as ahead:
                taken = self._body.feed(ahead)
            del self._ahead[:taken]

    def _on_read(self) -> None:
        """The handler waits for the body, or has made room for more of it."""
        self._touched = self._loop.time()
        if self._owes_continue and self._phase is Phase.BUSY:
            self._owes_continue = False
            if self._body is not None and not self._body.arrived and not self._half_closed:
                with suppress(Gone):
                    self._outlet.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._pump()
        self._steer()

    def _steer(self) -> None:
        """Reads on only while what comes has a place, so that a connection's memory is bounded."""
        body = self._body
        if self._phase is Phase.BUSY and body is not None:
            if body.discarded is not None and body.discarded > DISCARD:
                body.fail(BodyAborted("the client sends on and on after its answer"))
            want = body.hungry if not body.complete else len(self._ahead) < AHEAD
        else:
            want = True
        if want != self._reading and self._phase is not Phase.CLOSED and not self._transport.is_closing():
            self._reading = want
            if want:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    # answers out

    async def _serve(self, request: Request, body: IncomingBody, *, keep_alive: bool) -> None:
        began = time.perf_counter()
        self._last = not keep_alive
        status = None
        try:
            response = await self._handle(request, body)
            status = 0 if response is None else await self._respond(request, response, body)
        finally:
            body.finish()
            self._host.served(request, status or 0, time.perf_counter() - began)
            if (
                status is None
            ):  # an error or a cancellation that nobody foresaw must not leave the client hanging
                self._outlet.reset()
        if self._phase is Phase.CLOSED:
            return
        if status and not self._last and not body.broken and (self._ahead or not self._half_closed):
            self._next()
        else:
            self._linger()

    async def _handle(self, request: Request, body: IncomingBody) -> Response | None:
        """The handler's response, our own for it, or None where nobody is left to hear one."""
        response = None
        try:
            response = await self._host.handler(request)
            return response if request.method == "HEAD" else await started(response)
        except BodyAborted as error:
            if error.status is None:
                return None
            return refusal(error.status, "InvalidInput", f"The request body cannot be read: {error.why}.")
        except Exception as error:
            if response is not None:
                await release(response.body)
            return self._failure(request, error)

    def _failure(self, request: Request, error: Exception) -> Response:
        self._host.failed(request, error)
        self._last = True
        return internal_error()

    async def _respond(self, request: Request, response: Response, body: IncomingBody) -> int:
        """Sends a response; gives its status, or 0 when the client did not get it whole."""
        try:
            if self._phase is Phase.CLOSED:
                return 0
            ready = self._framed(request, response, body)
            if not self._last:
                body.discard()
                self._pump()
                self._steer()
            await deliver(self._outlet, ready)
            if not self._last:
                await body.ended()
            return ready.status
        except Gone:
            self._last = True
        except Exception as error:  # the head is out: an error answer is no longer possible
            self._failure(request, error)
            self._outlet.reset()
        finally:
            await release(response.body)
        return 0

    def _framed(self, request: Request, response: Response, body: IncomingBody) -> Answer:
        """The answer as it goes out; settles whether the connection can take another request after it."""
        self._last = self._last or not self._can_stay(body)
        try:
            ready = answer(response, method=request.method, version=request.version, close=self._last)
        except BadResponse as error:
            ours = self._failure(request, error)
            ready = answer(ours, method=request.method, version=request.version, close=True)
        self._last = ready.close
        return ready

    def _can_stay(self, body: IncomingBody) -> bool:
        """Whether the next request can be found on this connection after the answer that comes now."""
        if self._host.stopping or body.broken or (self._half_closed and not self._ahead):
            return False
        if body.complete:
            return True
        # A client that waits for 100 may or may not send its body after a final answer: only closing is safe.
        return not self._owes_continue and (body.length is None or body.length <= DISCARD)

    # between requests and at the end

    def _next(self) -> None:
        self._phase = Phase.HEAD
        self._body = None
        self._parser = HeadParser()
        self._touched = self._loop.time()
        if self._host.stopping:
            self._transport.close()
            return
        if self._ahead:
            ahead = bytes(self._ahead)
            self._ahead.clear()
            self._take_head(ahead)
        if self._half_closed and self._phase is Phase.HEAD:
            self._transport.close()
            return
        self._steer()

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answers a head that is no request, and ends the connection."""
        ready = answer(refusal(status, code, message), method="GET", version=(1, 1), close=True)
        assert isinstance(ready.body, bytes)
        with suppress(Gone):
            self._outlet.write(ready.head + ready.body)
        self._linger()

    def _linger(self) -> None:
        """Closes so that the client still gets the answer: unread input would turn the close into a reset."""
        whole = self._body is not None and self._body.complete and not self._body.broken and not self._ahead
        self._phase = Phase.LINGER
        self._last_sign = self._loop.time()
        self._ahead.clear()
        if self._transport.is_closing():
            return
        if whole or self._half_closed:
            self._transport.close()
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._steer()


def _address(name: Any) -> tuple[str, int]:
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else ("", 0)
