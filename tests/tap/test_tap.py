"""The tap over real sockets: bytes pass unchanged and at once, and what is recorded is what passed."""

from __future__ import annotations

import contextlib
import hashlib
import resource
import socket
import ssl
import threading

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.exchange import Fidelity, Framing
from harness.tap.proxy import Upstream
from harness.tap.tap import KEEP, Tap
from tests.tap.wires import RawServer, client, receive, receive_all, receive_head, reset_at_close


def test_bytes_pass_unchanged_both_ways() -> None:
    request = (
        b"PUT /acct/c/b?x=%2F HTTP/1.1\r\nhOsT: somewhere:1\r\nX-Twice: 1\r\nx-twice:2  \r\n"
        b"Content-Length: 5\r\n\r\nhello"
    )
    answer = b'HTTP/1.1 201 Created\r\neTag: "0x1"\r\nContent-Length: 3\r\n\r\nabc'
    seen: list[bytes] = []

    def script(sock: socket.socket) -> None:
        seen.append(receive(sock, len(request)))
        sock.sendall(answer)

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap:
        with client(tap.address) as sock:
            sock.sendall(request)
            assert receive(sock, len(answer)) == answer
        [exchange] = tap.take()
    assert seen == [request]
    assert exchange.fidelity is Fidelity.TAP
    assert (exchange.request.method, exchange.request.target) == ("PUT", "/acct/c/b?x=%2F")
    assert exchange.request.headers[:3] == (("hOsT", "somewhere:1"), ("X-Twice", "1"), ("x-twice", "2"))
    assert exchange.request.body.data == b"hello"
    assert exchange.response is not None
    assert (exchange.response.status, exchange.response.reason) == (201, "Created")
    assert exchange.response.headers[0] == ("eTag", '"0x1"')
    assert exchange.response.body.data == b"abc"
    assert exchange.response.framing is Framing.LENGTH
    assert exchange.failure is None and exchange.scheme == "http"
    assert exchange.first_byte is not None and 0 <= exchange.first_byte <= exchange.elapsed


_piece = st.binary(max_size=400)


@settings(max_examples=40, deadline=None)
@given(
    bodies=st.lists(st.tuples(_piece, st.booleans(), _piece, st.booleans()), min_size=1, max_size=5),
    cut=st.integers(1, 97),
)
def test_any_sequence_in_any_pieces(bodies: list[tuple[bytes, bool, bytes, bool]], cut: int) -> None:
    """Kept-alive and pipelined exchanges, chunked or not, sent in pieces of any size."""
    asked = b"".join(
        _message(b"PUT /%d HTTP/1.1" % n, up, chunked) for n, (up, chunked, _, _) in enumerate(bodies)
    )
    told = b"".join(_message(b"HTTP/1.1 200 OK", down, chunked) for _, _, down, chunked in bodies)
    seen: list[bytes] = []

    def script(sock: socket.socket) -> None:
        seen.append(receive(sock, len(asked)))
        for at in range(0, len(told), cut):
            sock.sendall(told[at : at + cut])

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap:
        with client(tap.address) as sock:
            for at in range(0, len(asked), cut):
                sock.sendall(asked[at : at + cut])
            assert receive(sock, len(told)) == told
        exchanges = tap.take()
    assert seen == [asked]
    assert [e.request.target for e in exchanges] == [f"/{n}" for n in range(len(bodies))]
    assert [e.request.body.data for e in exchanges] == [up for up, _, _, _ in bodies]
    assert [e.response and e.response.body.data for e in exchanges] == [down for _, _, down, _ in bodies]
    assert not any(e.failure or e.anomalies for e in exchanges)


def _message(start: bytes, body: bytes, chunked: bool) -> bytes:
    if not chunked:
        return b"%s\r\nContent-Length: %d\r\n\r\n%s" % (start, len(body), body)
    pieces = [body[at : at + 50] for at in range(0, len(body), 50)]
    chunks = b"".join(b"%x;e=1\r\n%s\r\n" % (len(p), p) for p in pieces)
    return b"%s\r\nTransfer-Encoding: chunked\r\n\r\n%s0\r\nX-T: 1\r\n\r\n" % (start, chunks)


