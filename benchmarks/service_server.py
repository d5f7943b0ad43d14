"""A Blob endpoint whose service time is known: every request takes exactly so long, one after the other.

It keeps nothing. It is a queue with one server and a clock: request n leaves a service time after it came, or
after request n - 1 left, whichever is later. A closed loop that keeps the queue filled lasts as long as the
service times together, and a service time 10 % longer makes it 10 % longer: that is the true difference which
comparisons are to find. What disturbs the machine disturbs it as well: the client that comes too late to keep
the queue filled, and the answer that leaves too late.
"""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator

from loadgen.client.timer import Timer

_CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


@contextlib.contextmanager
def service_server(service_s: float) -> Iterator[int]:
    """Its port on 127.0.0.1. Each request is served for so many seconds."""
    command = [sys.executable, "-m", "benchmarks.service_server", repr(service_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            yield int(child.stdout.readline())
        finally:
            child.kill()


class _Client:
    """What of a request has come over one connection."""

    def __init__(self) -> None:
        self.data = b""
        self.left = 0  # bytes of a body that are still to come

    def take(self, piece: bytes) -> int:
        """How many requests are whole with this."""
        whole = 0
        self.data += piece
        while self.data:
            if self.left:
                used = min(self.left, len(self.data))
                self.data, self.left = self.data[used:], self.left - used
                if self.left:
                    break
                whole += 1
                continue
            head, found, rest = self.data.partition(b"\r\n\r\n")
            if not found:
                break
            self.data = rest
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self.left = int(length or b"0")
            whole += not self.left
        return whole


def _serve(service: int) -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    listening.setblocking(False)
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    poll, timer = select.epoll(), Timer()
    poll.register(listening.fileno(), select.EPOLLIN)
    poll.register(timer.fd, select.EPOLLIN)
    clients: dict[int, tuple[socket.socket, _Client]] = {}
    leaving: deque[tuple[int, socket.socket]] = deque()
    free = 0  # when the last of those in the queue leaves, ns
    while True:
        for fd, _ in poll.poll():
            if fd == listening.fileno():
                sock, _address = listening.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                clients[sock.fileno()] = sock, _Client()
                poll.register(sock.fileno(), select.EPOLLIN)
            elif fd in clients:
                sock, client = clients[fd]
                piece = sock.recv(1 << 16)
                if not piece:
                    poll.unregister(fd)
                    del clients[fd]
                    sock.close()
                    continue
                for _request in range(client.take(piece)):
                    free = max(time.monotonic_ns(), free) + service
                    leaving.append((free, sock))
        while leaving and leaving[0][0] <= time.monotonic_ns():
            leaving.popleft()[1].sendall(_CREATED)
        timer.arm(leaving[0][0] if leaving else 0)


if __name__ == "__main__":
    _serve(int(float(sys.argv[1]) * 1e9))
