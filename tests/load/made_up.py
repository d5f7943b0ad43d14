"""Load runs and comparisons that nobody made, as their files would tell of them, from fixed seeds."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from loadgen.compare.conclude import conclude
from loadgen.compare.experiment import conduct
from loadgen.compare.order import slots
from loadgen.compare.values import BlockResult, Place, Rules
from loadgen.compare.write import CompareWriter, block_line, header_line
from loadgen.plan.document import dump
from loadgen.plan.values import Action, FileSet, Lane, Phase, Plan
from loadgen.record.histogram import Histogram
from loadgen.record.lines import Check, Event, Header, HistogramLine, Interval, Metric, Rank
from loadgen.record.lines import Phase as PhaseLine
from loadgen.record.write import LoadWriter

OPS = {"write": ("put-block", "put-block-list"), "restore": ("get-blob",)}


def plan(ranks: int) -> Plan:
    """A checkpoint of 8 ranks, or as many as wanted."""
    files = (
        FileSet("model", ranks, 20 << 20, "checkpoint"),
        FileSet("optim", ranks, 100 << 20, "checkpoint"),
    )
    names = tuple(one.name for one in files)
    write = Lane("write", Action.UPLOAD, names, ranks)
    restore = Lane("restore", Action.DOWNLOAD, names, ranks, range_bytes=32 << 20)
    phases = (Phase("write", (write,), 60), Phase("restore", (restore,), 60))
    return Plan(
        "made-up", "Checkpoint storm: a made-up model", 0.001, 10**12, 512, ranks, 7, "c", "p", files, phases
    )


def header(ranks: int = 8, **changed: Any) -> Header:
    """What such a run would say of itself."""
    facts: dict[str, Any] = {
        "tool": "0.1.0",
        "started": "2026-11-23T04:15:00Z",
        "profile": "made-up",
        "title": "Checkpoint storm: a made-up model",
        "scale": 0.001,
        "ranks": ranks,
        "seed": 7,
        "workers": 2,
        "plan": dump(plan(ranks)),
        "endpoint": {"name": "nobody", "scheme": "http", "style": "path", "authorised": "shared-key"},
        "measured_on": {"cpu": "none", "cores": 2, "memory_bytes": 25 * 10**9},
        "payloads": {"checkpoint": {"compress": 1.3, "duplicate": 1.0}},
    }
    return Header(**{**facts, **changed})


def made_up(folder: Path, *, ranks: int = 8, complete: bool = True, seconds: int = 12) -> Path:
    """Write it into a folder; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = LoadWriter(folder, header(ranks), checked=True)
    draw = random.Random(5)
    begin = 0.0
    for name, ops in OPS.items():
        _phase(writer, draw, name, ops, begin, ranks, seconds)
        begin += seconds + 1
    writer.add(
        Event(3.0, "fault", "503 ServerBusy to every tenth request, for 2 s"),
        Check("generator ceiling", "warns", "The run came to 74 % of what this generator can send at all."),
        Check("lost workers", "ok", "No worker was lost."),
        Check("durability", "not-run", "What the endpoint promises of durability is not known."),
        Metric("write.barrier_s", float(seconds), "s", said="From barrier to barrier.", n=1),
        Metric("checkpoint.young_s", 741.0, "s", "modelled", 700.0, 790.0, said="At an MTBF of 3.09 h."),
    )
    if complete:
        writer.close(complete=True)
    return folder


def _phase(
    writer: LoadWriter,
    draw: random.Random,
    name: str,
    ops: tuple[str, ...],
    begin: float,
    ranks: int,
    seconds: int,
) -> None:
    for op in ops:
        whole, service = Histogram(), Histogram()
        for second in range(seconds):
            seen = Histogram.of(int(draw.lognormvariate(9.5, 0.6)) for _ in range(40))
            failed = {"503 ServerBusy": 4} if second == 3 and op == "put-block" else {}
            payload = 40 * (8 << 20) if op != "put-block-list" else 0
            sent, received = (payload, 0) if op.startswith("put") else (0, payload)
            writer.add(Interval(begin + second, name, 1, name, op, 40, sent, received, failed, seen))
            whole.merge(seen)
            service.merge(Histogram.of(int(draw.lognormvariate(9.3, 0.4)) for _ in range(40)))
        writer.add(HistogramLine(name, 1, name, op, "latency", whole))
        writer.add(HistogramLine(name, 1, name, op, "service", service))
        writer.add(HistogramLine(name, 1, name, op, "first_byte", service))
    moved = seconds * 40 * (8 << 20)
    for rank in range(ranks):
        data_end = begin + seconds * draw.uniform(0.7, 0.96)
        end = min(begin + seconds, data_end + draw.uniform(0.05, 0.4)) if name == "write" else data_end
        writer.add(
            Rank(name, 1, name, rank, rank % 2, begin + 0.01, end, data_end, 0.2, 2, 60, moved // ranks, 0, 0)
        )
    errors = 4 if name == "write" else 0
    writer.add(PhaseLine(name, 1, True, begin, begin + seconds, float(seconds), 40 * seconds, moved, errors))


def made_up_comparison(
    folder: Path, *, slower: float = 1.1, noise: float = 0.02, complete: bool = True
) -> Path:
    """Write a comparison that nobody made into a folder: B takes `slower` times as long. The folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rules = Rules(primary="write.barrier_s", lower_is_better=True, blocks=12, aa_blocks=6)
    draw = random.Random(11)

    def measure(arm: str, place: Place) -> BlockResult:
        took = 10 * draw.lognormvariate(0, noise) * (slower if arm == "B" else 1)
        kept = f"runs/{place.stage.value}-{place.block}-{place.position}"
        made_up(folder / kept, ranks=2, seconds=2)
        values = {
            "write.barrier_s": took,
            "restore.barrier_s": took / 2,
            "write.put-block.latency_p99_ms": 30.0,
        }
        return BlockResult(values, ops=100, seconds=took, folder=kept)

    arm = {"substrate": None, "provenance": None, "durability": "fsync before 201"}
    schedule = [
        {"stage": one.stage.value, "number": one.number, "order": one.order, "seed": one.seed}
        for one in slots(rules)
    ]
    first = header_line(
        tool="0.1.0",
        a={"name": "left", **arm},
        b={"name": "right", **arm},
        profile="made-up",
        title="Checkpoint storm: a made-up model",
        scale=0.001,
        ranks=2,
        rules=rules,
        schedule=schedule,
        measured_on={"cpu": "none"},
        plan=dump(plan(2)),
    )
    writer = CompareWriter(folder, first)
    blocks = []
    for block in conduct(rules, measure):
        blocks.append(block)
        writer.add(block_line(block, rules.primary))
    writer.conclude(conclude(blocks, rules, complete=complete), rules)
    if complete:
        writer.close(complete=True)
    return folder
