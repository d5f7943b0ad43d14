"""The same transfers without a proxy, through the tap, and through the fault proxy: ratios of one run.

    python -m benchmarks.fault_proxy [--rounds N] [--size MIB] [--requests N]

The ways take turns. The server does nothing but count and answer, so that what is seen is the proxies' own
cost: against a real endpoint it is a smaller share. What is printed for each way is its best round divided by
the best one without a proxy, in wall time and in processor time of client and proxy together. The best round
is the one that other work on the machine has disturbed least. Ends with 1 when the fault proxy, disarmed,
needs more than twice the processor time that the tap needs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from multiprocessing.connection import Connection

from harness.faults.fault import Fault, Kind
from harness.faults.proxy import FaultProxy
from harness.tap.proxy import Upstream
from harness.tap.tap import Tap

MIB = 1 << 20
LIMIT = 2.0
_PIECE = 256 * 1024
_PARALLEL = 8
_ELSEWHERE = [Fault("elsewhere", Kind.RESET_BEFORE, container="another")]
Address = tuple[str, int]


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--size", type=int, default=128, metavar="MIB")
    parser.add_argument("--requests", type=int, default=1000)
    wanted = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    try:
        address = ours.recv()
        return _compare(address, wanted.rounds, wanted.size * MIB, wanted.requests)
    finally:
        server.kill()
        server.join()


def _compare(address: Address, rounds: int, size: int, requests: int) -> int:
    work: Mapping[str, Callable[[Address], None]] = {
        f"upload of {size // MIB} MiB": lambda to: _upload(to, size),
        f"download of {size // MIB} MiB": lambda to: _download(to, size),
        f"{requests} requests one after the other": lambda to: _requests(to, requests),
        f"{requests} requests on {_PARALLEL} connections": lambda to: _together(to, requests),
        f"{requests // 10} connections": lambda to: _connections(to, requests // 10),
    }
    worst = 0.0
    with ExitStack() as stack:
        upstream = Upstream(address)
        tap = stack.enter_context(Tap(upstream))
        disarmed = stack.enter_context(FaultProxy(upstream))
        armed = stack.enter_context(FaultProxy(upstream))
        armed.arm(_ELSEWHERE)
        ways = {"directly": address, "tap": tap.address, "disarmed": disarmed.address, "armed": armed.address}
        _say(f"{'wall time / processor time':40}" + "".join(f"{name:>16}" for name in ways))
        for name, do in work.items():
            wall: dict[str, list[float]] = {way: [] for way in ways}
            busy: dict[str, list[float]] = {way: [] for way in ways}
            for turn in range(rounds + 1):  # the first warms up
                for way, to in ways.items():
                    started, used = time.perf_counter(), time.process_time()
                    do(to)
                    if turn:
                        wall[way].append(time.perf_counter() - started)
                        busy[way].append(time.process_time() - used)
                for proxy in (tap, disarmed, armed):
                    proxy.take()
            walls, busys = _ratios(wall), _ratios(busy)
            _say(f"{name:40}" + "".join(f"{walls[way]:8.2f} /{busys[way]:6.2f}" for way in ways))
            worst = max(worst, busys["disarmed"] / busys["tap"])
    _say(f"fault proxy, disarmed, to tap: {worst:.2f} of the processor time at worst; limit {LIMIT}")
    return 0 if worst <= LIMIT else 1


def _ratios(seconds: Mapping[str, list[float]]) -> Mapping[str, float]:
    return {way: min(measured) / min(seconds["directly"]) for way, measured in seconds.items()}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _serve(told: Connection) -> None:
    """GET /N answers N bytes; PUT takes what comes."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    told.send(listening.getsockname()[:2])
    while True:
        sock, _ = listening.accept()
        threading.Thread(target=_answer, args=(sock,), daemon=True).start()


def _answer(sock: socket.socket) -> None:
    with sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        block, data = bytes(_PIECE), b""
        while True:
            while b"\r\n\r\n" not in data:
                piece = sock.recv(_PIECE)
                if not piece:
                    return
                data += piece
            head, _, data = data.partition(b"\r\n\r\n")
            if head.startswith(b"PUT"):
                left = int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]) - len(data)
                while left > 0:
                    left -= len(sock.recv(min(left, _PIECE)))
                data = b""
                sock.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
                continue
            size = int(head.split(b" ")[1][1:])
            first = block[: min(size, _PIECE)]
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + first)
            for start in range(_PIECE, size, _PIECE):
                sock.sendall(block[: min(_PIECE, size - start)])


def _connect(to: Address) -> socket.socket:
    sock = socket.create_connection(to, 60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _receive(sock: socket.socket, count: int) -> None:
    while count:
        piece = sock.recv(min(count, _PIECE))
        if not piece:
            raise ConnectionError("the answer was cut off")
        count -= len(piece)


def _upload(to: Address, size: int) -> None:
    block = bytes(_PIECE)
    with _connect(to) as sock:
        sock.sendall(b"PUT /b HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // _PIECE):
            sock.sendall(block)
        _receive(sock, len(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"))


def _download(to: Address, size: int) -> None:
    with _connect(to) as sock:
        sock.sendall(b"GET /%d HTTP/1.1\r\n\r\n" % size)
        _receive(sock, len(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size) + size)


def _requests(to: Address, count: int) -> None:
    with _connect(to) as sock:
        for _ in range(count):
            sock.sendall(b"GET /1000 HTTP/1.1\r\nHost: here\r\nx-ms-version: 2021-12-02\r\n\r\n")
            _receive(sock, len(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n") + 1000)


def _together(to: Address, count: int) -> None:
    threads = [threading.Thread(target=_requests, args=(to, count // _PARALLEL)) for _ in range(_PARALLEL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _connections(to: Address, count: int) -> None:
    for _ in range(count):
        _requests(to, 1)


if __name__ == "__main__":
    raise SystemExit(main())
