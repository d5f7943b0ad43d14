"""One connection of the engine: its socket, the operation on it, and how far both directions are."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from loadgen.client.answer import Chunks
from loadgen.client.tls import TlsStream
from loadgen.work.op import Op


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
    """A place to send from. The engine changes its fields; only what belongs together is changed here."""

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
        "length",
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
        self.fd = -1
        self.sock: Any = None
        self.tls: TlsStream | None = None
        self.send: Callable[[Any], int] = _nowhere
        self.recv_into: Callable[[memoryview], int] = _nowhere
        self.stage = Stage.CLOSED
        self.reused = False  # an operation has ended on it, and it was kept
        self.writing = False  # the epoll looks for room to write
        self.op: Op | None = None
        self.begun = 0  # ns: when the engine took the operation
        self.resent = False
        self.refusals = 0
        self.started = 0
        self.first = 0
        self.clear()

    def clear(self) -> None:
        """Forget the last answer, before a request is sent."""
        self.status = 0
        self.code = ""
        self.close = False
        self.left = 0  # bytes of the answer's body
        self.length = 0
        self.received = 0
        self.out: list[memoryview] = []  # what is to be sent, last piece first
        self.unsent = 0
        self.body = 0  # bytes of the request's body
        self.broken = ""  # why sending failed
        self.stash = b""
        self.kept: bytearray | None = None
        self.chunks: Chunks | None = None

    def attach(self, sock: Any) -> None:
        """Take a socket that is being connected."""
        self.sock = sock
        self.fd = sock.fileno()
        self.send = sock.send
        self.recv_into = sock.recv_into
        self.tls = None
        self.reused = False
        self.writing = False
        self.stage = Stage.CONNECT

    def secure(self, tls: TlsStream) -> None:
        """Go on over TLS."""
        self.tls = tls
        self.send = tls.send
        self.recv_into = tls.recv_into
        self.stage = Stage.HANDSHAKE

    def detach(self) -> None:
        """Close the socket; the operation stays."""
        if self.sock is not None:
            self.sock.close()
        self.sock = None
        self.tls = None
        self.send = self.recv_into = _nowhere
        self.fd = -1
        self.stage = Stage.CLOSED


def _nowhere(_: object) -> int:
    raise BrokenPipeError("no connection")
