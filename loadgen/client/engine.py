"""The fast client: sends a source's operations over many connections from one thread, by epoll."""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from typing import Protocol

from loadgen.client.answer import HEAD_LIMIT, Chunks, ProtocolError, parse_head
from loadgen.client.connection import Connection, Stage
from loadgen.client.original import EPOLLIN, EPOLLOUT, epoll
from loadgen.client.reach import Dialler, connected
from loadgen.client.target import Target
from loadgen.client.timer import Timer
from loadgen.work.op import Kind, Outcome, Source

KEEP_LIMIT = 64 << 20
"""Bytes of an answer's body that are kept at most, where the operation wants it kept."""

_NS = 1_000_000_000
_BUFFER = 256 * 1024  # stays in the processor's cache
_PIECE = 256 * 1024  # of a body, handed to the kernel at once
_TURN = 1 << 20  # bytes of a body that one connection may move before the next one's turn
_JOINED = 16 * 1024  # a body up to this size is sent as one piece with its head
_EVENTS = 64
_SWEEP = _NS // 4
_SEPARATOR = b"\r\n\r\n"
_new = tuple.__new__
_clock = time.monotonic_ns


class Payloads(Protocol):
    """Where the bodies of uploads come from."""

    def body(self, recipe: str, seed: int, offset: int, length: int) -> Sequence[memoryview]:
        """The bytes of a payload from an offset on, in pieces. They must not change afterwards."""
        ...


