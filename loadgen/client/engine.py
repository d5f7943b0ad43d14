"""The fast client: sends a source's operations over many connections from one thread, by epoll."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from loadgen.client.answer import ProtocolError, short_answer
from loadgen.client.connection import Connection, Stage
from loadgen.client.original import EPOLLIN, EPOLLOUT, epoll
from loadgen.client.reach import Dialler, connected, failure_of
from loadgen.client.target import Target
from loadgen.client.timer import Timer
from loadgen.work.op import Kind, Op, Outcome, Source

_NS = 1_000_000_000
_BUFFER = 1 << 20  # bytes received at once; more falls out of the processor's cache
_TURN = 1 << 20  # bytes of a body that one connection may send before it is the next one's turn
_EVENTS = 64
_SOON = _NS // 50_000  # less than waking up takes
_SWEEP = _NS // 4  # between two looks for operations that take too long

# Names that the hot path finds with one look.
_clock = time.monotonic_ns
_new = tuple.__new__
_HEAD, _LENGTH, _END = Stage.HEAD, Stage.LENGTH, Stage.END
_PUT_BLOB, _PUT_BLOCK = Kind.PUT_BLOB, Kind.PUT_BLOCK
_PUT_BLOCK_LIST, _GET_BLOB = Kind.PUT_BLOCK_LIST, Kind.GET_BLOB


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
            self._hang_up(conn)
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
            if conn.stage < _HEAD:
                self._rise(conn)
            else:
                if what & EPOLLOUT:
                    self._send(conn)
                if what != EPOLLOUT:
                    self._receive(conn, source)
            if idle:
                self._fill(source)
        done = len(events)
        if self._more:
            more, self._more = self._more, []
            done += len(more)
            for conn in more:
                if conn.stage >= _HEAD:
                    self._receive(conn, source)
        now = _clock()
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP
            done += self._sweep(now)
        return done

    def _fill(self, source: Source) -> None:
        """Start what is due, on the connections that have nothing to do."""
        idle = self._idle
        left = len(idle)
        while left:  # those that fail at once come back, and wait for the next round
            left -= 1
            now = _clock()
            op = source.next(now)
            if op is None:
                return
            conn = idle.pop()
            conn.op = op
            if conn.sock is None:
                conn.begun = now
                self._connect(conn)
            else:
                self._request(conn, op)

    def _next_start(self, source: Source) -> int:
        due = source.due()
        if due is None:
            return 0
        # A source that has nothing although it is due is asked again soon, but not in a circle.
        return max(due, _clock() + _SOON)

    def _request(self, conn: Connection, op: Op) -> None:
        data = self._target.head(op)
        kind = op.kind
        if kind is _PUT_BLOB or kind is _PUT_BLOCK:
            blob = op.blob
            data = conn.load(
                data, self._payloads.body(blob.payload, blob.seed, op.offset, op.length), op.length
            )
        elif kind is _PUT_BLOCK_LIST:
            body = self._target.body(op)
            data = conn.load(data, (memoryview(body),), len(body))
        if not conn.started:
            conn.started = _clock()
        try:
            count = conn.send(data)
        except BlockingIOError:
            count = 0
        except OSError as error:
            count = 0
            self._broke(conn, error)
        if count < len(data):
            conn.out.append(memoryview(data)[count:])
            conn.unsent += len(data) - count
        if (conn.unsent and not conn.broken) or (conn.tls is not None and conn.tls.unsent):
            self._write(conn, wanted=True)

    def _send(self, conn: Connection) -> None:
        try:
            if conn.push(_TURN):
                self._write(conn, wanted=False)
        except OSError as error:
            self._broke(conn, error)
            self._write(conn, wanted=False)

    def _broke(self, conn: Connection, error: OSError) -> None:
        # The server may have answered before it hung up: what it said is still to be read.
        conn.broken = failure_of(error)
        self.trouble = str(error)

    def _write(self, conn: Connection, *, wanted: bool) -> None:
        if conn.writing is not wanted:
            conn.writing = wanted
            self._epoll.modify(conn.fd, EPOLLIN | EPOLLOUT if wanted else EPOLLIN)

    def _receive(self, conn: Connection, source: Source) -> None:
        buffer = self._buffer
        stage = conn.stage
        try:
            if stage is _LENGTH and conn.left < _BUFFER:
                count = conn.recv_into(self._view[: conn.left])
            else:
                count = conn.recv_into(self._view)
        except BlockingIOError:
            return
        except OSError as error:
            self.trouble = str(error)
            self._lost(conn, failure_of(error))
            return
        now = _clock()
        op = conn.op
        # Nearly all answers are a head with a length and a short body, in one piece, and say that all is
        # well. They take the shortest way; every other one is taken apart by the connection.
        if stage is _HEAD and op is not None and not (conn.first or conn.unsent or op.keep):
            length = short_answer(buffer, count)
            if length >= 0 and (length == op.length or op.kind is not _GET_BLOB):
                conn.reused = True
                started, conn.started = conn.started, 0
                sent, conn.body = conn.body, 0
                status = 200 + buffer[11] - 48  # one of 200 to 209
                source.done(op, _new(Outcome, (status, "", started, now, now, sent, length, "", b"")))
                conn.op = op = source.next(now)
                if op is None:
                    self._idle.append(conn)
                else:
                    self._request(conn, op)
                return
        self._take(conn, count, now)

    def _take(self, conn: Connection, count: int, now: int) -> None:
        if conn.op is None:
            self.dropped += 1
            self._hang_up(conn)
            return
        if not count:
            if conn.stage is _END:
                self._complete(conn, now)
            elif conn.stage is _HEAD:
                self._lost(conn, conn.broken or "closed")
            else:
                self._fail(conn, "short", now)
            return
        if not conn.first:
            conn.first = now
        try:
            if conn.take(self._buffer, count):
                self._complete(conn, now)
        except ProtocolError as error:
            self.trouble = str(error)
            self._fail(conn, "protocol", now)
        if conn.tls is not None and conn.tls.pending:
            self._more.append(conn)

    def _complete(self, conn: Connection, now: int) -> None:
        """The answer is there, whole."""
        failure = conn.verdict()
        if conn.close or conn.unsent or failure:
            self._hang_up(conn)
        else:
            conn.reused = True
            conn.stage = _HEAD
        self._end(conn, failure, now)

    def _connect(self, conn: Connection) -> None:
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
        conn.address += 1
        conn.refusals += 1
        if conn.refusals < len(self._dialler.addresses):
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
            conn.refusals = 0
            tls = self._dialler.secure(conn.sock)
            if tls is not None:
                conn.secure(tls)
        if conn.tls is not None:
            try:
                done = conn.tls.handshake()
            except OSError as error:
                self.trouble = str(error)
                self._fail(conn, failure_of(error), _clock())
                return
            if not done:
                self._write(conn, wanted=conn.tls.unsent)
                return
        conn.stage = _HEAD
        self._write(conn, wanted=False)
        if conn.op is not None:
            self._request(conn, conn.op)

    def _lost(self, conn: Connection, failure: str) -> None:
        """The connection is no more."""
        if conn.op is None:
            self.dropped += 1
            self._hang_up(conn)
        elif conn.reused and not conn.first and not conn.resent:
            self.resent += 1
            self._hang_up(conn)
            conn.clear()
            conn.resent = True
            self._connect(conn)
        else:
            self._fail(conn, failure, _clock())

    def _fail(self, conn: Connection, failure: str, now: int) -> None:
        self._hang_up(conn)
        self._end(conn, failure, now)

    def _hang_up(self, conn: Connection) -> None:
        self._by_fd.pop(conn.fd, None)
        if conn.sock is not None:
            conn.sock.close()
        conn.detach()

    def _end(self, conn: Connection, failure: str, now: int) -> None:
        op, source = conn.op, self._source
        if op is None or source is None:
            return
        outcome = conn.outcome(failure, now)
        conn.clear()
        conn.op = None
        conn.started = conn.refusals = 0
        conn.resent = False
        self._idle.append(conn)
        source.done(op, outcome)

    def _sweep(self, now: int) -> int:
        late = [
            conn
            for conn in self._connections
            if conn.op is not None and now - (conn.started or conn.begun) > self._timeout
        ]
        for conn in late:
            self.trouble = "no answer in time"
            self._fail(conn, "timeout", now)
        return len(late)
