"""How a run got over each of its faults: told from its intervals, and kept as events. Pure."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator

from loadgen.record.histogram import Histogram
from loadgen.record.lines import Event, Interval, Phase
from loadgen.record.read import LoadRun
from loadgen.storm.recover import Better, Point, Recovery, recovery
from loadgen.work.op import WRITES, Kind

_QUANTILES = (50, 90)
RECOVERY = "recovery"
"""What an event of a recovery is called."""


def recoveries(run: LoadRun) -> tuple[Event, ...]:
    """Three events for each fault that began: what became of throughput, and of latency (P50 and P90)."""
    return tuple(event for begun in _begun(run) for event in _of_fault(run, begun))


def _begun(run: LoadRun) -> list[Event]:
    return [event for event in run.events if event.what == "fault" and event.facts.get("state") == "begins"]


def _of_fault(run: LoadRun, begun: Event) -> Iterator[Event]:
    text = str(begun.facts.get("text", ""))
    phase = next((phase for phase in run.phases if _holds(phase, begun.t_s)), None)
    if phase is None:
        return
    # A worker that was killed stays so: its fault has no end of its own.
    last = begun.t_s if begun.facts.get("fault") == "kill-worker" else phase.end_s
    end = next(
        (
            event.t_s
            for event in run.events
            if event.what == "fault"
            and event.facts.get("text") == text
            and event.facts.get("state") == "ends"
            and event.t_s >= begun.t_s
        ),
        begun.t_s if last is None else last,
    )
    for series, better, points in _series(run, phase):
        found = recovery(series, points, begun.t_s, end, better)
        yield Event(
            end, RECOVERY, f"{text}: {found.said}", {"text": text, "phase": phase.name, **_facts(found)}
        )


def _holds(phase: Phase, t_s: float) -> bool:
    return phase.begin_s <= t_s and (phase.end_s is None or t_s <= phase.end_s)


def _series(run: LoadRun, phase: Phase) -> Iterator[tuple[str, Better, list[Point]]]:
    """Throughput and latency of the phase, interval by interval; those in which nothing ended too.

    P90 as well as P50, because one slow node of several does not show in the median.
    """
    by_time: defaultdict[float, list[Interval]] = defaultdict(list)
    for one in run.intervals:
        if (one.phase, one.iteration) == (phase.name, phase.iteration):
            by_time[one.t_s].append(one)
    times = sorted(by_time)
    if not times:
        return
    length = min((later - at for at, later in itertools.pairwise(times)), default=1.0)
    end = phase.end_s if phase.end_s is not None else times[-1] + length
    first = times[0] - length * math.ceil((times[0] - phase.begin_s) / length)  # on the same grid
    count = max(0, math.floor((end - first) / length + 1e-9))  # the last one is cut short
    steps = [round(first + number * length, 6) for number in range(count)]
    moved = any(_payload(one) for some in by_time.values() for one in some)
    throughput = []
    latency: dict[int, list[Point]] = {quantile: [] for quantile in _QUANTILES}
    for at in steps:
        some = by_time.get(at, [])
        done = sum(_payload(one) if moved else one.ops for one in some)
        throughput.append(Point(at, at + length, done / length))
        together = Histogram.merged(one.latency for one in some)
        for quantile, points in latency.items():
            value = together.percentile(quantile) / 1e6 if together.count else None
            points.append(Point(at, at + length, value))
    yield ("bytes a second" if moved else "operations a second"), Better.HIGHER, throughput
    for quantile, points in latency.items():
        yield f"P{quantile} of latency", Better.LOWER, points


def _payload(one: Interval) -> int:
    """Payload bytes that went over the wire. Other bodies are XML; what the endpoint fetches is in none."""
    if one.op in WRITES:
        return one.bytes_sent
    return one.bytes_received if one.op == Kind.GET_BLOB else 0


def _facts(found: Recovery) -> dict[str, object]:
    return {
        "series": found.series,
        "recovered": found.seconds is not None,
        "seconds": found.seconds,
        "watched_s": round(found.watched_s, 3),
        "level": found.level,
        "worst": found.worst,
        "band": found.rule.band,
        "intervals": found.rule.hold,
    }
