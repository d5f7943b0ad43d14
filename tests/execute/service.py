"""A small Blob service on raw sockets: it answers what it is told to, and keeps every byte that it got."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from harness.endpoint import Endpoint, Secret, Style

KEY = Secret(base64.b64encode(b"no secret at all").decode())
_LIMIT = 10.0  # seconds that anything in here may take


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes  # with its framing
    connection: int  # from 1, in the order of connecting
    head: bytes = b""  # as it came, without the empty line

    def get(self, name: str) -> list[str]:
        """The values of a header, whatever its case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


Answers = Callable[[Received], bytes | None]
"""From a request to the bytes of the answer. None leaves it to the service; no bytes close the connection."""


def response(status: int = 200, headers: str = "", body: bytes = b"") -> bytes:
    """An answer; `headers` are lines without their ends, joined by newlines."""
    lines = [f"HTTP/1.1 {status} Reason", *headers.splitlines(), f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass
class Service:
    """A running service."""

    port: int
    answers: Answers = lambda request: None
    says_continue: bool = True  # to a request that expects it; else the answer comes before the body
    requests: list[Received] = field(default_factory=list)
    closed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _connections: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def endpoint(self) -> Endpoint:
        """The service as an endpoint, path style, with a key."""
        url = f"http://127.0.0.1:{self.port}/acct"
        return Endpoint(name="scripted", url=url, account="acct", style=Style.PATH, key=KEY)

    def serve(self, connection: socket.socket) -> None:
        """Answer on one connection until either side closes it."""
        with self._lock:
            self._connections += 1
            number = self._connections
        with contextlib.suppress(OSError), connection:
            while (request := self._read(connection, number)) is not None:
                said = self._answer(request)
                if not said:
                    break
                connection.sendall(said)
        self.closed.release()

    def _read(self, connection: socket.socket, number: int) -> Received | None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
        request = Received(method, target, pairs, body, number, head)
        with self._lock:
            self.requests.append(request)
        if request.get("Expect"):
            if not self.says_continue:
                return request
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = int((request.get("Content-Length") or ["0"])[0])
        chunked = request.get("Transfer-Encoding") == ["chunked"]
        while len(body) < length or (chunked and not body.endswith(b"0\r\n\r\n")):
            piece = connection.recv(65536)
            if not piece:
                return None
            body += piece
        whole = replace(request, body=body)
        with self._lock:
            self.requests[self.requests.index(request)] = whole
        return whole

    def _answer(self, request: Received) -> bytes:
        said = self.answers(request)
        if said is not None:
            return said
        if comp := re.search(r"comp=(blobproof-[a-z-]+)", request.target):
            body = b"" if request.method == "HEAD" else comp[1].encode()
            return response(400, "x-ms-error-code: InvalidQueryParameterValue", body)
        return response(201 if request.method == "PUT" else 200)


@contextlib.contextmanager
def service(answers: Answers = lambda request: None) -> Iterator[Service]:
    """A service on a free port of the loopback; it is gone afterwards."""
    listener = socket.create_server(("127.0.0.1", 0))
    made = Service(listener.getsockname()[1], answers)
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(_LIMIT)
            threads.append(threading.Thread(target=made.serve, args=(connection,), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield made
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(_LIMIT)
