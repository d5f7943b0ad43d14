"""A small scripted Blob server for the fault proxy's tests, and clients that talk to it."""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.exchange import Headers, header
from harness.tap.requests import body_length, parse_head
from tests.tap.wires import receive, receive_head

BODY = bytes(range(256)) * 40 + b"!"  # 10,241 bytes: an odd number


@dataclass(slots=True)
class Stub:
    """`serve` is a script for RawServer. What it saw stands in `log`: method, target, bytes of the body.

    GET /a/c/chunked answers in chunks, /a/c/empty without a body, /a/c/missing 404, others with BODY, whole
    or by Range. PUT is answered 201 with the digest of what came.
    """

    log: list[tuple[str, str, int]] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)  # bytes of bodies that were never whole
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, sock: socket.socket) -> None:
        """One connection."""
        while head := receive_head(sock):
            if not head.endswith(b"\r\n\r\n"):
                return
            method, target, headers = parse_head(head.decode("latin-1").removesuffix("\r\n\r\n"))
            if (header(headers, "Expect") or "") == "100-continue":
                sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = self._body(sock, headers)
            with self.lock:
                self.log.append((method, target, len(body)))
            sock.sendall(_answer(method, target, headers, body))

    def counted(self) -> Counter[str]:
        """How often each method came."""
        with self.lock:
            return Counter(method for method, _, _ in self.log)

    def _body(self, sock: socket.socket, headers: Headers) -> bytes:
        length = body_length(headers)
        if length is not None:
            got = bytearray()
            try:
                while len(got) < length and (piece := sock.recv(length - len(got))):
                    got += piece
            finally:
                if len(got) < length:
                    self.broken.append(len(got))
            if len(got) < length:
                raise ConnectionError
            return bytes(got)
        data = bytearray()
        while size := int(_line(sock), 16):
            data += receive(sock, size)
            _line(sock)
        while _line(sock):
            pass
        return bytes(data)


def _line(sock: socket.socket) -> bytes:
    data = bytearray()
    while not data.endswith(b"\r\n"):
        piece = sock.recv(1)
        if not piece:
            raise ConnectionError
        data += piece
    return bytes(data[:-2])


def _answer(method: str, target: str, headers: Headers, body: bytes) -> bytes:
    if method in ("PUT", "POST"):
        digest = hashlib.sha256(body).hexdigest()
        return f"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nx-digest: {digest}\r\n\r\n".encode()
    if method == "DELETE":
        return b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
    path = target.partition("?")[0]
    if path.endswith("/missing"):
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n" + (
            b"" if method == "HEAD" else b"sorry"
        )
    if path.endswith("/empty"):
        return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    if path.endswith("/chunked"):
        chunks = b"".join(
            b"%x\r\n%b\r\n" % (len(BODY[at : at + 3000]), BODY[at : at + 3000])
            for at in range(0, len(BODY), 3000)
        )
        chunks = b"" if method == "HEAD" else chunks + b"0\r\n\r\n"
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", header(headers, "Range") or "")
    if wanted is None:
        head, body = "200 OK\r\nContent-MD5: kept", BODY
    else:
        first, last = int(wanted[1]), min(int(wanted[2]), len(BODY) - 1)
        head = f"206 Partial Content\r\nContent-Range: bytes {first}-{last}/{len(BODY)}"
        body = BODY[first : last + 1]
    return f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + (
        b"" if method == "HEAD" else body
    )


@dataclass(frozen=True, slots=True)
class Got:
    """An answer as http.client has read it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Got:
    """One request on a connection that may be used again."""
    connection.request(method, target, body, headers or {})
    answer = connection.getresponse()
    return Got(answer.status, answer.headers, answer.read())


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until it holds; an error after 10 s."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not happen within 10 s"
        time.sleep(0.005)
