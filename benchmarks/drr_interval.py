"""How often the interval of `drr` holds the truth: many corpora of one kind, each measured, real bytes.

    python -m benchmarks.drr_interval [--corpora N] [--files N] [--json]

A kind of data is endlessly many files: sizes, data types and numbers of whole copies are drawn. Its true
ratios are those of 10,000 files. Each corpus is other files of the kind, and each is measured twice: with all
of its chunks, and with a sample of them that a much too small memory allows. Said is how many of the 95 %
intervals hold the truth, with the exact binomial interval of that share. Ends with 1 when that is below 95 %.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from loadgen.payload.payloads import Payloads
from loadgen.reduce.grain import Grain
from loadgen.reduce.meter import Meter, Read, Settings

POPULATION = 10_000
GRAIN = Grain(4 << 10)
KINDS = ("compress=1.2", "compress=1.5", "compress=2", "compress=3", "compress=5", "text", "incompressible")
SAMPLES = {"all chunks": 1 << 20, "a sample": 400}


@dataclass(frozen=True, slots=True)
class File:
    """A file, and how often it is there."""

    kind: str
    seed: int
    size: int
    copies: int


def main() -> int:
    """Count intervals."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpora", type=int, default=1000)
    parser.add_argument("--files", type=int, default=150)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    draw = np.random.default_rng(2)
    payloads = Payloads()
    population = [_file(draw, number) for number in range(POPULATION)]
    truth = _measure(payloads, population, SAMPLES["all chunks"])
    rows = []
    for name, entries in SAMPLES.items():
        held, widths = [0, 0, 0], []
        for number in range(wanted.corpora):
            files = [_file(draw, (number + 1) * 10**6 + at) for at in range(wanted.files)]
            found = _measure(payloads, files, entries, number)
            for at, (one, true) in enumerate(zip(found, truth, strict=True)):
                held[at] += one[1] <= true[0] <= one[2]
            widths.append(found[2][2] / found[2][1])
        for ratio, count in zip(("duplicate", "compress", "reduce"), held, strict=True):
            low, high = stats.binomtest(count, wanted.corpora).proportion_ci(0.95)
            rows.append(
                {
                    "chunks": name,
                    "ratio": ratio,
                    "held": count,
                    "of": wanted.corpora,
                    "low": low,
                    "high": high,
                }
            )
        if not wanted.json:
            wide = (float(np.median(widths)) ** 0.5 - 1) * 100
            _say(f"{name}: half of an interval of reduce is {wide:.1f} % (median)")
    for row in rows:
        if not wanted.json:
            said = "{chunks:12}{ratio:12}{held} of {of} intervals hold the truth: {low:.3f} to {high:.3f}"
            _say(said.format(**row))
    if wanted.json:
        _say(json.dumps({"truth": [one[0] for one in truth], "rows": rows}))
    return 1 if any(row["high"] < 0.95 for row in rows) else 0


def _file(draw: np.random.Generator, seed: int) -> File:
    size = int(min(max(draw.lognormal(10.5, 0.9), 1_000), 1_000_000))
    return File(str(draw.choice(KINDS)), seed, size, 1 + int(draw.poisson(0.4)))


def _measure(
    payloads: Payloads, files: list[File], entries: int, salt: int = 0
) -> list[tuple[float, float, float]]:
    """Duplicate, compress, reduce: each with its interval."""
    meter = Meter(Settings((GRAIN,), entries=max(entries, 64), salt=salt))
    for file in files:
        for _ in range(file.copies):
            meter.file("bin", _reading(payloads.body(file.kind, file.seed << 32, 0, file.size)))
    found = meter.result()[0][GRAIN]
    return [
        (one.value, one.low or 0.0, one.high or np.inf)
        for one in (found.duplicate, found.compress, found.reduce)
    ]


def _reading(pieces: Iterable[memoryview]) -> Read:
    ahead = iter(pieces)
    rest = memoryview(b"")

    def read(buffer: memoryview) -> int:
        nonlocal rest
        rest = rest or next(ahead, memoryview(b""))
        count = min(len(buffer), len(rest))
        buffer[:count] = rest[:count]
        rest = rest[count:]
        return count

    return read


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
