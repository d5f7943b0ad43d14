"""Load runs made by hand, for tests of what is computed from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from loadgen.kpi.values import Price, Training
from loadgen.plan import document
from loadgen.plan.values import Action, FileSet, Lane, Phase, Plan
from loadgen.record.histogram import Histogram
from loadgen.record.lines import Check, Header, HistogramLine, Metric, Rank
from loadgen.record.lines import Phase as PhaseLine
from loadgen.record.read import HistogramKey, LoadRun
from loadgen.record.write import LoadWriter

GB = 10**9
PRICE = Price(3.6, "USD", "2026-01-02", "a contract")
UNET = Training("UNet3D, H100", 7 * 146_600_628, 0.323)


def plan(
    phases: Mapping[str, Action],
    *,
    ranks: int = 4,
    iterations: int = 1,
    scale: float = 0.001,
    block_bytes: int = 8 << 20,
    asynchronous: bool = False,
    snapshot_s: float = 0.0,
) -> Plan:
    """A plan of one lane a phase."""
    return Plan(
        "made-up",
        "Made up",
        scale,
        round(GB / scale),
        1000,
        ranks,
        1,
        "container",
        "prefix",
        (FileSet("files", ranks, GB // ranks, "text"),),
        tuple(
            Phase(
                name,
                (Lane(name, action, ("files",), ranks, block_bytes=block_bytes),),
                60.0,
                iteration=number,
            )
            for number in range(1, iterations + 1)
            for name, action in phases.items()
        ),
        asynchronous,
        snapshot_s,
    )


def run(
    made: Plan,
    times: Mapping[str, Sequence[Sequence[float]]],
    *,
    workers: int = 1,
    moved: int = GB,
    missing: Sequence[int] = (),
    failed: int = 0,
    seal_s: float = 0.0,
    checks: Sequence[Check] = (),
    why: str = "",
    latencies_us: Mapping[tuple[str, int, str], Sequence[int]] | None = None,
    folder: str = "made",
) -> LoadRun:
    """A run: of each phase and iteration how long each rank took, seconds."""
    begin, phases, ranks = 1.0, [], []
    for name, iterations in times.items():
        for number, each in enumerate(iterations, 1):
            barrier = max(each)
            phases.append(
                PhaseLine(name, number, True, begin, begin + barrier, barrier, 100, moved, 0, tuple(missing))
            )
            ranks += [
                Rank(name, number, name, rank, 1, begin, begin + took, begin + took - seal_s, seal_s, 1, 10,
                     moved // len(each), 0, failed if rank == 0 else 0)
                for rank, took in enumerate(each)
            ]  # fmt: skip
            begin += barrier + 5.0
    header = Header(
        "0", "2026-01-01T00:00:00Z", made.profile, made.title, made.scale, made.ranks, made.seed, workers,
        document.dump(made),
        {"name": "here", "scheme": "http", "style": "path", "authorised": "shared-key"}, {},
    )  # fmt: skip
    histograms = {
        HistogramKey(phase, number, phase, op, "latency"): Histogram.of(durations)
        for (phase, number, op), durations in (latencies_us or {}).items()
    }
    return LoadRun(
        Path(folder), header, (), (), tuple(ranks), tuple(phases), histograms,
        tuple(checks), (), not why, why,
    )  # fmt: skip


def write(one: LoadRun, folder: Path) -> Path:
    """A run as a folder."""
    folder.mkdir(parents=True)
    writer = LoadWriter(folder, one.header, checked=True)
    writer.add(*one.phases, *one.ranks, *one.checks)
    writer.add(*(HistogramLine(*key, packed) for key, packed in one.histograms.items()))
    if not one.why:
        writer.close(complete=True)
    return folder


def by_name(found: tuple[Metric, ...]) -> Mapping[str, Metric]:
    return {one.name: one for one in found}
