"""The client against servers that answer in every way a server can, right and wrong."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from awscrt import checksums

from loadgen.client import Engine, Target
from loadgen.client.reach import UnreachableError
from loadgen.work.op import Keep, Kind, Op, Outcome
from tests.load.scripted import (
    PATTERN,
    Pattern,
    Work,
    answers,
    endpoint_at,
    engine,
    get,
    make,
    put,
    read_head,
    reset,
    scripted,
)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


def one(op: Op, *pieces: bytes, timeout_s: float = 10.0) -> Outcome:
    """What becomes of an operation whose connection is answered with these pieces."""
    work = Work(op)
    with scripted(answers(*pieces)) as endpoint, engine(endpoint, timeout_s=timeout_s) as made:
        made.run(work)
    (outcome,) = work.outcomes
    return outcome


ANSWERS = {
    "length": ((OK + b"Content-Length: 5\r\n\r\nhello",), ""),
    "lower case": ((OK + b"content-length:5\r\n\r\nhello",), ""),
    "byte by byte": (tuple(bytes((byte,)) for byte in OK + b"Content-Length: 5\r\n\r\nhello"), ""),
    "head apart": ((OK + b"Content-Length: 5\r\n\r\n", b"hel", b"lo"), ""),
    "chunked": (
        (CHUNKED + b"", b"2\r\nhe\r\n3;x=y\r\nl", b"lo\r\n0\r\n\r\n"),
        "",
    ),
    "trailers": ((OK + b"Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\na: b\r\n\r\n",), ""),
    "until the end": ((OK + b"\r\nhe", b"llo"), ""),
    "1.0": ((b"HTTP/1.0 200 OK\r\n\r\nhello",), ""),
    "interim": ((b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello",), ""),
    "two interim": ((b"HTTP/1.1 102 x\r\na: b\r\n\r\n", b"HTTP/1.1 103 x\r\n\r\n" + OK + b"\r\nhello"), ""),
    "cut in the body": ((OK + b"Content-Length: 9\r\n\r\nhello",), "short"),
    "cut in a chunk": ((CHUNKED + b"9\r\nhello",), "short"),
    "cut between chunks": ((CHUNKED + b"5\r\nhello\r\n",), "short"),
    "cut in the head": ((OK + b"Content-Length: 5\r\n",), "closed"),
    "nothing": ((), "closed"),
    "less than was wanted": ((OK + b"Content-Length: 3\r\n\r\nhel",), "short"),
    "more than was wanted": ((OK + b"Content-Length: 6\r\n\r\nhello!",), "content"),
    "no HTTP": ((b"SSH-2.0-x\r\n\r\n",), "protocol"),
    "no status": ((b"HTTP/1.1 two\r\n\r\n",), "protocol"),
    "no number": ((OK + b"Content-Length: five\r\n\r\nhello",), "protocol"),
    "two lengths": ((OK + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello",), "protocol"),
    "length and chunks": (
        (OK + b"Transfer-Encoding: chunked\r\ncontent-length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",),
        "protocol",
    ),
    "gzip": ((OK + b"Transfer-Encoding: gzip\r\n\r\nhello",), "protocol"),
    "a chunk that says less": (
        (CHUNKED + b"4\r\nhello\r\n0\r\n\r\n",),
        "protocol",
    ),
    "a chunk without length": ((CHUNKED + b"\r\nhello\r\n",), "protocol"),
    "another protocol": ((b"HTTP/1.1 101 x\r\nUpgrade: y\r\n\r\n",), "protocol"),
    "a head without end": ((OK + b"a: " + b"x" * 70_000,), "protocol"),
    "bytes after the answer": ((OK + b"content-length: 5\r\n\r\nhello, world",), "protocol"),
}


KEPT = {
    Keep.NOTHING: b"",
    Keep.BODY: b"hello",
    Keep.CHECKSUM: checksums.crc64nvme(b"hello").to_bytes(8, "big"),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("keep", Keep)
def test_answers(name: str, keep: Keep) -> None:
    """Every way to frame an answer of five bytes, whole and broken."""
    pieces, failure = ANSWERS[name]
    op = get(5, keep=keep)
    outcome = one(op, *pieces)
    assert outcome.failure == failure
    assert outcome.good is not bool(failure)
    if not failure:
        assert (outcome.status, outcome.received) == (200, 5)
        assert outcome.body == KEPT[keep]
        assert op.intended <= outcome.started <= outcome.first <= outcome.last


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (Kind.GET_PROPERTIES, b"HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n"),
        (Kind.GET_PROPERTIES, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (Kind.DELETE_BLOB, b"HTTP/1.1 204 No Content\r\n\r\n"),
        (Kind.GET_BLOB, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
    ],
)
def test_answers_without_a_body(kind: Kind, answer: bytes) -> None:
    """Two of them on one connection: what follows the head is the next answer."""

    def script(sock: socket.socket) -> None:
        for _ in range(2):
            read_head(sock)
            sock.sendall(answer)

    work = Work(make(kind), make(kind))
    with scripted(script) as endpoint, engine(endpoint) as made:
        made.run(work)
        assert (made.opened, made.resent) == (1, 0)
    assert [(outcome.received, outcome.failure) for outcome in work.outcomes] == [(0, ""), (0, "")]


def test_interim_answers_of_several_operations() -> None:
    """When the first byte came is that of each operation's own answer."""
    answer = OK + b"Content-Length: 5\r\n\r\nhello"

    def script(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 100 x\r\n\r\n")
        time.sleep(0.01)
        sock.sendall(answer)
        read_head(sock)
        sock.sendall(answer[:-1])
        time.sleep(0.01)
        sock.sendall(answer[-1:])

    work = Work(get(5), get(5))
    with scripted(script) as endpoint, engine(endpoint) as made:
        made.run(work)
    first, second = work.outcomes
    assert first.started < first.first < first.last
    assert first.last < second.started < second.first < second.last


def test_error_status() -> None:
    """An error is no failure: its status and code say it."""
    outcome = one(get(5), b"HTTP/1.1 503 Busy\r\nX-MS-Error-Code: ServerBusy\r\nContent-Length: 3\r\n\r\nno!")
    assert (outcome.status, outcome.code, outcome.failure) == (503, "ServerBusy", "")
    assert not outcome.good


def test_connection_close() -> None:
    """The connection is not used again where the server says so, however it spells it."""
    said = (b"Connection: close", b"connection: Close", b"Connection: x, close")
    scripts = [answers(OK + line + b"\r\nContent-Length: 5\r\n\r\nhello") for line in said]
    work = Work(*(get(5) for _ in said))
    with scripted(*scripts) as endpoint, engine(endpoint) as made:
        made.run(work)
        assert (made.opened, made.resent, made.dropped) == (3, 0, 0)
    assert all(outcome.good for outcome in work.outcomes)


@pytest.mark.parametrize("size", [1, 16_384, 16_385, 20_000, 60_000, len(PATTERN)])
def test_upload(size: int) -> None:
    """A body arrives whole, also one that takes many writes, and its bytes are counted."""
    got = bytearray()

    def script(sock: socket.socket) -> None:
        got.extend(read_head(sock).partition(b"\r\n\r\n")[2])
        while len(got) < size:
            got.extend(sock.recv(100_000))
        sock.sendall(CREATED)

    work = Work(put(size))
    with scripted(script) as endpoint, engine(endpoint) as made:
        made.run(work)
    (outcome,) = work.outcomes
    assert (outcome.status, outcome.sent, outcome.failure) == (201, size, "")
    assert got == PATTERN[:size]


@pytest.mark.parametrize("answered", [403, 201])
def test_early_answer(answered: int) -> None:
    """An error may come before the body is sent; that all is well may not."""

    def script(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 %d x\r\nContent-Length: 2\r\n\r\nno" % answered)
        sock.recv(1 << 20)
        reset(sock)

    work = Work(put(len(PATTERN)), put(10))
    with scripted(script, answers(CREATED)) as endpoint, engine(endpoint) as made:
        made.run(work)
        assert made.opened == 2
    first, second = work.outcomes
    assert first.status == answered
    assert first.failure == ("" if answered == 403 else "protocol")
    assert first.sent < len(PATTERN)
    assert second.good


def test_reset() -> None:
    def script(sock: socket.socket) -> None:
        read_head(sock)
        reset(sock)

    work = Work(get(5))
    with scripted(script) as endpoint, engine(endpoint) as made:
        made.run(work)
        assert made.trouble
    assert work.outcomes[0].failure == "reset"


def test_closed_while_idle() -> None:
    """A kept connection that the server closes meanwhile costs nothing, and is seen."""
    answer = OK + b"Content-Length: 5\r\n\r\nhello"
    with scripted(answers(answer), answers(answer)) as endpoint, engine(endpoint) as made:
        work = Work(get(5))
        made.run(work)
        until = time.monotonic() + 10
        while not made.dropped and time.monotonic() < until:
            made.turn(work, 0.1)
        made.run(again := Work(get(5)))
        assert (made.opened, made.dropped, made.resent) == (2, 1, 0)
    assert work.outcomes[0].good
    assert again.outcomes[0].good


@pytest.mark.parametrize("how", ["close", "reset"])
def test_closed_under_the_request(how: str) -> None:
    """Closed on a second request without a byte: sent again, once, on a new connection; and counted."""
    answer = OK + b"Content-Length: 5\r\n\r\nhello"

    def script(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(answer)
        read_head(sock)
        if how == "reset":
            reset(sock)

    work = Work(get(5), get(5))
    with scripted(script, answers(answer)) as endpoint, engine(endpoint) as made:
        made.run(work)
        assert (made.opened, made.resent) == (2, 1)
    assert [outcome.failure for outcome in work.outcomes] == ["", ""]


def test_closed_under_the_request_twice() -> None:
    """What was sent again is not sent a third time."""
    answer = OK + b"Content-Length: 5\r\n\r\nhello"

    def script(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(answer)
        read_head(sock)

    work = Work(get(5), get(5))
    with scripted(script, answers()) as endpoint, engine(endpoint) as made:
        made.run(work)
        assert made.resent == 1
    assert [outcome.failure for outcome in work.outcomes] == ["", "closed"]


def test_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()[:2]
    work = Work(get(5), get(5))
    with engine(endpoint_at(address), connections=2) as made:
        made.run(work)
        assert made.trouble
    assert [outcome.failure for outcome in work.outcomes] == ["refused", "refused"]
    assert all(outcome.last >= outcome.started > 0 for outcome in work.outcomes)


def test_another_address_of_the_name() -> None:
    """Where a name stands for several addresses, those that refuse are passed over."""
    with scripted(answers(CREATED)) as endpoint, engine(endpoint) as made:
        good = made._dialler.addresses[0]
        with socket.create_server(("127.0.0.1", 0)) as free:
            dead = (good[0], free.getsockname())
        made._dialler.addresses[:] = [dead, dead, good]
        made.run(work := Work(put(3)))
    assert work.outcomes[0].good


def test_no_such_host() -> None:
    with pytest.raises(UnreachableError) as raised, engine(endpoint_at(("no.such.host.invalid", 80))):
        pass
    assert raised.value.hint


def test_timeout() -> None:
    """A server that says nothing, and one that stops half-way."""
    ends: list[float] = []

    def silent(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(OK + b"Content-Length: 5\r\n\r\nhe")
        sock.recv(1)  # the client hangs up
        ends.append(time.monotonic())

    work = Work(get(5))
    with scripted(silent) as endpoint, engine(endpoint, timeout_s=0.05) as made:
        made.run(work)
    (outcome,) = work.outcomes
    assert (outcome.failure, outcome.status, outcome.received) == ("timeout", 200, 2)
    assert ends


def test_abandon() -> None:
    """Whatever is under way ends at once when the run is over."""

    def silent(sock: socket.socket) -> None:
        read_head(sock)
        sock.recv(1)

    work = Work(get(5), get(5))
    with scripted(silent, silent) as endpoint, engine(endpoint, connections=2) as made:
        made.turn(work, 0.5)
        assert made.busy == 2
        made.abandon(work)
        assert made.busy == 0
    assert [outcome.failure for outcome in work.outcomes] == ["timeout", "timeout"]


def test_starts_when_it_is_due() -> None:
    """An operation that is intended later is not sent before, and the file number is readable then."""
    with scripted(answers(CREATED)) as endpoint, engine(endpoint) as made:
        due = time.monotonic_ns() + 30_000_000
        work = Work(put(3))
        work._ops[0].intended = due
        made.run(work)
    assert work.outcomes[0].good
    assert work.outcomes[0].started >= due


def test_turn_returns() -> None:
    """A turn ends although there is always more to do."""

    def script(sock: socket.socket) -> None:
        data = b""
        while piece := sock.recv(65536):
            data += piece
            while b"\r\n\r\n" in data:
                data = data.partition(b"\r\n\r\n")[2]
                sock.sendall(OK + b"Content-Length: 5\r\n\r\nhello")

    turns, work = 0, Work(*(get(5) for _ in range(3000)))
    with scripted(script) as endpoint:
        made = Engine(Target.build(endpoint, None, "con"), Pattern(), 1, slice_s=0.001)
        while not work.finished:
            made.turn(work, made.wait_s())
            turns += 1
        made.close()
    assert turns > 1
    assert len(work.outcomes) == 3000


GEVENT = """
import locust, gevent, gevent.socket, select, socket
assert not hasattr(select, "epoll") and "gevent" in socket.socket.__module__
from tests.load.scripted import *
answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello"
with scripted(answers(answer)) as endpoint, engine(endpoint) as made:
    work = Work(get(5, keep=Keep.BODY))
    while not work.finished:
        made.turn(work)
        with gevent.Timeout(made.wait_s(), False):
            gevent.socket.wait_read(made.fileno())
assert work.outcomes[0].body == b"hello", work.outcomes
print("well")
"""


def test_beside_gevent() -> None:
    """In a process that Locust has patched, where the server and the client are greenlets of one thread."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", GEVENT], capture_output=True, text=True, timeout=60, cwd=root
    )
    assert done.stdout.strip() == "well", done.stderr
