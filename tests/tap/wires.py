"""Raw sockets for the tap's tests: a server that runs a script for each connection, bounded reads."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

SECONDS = 10.0


class RawServer:
    """Accepts on loopback; each connection runs `script` on a thread of its own."""

    def __init__(self, script: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listening.getsockname()[:2]
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> RawServer:
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._acceptor.join(SECONDS)
        for thread in self._threads:
            thread.join(SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(SECONDS)
        with contextlib.suppress(OSError), client:
            if self._tls is None:
                self._script(client)
            else:
                with self._tls.wrap_socket(client, server_side=True) as secure:
                    self._script(secure)


def reset_at_close(sock: socket.socket) -> None:
    """Have the close that comes next send RST in place of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def receive(sock: socket.socket, count: int) -> bytes:
    """Exactly so many bytes, or fewer when the stream ends."""
    data = bytearray()
    while len(data) < count and (piece := sock.recv(min(count - len(data), 1 << 18))):
        data += piece
    return bytes(data)


def receive_head(sock: socket.socket) -> bytes:
    """Bytes up to and with the end of a head."""
    data = bytearray()
    while not data.endswith(b"\r\n\r\n") and (piece := sock.recv(1)):
        data += piece
    return bytes(data)


def receive_all(sock: socket.socket) -> bytes:
    """Everything until the stream ends."""
    return b"".join(iter(lambda: sock.recv(1 << 18), b""))


@contextlib.contextmanager
def client(address: tuple[str, int]) -> Iterator[socket.socket]:
    """A connected socket with a deadline on each call."""
    with socket.create_connection(address, SECONDS) as sock:
        yield sock
