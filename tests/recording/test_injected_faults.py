"""Faults of the recorder: whom they hit, how they arrive, and that an endpoint's own reads are told apart."""

from __future__ import annotations

import socket

import pytest

from harness.recording.recorders import Recorders
from harness.recording.scenario import Fault
from tests.recording.before import GET, OK, answering, ask, before, only
from tests.tap.wires import client, receive, receive_head

PUT = (
    b"PUT /acct/c/b?comp=block HTTP/1.1\r\nHost: h\r\n"
    b"Content-Length: 2\r\nx-ms-client-request-id: 7\r\n\r\nab"
)


def putting(sock: socket.socket) -> None:
    while receive_head(sock):
        receive(sock, 2)
        sock.sendall(OK)


def test_a_made_up_status_and_whom_it_hits(behind: Recorders) -> None:
    fault = Fault("status", "PUT", "block", first=2, headers=(("Retry-After", "1"),))
    with before(behind, putting, fault) as (running, address):
        with client(address) as sock:
            answers = []
            for _ in range(3):
                sock.sendall(PUT)
                head = receive_head(sock)
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                answers.append((head, receive(sock, length)))
        flows = [one.flow for one in running.take()]
    assert [head.split(b" ")[1] for head, _ in answers] == [b"200", b"503", b"200"]
    head, body = answers[1]
    assert b"x-ms-error-code: ServerBusy\r\n" in head
    assert b"Retry-After: 1\r\n" in head
    assert b"x-ms-client-request-id: 7\r\n" in head
    assert b"<Code>ServerBusy</Code>" in body
    assert [flow.injected and flow.injected.status for flow in flows] == [None, 503, None]
    assert all(flow.exchange.request.body.data == b"ab" for flow in flows)


@pytest.mark.parametrize(
    ("fault", "seen", "reached"),
    [
        (Fault("reset-before"), b"<reset>", False),
        (Fault("reset-response"), b"<reset>", True),
        (Fault("cut-body"), OK[:-2], True),
        (Fault("short-body"), OK[:-4].replace(b": 4", b": 2") + b"bo", True),
        (Fault("flipped-byte"), OK[:-4] + b"cody", True),
        (Fault("status", status=307, error=None), b"HTTP/1.1 307 Temporary Redirect\r\n", False),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_faults_reach_the_client_as_they_are(
    behind: Recorders, fault: Fault, seen: bytes, reached: bool
) -> None:
    asked: list[bytes] = []

    def script(sock: socket.socket) -> None:
        while head := receive_head(sock):
            asked.append(head + receive(sock, 2))
            sock.sendall(OK)

    with before(behind, script, fault) as (running, address):
        request = PUT.replace(b"Host: h", b"Host: h\r\nConnection: close")
        got = ask(address, request)
        told = only(running)
    assert got.startswith(seen)
    if fault.kind != "status":
        assert got == seen
    assert bool(asked) is reached
    assert told.flow.injected is not None
    assert told.flow.injected.fault == fault.name
    assert told.cut is None
    if reached:
        assert told.flow.exchange.response is not None
        assert told.flow.exchange.response.body.data == b"body"  # what the server said
        assert ("Content-Length", "4") in told.flow.exchange.response.headers


def test_no_last_chunk_is_made_up_when_a_chunked_body_is_cut(behind: Recorders) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with before(behind, answering(chunked), Fault("cut-body")) as (running, address):
        got = ask(address, GET)
        running.take()
    assert got.endswith(b"1\r\nh\r\n")


def test_what_the_endpoint_reads_for_itself_is_told_apart(behind: Recorders) -> None:
    running = behind.of("reverse")

    def script(sock: socket.socket) -> None:
        head = receive_head(sock)
        if head.startswith(b"PUT"):  # the copy: read its source through the recorder
            ask(("127.0.0.1", running.port), GET.replace(b"Host", b"Connection: close\r\nHost"))
        sock.sendall(OK)

    copy = (
        b"PUT /acct/c/copy HTTP/1.1\r\nHost: h\r\nUser-Agent: client\r\nConnection: close\r\n"
        b"x-ms-copy-source: http://127.0.0.1:1/acct/c/b?sig=x\r\nContent-Length: 0\r\n\r\n"
    )
    own = GET.replace(b"Host", b"User-Agent: client\r\nConnection: close\r\nHost")
    # The fault is for the client's first GET, and the server's own is none of them.
    with before(behind, script, Fault("status", "GET", status=500)) as (_, address):
        assert b"200 OK" in ask(address, copy)
        assert b" 500 " in ask(address, own)
        told = running.take()
    assert [(one.flow.exchange.request.method, one.inner) for one in told] == [
        *(("PUT", False), ("GET", True), ("GET", False))
    ]
