"""Payloads: are they fast enough, and are they as reducible as they say? Ratios of one run.

    python -m benchmarks.payload_speed [--rounds N] [--size MIB] [--only speed|ratios|curves] [--json]

speed: bodies of 8 MiB and of 4 KiB are made, copied (memcpy), and sent as PUTs over one loopback connection
to a process that reads and answers, in random order, in short bursts. Said are medians of per-round ratios,
with quartiles. By the client's processor time, which other work on the machine disturbs least: made against
copied, and made against sending a body that is ready. By the clock: what the wire carries when each body is
made on the way, against what it carries when bodies are ready.

ratios: a corpus of --size MiB for each of a grid of compress and duplicate ratios, and for each named recipe.
Our meter cuts it into fixed chunks and content-defined ones and compresses them; a ratio that is off by more
than 3 % of what was asked ends the run with 1.

curves: measures how far each shape is compressed at each share of fresh records, and prints the table that
loadgen/payload/curves.json holds. Only for a new shape: it changes what the bytes of every recipe are.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import multiprocessing
import random
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import zstandard

from loadgen.payload.curve import LEVEL, even
from loadgen.payload.layout import seed_for
from loadgen.payload.payloads import PIECE_BYTES, Payloads
from loadgen.payload.recipes import recipe, recipes
from loadgen.payload.shapes import BLOCK_BYTES, SHAPES
from loadgen.payload.tiles import GROUP_BYTES, Tiles
from loadgen.reduce.grain import Grain
from loadgen.reduce.meter import Meter, Read, Settings

MIB = 1 << 20
BIG, SMALL = 8 * MIB, 4 << 10
BURST_S = 0.15
ALLOWED = 0.03
COMPRESS = (1, 1.25, 1.5, 2, 3, 4, 6, 8)
DUPLICATE = (1, 1.5, 2, 3, 4)
BLOCK, PIECE, CONTENT = Grain(64 << 10), Grain(32 << 10), Grain(32 << 10, content=True)
GRAINS = (BLOCK, PIECE, Grain(128 << 10), Grain(8 << 10, content=True), CONTENT)
SHARES = (
    *(0.02, 0.03, 0.045, 0.06, 0.08, 0.1, 0.125, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8),
    *(0.84, 0.87, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 1.0),
)


def main() -> int:
    """Run what is asked for; 1 when a ratio is off."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--size", type=int, default=192, help="MiB of each corpus; 12 extents of 16 MiB fit all ratios"
    )
    parser.add_argument("--only", choices=["speed", "ratios", "curves"])
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    if wanted.only == "curves":
        _say(_curves())
        return 0
    found: dict[str, Any] = {}
    if wanted.only != "ratios":
        found["speed"] = _speed(wanted.rounds, quiet=wanted.json)
    if wanted.only != "speed":
        found["ratios"] = list(_ratios(wanted.size * MIB, quiet=wanted.json))
    if wanted.json:
        _say(json.dumps(found))
    off = [row for row in found.get("ratios", []) if row["off"] > ALLOWED]
    return 1 if off else 0


# Speed


def _speed(rounds: int, *, quiet: bool) -> list[dict[str, Any]]:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    try:
        with socket.create_connection(ours.recv()) as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _compare(wire, rounds, quiet=quiet)
    finally:
        server.kill()
        server.join()


def _compare(wire: socket.socket, rounds: int, *, quiet: bool) -> list[dict[str, Any]]:
    payloads = Payloads()
    names = [
        "text",
        "checkpoint",
        "checkpoint-bf16",
        "incompressible",
        "compress=2",
        "compress=4,duplicate=2",
    ]
    ready, target = np.random.default_rng(1).bytes(BIG), np.empty(BIG, np.uint8)
    source = np.frombuffer(ready, np.uint8)
    at = iter(range(1 << 40))

    def made(name: str, size: int) -> Iterable[memoryview]:
        return payloads.body(name, seed_for(1, "speed", 0), next(at) * size, size)

    def generate(name: str, size: int) -> None:
        for _ in made(name, size):
            pass

    def send(name: str, size: int) -> None:
        _put(wire, made(name, size), size)

    rows = []
    for size, reference in ((BIG, "memcpy of 8 MiB"), (SMALL, "memcpy of 4 KiB")):
        pieces = [memoryview(ready)[begin : begin + PIECE_BYTES] for begin in range(0, size, PIECE_BYTES)]
        pieces[-1] = pieces[-1][: size - PIECE_BYTES * (len(pieces) - 1)]
        part, copied = source[:size], target[:size]
        tasks: dict[str, Callable[[], None]] = {
            reference: functools.partial(np.copyto, copied, part),
            "wire, ready": functools.partial(_put, wire, pieces, size),
        }
        for name in names:
            tasks[f"make {name}"] = functools.partial(generate, name, size)
            tasks[f"wire {name}"] = functools.partial(send, name, size)
        paces: dict[str, list[float]] = {task: [] for task in tasks}
        carried: dict[str, list[float]] = {task: [] for task in tasks}
        order = list(tasks)
        for turn in range(rounds + 1):  # the first warms up
            random.shuffle(order)
            for task in order:
                by_processor, by_clock = _pace(tasks[task], size)
                if turn:
                    paces[task].append(by_processor)
                    carried[task].append(by_clock)
        for name in names:
            make = paces[f"make {name}"]
            row: dict[str, Any] = {
                "payload": name,
                "body": size,
                "make_to_memcpy": _quartiles(make, paces[reference]),
                "make_to_wire": _quartiles(make, paces["wire, ready"]),
                "wire_made_to_ready": _quartiles(carried[f"wire {name}"], carried["wire, ready"]),
            }
            rows.append(row)
            if not quiet:
                to_copy, to_send = _shown(row["make_to_memcpy"]), _shown(row["make_to_wire"])
                _say(
                    f"{size >> 10:>5} KiB {name:24} made / memcpy {to_copy}  made / sent {to_send}  "
                    f"wire, made / ready {_shown(row['wire_made_to_ready'])}"
                )
    return rows


