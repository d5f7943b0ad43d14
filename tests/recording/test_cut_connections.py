"""Servers and clients that fail by themselves: the recorder says who cut, and makes nothing up."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from harness.recording.errors import CutOffError
from harness.recording.recorders import Recorders
from tests.command.process import eventually
from tests.recording.before import GET, OK, answering, ask, before, only, raw
from tests.tap.wires import RawServer, client, receive, receive_head, reset_at_close


def silent(sock: socket.socket) -> None:
    receive_head(sock)


def silent_reset(sock: socket.socket) -> None:
    receive_head(sock)
    reset_at_close(sock)


def half(sock: socket.socket) -> None:
    receive_head(sock)
    sock.sendall(OK[:-2])


def nonsense(sock: socket.socket) -> None:
    receive_head(sock)
    sock.sendall(b"what?\r\n\r\n")


@pytest.mark.parametrize(
    ("script", "seen", "failure"),
    [
        (silent, b"", "closed-early"),
        (silent_reset, b"", "closed-early"),
        (half, OK[:-2], "closed-early"),
        (nonsense, b"", "protocol"),
    ],
)
def test_a_server_that_fails_is_a_cut_connection(
    behind: Recorders, script: Callable[[socket.socket], None], seen: bytes, failure: str
) -> None:
    with before(behind, script) as (running, address):
        assert ask(address, GET).removesuffix(b"<reset>") == seen
        told = only(running)
    assert told.cut == told.flow.exchange.failure == failure


def test_a_server_that_is_not_there_is_a_cut_connection(behind: Recorders) -> None:
    with RawServer(silent) as server:
        gone = raw(server.address)
    running = behind.of("reverse")
    running.begin(gone, gone.face())
    upload = b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    for request in (GET, upload):
        assert ask(("127.0.0.1", running.port), request).removesuffix(b"<reset>") == b""
    assert [one.cut for one in running.take()] == ["refused", "refused"]


def test_a_server_that_never_answers_is_waited_for_so_long(behind: Recorders) -> None:
    over = threading.Event()

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        over.wait(10)

    with before(behind, script) as (running, address), client(address) as sock:
        sock.sendall(GET)
        eventually(lambda: running.open > 0)
        with pytest.raises(CutOffError, match="1 exchanges had not ended"):
            running.take(0.1)
        over.set()
    # The next recording knows nothing of it.
    with before(behind, answering(OK)) as (running, address):
        with client(address) as sock:
            sock.sendall(GET)
            assert receive(sock, len(OK)) == OK
        assert only(running).flow.exchange.failure is None


def test_a_client_that_hangs_up_is_not_the_servers_fault(behind: Recorders) -> None:
    arrived = threading.Event()

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        receive(sock, 3)
        arrived.set()
        sock.recv(1)

    with before(behind, script) as (running, address):
        with client(address) as sock:
            sock.sendall(b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
            assert arrived.wait(10)
        told = only(running)
    assert told.cut is None
    assert (told.flow.exchange.failure or "").startswith("stopped")
    assert told.flow.exchange.unsent == 7


def test_an_answer_that_comes_before_the_request_is_whole(behind: Recorders) -> None:
    refusal = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with before(behind, answering(refusal)) as (running, address):
        with client(address) as sock:
            sock.sendall(b"PUT /acct/c/b HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
            assert receive(sock, len(refusal)) == refusal
        told = only(running)
    assert told.flow.exchange.response is not None
    assert told.flow.exchange.response.status == 403
    assert told.flow.exchange.unsent == 7
