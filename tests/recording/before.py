"""A recorder before a raw server, and what one who asks it is answered."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator

from harness.endpoint import Endpoint, Style
from harness.recording.passed import Passed
from harness.recording.proxy import Recorder, Way
from harness.recording.recorders import Recorders
from harness.recording.scenario import Fault
from tests.tap.wires import RawServer, client, receive_head

GET = b"GET /acct/c/b HTTP/1.1\r\nHost: here\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"


def raw(address: tuple[str, int], scheme: str = "http") -> Endpoint:
    host, port = address
    return Endpoint("raw", f"{scheme}://{host}:{port}/acct", "acct", Style.PATH)


@contextlib.contextmanager
def before(
    behind: Recorders, script: Callable[[socket.socket], None], *faults: Fault, way: Way = "reverse"
) -> Iterator[tuple[Recorder, tuple[str, int]]]:
    with RawServer(script) as server:
        running = behind.of(way)
        endpoint = raw(server.address)
        running.begin(endpoint, endpoint.face(), faults)
        yield running, ("127.0.0.1", running.port)


def answering(*answers: bytes) -> Callable[[socket.socket], None]:
    """A server that reads a head for each answer; bodies are for others."""

    def script(sock: socket.socket) -> None:
        for answer in answers:
            if not receive_head(sock):
                return
            sock.sendall(answer)
        sock.recv(1)

    return script


def ask(address: tuple[str, int], request: bytes) -> bytes:
    """All that comes back until the connection ends; with a mark where it was reset."""
    with client(address) as sock:
        sock.sendall(request)
        data = b""
        try:
            while piece := sock.recv(1 << 16):
                data += piece
        except ConnectionResetError:
            return data + b"<reset>"
        return data


def only(running: Recorder) -> Passed:
    (one,) = running.take()
    return one