def _pace(task: Callable[[], None], size: int) -> tuple[float, float]:
    """Bytes by second of processor time, and by second, over a short burst."""
    began, used, times = time.perf_counter(), time.thread_time(), 0
    while time.perf_counter() - began < BURST_S:
        task()
        times += 1
    return times * size / (time.thread_time() - used), times * size / (time.perf_counter() - began)


def _put(wire: socket.socket, pieces: Iterable[memoryview], size: int) -> None:
    head = b"PUT /c/b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    if size <= SMALL:
        wire.sendall(b"".join((head, *pieces)))
    else:
        wire.sendall(head)
        for piece in pieces:
            wire.sendall(piece)
    wire.recv(4096)


def _serve(pipe: Connection) -> None:
    """Read one PUT after the other, as fast as it goes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pipe.send(listener.getsockname())
        wire, _ = listener.accept()
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        room = memoryview(bytearray(MIB))
        while count := wire.recv_into(room):
            head = bytes(room[: min(count, 200)])
            end = head.index(b"\r\n\r\n") + 4
            left = int(head[head.index(b"Length: ") + 8 : end - 4]) - (count - end)
            while left:
                left -= wire.recv_into(room)
            wire.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")


def _quartiles(above: Sequence[float], below: Sequence[float]) -> list[float]:
    return statistics.quantiles((one / other for one, other in zip(above, below, strict=True)), n=4)


def _shown(quartiles: Any) -> str:
    return "{1:.2f} ({0:.2f}-{2:.2f})".format(*quartiles)


# Ratios


def _ratios(size: int, *, quiet: bool) -> Iterator[dict[str, Any]]:
    grid = [
        f"compress={compress:g},duplicate={duplicate:g}" for compress in COMPRESS for duplicate in DUPLICATE
    ]
    for name in [*recipes(), *grid]:
        # Half of it one big blob, half many small ones.
        meter = Meter(Settings(GRAINS, entries=1 << 18))
        meter.file("big", _reading(name, "big", 0, size))
        asked = recipe(name)
        for index in range(240):
            meter.file("small", _reading(name, "small", index, 100_000))
        _, types = meter.result()
        big, small = types["big"], types["small"]
        row: dict[str, Any] = {"payload": name, "compress": asked.compress, "duplicate": asked.duplicate}
        row["compress_found"] = big[BLOCK].compress.value
        row["duplicate_found"] = {grain.name: found.duplicate.value for grain, found in big.items()}
        row["duplicate_small"] = {grain.name: found.duplicate.value for grain, found in small.items()}
        ratios = [(row["compress_found"], asked.compress)]
        ratios += [(one, asked.duplicate) for one in row["duplicate_found"].values()]
        ratios += [(one, asked.duplicate) for one in row["duplicate_small"].values()]
        bounded = math.isfinite(asked.compress)
        row["off"] = max(abs(one / wanted - 1) for one, wanted in ratios) if bounded else 0.0
        if not bounded:
            row["compress"] = row["duplicate"] = None
        yield row
        if not quiet:
            duplicates = " ".join(f"{grain} {one:.3f}" for grain, one in row["duplicate_found"].items())
            small_ones = " ".join(f"{one:.3f}" for one in row["duplicate_small"].values())
            _say(
                f"{name:28} compress {row['compress_found']:.3f}  duplicate {duplicates}"
                f" | small blobs {small_ones}  at most {row['off']:.1%} off"
            )


def _reading(name: str, files: str, index: int, size: int) -> Read:
    """A blob as something to read from."""
    payloads, seed, place = Payloads(), seed_for(5, files, index), 0

    def read(buffer: memoryview) -> int:
        nonlocal place
        wanted, done = min(len(buffer), size - place), 0
        for piece in payloads.body(name, seed, place, wanted):
            buffer[done : done + len(piece)] = piece
            done += len(piece)
        place += done
        return done

    return read


# Curves


def _curves() -> str:
    pack = zstandard.ZstdCompressor(level=LEVEL).compress
    rows = []
    for shape in SHAPES.values():
        shares, sizes = [], []
        for share in SHARES:
            fresh = even(shape, share)
            tiles, packed = Tiles(shape, fresh), 0
            for group in range(24):
                data = tiles.part(b"curve", 3, group * GROUP_BYTES, (group + 1) * GROUP_BYTES).tobytes()
                blocks = (data[at : at + BLOCK_BYTES] for at in range(0, GROUP_BYTES, BLOCK_BYTES))
                packed += sum(min(BLOCK_BYTES, len(pack(block))) for block in blocks)
            shares.append(round(fresh * shape.record / BLOCK_BYTES, 6))
            sizes.append(round(packed / (24 * GROUP_BYTES), 6))
        rising = [min(sizes[at:]) for at in range(len(sizes))]  # a pattern may be luckier than the one before
        rows.append(
            f'  "{shape.name}": {{\n   "fresh": {json.dumps(shares)},\n   "size": {json.dumps(rising)}\n  }}'
        )
    version = ".".join(map(str, zstandard.ZSTD_VERSION))
    body = ",\n".join(rows)
    return (
        f'{{\n "measured": "zstd {version} level {LEVEL}, blocks of 64 KiB",\n "curves": {{\n{body}\n }}\n}}'
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
