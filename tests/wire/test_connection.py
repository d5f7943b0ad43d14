"""The connection: bytes go out as told, and whatever comes back or does not is in the exchange."""

from __future__ import annotations

import ssl
import threading
import time
from pathlib import Path

import pytest

from harness.endpoint import Endpoint, Style
from harness.endpoints.certificates import Certificates, issue
from harness.exchange import Framing
from harness.wire import Connection, WireRequest, dial
from tests.wire.servers import Wire, scripted

EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
GET = WireRequest("GET", "/a?b=c", (("Host", "x"),))
HEAD = WireRequest("HEAD", "/a", (("Host", "x"),))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("certificates"))


def test_every_byte_is_as_told() -> None:
    headers = (("hOsT", "x"), ("x-a", "1"), ("X-A", "2"), ("Content-Length", "3"))
    request = WireRequest("PUT", "/a%2Fb c?d=%zz", headers, b"abc")
    with scripted([EMPTY]) as server, Connection(server.address) as connection:
        exchange = connection.exchange(request)
    sent = b"PUT /a%2Fb c?d=%zz HTTP/1.1\r\nhOsT: x\r\nx-a: 1\r\nX-A: 2\r\nContent-Length: 3\r\n\r\nabc"
    assert server.requests == [sent]
    assert exchange.request.headers == headers
    assert exchange.request.body.data == b"abc"
    assert exchange.failure is None


def test_chunks_and_trailers_are_as_told() -> None:
    request = WireRequest(
        *("PUT", "/", (("Transfer-Encoding", "chunked"),), b"abcde"),
        chunked=True,
        chunk_size=2,
        trailers=(("t", "1"),),
    )
    assert request.framed_body() == b"2\r\nab\r\n2\r\ncd\r\n1\r\ne\r\n0\r\nt: 1\r\n\r\n"


def test_one_connection_serves_many_exchanges() -> None:
    with scripted([EMPTY]) as server, Connection(server.address) as connection:
        numbers = {connection.exchange(GET).connection for _ in range(20)}
    assert len(numbers) == 1
    assert server.connections == 1


def test_after_a_close_the_next_exchange_has_a_new_connection() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with scripted([answer], close_after=1) as server, Connection(server.address) as connection:
        first, second = connection.exchange(GET), connection.exchange(GET)
    assert (first.failure, second.failure) == (None, None)
    assert first.connection != second.connection


def test_a_silent_close_between_exchanges_is_no_failure() -> None:
    with scripted([EMPTY], close_after=1) as server, Connection(server.address) as connection:
        first = connection.exchange(GET)
        connection.settle(2)
        second = connection.exchange(GET)
    assert (first.failure, second.failure) == (None, None)
    assert server.connections == 2
    assert second.anomalies == ()


def test_nothing_is_ever_sent_twice() -> None:
    with scripted([lambda wire: wire.reset()]) as server, Connection(server.address) as connection:
        exchange = connection.exchange(GET)
    assert exchange.failure is not None
    assert exchange.failure.startswith("reset")
    assert exchange.response is None
    assert len(server.requests) == 1


def test_a_redirect_is_just_a_response() -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    with scripted([moved]) as server, Connection(server.address) as connection:
        exchange = connection.exchange(GET)
    assert exchange.response is not None
    assert exchange.response.status == 307
    assert len(server.requests) == 1


def test_a_body_on_head_is_noticed() -> None:
    answer = b"HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nhello"
    with scripted([answer, EMPTY]) as server, Connection(server.address) as connection:
        first, second = connection.exchange(HEAD), connection.exchange(GET)
    assert (first.extra, first.anomalies) == (5, ("extra: 5 bytes",))
    assert (second.failure, second.anomalies) == (None, ())
    assert first.connection != second.connection


def test_a_body_on_head_that_comes_late_is_noticed_before_the_next_request() -> None:
    sent = threading.Event()

    def late(wire: Wire) -> None:
        wire.send(b"HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\n")
        time.sleep(0.1)
        wire.send(b"hello")
        sent.set()

    with scripted([late, EMPTY]) as server, Connection(server.address) as connection:
        first = connection.exchange(HEAD)
        assert sent.wait(5)
        second = connection.exchange(GET)
    assert first.extra == 0
    assert second.failure is None
    assert second.anomalies == ("stray: 5 bytes after the response to HEAD /a",)


def test_settle_finds_late_bytes_at_the_end_of_a_case() -> None:
    def late(wire: Wire) -> None:
        wire.send(EMPTY)
        time.sleep(0.05)
        wire.send(b"more")

    with scripted([late]) as server, Connection(server.address) as connection:
        assert connection.exchange(GET).extra == 0
        assert connection.settle(5) == 4
        assert not connection.connected


def test_timeouts_say_how_far_it_came() -> None:
    def half(wire: Wire) -> None:
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
        wire.read(1)

    def never(wire: Wire) -> None:
        wire.read(1)

    with scripted([never, half]) as server, Connection(server.address, timeout=0.2) as connection:
        silent, cut = connection.exchange(GET), connection.exchange(GET)
    assert silent.failure == "timeout: no response"
    assert cut.failure == "timeout: inside the response"
    assert cut.response is not None
    assert cut.response.body.data == b"ab"


