"""How a recovery is told: of a series of points, and of a whole run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.record import lines
from loadgen.record.histogram import Histogram
from loadgen.record.read import LoadRun
from loadgen.storm.recover import Better, Point, Rule, recovery
from loadgen.storm.recoveries import recoveries
from loadgen.work.op import Kind


def series(*values: float | None) -> list[Point]:
    return [Point(at, at + 1, value) for at, value in enumerate(values)]


def test_recovers_at_the_first_of_three_good_intervals() -> None:
    points = series(50, 100, 101, 99, 100, 10, 5, 40, 95, 60, 97, 98, 99, 100)
    found = recovery("bytes", points, 5.0, 7.0, Better.HIGHER)
    assert (found.level, found.worst, found.seconds) == (100, 5, 3.0)
    assert "recovered 3 s after" in found.said


def test_that_it_did_not_recover_is_a_result() -> None:
    found = recovery("bytes", series(100, 100, 100, 100, 0, 0, 50, 60, 70, 70), 4.0, 6.0, Better.HIGHER)
    assert found.seconds is None
    assert found.watched_s == 4
    assert "did not recover within the 4 s" in found.said


def test_too_little_before_or_after_is_not_known() -> None:
    early = recovery("bytes", series(100, 100, 0, 100, 100, 100), 2.0, 3.0, Better.HIGHER)
    late = recovery("bytes", series(100, 100, 100, 100, 100, 0, 100), 5.0, 6.0, Better.HIGHER)
    assert early.level is None
    assert "too few" in early.said
    assert late.seconds is None
    assert "too soon to tell" in late.said


def test_latency_recovers_downwards_and_silence_is_no_recovery() -> None:
    points = series(9, 10, 10, 10, None, None, 900, None, 11, 11, 11)
    found = recovery("P99", points, 4.0, 6.0, Better.LOWER)
    assert (found.level, found.worst, found.seconds) == (10, 900, 2.0)


def test_a_fault_that_did_nothing_needs_no_recovery() -> None:
    assert recovery("bytes", series(*[100] * 12), 4.4, 5.5, Better.HIGHER).seconds == 0.0


@given(
    st.lists(st.floats(0, 1000), min_size=8, max_size=40),
    st.floats(2, 20),
    st.floats(0, 10),
    st.sampled_from(Better),
    st.floats(0.01, 0.5),
)
def test_recovery_is_never_before_the_end_and_always_in_band(
    values: list[float], begin: float, during: float, better: Better, band: float
) -> None:
    points, rule = series(*values), Rule(band=band)
    found = recovery("x", points, begin, begin + during, better, rule)
    if found.seconds is None:
        assert found.why
        return
    assert found.seconds >= 0
    assert found.level is not None
    at = begin + during + found.seconds
    held = [point for point in points if point.begin_s >= at][: rule.hold]
    assert len(held) == rule.hold
    for point in held:
        assert point.value is not None
        if better is Better.HIGHER:
            assert point.value >= found.level * (1 - band)
        else:
            assert point.value <= found.level * (1 + band)


def fault(t_s: float, state: str, text: str = "busy@5s+3s", name: str = "busy") -> lines.Event:
    return lines.Event(t_s, "fault", "", {"fault": name, "state": state, "text": text})


def run_of(per_second: list[int], *events: lines.Event) -> LoadRun:
    """A run of one phase, which begins at 10.3 s, with so many operations in each second from 10 s on."""
    intervals = tuple(
        lines.Interval(
            10.0 + at, "write", 1, "up", "put-block", ops, ops * 100, 0, {}, Histogram.of([1000] * ops)
        )
        for at, ops in enumerate(per_second)
        if ops
    )
    end = 10.0 + len(per_second) + 0.5
    phase = lines.Phase("write", 1, True, 10.3, end, end - 10.3, sum(per_second), 0, 0)
    head = lines.Header("1", "2026-11-23T04:15:00Z", "p", "P", 1.0, 1, 1, 1, {}, {}, {})
    return LoadRun(Path(), head, events, intervals, (), (phase,), {}, (), (), True, "")


def test_recoveries_of_a_run() -> None:
    level, fallen = [30, 100, 100, 100, 100], [50, 0, 0]
    run = run_of([*level, *fallen, 60, 70, 95, 100, 99, 100], fault(15.3, "begins"), fault(18.2, "ends"))
    throughput, latency, _ = recoveries(run)
    assert throughput.facts["level"] == 10_000
    assert throughput.facts["worst"] == 0
    assert throughput.facts["seconds"] == pytest.approx(1.8)
    assert latency.facts["recovered"]
    assert "busy@5s+3s" in throughput.said


@pytest.mark.parametrize("op", [Kind.PUT_BLOCK_FROM_URL, Kind.LIST_BLOBS])
def test_answers_in_xml_are_no_throughput(op: Kind) -> None:
    """Errors and short pages are as long as they like: operations a second are what fell."""
    run = run_of(
        [30, *[100] * 4, 50, 10, 10, 60, 90, 95, 100, 99], fault(15.3, "begins"), fault(18.2, "ends")
    )
    answered = tuple(replace(one, op=op.value, bytes_sent=0, bytes_received=7_000) for one in run.intervals)
    throughput, *_ = recoveries(replace(run, intervals=answered))
    assert throughput.facts["series"] == "operations a second"
    assert (throughput.facts["level"], throughput.facts["worst"]) == (100, 10)


def test_xml_beside_payload_is_not_counted() -> None:
    run = run_of([30, *[100] * 4, 0, 0, 0, 60, 90, 95, 100, 99], fault(15.3, "begins"), fault(18.2, "ends"))
    pages = tuple(
        replace(one, op=Kind.LIST_BLOBS.value, bytes_sent=0, bytes_received=10**6) for one in run.intervals
    )
    throughput, *_ = recoveries(replace(run, intervals=run.intervals + pages))
    assert throughput.facts["series"] == "bytes a second"
    assert throughput.facts["level"] == 10_000


def test_a_fault_that_outlasts_its_phase_is_too_late_to_tell() -> None:
    throughput, *_ = recoveries(run_of([100] * 10, fault(16.0, "begins")))
    assert "too soon to tell" in throughput.said
    assert not recoveries(run_of([100] * 10, fault(99.0, "begins")))
    assert not recoveries(run_of([100] * 10))


def test_before_the_first_answer_there_is_no_level() -> None:
    faults = fault(14.0, "begins"), fault(14.2, "ends")
    throughput, *_ = recoveries(run_of([0, 0, 0, 0, 10, 10, 10, 10], *faults))
    assert "nothing was done" in throughput.said


def test_a_killed_worker_has_no_end() -> None:
    killed = fault(15.2, "begins", "kill-worker@5s", "kill-worker")
    throughput, latency, _ = recoveries(run_of([100] * 5 + [50] * 7, killed))
    assert "did not recover" in throughput.said
    assert latency.facts["recovered"]