def test_bytes_are_not_held_back() -> None:
    """The head reaches the server before the body is sent, and the answer's first half before its second."""
    more, half = threading.Event(), threading.Event()

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        more.set()
        receive(sock, 4)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        assert half.wait(10)
        sock.sendall(b"cd")

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap, client(tap.address) as sock:
        sock.sendall(b"PUT /b HTTP/1.1\r\nContent-Length: 4\r\n\r\n")
        assert more.wait(10)
        sock.sendall(b"1234")
        assert receive_head(sock).startswith(b"HTTP/1.1 200")
        assert receive(sock, 2) == b"ab"
        half.set()
        assert receive(sock, 2) == b"cd"


def test_expect_continue() -> None:
    def script(sock: socket.socket) -> None:
        receive_head(sock)
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        receive(sock, 3)
        sock.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap:
        with client(tap.address) as sock:
            sock.sendall(b"PUT /b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            assert receive_head(sock) == b"HTTP/1.1 100 Continue\r\n\r\n"
            sock.sendall(b"abc")
            assert receive_head(sock).startswith(b"HTTP/1.1 201")
        [exchange] = tap.take()
    assert exchange.interim == (100,)
    assert exchange.request.body.data == b"abc"
    assert exchange.response is not None and exchange.response.status == 201


def test_head_has_no_body_and_close_delimited_body_ends_with_the_stream() -> None:
    def script(sock: socket.socket) -> None:
        receive_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
        receive_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end")

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap:
        with client(tap.address) as sock:
            sock.sendall(b"HEAD /b HTTP/1.1\r\n\r\n")
            receive_head(sock)
            sock.sendall(b"GET /b HTTP/1.1\r\n\r\n")
            assert receive_all(sock).endswith(b"until the end")
        first, second = tap.take()
    assert first.response is not None and first.response.framing is Framing.NONE
    assert second.response is not None and second.response.framing is Framing.CLOSE
    assert second.response.body.data == b"until the end"
    assert first.failure is second.failure is None


def test_a_body_on_head_is_noted() -> None:
    def script(sock: socket.socket) -> None:
        receive_head(sock)
        sock.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nOops!")

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap:
        with client(tap.address) as sock:
            sock.sendall(b"HEAD /b HTTP/1.1\r\n\r\n")
            assert receive_all(sock).endswith(b"Oops!")
        [exchange] = tap.take()
    assert exchange.extra == 5
    assert exchange.anomalies == ("extra: 5 bytes",)


def test_an_upload_that_the_client_breaks_off() -> None:
    gone = threading.Event()

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        try:
            receive_all(sock)
        except ConnectionResetError:
            gone.set()

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap:
        with client(tap.address) as sock:
            sock.sendall(b"PUT /b HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + b"x" * 40)
            _wait_for(lambda: tap.connections == 1)
            reset_at_close(sock)
        assert gone.wait(10), "the reset was not passed on"
        [exchange] = tap.take()
    assert exchange.response is None
    assert exchange.failure == "reset: the client broke the connection off"
    assert exchange.request.body.length == 40
    assert exchange.unsent == 60


def test_a_download_that_the_server_breaks_off() -> None:
    def script(sock: socket.socket) -> None:
        receive_head(sock)
        sock.sendall(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 100\r\n\r\n" + b"x" * 30)

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap:
        with client(tap.address) as sock:
            sock.sendall(b"GET /b HTTP/1.1\r\n\r\n")
            assert receive_all(sock).endswith(b"\r\n\r\n" + b"x" * 30)
        [exchange] = tap.take()
    assert exchange.response is not None
    assert exchange.response.body.length == 30
    assert exchange.failure is not None and exchange.failure.startswith("closed-early: the endpoint")


def test_an_early_answer_belongs_to_its_request() -> None:
    def script(sock: socket.socket) -> None:
        receive_head(sock)
        sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        receive(sock, 10)
        receive_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap:
        with client(tap.address) as sock:
            sock.sendall(b"PUT /1 HTTP/1.1\r\nContent-Length: 10\r\n\r\n")
            receive_head(sock)
            sock.sendall(b"0123456789" + b"GET /2 HTTP/1.1\r\n\r\n")
            receive_head(sock)
        exchanges = tap.take()
    assert [(e.request.target, e.response and e.response.status) for e in exchanges] == [
        ("/1", 403),
        ("/2", 200),
    ]
    assert exchanges[0].request.body.data == b"0123456789"


def test_bytes_that_are_no_http_pass_and_are_named() -> None:
    def script(sock: socket.socket) -> None:
        sock.sendall(receive(sock, 6)[::-1])

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap:
        with client(tap.address) as sock:
            sock.sendall(b"\x16\x03\x01abc\r\n\r\n"[:6])
            assert receive(sock, 6) == b"cba\x01\x03\x16"
        assert tap.take() == []


def test_nobody_listens_upstream() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()[:2]
    with Tap(Upstream(address)) as tap:
        # The reset may come while we are still connecting.
        with contextlib.suppress(ConnectionResetError), client(tap.address) as sock:
            assert sock.recv(1) == b""
        _wait_for(lambda: bool(tap.faults))
        assert "could not be reached" in tap.faults[0]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize(("front", "back"), [(True, False), (False, True), (True, True)])
def test_tls_on_either_side(authority: trustme.CA, front: bool, back: bool) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(serving)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    body = bytes(range(256)) * 8192  # 2 MiB: many TLS records

    def script(sock: socket.socket) -> None:
        head = receive_head(sock)
        got = receive(sock, int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]))
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(got) + got)

    with (
        RawServer(script, serving if back else None) as server,
        Tap(Upstream(server.address, trusting if back else None), tls=serving if front else None) as tap,
    ):
        with client(tap.address) as plain:
            sock = trusting.wrap_socket(plain, server_hostname="127.0.0.1") if front else plain
            sender = threading.Thread(
                target=sock.sendall,
                args=(b"PUT /b HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body,),
            )
            sender.start()
            sender.join(10)
            receive_head(sock)
            assert receive(sock, len(body)) == body
            if front:
                sock.close()
        [exchange] = tap.take()
    assert exchange.scheme == ("https" if front else "http")
    assert exchange.request.body.sha256 == hashlib.sha256(body).hexdigest()
    assert exchange.request.body.data is None
    assert exchange.response is not None and exchange.response.body.length == len(body)


def test_a_large_body_keeps_memory_flat() -> None:
    """256 MiB up and down: memory grows by far less than one of them, and the digests are right."""
    size, block = 256 * 1024 * 1024, bytes(range(256)) * 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        left = size
        while left and (piece := sock.recv(1 << 18)):
            left -= len(piece)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(block)):
            sock.sendall(block)

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap:
        with client(tap.address) as sock:
            sock.sendall(b"PUT /b HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // len(block)):
                sock.sendall(block)
            receive_head(sock)
            left = size
            while left and (piece := sock.recv(1 << 18)):
                left -= len(piece)
        [exchange] = tap.take()
    digest = hashlib.sha256()
    for _ in range(size // len(block)):
        digest.update(block)
    assert exchange.request.body.sha256 == digest.hexdigest()
    assert exchange.response is not None and exchange.response.body.sha256 == digest.hexdigest()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # KiB
    assert grown < 48 * 1024, f"memory grew by {grown} KiB"


def test_bodies_are_kept_up_to_the_limit() -> None:
    def script(sock: socket.socket) -> None:
        for size in (KEEP, KEEP + 1):
            receive_head(sock)
            receive(sock, size)
            sock.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    with RawServer(script) as server, Tap(Upstream(server.address)) as tap:
        with client(tap.address) as sock:
            for size in (KEEP, KEEP + 1):
                sock.sendall(b"PUT /b HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
                receive_head(sock)
        kept, dropped = tap.take()
    assert kept.request.body.data == bytes(KEEP)
    assert dropped.request.body.data is None and dropped.request.body.length == KEEP + 1


def _wait_for(condition: object) -> None:
    deadline = threading.Event()
    for _ in range(1000):
        if callable(condition) and condition():
            return
        deadline.wait(0.01)
    raise AssertionError("it did not happen within 10 s")
