"""One connection of the engine: its socket, the operation on it, and how far both directions are."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

from loadgen.client.answer import HEAD_LIMIT, Chunks, ProtocolError, parse_head
from loadgen.client.kept import Kept, kept
from loadgen.client.tls import TlsStream
from loadgen.work.op import Kind, Op, Outcome

KEEP_LIMIT = 64 << 20
"""Bytes of an answer's body that are kept at most, where the operation wants it kept."""

_JOINED = 16 * 1024  # of a body, bytes that are sent as one piece with the head
_PIECE = 1 << 20  # of a body, bytes handed to the kernel at once
_SEPARATOR = b"\r\n\r\n"


class Stage(enum.IntEnum):
    """What a connection waits for."""

    CLOSED = 0
    CONNECT = 1
    HANDSHAKE = 2
    HEAD = 3  # of the answer; or nothing at all, when there is no operation
    LENGTH = 4  # a body of known length
    CHUNKS = 5
    END = 6  # a body that ends with the connection


class Connection:
    """A place to send from. Between operations everything about an exchange is as `clear` leaves it."""

    __slots__ = (
        "address",
        "begun",
        "body",
        "broken",
        "chunks",
        "close",
        "code",
        "fd",
        "first",
        "kept",
        "left",
        "op",
        "out",
        "received",
        "recv_into",
        "refusals",
        "resent",
        "reused",
        "send",
        "sock",
        "stage",
        "started",
        "stash",
        "status",
        "tls",
        "unsent",
        "writing",
    )

    def __init__(self, address: int) -> None:
        self.address = address  # number of the address that it goes to
        self.op: Op | None = None
        self.begun = 0  # ns: when connecting began for the operation
        self.started = 0  # ns: when it was sent first; 0: not yet
        self.resent = False
        self.refusals = 0  # addresses that refused in a row
        self.writing = False  # the epoll looks for room to write
        self.sock: Any = None
        self.tls: TlsStream | None = None
        self.send: Callable[[Any], int] = _nowhere
        self.recv_into: Callable[[memoryview], int] = _nowhere
        self.fd = -1
        self.reused = False  # an operation has ended on it, and it was kept
        self.stage = Stage.CLOSED
        self.clear()

    def clear(self) -> None:
        """Forget the last exchange."""
        self.out: list[memoryview] = []  # what is still to be sent, last piece first
        self.unsent = 0  # bytes in `out`
        self.body = 0  # bytes of the request's body
        self.broken = ""  # why sending failed
        self.first = 0
        self.status = 0
        self.code = ""
        self.close = False
        self.stash = b""  # an answer's head, as far as it came
        self.left = 0  # bytes of the answer's body that are still to come
        self.received = 0
        self.kept: Kept | None = None
        self.chunks: Chunks | None = None

    def attach(self, sock: Any) -> None:
        """Take a socket that is being connected."""
        self.sock = sock
        self.fd = int(sock.fileno())
        self.send = sock.send
        self.recv_into = sock.recv_into
        self.stage = Stage.CONNECT

    def secure(self, tls: TlsStream) -> None:
        """Go on over TLS."""
        self.tls = tls
        self.send = tls.send
        self.recv_into = tls.recv_into
        self.stage = Stage.HANDSHAKE

    def detach(self) -> None:
        """Without a socket. The operation stays."""
        self.sock = None
        self.tls = None
        self.send = self.recv_into = _nowhere
        self.fd = -1
        self.reused = False
        self.stage = Stage.CLOSED

    def load(self, head: bytes, pieces: Sequence[memoryview], body: int) -> bytes:
        """Put a body in line, but for its first bytes: they come back with the head, to be sent at once."""
        # The server's first read finds more than the head: one wake-up less.
        self.body = body
        if body <= _JOINED:
            return b"".join((head, *pieces))
        first = pieces[0]
        self.out = list(pieces[:0:-1])
        if len(first) > _JOINED:
            self.out.append(first[_JOINED:])
        self.unsent = body - min(len(first), _JOINED)
        return head + first[:_JOINED]

    def push(self, room: int) -> bool:
        """Send up to about so many bytes; whether all is sent. Raises `OSError`."""
        out, send = self.out, self.send
        try:
            while out:
                piece = out[-1]
                size = min(len(piece), _PIECE)
                count = send(piece[:size])
                self.unsent -= count
                room -= count
                if count == len(piece):
                    out.pop()
                else:
                    out[-1] = piece[count:]
                if count < size or room <= 0:
                    break
            tls = self.tls
            return (tls is None or tls.flush()) and not out
        except BlockingIOError:
            return False

    def take(self, data: bytearray, count: int) -> bool:
        """The next `count` bytes of the answer; whether it is whole. Raises `ProtocolError`."""
        if self.stage is not Stage.HEAD:
            return self._take_body(memoryview(data)[:count])
        if self.stash:
            data = bytearray(self.stash + data[:count])
            count = len(data)
        at = 0
        while True:
            end = data.find(_SEPARATOR, at, count)
            if end < 0:
                self.stash = bytes(data[at:count])
                if len(self.stash) > HEAD_LIMIT:
                    raise ProtocolError("a head without an end")
                return False
            self.status, length, chunked, self.close, self.code = parse_head(data[at:end])
            at = end + len(_SEPARATOR)
            if self.status == 101:
                raise ProtocolError("the server wants another protocol")
            if self.status >= 200:
                break
        op = self.op
        if self.status in (204, 304) or (op is not None and op.kind is Kind.GET_PROPERTIES):
            length, chunked = 0, False
        if op is not None and op.keep:
            self.kept = kept(op.keep)
        if chunked:
            self.stage, self.chunks = Stage.CHUNKS, Chunks()
        elif length >= 0:
            self.stage, self.left = Stage.LENGTH, length
        else:
            self.stage, self.close = Stage.END, True
        return self._take_body(memoryview(data)[at:count])

    def _take_body(self, data: memoryview) -> bool:
        count = len(data)
        if self.chunks is not None:
            self.received += self.chunks.feed(data, self.kept)
            done = self.chunks.done
        else:
            self.received += count
            self.left -= count
            if self.kept is not None:
                self.kept.extend(data)
            done = self.stage is Stage.LENGTH and self.left <= 0
            if done and self.left:
                raise ProtocolError("bytes after the end of the answer")
        if self.kept is not None and len(self.kept) > KEEP_LIMIT:
            raise ProtocolError("an answer too long to be kept")
        return done

    def verdict(self) -> str:
        """What is wrong with a whole answer, as `Outcome.failure` says it."""
        op = self.op
        if self.status >= 300 or op is None:
            return ""
        if self.unsent:
            return "protocol"  # it cannot have stored what it has not got
        if op.kind is Kind.GET_BLOB and op.length != self.received:
            return "short" if self.received < op.length else "content"
        return ""

    def outcome(self, failure: str, now: int) -> Outcome:
        """What became of the operation, at this time (ns)."""
        sent = max(0, self.body - self.unsent)
        body = b"" if self.kept is None else bytes(self.kept)
        started = self.started or self.begun
        return Outcome(self.status, self.code, started, self.first, now, sent, self.received, failure, body)


def _nowhere(_: object) -> int:
    raise BrokenPipeError("no connection")
