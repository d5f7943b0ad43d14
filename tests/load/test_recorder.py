"""What a recorder counts, that deltas add up however they are cut, and what the master makes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.record.delta import METRICS, Cell, Delta, DeltaError, Key
from loadgen.record.gather import Gathered
from loadgen.record.histogram import Histogram
from loadgen.record.oplog import SUFFIX, OpLog
from loadgen.record.oplog_read import logs, pooled
from loadgen.record.recorder import Recorder
from loadgen.work.op import Kind
from tests.load.attempts import START, Attempt, attempt, attempts

_CALM = settings(deadline=None, max_examples=30)
_MANY = st.lists(attempts(), max_size=25)


def recorder(log: OpLog | None = None) -> Recorder:
    """One that is in a phase."""
    made = Recorder(START, log)
    made.begin("stage")
    return made


def played(*made: Attempt) -> Delta:
    """What a recorder tells of attempts."""
    one = recorder()
    for op, outcome in made:
        one.op(op, outcome)
    return one.take()


def _key(t_s: float, lane: str = "read", op: str = "get-blob") -> Key:
    return Key(t_s, "stage", 1, lane, op)


def test_three_durations_of_what_succeeded() -> None:
    delta = played(attempt(0, 40, started=25, first=30.5, sent=7, received=9))
    cell = delta.cells[_key(0)]
    assert cell.latency == Histogram.of([40_000])
    assert cell.service == Histogram.of([15_000])
    assert cell.first_byte == Histogram.of([5_500])
    assert (cell.failed.count, cell.ops, cell.bytes_sent, cell.bytes_received) == (0, 1, 7, 9)


def test_what_was_never_answered_with_a_byte_has_no_first() -> None:
    cell = played(attempt(0, 5)).cells[_key(0)]
    assert (cell.ops, cell.first_byte.count) == (1, 0)


def test_what_did_not_succeed_is_counted_apart_by_what_it_was() -> None:
    delta = played(
        attempt(0, 5, status=503, code="ServerBusy", sent=100),
        attempt(0, 6, status=503, code="ServerBusy"),
        attempt(0, 7, status=500),
        attempt(0, 8, status=0, failure="timeout"),
        attempt(0, 9, status=200, failure="short", received=3),
    )
    cell = delta.cells[_key(0)]
    assert cell.errors == {"503 ServerBusy": 2, "500": 1, "timeout": 1, "short": 1}
    assert cell.failed == Histogram.of([5_000, 6_000, 7_000, 8_000, 9_000])
    assert (cell.ops, cell.latency.count, cell.bytes_sent, cell.bytes_received) == (0, 0, 0, 0)
    assert (delta.ops, delta.errors) == (0, 5)


def test_what_counts_is_the_interval_in_which_it_ended() -> None:
    delta = played(
        attempt(0, 999.9),
        attempt(0, 1000),
        attempt(2100, 2200),
        attempt(900, 950),
        attempt(0, 1999, lane="x"),
    )
    counts = {key: cell.ops for key, cell in delta.cells.items()}
    assert counts == {_key(0.0): 2, _key(1.0): 1, _key(2.0): 1, _key(1.0, "x"): 1}


def test_intervals_may_have_another_length() -> None:
    one = Recorder(START, interval_s=0.25)
    one.begin("write", 3)
    one.op(*attempt(0, 600, kind=Kind.PUT_BLOCK))
    assert [*one.take().cells] == [Key(0.5, "write", 3, "read", "put-block")]


def test_a_phase_has_cells_of_its_own_within_an_interval() -> None:
    one = recorder()
    one.op(*attempt(0, 10))
    one.begin("restore", 2)
    one.op(*attempt(0, 20))
    one.op(*attempt(0, 30))
    assert {(key.phase, key.iteration): cell.ops for key, cell in one.take().cells.items()} == {
        ("stage", 1): 1,
        ("restore", 2): 2,
    }


def test_what_was_taken_is_not_told_again() -> None:
    one = recorder()
    one.op(*attempt(0, 10))
    first = one.take()
    one.op(*attempt(0, 20))
    assert (first.ops, one.take().ops, one.take().cells) == (1, 1, {})


def test_nothing_can_be_recorded_outside_of_a_phase() -> None:
    with pytest.raises(RuntimeError, match="no phase"):
        Recorder(START).op(*attempt())


@_CALM
@given(_MANY, _MANY)
def test_deltas_add_up_however_they_are_cut(first: list[Attempt], second: list[Attempt]) -> None:
    parts = [played(*first), played(*second)]
    for order in (parts, parts[::-1]):
        total = Delta()
        for part in order:
            total.merge(part)
        assert total.cells == played(*first, *second).cells


@_CALM
@given(_MANY)
def test_a_delta_goes_through_json(made: list[Attempt]) -> None:
    delta = played(*made)
    assert Delta.from_json(json.loads(json.dumps(delta.to_json()))).cells == delta.cells


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"version": 2, "cells": []}, "run the same Blobproof everywhere"),
        ({}, "version None"),
        ({"version": 1}, "cells"),
        ({"version": 1, "cells": [{}]}, "cannot be read"),
        ({"version": 1, "cells": [7]}, "cannot be read"),
        ({"version": 1, "cells": [{"packed": {"speed": ""}}]}, "no metric 'speed'"),
        ({"version": 1, "cells": [{"packed": {"latency": "*"}}]}, "not base64"),
        ({"version": 1, "cells": [{"packed": []}]}, "cannot be read"),
    ],
)
def test_a_delta_that_it_does_not_know_is_refused(value: dict[str, object], said: str) -> None:
    with pytest.raises(DeltaError, match=said):
        Delta.from_json(value)


def test_an_interval_is_told_once_and_when_it_is_over() -> None:
    gathered = Gathered()
    gathered.add(played(attempt(0, 500, received=5), attempt(0, 1500, status=503)))
    gathered.add(played(attempt(0, 700, received=6), attempt(0, 800, kind=Kind.PUT_BLOCK, sent=8)))
    (get, put) = gathered.intervals(1.2)
    assert (get.t_s, get.lane, get.op, get.ops, get.bytes_received) == (0.0, "read", "get-blob", 2, 11)
    assert (put.op, put.ops, put.bytes_sent, put.errors) == ("put-block", 1, 8, {})
    assert get.latency == Histogram.of([500_000, 700_000])
    assert gathered.intervals(1.9) == ()
    (late,) = gathered.intervals()
    assert (late.t_s, late.ops, late.errors) == (1.0, 0, {"503": 1})
    assert (gathered.ops, gathered.errors) == (3, 1)


def test_what_comes_late_makes_a_line_of_its_own() -> None:
    gathered = Gathered()
    gathered.add(played(attempt(0, 500)))
    assert len(gathered.intervals()) == 1
    gathered.add(played(attempt(0, 501)))
    assert [line.t_s for line in gathered.intervals()] == [0.0]
    (histogram,) = (line for line in gathered.close("stage", 1) if line.metric == "latency")
    assert histogram.packed.count == 2


def test_a_phase_is_closed_once() -> None:
    gathered = Gathered()
    gathered.add(played(attempt(0, 500, first=400), attempt(0, 600, lane="write", failure="reset")))
    found = [(line.lane, line.op, line.metric) for line in gathered.close("stage", 1)]
    assert found == [
        ("read", "get-blob", "first_byte"),
        ("read", "get-blob", "latency"),
        ("read", "get-blob", "service"),
        ("write", "get-blob", "failed"),
    ]
    assert gathered.close("stage", 1) == ()


@settings(deadline=None, max_examples=15)
@given(st.lists(_MANY, min_size=4, max_size=4), st.integers(1, 9))
def test_four_workers_merged_say_what_the_pooled_logs_say(
    tmp_path_factory: pytest.TempPathFactory, workers: list[list[Attempt]], every: int
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    gathered = Gathered()
    for worker, made in enumerate(workers):
        log = OpLog(folder / f"{worker}{SUFFIX}", START, {"worker": worker})
        one = recorder(log)
        for number, (op, outcome) in enumerate(made, 1):
            one.op(op, outcome)
            if number % every == 0:
                gathered.add(Delta.from_json(one.take().to_json()))
        gathered.add(one.take())
        log.close()
    merged = {(line.lane, line.op, line.metric): line.packed for line in gathered.close("stage", 1)}
    for lane in ("read", "write"):
        for kind in (Kind.GET_BLOB, Kind.PUT_BLOCK):
            for metric in METRICS:
                raw = pooled(logs(folder), metric, phase="stage", lane=lane, op=kind)
                assert merged.get((lane, kind.value, metric), Histogram()) == raw
    truth = sorted(
        (outcome.last - op.intended) // 1000 for made in workers for op, outcome in made if outcome.good
    )
    if truth:
        latency = Histogram.merged(one for key, one in merged.items() if key[2] == "latency")
        for q in (50, 95, 99, 99.9):
            true = truth[-(-int(q * 10) * len(truth) // 1000) - 1]
            assert true <= latency.percentile(q) <= min(true * (1 + 1 / 1024), truth[-1])


def test_the_log_of_a_recorder_is_readable_after_each_take(tmp_path: Path) -> None:
    log = OpLog(tmp_path / f"a{SUFFIX}", START)
    one = recorder(log)
    one.op(*attempt(0, 3))
    one.take()
    assert pooled([log.path]) == Histogram.of([3_000])


def test_cells_are_told_apart() -> None:
    cell, other = Cell(), Cell()
    assert cell == other
    other.bytes_sent = 1
    assert cell != other
    assert cell != 7