class Engine:
    """Sends what a `Source` gives to a `Target`, over so many connections at most, which are kept alive.

    Drive it with `run`, or from an event loop: call `turn` whenever `fileno` is readable and at the latest
    after `wait_s` seconds. Not for several threads. An operation is never made again by the engine, but for
    one case: a kept connection that the server had closed before anything of the answer came. Then it is
    sent once more on a new one; `resent` counts these, and the time that was lost is in its outcome.

    `timeout_s` is for one operation, from the first byte sent to the last one received, and the same again
    for connecting. `slice_s` bounds what one `turn` takes before it returns.
    Raises `UnreachableError` when made.
    """

    def __init__(
        self,
        target: Target,
        payloads: Payloads,
        connections: int = 16,
        *,
        timeout_s: float = 60.0,
        slice_s: float = 0.005,
    ) -> None:
        self._target = target
        self._payloads = payloads
        self._dialler = Dialler(target)
        self._timeout = int(timeout_s * _NS)
        self._slice = int(slice_s * _NS)
        self._epoll = epoll()
        self._timer = Timer()
        self._epoll.register(self._timer.fd, EPOLLIN)
        self._connections = [Connection(number) for number in range(connections)]
        self._idle = self._connections[::-1]
        self._by_fd: dict[int, Connection] = {}
        self._more: list[Connection] = []  # those whose TLS has bytes that the epoll cannot know of
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._sweep_at = 0
        self._cut = False
        self._source: Source | None = None
        self.opened = 0  # connections
        self.resent = 0  # operations that were sent twice
        self.dropped = 0  # idle connections that the server closed
        self.trouble = ""  # what the system said of the last failure

    def fileno(self) -> int:
        """Readable when `turn` has something to do."""
        return int(self._epoll.fileno())

    def wait_s(self) -> float:
        """How long, seconds, one may wait for `fileno` before `turn` has to be called all the same."""
        if self._cut or self._more:
            return 0.0
        return _SWEEP / _NS if self.busy else 1.0

    @property
    def busy(self) -> int:
        """How many operations are under way."""
        return len(self._connections) - len(self._idle)

    def run(self, source: Source) -> None:
        """Until the source is finished."""
        while not source.finished:
            self._round(source, self.wait_s())

    def turn(self, source: Source, timeout_s: float = 0.0) -> None:
        """Whatever can be done now, for `slice_s` at most; waits up to `timeout_s` for something to do."""
        stop = _clock() + self._slice
        self._cut = False
        while self._round(source, timeout_s):
            if _clock() >= stop:
                self._cut = True
                return
            timeout_s = 0.0

    def abandon(self, source: Source, failure: str = "timeout") -> None:
        """End every operation that is under way with this failure, and close its connection."""
        self._source = source
        now = _clock()
        for conn in self._connections:
            if conn.op is not None:
                self._fail(conn, failure, now)

    def close(self) -> None:
        """Close everything; operations under way are forgotten."""
        for conn in self._connections:
            conn.detach()
        self._by_fd.clear()
        if not self._epoll.closed:
            self._epoll.close()
            self._timer.close()

    def _round(self, source: Source, wait_s: float) -> int:
        """One look at all connections; how much there was to do."""
        self._source = source
        idle = self._idle
        if idle:
            self._fill(source)
        self._timer.arm(self._next_start(source) if idle else 0)
        by_fd = self._by_fd
        events = self._epoll.poll(0 if self._more else wait_s, _EVENTS)
        for fd, what in events:
            conn = by_fd.get(fd)
            if conn is None:
                continue  # the timer, or one that was closed a moment ago
            if conn.stage < Stage.HEAD:
                self._rise(conn)
            else:
                if what & EPOLLOUT:
                    self._send(conn)
                if what != EPOLLOUT:
                    self._receive(conn)
            if idle:
                self._fill(source)
        if self._more:
            more, self._more = self._more, []
            for conn in more:
                if conn.stage >= Stage.HEAD:
                    self._receive(conn)
        now = _clock()
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP
            self._sweep(now)
        return len(events)

    def _fill(self, source: Source) -> None:
        idle = self._idle
        for _ in range(len(idle)):  # those that fail at once come back, and wait for the next round
            now = _clock()
            op = source.next(now)
            if op is None:
                return
            conn = idle.pop()
            conn.op = op
            conn.begun = now
            conn.started = 0
            conn.first = 0
            conn.resent = False
            if conn.sock is None:
                conn.refusals = 0
                self._connect(conn)
            else:
                self._request(conn)

    def _next_start(self, source: Source) -> int:
        due = source.due()
        # A source that has nothing although it was due is asked again, but not in a circle.
        return 0 if due is None else max(due, _clock() + _NS // 1000) if due <= _clock() else due

    def _connect(self, conn: Connection) -> None:
        conn.clear()
        try:
            sock = self._dialler.dial(conn.address)
        except OSError as error:
            self._refused(conn, error)
            return
        self.opened += 1
        conn.attach(sock)
        conn.writing = True
        self._by_fd[conn.fd] = conn
        self._epoll.register(conn.fd, EPOLLIN | EPOLLOUT)

    def _refused(self, conn: Connection, error: OSError) -> None:
        self._hang_up(conn)
        conn.refusals += 1
        if conn.refusals < len(self._dialler.addresses):
            conn.address += 1
            self._connect(conn)
        else:
            self.trouble = str(error)
            self._end(conn, "refused", _clock())

    def _rise(self, conn: Connection) -> None:
        """On the way from a connecting socket to one that takes requests."""
        if conn.stage is Stage.CONNECT:
            try:
                if not connected(conn.sock):
                    return
            except OSError as error:
                self._refused(conn, error)
                return
            tls = self._dialler.secure(conn.sock)
            if tls is not None:
                conn.secure(tls)
        if conn.tls is not None:
            try:
                done = conn.tls.handshake()
            except OSError as error:
                self.trouble = str(error)
                gone = not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError)
                self._fail(conn, "reset" if gone else "protocol", _clock())
                return
            if not done:
                self._write(conn, wanted=conn.tls.unsent)
                return
        conn.stage = Stage.HEAD
        self._write(conn, wanted=False)
        self._request(conn)

    def _request(self, conn: Connection) -> None:
        op = conn.op
        if op is None:
            return
        conn.clear()
        kind = op.kind
        data = self._target.head(op)
        if kind is Kind.PUT_BLOB or kind is Kind.PUT_BLOCK:
            pieces = self._payloads.body(op.blob.payload, op.blob.seed, op.offset, op.length)
            conn.body = op.length
        elif kind is Kind.PUT_BLOCK_LIST:
            pieces = (memoryview(self._target.body(op)),)
            conn.body = len(pieces[0])
        else:
            pieces = ()
        if pieces:
            if conn.body <= _JOINED:
                data = b"".join((data, *pieces))
            else:
                # The server's first read finds more than the head: one wake-up less.
                conn.out = [*pieces[:0:-1], pieces[0][_JOINED:]]
                conn.unsent = conn.body - min(len(pieces[0]), _JOINED)
                data += pieces[0][:_JOINED]
        if not conn.started:
            conn.started = _clock()
        try:
            count = conn.send(data)
        except BlockingIOError:
            count = 0
        except OSError as error:
            count = 0
            conn.broken = _failure(error)
            self.trouble = str(error)
        if count < len(data):
            conn.out.append(memoryview(data)[count:])
            conn.unsent += len(data) - count
        if (conn.out and not conn.broken) or (conn.tls is not None and conn.tls.unsent):
            self._write(conn, wanted=True)

    def _send(self, conn: Connection) -> None:
        out, send, room = conn.out, conn.send, _TURN
        try:
            while out and room > 0:
                piece = out[-1]
                size = min(len(piece), _PIECE)
                count = send(piece[:size])
                conn.unsent -= count
                room -= count
                if count == len(piece):
                    out.pop()
                else:
                    out[-1] = piece[count:]
                if count < size:
                    break
            if conn.tls is not None:
                conn.tls.flush()
        except BlockingIOError:
            return
        except OSError as error:
            # The server may have answered before it hung up: what it said is still to be read.
            conn.broken = _failure(error)
            self.trouble = str(error)
            self._write(conn, wanted=False)
            return
        if not out and not (conn.tls is not None and conn.tls.unsent):
            self._write(conn, wanted=False)

    def _write(self, conn: Connection, *, wanted: bool) -> None:
        if conn.writing is not wanted:
            conn.writing = wanted
            self._epoll.modify(conn.fd, EPOLLIN | EPOLLOUT if wanted else EPOLLIN)

    def _receive(self, conn: Connection) -> None:
        room = self._view
        if conn.stage is Stage.LENGTH and conn.left < _BUFFER:
            room = room[: conn.left]
        try:
            count = conn.recv_into(room)
        except BlockingIOError:
            return
        except OSError as error:
            self.trouble = str(error)
            self._lost(conn, _failure(error))
            return
        now = _clock()
        if conn.op is None:
            self.dropped += 1
            self._hang_up(conn)
            return
        if not count:
            self._ended_by_server(conn, now)
            return
        if not conn.first:
            conn.first = now
        try:
            if conn.stage is Stage.HEAD:
                self._head(conn, count, now)
            else:
                self._body(conn, room[:count], now)
        except ProtocolError as error:
            self.trouble = str(error)
            self._fail(conn, "protocol", now)
        if conn.tls is not None and conn.tls.pending:
            self._more.append(conn)

    def _head(self, conn: Connection, count: int, now: int) -> None:
        data, at = self._buffer, 0
        if conn.stash:
            data = bytearray(conn.stash + data[:count])
            count = len(data)
        while True:
            end = data.find(_SEPARATOR, at, count)
            if end < 0:
                conn.stash = bytes(data[at:count])
                if len(conn.stash) > HEAD_LIMIT:
                    raise ProtocolError("a head without an end")
                return
            status, length, chunked, close, code = parse_head(data[at:end])
            at = end + 4
            if status >= 200:
                break
            if status == 101:
                raise ProtocolError("the server wants another protocol")
        conn.status = status
        conn.code = code
        conn.close = close
        op = conn.op
        if status == 204 or status == 304 or (op is not None and op.kind is Kind.GET_PROPERTIES):
            length, chunked = 0, False
        if op is not None and op.keep:
            conn.kept = bytearray()
        rest = memoryview(data)[at:count]
        if length >= 0:
            conn.left = length
            conn.stage = Stage.LENGTH
        elif chunked:
            conn.chunks = Chunks()
            conn.stage = Stage.CHUNKS
        else:
            conn.stage = Stage.END
            conn.close = True
        self._body(conn, rest, now)

    def _body(self, conn: Connection, data: memoryview, now: int) -> None:
        if conn.chunks is not None:
            conn.received += conn.chunks.feed(data, conn.kept)
            done = conn.chunks.done
        else:
            count = len(data)
            conn.received += count
            if conn.kept is not None:
                conn.kept += data
            done = False
            if conn.stage is Stage.LENGTH:
                conn.left -= count
                if conn.left < 0:
                    raise ProtocolError("bytes after the end of the answer")
                done = not conn.left
        if conn.kept is not None and len(conn.kept) > KEEP_LIMIT:
            raise ProtocolError("an answer too long to be kept")
        if done:
            self._complete(conn, now)

    def _complete(self, conn: Connection, now: int) -> None:
        """The answer is there, whole."""
        failure = ""
        op = conn.op
        if conn.unsent and conn.status < 300:
            failure = "protocol"  # it cannot have stored what it has not got
        elif op is not None and op.kind is Kind.GET_BLOB and conn.status < 300 and op.length:
            if conn.received < op.length:
                failure = "short"
            elif conn.received > op.length:
                failure = "content"
        if conn.close or conn.unsent or failure:
            self._hang_up(conn)
        else:
            conn.reused = True
            conn.stage = Stage.HEAD
        self._end(conn, failure, now)

    def _ended_by_server(self, conn: Connection, now: int) -> None:
        if conn.stage is Stage.END:
            self._complete(conn, now)
        elif conn.stage is Stage.HEAD:
            self._lost(conn, conn.broken or "closed")
        else:
            self._fail(conn, "short", now)

    def _lost(self, conn: Connection, failure: str) -> None:
        """The connection is no more."""
        if conn.op is None:
            self.dropped += 1
            self._hang_up(conn)
        elif conn.reused and not conn.first and not conn.resent:
            conn.resent = True
            self.resent += 1
            conn.refusals = 0
            self._hang_up(conn)
            self._connect(conn)
        else:
            self._fail(conn, failure, _clock())

    def _fail(self, conn: Connection, failure: str, now: int) -> None:
        self._hang_up(conn)
        self._end(conn, failure, now)

    def _hang_up(self, conn: Connection) -> None:
        self._by_fd.pop(conn.fd, None)
        conn.detach()

    def _end(self, conn: Connection, failure: str, now: int) -> None:
        op, source = conn.op, self._source
        if op is None or source is None:
            return
        conn.op = None
        self._idle.append(conn)
        sent = max(0, conn.body - conn.unsent)
        kept = b"" if conn.kept is None else bytes(conn.kept)
        started = conn.started or conn.begun
        outcome = Outcome(
            conn.status, conn.code, started, conn.first, now, sent, conn.received, failure, kept
        )
        source.done(op, outcome)

    def _sweep(self, now: int) -> None:
        for conn in self._connections:
            if conn.op is not None and now - (conn.started or conn.begun) > self._timeout:
                self.trouble = "no answer in time"
                self._fail(conn, "timeout", now)


def _failure(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "protocol"
    return "timeout" if isinstance(error, TimeoutError) else "reset"
