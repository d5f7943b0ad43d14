"""A server of a few lines that answers as a test tells it, and keeps every request byte for byte."""

from __future__ import annotations

import base64
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.endpoint import Endpoint, Secret, Style

KEY = Secret(base64.b64encode(b"k" * 64).decode())


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it came."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int

    @property
    def names(self) -> list[str]:
        """The header names, in order."""
        return [name for name, _ in self.headers]

    def get(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


Respond = Callable[[Got], bytes | None]
"""The whole response to a request; None: say nothing at all."""


def response(status: int, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a response; underscores of header names stand for dashes."""
    lines = [f"HTTP/1.1 {status} Reason", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(slots=True)
class Fake:
    """The running server."""

    port: int
    respond: Respond
    got: list[Got] = field(default_factory=list)

    def endpoint(self, key: Secret | None = KEY) -> Endpoint:
        """The endpoint that it is."""
        return Endpoint("fake", f"http://127.0.0.1:{self.port}/acct", "acct", Style.PATH, key=key)

    def lines(self, start: str = "") -> list[str]:
        """The request lines, less what the world asked for on its own account."""
        own = [got.line.removesuffix(" HTTP/1.1") for got in self.got if "no-such-operation" not in got.line]
        return [line for line in own if line.startswith(start)]


@contextmanager
def fake(respond: Respond) -> Iterator[Fake]:
    """Serve on a free port until the context ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        running = Fake(server.getsockname()[1], respond)
        clients: list[socket.socket] = []
        threading.Thread(target=_accept, args=(server, running, clients), daemon=True).start()
        yield running
        server.shutdown(socket.SHUT_RDWR)
    for client in clients:
        client.close()


def _accept(server: socket.socket, running: Fake, clients: list[socket.socket]) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        clients.append(client)
        threading.Thread(target=_serve, args=(client, running, len(clients)), daemon=True).start()


def _serve(client: socket.socket, running: Fake, number: int) -> None:
    try:
        with client, client.makefile("rb") as stream:
            while line := stream.readline().decode("latin-1").rstrip("\r\n"):
                headers = []
                while text := stream.readline().decode("latin-1").rstrip("\r\n"):
                    name, _, value = text.partition(":")
                    headers.append((name, value.strip()))
                got = Got(line, tuple(headers), _body(stream, dict(headers)), number)
                running.got.append(got)
                said = running.respond(got)
                if said is None:
                    threading.Event().wait(30)
                    return
                client.sendall(said)
    except OSError:
        return


def _body(stream: object, headers: dict[str, str]) -> bytes:
    read = stream.read  # type: ignore[attr-defined]
    if headers.get("Transfer-Encoding") == "chunked":
        out = b""
        while size := int(re.match(rb"[0-9a-f]+", stream.readline())[0], 16):  # type: ignore[attr-defined, index]
            out += read(size)
            read(2)
        read(2)
        return out
    return bytes(read(int(headers.get("Content-Length", "0"))))
