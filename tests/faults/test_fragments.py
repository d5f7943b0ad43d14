"""Any requests in any pieces, with any of the faults among them: what is not struck is unharmed."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.faults.cut import AnswerCutter, Part, RequestCutter
from harness.faults.fault import Fault, Kind
from harness.faults.proxy import FaultProxy
from harness.tap.proxy import Upstream
from tests.faults.stub import BODY, Stub
from tests.tap.wires import RawServer, client, receive, receive_head

_GENTLE = [
    Fault("busy", Kind.ANSWER, code="ServerBusy"),
    Fault("short", Kind.SHORT_BODY),
    Fault("flip", Kind.FLIPPED_BYTE),
    Fault("stall", Kind.STALL, seconds=0.01),
    Fault("drip", Kind.SLOW_DRIP, bytes_per_second=1_000_000),
]
"""Faults after which the connection goes on."""


@dataclass(frozen=True, slots=True)
class _Ask:
    method: str
    name: str
    body: bytes
    chunked: bool

    def wire(self) -> bytes:
        start = f"{self.method} /a/c/{self.name} HTTP/1.1\r\n"
        if self.method != "PUT":
            return f"{start}\r\n".encode()
        if not self.chunked:
            return f"{start}Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body
        chunk = b"%x\r\n%b\r\n" % (len(self.body), self.body) if self.body else b""
        return f"{start}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk + b"0\r\n\r\n"


_ASKS = st.builds(
    _Ask,
    st.sampled_from(["GET", "PUT", "HEAD"]),
    st.sampled_from(["b", "chunked", "empty", "missing"]),
    st.binary(max_size=300),
    st.booleans(),
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(_ASKS, min_size=1, max_size=8),
    st.sampled_from(_GENTLE),
    st.integers(1, 8),
    st.lists(st.integers(1, 200), min_size=1, max_size=10),
)
def test_any_pipeline_in_any_pieces(asks: list[_Ask], fault: Fault, nth: int, cuts: list[int]) -> None:
    stub = Stub()
    with RawServer(stub.serve) as server, FaultProxy(Upstream(server.address), prefix="/a") as proxy:
        proxy.arm([replace(fault, nth=nth)])
        with client(proxy.address) as sock:
            writer = threading.Thread(target=_send, args=(sock, b"".join(ask.wire() for ask in asks), cuts))
            writer.start()
            answers = [_read(sock, ask.method) for ask in asks]
            writer.join()
        strikes = proxy.disarm()
        taken = proxy.take()
    assert len(strikes) <= 1
    assert len(strikes) + len(taken) == len(asks)
    assert not any(one.failure or one.anomalies for one in taken)
    harmed = 0
    for ask, (status, body, head) in zip(asks, answers, strict=True):
        right = _right(ask)
        if (status, len(body)) != (right[0], len(right[1])) or body != right[1]:
            harmed += 1
        elif ask.method == "PUT":
            assert hashlib.sha256(ask.body).hexdigest().encode() in head
    visible = bool(strikes) and fault.kind not in (Kind.STALL, Kind.SLOW_DRIP)
    assert harmed == visible
    if fault.kind in (Kind.ANSWER, Kind.STALL):
        assert bool(strikes) == (nth <= len(asks))


def _send(sock: socket.socket, data: bytes, cuts: list[int]) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    turn = 0
    while data:
        size = cuts[turn % len(cuts)]
        sock.sendall(data[:size])
        data, turn = data[size:], turn + 1


def _read(sock: socket.socket, method: str) -> tuple[int, bytes, bytes]:
    head = receive_head(sock)
    body = b""
    if method != "HEAD":
        if length := re.search(rb"Content-Length: (\d+)", head):
            body = receive(sock, int(length[1]))
        else:
            while size := int(_line(sock), 16):
                body += receive(sock, size)
                _line(sock)
            _line(sock)
    return int(head[9:12]), body, head


def _line(sock: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\r\n"):
        data += sock.recv(1)
    return data[:-2]


def _right(ask: _Ask) -> tuple[int, bytes]:
    if ask.method == "PUT":
        return 201, b""
    status, body = {"missing": (404, b"sorry"), "empty": (200, b"")}.get(ask.name, (200, BODY))
    return status, b"" if ask.method == "HEAD" else body


# --- the cutters alone ---


@settings(deadline=None)
@given(st.lists(_ASKS, min_size=1, max_size=5), st.lists(st.integers(1, 60), min_size=1))
def test_requests_are_cut_where_they_end(asks: list[_Ask], cuts: list[int]) -> None:
    cutter, seen, ends, data = RequestCutter(), b"", 0, b"".join(ask.wire() for ask in asks)
    for piece in _pieces(data, cuts):
        view = memoryview(piece)
        while view:
            cut = cutter.advance(view)
            seen += bytes(view[: len(view) - len(cut.rest)])
            view = cut.rest
            if cut.end:
                ends += 1
                assert seen == b"".join(ask.wire() for ask in asks[:ends])
    assert (seen, ends) == (data, len(asks))


@settings(deadline=None)
@given(
    st.sampled_from(["b", "chunked", "empty"]), st.integers(0, 2), st.lists(st.integers(1, 4000), min_size=1)
)
def test_answers_are_cut_where_they_end(name: str, interim: int, cuts: list[int]) -> None:
    framed = {
        "b": b"Content-Length: 5\r\n\r\nhello",
        "chunked": b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n",
        "empty": b"Content-Length: 0\r\n\r\n",
    }[name]
    data = b"HTTP/1.1 100 Continue\r\n\r\n" * interim + b"HTTP/1.1 200 OK\r\n" + framed
    cutter, body, interims, used = AnswerCutter("GET"), b"", 0, 0
    for piece in _pieces(data + b"next", cuts):
        view = memoryview(piece)
        while view:
            cut = cutter.advance(view)
            raw = bytes(view[: len(view) - len(cut.rest)])
            used, view = used + len(raw), cut.rest
            body += raw if cut.part is Part.DATA else b""
            interims += cut.part is Part.INTERIM
            if cut.end:
                assert (used, body, interims) == (len(data), b"" if name == "empty" else b"hello", interim)
                assert cutter.status == 200
                return
    raise AssertionError("the end was not seen")


def _pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    out, turn = [], 0
    while data:
        size = cuts[turn % len(cuts)]
        out.append(data[:size])
        data, turn = data[size:], turn + 1
    return out