def test_the_deadline_holds_against_a_server_that_drips() -> None:
    def drip(wire: Wire) -> None:
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        for _ in range(2000):
            wire.send(b"x")
            time.sleep(0.02)

    with scripted([drip]) as server:
        started = time.monotonic()
        with Connection(server.address, timeout=5, deadline=0.3) as connection:
            exchange = connection.exchange(GET)
    assert exchange.failure is not None
    assert exchange.failure.startswith("timeout")
    assert time.monotonic() - started < 20  # it drips for 40 s


def test_an_early_close_says_where() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"
    with scripted([answer], close_after=1) as server, Connection(server.address) as connection:
        exchange = connection.exchange(GET)
    assert exchange.failure == "closed-early: inside the body, after 2 of 5 bytes"


def test_nobody_listens() -> None:
    with scripted([EMPTY]) as server:
        address = server.address
    exchange = Connection(address).exchange(GET)
    assert exchange.failure is not None
    assert exchange.failure.startswith("refused")


def test_an_answer_before_the_end_of_the_body_is_read() -> None:
    body = bytes(64 * 1024 * 1024)
    request = WireRequest("PUT", "/", (("Content-Length", str(len(body))),), body)

    def refuse(wire: Wire) -> None:
        wire.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        wire.read(1024)

    with (
        scripted([refuse], body=False, close_after=1) as server,
        Connection(server.address, timeout=5) as connection,
    ):
        exchange = connection.exchange(request)
    assert exchange.failure is None
    assert exchange.response is not None
    assert exchange.response.status == 413
    assert exchange.unsent > 0
    assert exchange.request.body.length == len(body)


def test_expect_continue_waits_for_the_word() -> None:
    def go_on(wire: Wire) -> None:
        wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert wire.read(3) == b"abc"
        wire.send(EMPTY)

    request = WireRequest(
        "PUT", "/", (("Content-Length", "3"), ("Expect", "100-continue")), b"abc", await_continue=5.0
    )
    with scripted([go_on], body=False) as server, Connection(server.address) as connection:
        exchange = connection.exchange(request)
    assert exchange.failure is None
    assert exchange.interim == (100,)


def test_expect_continue_keeps_the_body_back_when_refused() -> None:
    request = WireRequest("PUT", "/", (("Content-Length", "3"),), b"abc", await_continue=5.0)
    answer = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
    with scripted([answer], body=False) as server, Connection(server.address) as connection:
        exchange = connection.exchange(request)
    assert exchange.response is not None
    assert exchange.response.status == 403
    assert exchange.unsent == 3


def test_a_body_that_is_only_declared_is_never_sent() -> None:
    def asks(wire: Wire) -> None:
        wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    request = WireRequest(
        "PUT", "/", (("Content-Length", "5000"), ("Expect", "100-continue")), await_continue=5.0
    )
    with scripted([asks], body=False) as server, Connection(server.address) as connection:
        exchange = connection.exchange(request)
    assert (exchange.failure, exchange.interim) == ("continued", (100,))


@pytest.mark.parametrize("reset", [False, True])
def test_stopping_half_way(reset: bool) -> None:
    got: list[bytes] = []
    done = threading.Event()

    def collect(wire: Wire) -> None:
        try:
            got.append(wire.read(10))
        except ConnectionResetError:
            got.append(b"reset")
        done.set()

    request = WireRequest(
        "PUT", "/", (("Content-Length", "10"),), b"0123456789", stop_after=4, stop_with_reset=reset
    )
    with scripted([collect], body=False) as server, Connection(server.address) as connection:
        exchange = connection.exchange(request)
        assert done.wait(5)
    assert (exchange.failure, exchange.unsent) == ("stopped", 6)
    assert got == [b"reset"] if reset else got == [b"0123"]


def test_tls_with_our_own_authority(certificates: Certificates) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with scripted([EMPTY], tls=context) as server:
        url = f"https://acct.blob.localhost:{server.address[1]}"
        endpoint = Endpoint("x", url, "acct", Style.HOST, connect=server.address, ca_file=certificates.ca)
        with dial(endpoint) as connection:
            exchanges = [connection.exchange(GET) for _ in range(3)]
            large = connection.exchange(
                WireRequest("PUT", "/", (("Content-Length", str(1 << 20)),), bytes(1 << 20))
            )
        untrusting = Endpoint("x", url, "acct", Style.HOST, connect=server.address)
        with dial(untrusting) as connection:
            refused = connection.exchange(GET)
    assert [exchange.failure for exchange in exchanges] == [None] * 3
    assert {exchange.scheme for exchange in exchanges} == {"https"}
    assert (large.failure, large.unsent) == (None, 0)
    assert refused.failure is not None
    assert refused.failure.startswith("tls: ")


def test_exchange_values_are_whole() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    with scripted([answer]) as server, Connection(server.address) as connection:
        before = time.time()
        exchange = connection.exchange(GET)
    assert before - 1 <= exchange.started <= time.time()
    assert exchange.first_byte is not None
    assert 0 < exchange.first_byte <= exchange.elapsed
    assert exchange.response is not None
    assert exchange.response.framing is Framing.CHUNKED
    assert exchange.scheme == "http"


def test_an_unknown_address_of_an_endpoint_names_the_known_ones(tmp_path: Path) -> None:
    endpoint = Endpoint("x", "http://127.0.0.1:1/acct", "acct", Style.PATH)
    with pytest.raises(LookupError, match="it has: main"):
        dial(endpoint, "https")
