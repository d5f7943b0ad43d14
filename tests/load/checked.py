"""Made-up runs whose validity is known, and one check of one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from loadgen.plan import document
from loadgen.plan.values import Action, Arrivals, FileSet, Lane, Phase, Plan
from loadgen.record import lines
from loadgen.record.histogram import Histogram
from loadgen.record.read import HistogramKey, LoadRun
from loadgen.validity.ceiling import Ceiling, Rate, shapes_of
from loadgen.validity.check import Check
from loadgen.validity.checks import CEILING, USAGE, checks
from tests.load.made_runs import GB

MIB = 1 << 20
UP = Lane("up", Action.UPLOAD, ("shards",), ranks=4, block_bytes=8 * MIB)
DOWN = Lane("down", Action.DOWNLOAD, ("shards",), ranks=4, range_bytes=8 * MIB)
OPEN = replace(DOWN, name="open", arrivals=Arrivals(rate=10.0, seconds=10.0))


def plan(*lanes: Lane, count: int = 40, size: int = 64 * MIB) -> Plan:
    files = (FileSet("shards", count, size, "zeros"),)
    phases = tuple(Phase(lane.name, (lane,), 60.0) for lane in lanes)
    return Plan("p", "P", 1.0, count * size, 4, 4, 1, "c", "run", files, phases)


def loopback(cpu: float = 0.5, machine: float = 0.6, **more: Any) -> dict[str, Any]:
    """A sample of one second."""
    way = {"interface": "lo", "loopback": True, "bits_per_s": None}
    return {
        "wall_s": 1.0,
        "cpu": cpu,
        "machine": machine,
        "stolen": 0.0,
        "cores": 2,
        "net": {},
        "way": way,
    } | more


def ethernet(share: float, bits: int | None = 10 * GB) -> dict[str, Any]:
    way = {"interface": "eth0", "loopback": False, "bits_per_s": bits}
    moved = {"sent": int(share * 10 * GB / 8), "received": 1000}
    return loopback(way=way, net={"eth0": moved})


def made(
    *lanes: Lane,
    seconds: int = 10,
    ops_per_s: int = 10,
    errors: Mapping[str, int] | None = None,
    samples: tuple[dict[str, Any], ...] = (),
    events: tuple[lines.Event, ...] = (),
    ceiling: float | None = None,
    gap: float = 1.0,
    header: Mapping[str, Any] | None = None,
    histograms: Mapping[HistogramKey, Histogram] | None = None,
    **about: Any,
) -> LoadRun:
    """A run whose phases take `seconds` each, with the same number of operations in every second."""
    lanes = lanes or (UP,)
    planned = about.pop("plan", None) or plan(*lanes)
    phases, intervals, ranks, extra = [], [], [], [*events]
    at = 0.0
    for lane in lanes:
        kind = {Action.UPLOAD: "put-block", Action.DOWNLOAD: "get-blob"}[lane.action]
        size = ops_per_s * 8 * MIB
        for second in range(seconds):
            failed = dict(errors or {}) if second == 0 else {}
            sent, received = (size, 0) if lane.action is Action.UPLOAD else (0, size)
            interval = lines.Interval(
                at + second, lane.name, 1, lane.name, kind, ops_per_s, sent, received, failed, Histogram()
            )
            intervals.append(interval)
            extra += [
                lines.Event(at + second + 1.0, USAGE, "", {"worker": 0, "host": "h", **one})
                for one in samples
            ]
        phases.append(
            lines.Phase(
                lane.name, 1, True, at, at + seconds, float(seconds), seconds * ops_per_s, seconds * size, 0
            )
        )
        ranks += [
            lines.Rank(lane.name, 1, lane.name, rank, 0, at, at + seconds, at + seconds, 0.0, 1, 1, 1, 0, 0)
            for rank in range(4)
        ]
        at += seconds + gap
    if ceiling is not None:
        rates = tuple(Rate(shape, ceiling) for shape in shapes_of(planned, 1))
        extra.append(lines.Event(0.0, CEILING, "", Ceiling(1, 1.0, rates).to_json()))
    head = lines.Header(
        "1",
        "2026-11-23T04:15:00Z",
        "p",
        "P",
        1.0,
        4,
        1,
        1,
        document.dump(planned),
        {"name": "reference", "scheme": "http", "style": "path", "authorised": "shared-key"},
        {"memory_bytes": 16 * GB},
    )
    head = replace(head, **(header or {}))
    run = LoadRun(
        Path(),
        head,
        tuple(extra),
        tuple(intervals),
        tuple(ranks),
        tuple(phases),
        histograms or {},
        (),
        (),
        True,
        "",
    )
    return replace(run, **about)


def check(run: LoadRun, name: str, **more: Any) -> Check:
    """One of the checks of a run."""
    found = {one.name: one for one in checks(run, **more)}
    assert all(one.said.endswith(".") and "\n" not in one.said for one in found.values())
    for one in found.values():
        json.dumps(dict(one.line().facts), allow_nan=False)
    return found[name]
