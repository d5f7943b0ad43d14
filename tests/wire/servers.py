"""A server that answers with scripted bytes, and remembers the bytes it got."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.tap.wires import reset_at_close

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


@dataclass
class Wire:
    """One accepted connection, as an answer sees it."""

    socket: socket.socket
    request: bytes

    def send(self, data: bytes) -> None:
        """Send bytes now."""
        self.socket.sendall(data)

    def read(self, count: int) -> bytes:
        """So many more bytes, or fewer at the end."""
        data = b""
        while len(data) < count and (piece := self.socket.recv(count - len(data))):
            data += piece
        return data

    def reset(self) -> None:
        """Close with RST."""
        reset_at_close(self.socket)
        self.socket.close()


Answer = bytes | Callable[[Wire], None]


@dataclass
class Server:
    """What a scripted server has seen."""

    address: tuple[str, int]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def authority(self) -> str:
        """Host and port, for a Host header."""
        return f"{self.address[0]}:{self.address[1]}"


@contextlib.contextmanager
def scripted(
    answers: Sequence[Answer], *, tls: ssl.SSLContext | None = None, close_after: int = 0, body: bool = True
) -> Iterator[Server]:
    """Answer the requests in order, the last answer again and again.

    `close_after`: close every connection after so many answers (0: never). Without `body` an answer begins
    when the head is there, and may read the body itself.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener.getsockname())
    stop = threading.Event()

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            plain = connection if tls is None else tls.wrap_socket(connection, server_side=True)
            count = 0
            while not close_after or count < close_after:
                request = _request(plain, body)
                if not request:
                    return
                answer = answers[min(len(server.requests), len(answers) - 1)]
                server.requests.append(request)
                count += 1
                if callable(answer):
                    answer(Wire(plain, request))
                else:
                    plain.sendall(answer)

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(10)
            server.connections += 1
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _request(connection: socket.socket, body: bool) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(1 if not body else 65536)
        if not piece:
            return b""
        data += piece
    head, mark, rest = data.partition(b"\r\n\r\n")
    if body and (match := _LENGTH.search(head)):
        while len(rest) < int(match.group(1)) and (piece := connection.recv(65536)):
            rest += piece
    return head + mark + rest
