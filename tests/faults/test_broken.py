"""What breaks by itself while a fault is at work: clients that leave, servers that end, nobody listening."""

from __future__ import annotations

import contextlib
import gc
import socket
import time
from pathlib import Path

import pytest

from harness.faults.catalogue import catalogue
from harness.faults.fault import Fault, Kind
from harness.faults.proxy import FaultProxy
from harness.tap.proxy import Upstream
from tests.faults.conftest import Faulty
from tests.faults.stub import BODY, eventually
from tests.tap.wires import RawServer, client, receive, receive_all, receive_head, reset_at_close


def test_a_client_that_breaks_off_its_struck_request(faulty: Faulty) -> None:
    """The harm was not done, so it is due for the next one."""
    faulty.proxy.arm([catalogue()["busy"].on("write")])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"PUT /a/c/b HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
        reset_at_close(sock)
    eventually(lambda: faulty.proxy.take() != [])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"PUT /a/c/b HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        assert receive_head(sock).startswith(b"HTTP/1.1 503 ")
    assert len(faulty.proxy.disarm()) == 1


def test_a_client_that_stops_sending_its_struck_request(faulty: Faulty) -> None:
    faulty.proxy.arm([catalogue()["busy"].on("write")])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"PUT /a/c/b HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
        sock.shutdown(socket.SHUT_WR)
        assert receive_all(sock) == b""
    assert faulty.proxy.disarm() == ()


def test_a_client_that_half_closes_after_its_request(faulty: Faulty) -> None:
    faulty.proxy.arm([Fault("f", Kind.STALL, seconds=0.1)])
    with client(faulty.proxy.address) as sock:
        sock.sendall(b"GET /a/c/b HTTP/1.1\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        assert receive_all(sock).endswith(BODY)
    assert len(faulty.proxy.disarm()) == 1


@pytest.mark.parametrize(
    "kind", [Kind.LOST_ANSWER, Kind.CUT_RESPONSE, Kind.SHORT_BODY, Kind.STALL, Kind.SLOW_DRIP]
)
@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200", b"no HTTP at all\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfew"],
)
def test_a_server_that_ends_too_early(kind: Kind, said: bytes) -> None:
    """What it said arrives, or less of it where that is the harm; the connection ends, and nothing waits."""

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        sock.sendall(said)

    fault = Fault("f", kind, seconds=0.05, bytes_per_second=1000)
    with RawServer(script) as server, FaultProxy(Upstream(server.address)) as proxy:
        proxy.arm([fault])
        with client(proxy.address) as sock:
            sock.sendall(b"GET /c/b HTTP/1.1\r\n\r\n")
            try:
                got = receive_all(sock)
            except ConnectionResetError:
                got = b""
        strikes = proxy.disarm()
    whole_head = said.startswith(b"HTTP/1.1 200 OK")
    assert len(strikes) == (whole_head and kind is not Kind.CUT_RESPONSE), "harm is done only to an answer"
    if not whole_head or kind in (Kind.STALL, Kind.SLOW_DRIP):
        assert got == said
    else:
        assert len(got) <= len(said)


def test_a_body_that_ends_with_the_connection(faulty: Faulty) -> None:
    def script(sock: socket.socket) -> None:
        receive_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY)

    half = BODY[: len(BODY) // 2]
    flipped = bytearray(BODY)
    flipped[len(BODY) // 2] ^= 1
    for kind, right in ((Kind.SHORT_BODY, half), (Kind.FLIPPED_BYTE, bytes(flipped)), (Kind.STALL, BODY)):
        with RawServer(script) as server, FaultProxy(Upstream(server.address)) as proxy:
            proxy.arm([Fault("f", kind, seconds=0.01)])
            with client(proxy.address) as sock:
                sock.sendall(b"GET /c/b HTTP/1.1\r\n\r\n")
                receive_head(sock)
                assert receive_all(sock) == right
            assert len(proxy.disarm()) == 1


def test_nobody_listens_upstream() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()[:2]
    with FaultProxy(Upstream(address)) as proxy:
        proxy.arm([Fault("f", Kind.LOST_ANSWER), Fault("g", Kind.ANSWER, nth=2)])
        for _ in range(2):
            with contextlib.suppress(ConnectionResetError), client(proxy.address) as sock:
                sock.sendall(b"GET /c/b HTTP/1.1\r\n\r\n")
                assert receive_all(sock) == b""
        assert proxy.disarm() == ()


def test_a_slow_reader_of_a_struck_answer_holds_the_server_back() -> None:
    """100 MB through a drip that is faster than the reader: the proxy keeps next to nothing."""
    size, sent = 100_000_000, [0]

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        sock.settimeout(0.5)
        while sent[0] < size:
            sent[0] += sock.send(bytes(1 << 18))

    with RawServer(script) as server, FaultProxy(Upstream(server.address)) as proxy:
        proxy.arm([Fault("f", Kind.SLOW_DRIP, bytes_per_second=1_000_000_000)])
        with client(proxy.address) as sock:
            sock.sendall(b"GET /c/b HTTP/1.1\r\n\r\n")
            receive_head(sock)
            last = -1
            while sent[0] != last:
                last = sent[0]
                assert len(receive(sock, 10)) == 10
                time.sleep(0.3)
            assert sent[0] < 32_000_000, "what fits into the kernels' buffers and ours"


def test_nothing_is_left_behind(faulty: Faulty) -> None:
    """After a hundred struck connections there are as many open files as before."""
    kinds = [Kind.RESET_BEFORE, Kind.LOST_ANSWER, Kind.CUT_RESPONSE, Kind.REFUSED, Kind.RESET_INSIDE_RESPONSE]

    def files() -> int:
        folder = Path("/proc/self/fd")
        return sum(1 for _ in folder.iterdir()) if folder.exists() else 0

    before = files()
    for kind in kinds:
        faulty.proxy.arm([Fault("f", kind, times=0)])
        for _ in range(20):
            with contextlib.suppress(OSError), client(faulty.proxy.address) as sock:
                sock.sendall(b"GET /a/c/b HTTP/1.1\r\n\r\n")
                receive_all(sock)
        assert len(faulty.proxy.disarm()) == 20
    eventually(lambda: files() <= before)
    assert faulty.proxy.faults == ()


def test_a_fault_for_a_client_that_was_told_that_the_server_had_ended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It keeps its half of the connection and asks once more: nothing can be given to it any more."""

    def script(sock: socket.socket) -> None:
        receive_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        sock.shutdown(socket.SHUT_WR)
        receive_all(sock)

    with RawServer(script) as server, FaultProxy(Upstream(server.address)) as proxy:
        with client(proxy.address) as sock:
            sock.sendall(b"GET /c/b HTTP/1.1\r\n\r\n")
            assert receive_all(sock).endswith(b"ok")
            proxy.arm([Fault("f", Kind.ANSWER, status=503, code="ServerBusy")])
            sock.sendall(b"GET /c/b HTTP/1.1\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
            assert receive_all(sock) == b""
        assert len(proxy.disarm()) == 1
    gc.collect()  # a task that failed says so when it goes
    assert not [record.getMessage() for record in caplog.records if record.name == "asyncio"]
