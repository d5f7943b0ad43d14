"""A server that does what a script says, byte by byte, one script a connection; and what an engine needs."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence

from harness.endpoint import Endpoint, Style
from loadgen.client import Engine, Target
from loadgen.work.op import Blob, Keep, Kind, Op, Outcome
from tests.tap.wires import reset_at_close

Script = Callable[[socket.socket], None]

PATTERN = bytes(range(251)) * 40_000
"""What uploads are made of, over and over."""


class Pattern:
    """Payloads from `PATTERN`, in two pieces."""

    def body(self, recipe: str, seed: int, offset: int, length: int) -> Sequence[memoryview]:
        view = memoryview(PATTERN)[offset : offset + length]
        return (view[: length // 3], view[length // 3 :])


class Work:
    """A source: so many operations, one after the other as connections are free."""

    def __init__(self, *ops: Op) -> None:
        self._ops = list(ops)
        self._under_way = 0
        self.done_ops: list[tuple[Op, Outcome]] = []

    def next(self, now: int) -> Op | None:
        if not self._ops or self._ops[0].intended > now:
            return None
        self._under_way += 1
        return self._ops.pop(0)

    def due(self) -> int | None:
        return self._ops[0].intended if self._ops else None

    def done(self, op: Op, outcome: Outcome) -> None:
        self._under_way -= 1
        self.done_ops.append((op, outcome))

    @property
    def finished(self) -> bool:
        return not self._ops and not self._under_way

    @property
    def outcomes(self) -> list[Outcome]:
        return [outcome for _, outcome in self.done_ops]


def make(kind: Kind, length: int = 0, *, name: str = "a", keep: Keep = Keep.NOTHING, **more: object) -> Op:
    """An operation on a blob of `length` bytes."""
    op = Op(kind, 0, "lane", Blob(name, length, "pattern", 1), 0, length, keep=keep)
    for field, value in more.items():
        setattr(op, field, value)
    return op


def get(length: int, *, keep: Keep = Keep.NOTHING) -> Op:
    return make(Kind.GET_BLOB, length, keep=keep)


def put(length: int) -> Op:
    return make(Kind.PUT_BLOB, length)


def endpoint_at(address: tuple[str, int]) -> Endpoint:
    return Endpoint("scripted", f"http://{address[0]}:{address[1]}/acct", "acct", Style.PATH)


@contextlib.contextmanager
def scripted(*scripts: Script) -> Iterator[Endpoint]:
    """A server that handles its n-th connection by the n-th script, and takes no more than these."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(10)

    def serve() -> None:
        with listening:
            for script in scripts:
                with contextlib.suppress(OSError):
                    sock, _ = listening.accept()
                    sock.settimeout(10)
                    with sock:
                        script(sock)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield endpoint_at(listening.getsockname()[:2])
    finally:
        thread.join(15)
        assert not thread.is_alive()


@contextlib.contextmanager
def engine(endpoint: Endpoint, connections: int = 1, timeout_s: float = 10.0) -> Iterator[Engine]:
    made = Engine(Target.build(endpoint, None, "con"), Pattern(), connections, timeout_s=timeout_s)
    try:
        yield made
    finally:
        made.close()


def read_head(sock: socket.socket) -> bytes:
    """A request's head, and what came with it of the body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            raise ConnectionError("the client hung up")
        data += piece
    return data


def answers(*pieces: bytes) -> Script:
    """Read a request's head, then send these pieces one by one, then hang up."""

    def script(sock: socket.socket) -> None:
        read_head(sock)
        for piece in pieces:
            sock.sendall(piece)
            # Each piece in a read of its own, most of the time: nothing depends on it.
            threading.Event().wait(0.002)

    return script


def reset(sock: socket.socket) -> None:
    """Hang up with a reset."""
    reset_at_close(sock)
    sock.close()
