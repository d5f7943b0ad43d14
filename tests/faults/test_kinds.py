"""Each kind of fault, byte by byte, between a raw client and a scripted server."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.faults.catalogue import catalogue
from harness.faults.fault import Fault, Kind, Strike
from tests.faults.conftest import Faulty
from tests.faults.stub import BODY, ask, eventually
from tests.tap.wires import SECONDS, client, receive, receive_head


def _fault(name: str, on: str = "any", **more: int) -> Fault:
    return catalogue()[name].fault.to(on, **more)  # type: ignore[arg-type]


@contextmanager
def _connection(faulty: Faulty) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(*faulty.proxy.address, timeout=SECONDS)
    try:
        yield connection
    finally:
        connection.close()


def _one(faulty: Faulty) -> Strike:
    [strike] = faulty.proxy.disarm()
    return strike


# --- made-up answers ---

_ANSWERS = [named.fault for named in catalogue().values() if named.fault.kind is Kind.ANSWER]


@pytest.mark.parametrize("fault", _ANSWERS, ids=[fault.id for fault in _ANSWERS])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_made_up_answers(faulty: Faulty, fault: Fault, method: str) -> None:
    faulty.proxy.arm([fault])
    with _connection(faulty) as connection:
        headers = {"x-ms-client-request-id": "mine", "x-ms-version": "2020-10-02"}
        body = BODY if method == "PUT" else None
        got = ask(connection, method, "/a/c/b", body, headers)
        sock = connection.sock
        after = ask(connection, "GET", "/a/c/b")
        assert connection.sock is sock, "the connection goes on"
    assert got.status == fault.status
    assert got.headers["x-ms-error-code"] == fault.code
    assert got.headers["x-ms-client-request-id"] == ("mine" if fault.echo else None)
    assert got.headers["x-ms-version"] == "2020-10-02"
    assert got.headers["x-ms-request-id"] and got.headers["Date"]
    assert got.headers["Retry-After"] == (None if fault.retry_after is None else str(fault.retry_after))
    if method == "HEAD" or fault.code is None:
        assert got.body == b"" and got.headers["Content-Type"] is None
    else:
        assert got.headers["Content-Type"] == "application/xml"
        assert f"<Code>{fault.code}</Code>".encode() in got.body
    assert after.body == BODY
    assert faulty.stub.log == [("GET", "/a/c/b", 0)], "the endpoint was not asked"
    strike = _one(faulty)
    assert (strike.fault, strike.method, strike.reached, strike.status) == (fault.id, method, False, None)
    assert strike.exchange is not None and strike.exchange.response is not None
    assert strike.exchange.response.status == fault.status
    assert not strike.exchange.anomalies
    assert [exchange.request.method for exchange in faulty.proxy.take()] == ["GET"], "the struck one is apart"


def test_an_answer_to_a_request_that_expects_to_be_told_to_go_on(faulty: Faulty) -> None:
    faulty.proxy.arm([_fault("busy", "write")])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"PUT /a/c/b HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert receive_head(sock) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"body")
        assert receive_head(sock).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert faulty.stub.log == []


def test_an_answer_to_a_chunked_request_takes_all_of_it(faulty: Faulty) -> None:
    faulty.proxy.arm([_fault("busy-no-code")])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"PUT /a/c/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        assert receive_head(sock).startswith(b"HTTP/1.1 503 ")
        sock.sendall(b"GET /a/c/empty HTTP/1.1\r\n\r\n")
        assert receive_head(sock).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_wants_to_close_is_closed(faulty: Faulty) -> None:
    faulty.proxy.arm([_fault("busy")])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"GET /a/c/b HTTP/1.1\r\nConnection: close\r\n\r\n")
        said = b"".join(iter(lambda: sock.recv(4096), b""))
    assert b"\r\nConnection: close\r\n" in said and said.endswith(b"</Error>")


# --- connections that break ---


def test_reset_before(faulty: Faulty) -> None:
    faulty.proxy.arm([_fault("reset-before")])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"PUT /a/c/b HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    strike = _one(faulty)
    assert (strike.reached, strike.status) == (False, None)
    assert strike.exchange is not None and strike.exchange.failure == "reset: fault reset-before"
    assert faulty.stub.log == []


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("forward", [True, False])
def test_reset_inside_request(faulty: Faulty, forward: bool, framing: str) -> None:
    faulty.proxy.arm([Fault("f", Kind.RESET_INSIDE_REQUEST, forward=forward)])
    with client(faulty.proxy.address) as sock:
        if framing == "length":
            sock.sendall(b"PUT /a/c/b HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + bytes(49))
            sock.sendall(bytes(1))
        else:
            sock.sendall(b"PUT /a/c/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + bytes(100))
            sock.sendall(b"\r\n0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    strike = _one(faulty)
    assert (strike.reached, strike.status) == (False, None)
    assert faulty.stub.log == []
    if framing == "length" and forward:
        eventually(lambda: faulty.stub.broken == [50])
    else:
        assert faulty.stub.broken == []


def test_a_request_without_a_body_is_not_broken_inside(faulty: Faulty) -> None:
    faulty.proxy.arm([_fault("reset-inside-request")])
    with _connection(faulty) as connection:
        assert ask(connection, "GET", "/a/c/b").body == BODY
        assert ask(connection, "PUT", "/a/c/b", b"").status == 201
        with pytest.raises(OSError):
            ask(connection, "PUT", "/a/c/b", b"body")
    assert _one(faulty).method == "PUT"


def test_lost_answer(faulty: Faulty) -> None:
    faulty.proxy.arm([_fault("lost-answer", "write")])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"PUT /a/c/b?sig=secret HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert receive_head(sock) == b"HTTP/1.1 100 Continue\r\n\r\n", "interim answers are not lost"
        sock.sendall(b"body")
        with pytest.raises(ConnectionResetError):
            sock.recv(1)
    assert faulty.stub.log == [("PUT", "/a/c/b?sig=secret", 4)]
    strike = _one(faulty)
    assert (strike.reached, strike.status, strike.operation) == (True, 201, "Put Blob")
    assert "secret" not in repr(strike) and strike.target == "/a/c/b?sig=REDACTED"


@pytest.mark.parametrize("kind", [Kind.RESET_INSIDE_RESPONSE, Kind.CUT_RESPONSE])
def test_half_a_body_of_known_length(faulty: Faulty, kind: Kind) -> None:
    faulty.proxy.arm([Fault("f", kind)])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"GET /a/c/b HTTP/1.1\r\n\r\n")
        head = receive_head(sock)
        assert b"Content-Length: %d\r\n" % len(BODY) in head
        assert receive(sock, len(BODY) // 2) == BODY[: len(BODY) // 2]
        _ends(sock, kind)
    strike = _one(faulty)
    assert (strike.reached, strike.status) == (True, 200)
    assert strike.exchange is not None and strike.exchange.response is not None
    assert strike.exchange.response.body.length == len(BODY) // 2


@pytest.mark.parametrize("kind", [Kind.RESET_INSIDE_RESPONSE, Kind.CUT_RESPONSE])
def test_half_a_chunked_body(faulty: Faulty, kind: Kind) -> None:
    faulty.proxy.arm([Fault("f", kind)])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"GET /a/c/chunked HTTP/1.1\r\n\r\n")
        receive_head(sock)
        framed = len(BODY) + 3 * len("bb8\r\n\r\n") + len("4e9\r\n\r\n") + len("0\r\n\r\n")
        assert len(receive(sock, framed // 2)) == framed // 2
        _ends(sock, kind)


@pytest.mark.parametrize("kind", [Kind.RESET_INSIDE_RESPONSE, Kind.CUT_RESPONSE])
@pytest.mark.parametrize("request_line", ["PUT /a/c/b", "HEAD /a/c/b", "GET /a/c/empty"])
def test_half_a_head_where_there_is_no_body(faulty: Faulty, kind: Kind, request_line: str) -> None:
    with client(faulty.proxy.address) as sock:
        asked = f"{request_line} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode()
        sock.sendall(asked)
        whole = receive_head(sock)
        faulty.proxy.arm([Fault("f", kind)])
        sock.sendall(asked)
        assert receive(sock, len(whole) // 2) == whole[: len(whole) // 2]
        _ends(sock, kind)
    assert _one(faulty).reached


def _ends(sock: socket.socket, kind: Kind) -> None:
    if kind is Kind.CUT_RESPONSE:
        assert sock.recv(1) == b""
    else:
        with pytest.raises(ConnectionResetError):
            sock.recv(1)


# --- bodies that are not what they should be ---


@pytest.mark.parametrize("name", ["short-body", "short-body-range-kept"])
def test_short_body(faulty: Faulty, name: str) -> None:
    faulty.proxy.arm([_fault(name, "read", times=2)])
    with _connection(faulty) as connection:
        whole = ask(connection, "GET", "/a/c/b")
        ranged = ask(connection, "GET", "/a/c/b", headers={"Range": "bytes=100-299"})
        after = ask(connection, "GET", "/a/c/b")
    assert (whole.status, whole.body) == (200, BODY[: len(BODY) // 2])
    assert whole.headers["Content-MD5"] == "kept"
    assert (ranged.status, ranged.body) == (206, BODY[100:200])
    last = 199 if name == "short-body" else 299
    assert ranged.headers["Content-Range"] == f"bytes 100-{last}/{len(BODY)}"
    assert after.body == BODY
    assert [strike.reached for strike in faulty.proxy.disarm()] == [True, True]


def test_short_chunked_body(faulty: Faulty) -> None:
    faulty.proxy.arm([_fault("short-body", "read")])
    with _connection(faulty) as connection:
        assert ask(connection, "GET", "/a/c/chunked").body == BODY[: len(BODY) // 2]
        assert ask(connection, "GET", "/a/c/chunked").body == BODY


@pytest.mark.parametrize("target", ["/a/c/b", "/a/c/chunked"])
def test_flipped_byte(faulty: Faulty, target: str) -> None:
    faulty.proxy.arm([_fault("flipped-byte", "read")])
    with _connection(faulty) as connection:
        got = ask(connection, "GET", target)
        after = ask(connection, "GET", target)
    at = len(BODY) // 2
    assert got.body == BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]
    assert after.body == BODY
    if target == "/a/c/b":
        assert got.headers["Content-MD5"] == "kept"


@pytest.mark.parametrize("name", ["short-body", "flipped-byte", "slow-drip"])
def test_an_answer_without_a_body_to_spoil_passes_and_the_fault_stays_due(faulty: Faulty, name: str) -> None:
    faulty.proxy.arm([_fault(name, "read")])
    with _connection(faulty) as connection:
        assert ask(connection, "GET", "/a/c/missing").body == b"sorry"
        assert ask(connection, "GET", "/a/c/empty").body == b""
        ask(connection, "GET", "/a/c/b")
    assert _one(faulty).target == "/a/c/b"
    assert [exchange.request.target for exchange in faulty.proxy.take()] == ["/a/c/missing", "/a/c/empty"]


# --- answers that take their time ---


@pytest.mark.parametrize("target", ["/a/c/b", "/a/c/chunked", "/a/c/empty"])
def test_stall(faulty: Faulty, target: str) -> None:
    with _connection(faulty) as connection:
        before = ask(connection, "GET", target)
        faulty.proxy.arm([Fault("f", Kind.STALL, seconds=0.2)])
        started = time.monotonic()
        assert ask(connection, "GET", target).body == before.body
        assert time.monotonic() - started >= 0.2, "no answer comes before its time"
    assert _one(faulty).status == 200


@pytest.mark.parametrize("target", ["/a/c/b", "/a/c/chunked"])
def test_slow_drip(faulty: Faulty, target: str) -> None:
    faulty.proxy.arm([Fault("f", Kind.SLOW_DRIP, bytes_per_second=50_000)])
    with _connection(faulty) as connection:
        started = time.monotonic()
        assert ask(connection, "GET", target).body == BODY
        assert time.monotonic() - started >= 0.1, "a fifth of a second, but for the last drop"
    assert _one(faulty).status == 200


def test_a_client_that_leaves_ends_the_stall(faulty: Faulty) -> None:
    faulty.proxy.arm([Fault("f", Kind.STALL, seconds=600)])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"GET /a/c/b HTTP/1.1\r\n\r\n")
        eventually(lambda: faulty.stub.log != [])
    assert _one(faulty).reached


def test_disarming_ends_what_does_not_end_by_itself(faulty: Faulty) -> None:
    faulty.proxy.arm([Fault("f", Kind.STALL, seconds=600)])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"GET /a/c/b HTTP/1.1\r\n\r\n")
        eventually(lambda: faulty.stub.log != [])
        [strike] = faulty.proxy.disarm(settle=0.2)
        assert (strike.status, strike.exchange is None) == (200, False)
        assert sock.recv(1) == b""


# --- connections ---


def test_refused_connections(faulty: Faulty) -> None:
    faulty.proxy.arm([_fault("refused", nth=2, times=2)])
    with _connection(faulty) as connection:
        assert ask(connection, "GET", "/a/c/b").body == BODY
        for _ in range(2):
            # The reset may come before `connect` has returned.
            with pytest.raises(ConnectionResetError), client(faulty.proxy.address) as sock:
                sock.recv(1)
        with client(faulty.proxy.address) as sock:
            sock.sendall(b"GET /a/c/empty HTTP/1.1\r\n\r\n")
            assert receive_head(sock).startswith(b"HTTP/1.1 200 ")
        assert ask(connection, "GET", "/a/c/b").body == BODY, "connections that were there stay"
    assert [(strike.fault, strike.connection) for strike in faulty.proxy.disarm()] == [
        ("refused", 2),
        ("refused", 3),
    ]


# --- pipelining ---


@pytest.mark.parametrize(
    "kind", [Kind.ANSWER, Kind.SHORT_BODY, Kind.FLIPPED_BYTE, Kind.STALL, Kind.SLOW_DRIP]
)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_pipelined_request_is_struck_in_its_turn(faulty: Faulty, kind: Kind, nth: int) -> None:
    faulty.proxy.arm([Fault("f", kind, nth=nth, code="ServerBusy", seconds=0.05, bytes_per_second=100_000)])
    with client(faulty.proxy.address) as sock:
        sock.sendall(
            b"".join(b"GET /a/c/b HTTP/1.1\r\nRange: bytes=%d-%d\r\n\r\n" % (n, n + 9) for n in range(3))
        )
        for number in range(1, 4):
            head = receive_head(sock)
            length = int(head.split(b"Content-Length: ")[1].partition(b"\r\n")[0])
            status, body, right = head[9:12], receive(sock, length), BODY[number - 1 : number + 9]
            if number != nth or kind in (Kind.STALL, Kind.SLOW_DRIP):
                assert (status, body) == (b"206", right)
            elif kind is Kind.SHORT_BODY:
                assert body == right[:5]
            elif kind is Kind.FLIPPED_BYTE:
                assert body == right[:5] + bytes([right[5] ^ 1]) + right[6:]
            else:
                assert status == b"503"
    assert _one(faulty).fault == "f"


def test_a_struck_head_that_comes_in_pieces_stays_here(faulty: Faulty) -> None:
    """No byte of it reaches the server, and the next request on the connection is answered as ever."""
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"PUT /a/c/first HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        assert receive_head(sock).startswith(b"HTTP/1.1 201 ")  # now it is connected to the server
        faulty.proxy.arm([catalogue()["busy"].on("write")])
        for piece in (b"PUT /a/c/struck HT", b"TP/1.1\r\nContent-Len", b"gth: 0\r\n\r\n"):
            sock.sendall(piece)
            time.sleep(0.05)  # so that each is read by itself
        head = receive_head(sock)
        assert head.startswith(b"HTTP/1.1 503 ")
        receive(sock, int(re.search(rb"(?i)content-length: (\d+)", head)[1]))  # type: ignore[index]
        sock.sendall(b"PUT /a/c/next HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        assert receive_head(sock).startswith(b"HTTP/1.1 201 ")
    assert len(faulty.proxy.disarm()) == 1
    assert [target for _, target, _ in faulty.stub.log] == ["/a/c/first", "/a/c/next"]
