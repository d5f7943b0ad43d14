"""A raw client for the wire tests: bytes out, one parsed response in; and façade processes to talk to."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
DEADLINE = 30.0


@dataclass
class Answer:
    """One response as it was read."""

    status: int
    reason: str
    pairs: list[tuple[str, str]]
    body: bytes

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.pairs if key.lower() == name.lower()), None)

    def json(self) -> dict:
        return json.loads(self.body)


class Raw:
    """A socket with a read buffer; nothing is added to what is sent."""

    def __init__(self, address: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(address, timeout=DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=address[0])
        self.buffer = b""

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> Raw:
        self.socket.sendall(data)
        return self

    def more(self) -> bytes:
        data = self.socket.recv(65536)
        self.buffer += data
        return data

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            if not self.more():
                raise EOFError(f"closed after {self.buffer[:200]!r}")
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not self.more():
                raise EOFError(f"closed {count - len(self.buffer)} bytes early")
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def head(self) -> Answer:
        line, *lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, reason = line.split(" ", 2)
        assert version == "HTTP/1.1"
        return Answer(int(status), reason, [tuple(x.split(": ", 1)) for x in lines], b"")  # type: ignore[misc]

    def answer(self, method: str = "GET") -> Answer:
        answer = self.head()
        if method == "HEAD" or answer.status in (100, 204, 304):
            return answer
        if answer.get("transfer-encoding") == "chunked":
            while size := int(self.until(b"\r\n"), 16):
                answer.body += self.exactly(size)
                assert self.exactly(2) == b"\r\n"
            assert self.exactly(2) == b"\r\n"
        elif answer.get("content-length") is not None:
            answer.body = self.exactly(int(answer.get("content-length") or 0))
        else:
            answer.body = self.rest()
        return answer

    def rest(self) -> bytes:
        """Everything up to the orderly end of the connection."""
        while self.more():
            pass
        found, self.buffer = self.buffer, b""
        return found

    def ended(self) -> bool:
        """Whether the server closes now, in whatever way."""
        try:
            return self.rest() == b""
        except ConnectionError:
            return True


def get(path: str, *fields: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: h", *fields, "", ""]).encode("latin-1")


@dataclass
class Process:
    """A façade process of ours."""

    process: subprocess.Popen[str]
    ready: dict
    root: Path
    tls: ssl.SSLContext | None = None
    log: Path = field(default_factory=Path)

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", int(self.ready["http"].rpartition(":")[2]))

    @property
    def secure(self) -> tuple[str, int]:
        return ("127.0.0.1", int(self.ready["https"].rpartition(":")[2]))

    def raw(self) -> Raw:
        return Raw(self.address)

    def raw_tls(self) -> Raw:
        return Raw(self.secure, self.tls)

    def ask(self, request: bytes, method: str = "GET") -> Answer:
        with self.raw() as raw:
            return raw.send(request).answer(method)

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(DEADLINE)


ENVIRONMENT = {
    **{k: v for k, v in os.environ.items() if not k.startswith("BLOBPROOF_")},
    "BLOBPROOF_ACCOUNT": "blobproof",
    "BLOBPROOF_KEY": "a2V5",
}


def launch(root: Path, log: Path, *options: str, tls: ssl.SSLContext | None = None) -> Process:
    """Starts the test application behind the real `serve` and waits for its ready line."""
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.http.app", "--root", str(root), *options],
            cwd=CHECKOUT,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        said = process.stdout.readline() if selector.select(DEADLINE) else ""
    if not said:
        process.kill()
        process.wait()
        raise AssertionError(f"no ready line; stderr: {log.read_text()}")
    return Process(process, json.loads(said), root, tls, log)


def fails(*options: str, environment: dict[str, str] = ENVIRONMENT) -> tuple[int, str, str]:
    """Runs `serve` with words it should refuse: (exit code, stdout, stderr)."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.http.app", *options],
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    return done.returncode, done.stdout, done.stderr


def eventually(check: Callable[[], object], seconds: float = DEADLINE) -> None:
    """Polls until `check` gives something true."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def peak_kib(pid: int) -> int:
    """Peak resident memory of a process of ours."""
    lines: Sequence[str] = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
