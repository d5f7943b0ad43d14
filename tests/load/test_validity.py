"""Validity of how a run went and of what it says of the world: made-up runs, good, doubtful and invalid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.record import lines
from loadgen.record.histogram import Histogram
from loadgen.record.read import HistogramKey, read
from loadgen.record.write import LoadWriter
from loadgen.validity.ceiling import Ceiling, Rate, shapes_of
from loadgen.validity.check import Check, State
from loadgen.validity.checks import USAGE, checks, own_bounds
from loadgen.validity.schedule import begun_late
from loadgen.validity.world import Bound
from tests.load.checked import DOWN, GB, OPEN, UP, check, ethernet, loopback, made, plan

# ------------------------------------------------------------------------------- how the run went


@pytest.mark.parametrize(
    ("errors", "state"),
    [
        ({}, State.OK),
        ({"503 ServerBusy": 1}, State.WARNS),
        ({"503 ServerBusy": 10, "timeout": 2}, State.INVALIDATES),
    ],
)
def test_errors(errors: dict[str, int], state: State) -> None:
    assert check(made(ops_per_s=50, errors=errors), "errors").state is state


def test_what_the_client_sent_twice_is_said() -> None:
    """Ten samples in the measured phase, and one long after it."""
    late = lines.Event(99.0, USAGE, "", {"worker": 0, "host": "h", **loopback(), "resent": 5})
    found = check(made(samples=(loopback(resent=2),), events=(late,)), "errors")
    assert found.state is State.OK
    assert found.facts["sent_twice"] == 20
    assert "20 were sent twice" in found.said
    assert "twice" not in check(made(samples=(loopback(),)), "errors").said


def test_files_that_were_given_up_invalidate_but_in_a_storm() -> None:
    run = made(ops_per_s=50, errors={"timeout": 1})
    ranks = (replace(run.ranks[0], failed=1), *run.ranks[1:])
    fault = lines.Event(1.0, "fault", "busy", {"fault": "busy", "state": "begins", "text": "busy@1s+1s"})
    assert check(replace(run, ranks=ranks), "errors").state is State.INVALIDATES
    assert check(replace(run, ranks=ranks, events=(fault,)), "errors").state is State.WARNS


def test_nothing_done_is_no_figure() -> None:
    assert check(made(ops_per_s=0), "errors").state is State.INVALIDATES


def test_lost_workers_and_missing_ranks_invalidate() -> None:
    lost = lines.Event(3.0, "worker-lost", "worker 1 is gone", {"worker": 1, "ranks": [1]})
    run = made(events=(lost,))
    assert check(run, "workers").state is State.INVALIDATES
    missing = (replace(run.phases[0], missing_ranks=(1, 3), barrier_s=None),)
    found = check(replace(run, phases=missing), "ranks")
    assert found.state is State.INVALIDATES
    assert "2 ranks" in found.said
    late = lines.Event(60.0, "deadline", "up was not through within its 60 s")
    assert check(made(events=(late,)), "ranks").state is State.INVALIDATES
    assert check(made(), "workers").state is check(made(), "ranks").state is State.OK


def test_a_partial_run_says_what_is_left() -> None:
    found = check(made(UP, plan=plan(UP, DOWN)), "complete")
    assert found.state is State.INVALIDATES
    assert "down" in found.said
    interrupted = lines.Event(3.0, "interrupted", "interrupted at 3 s")
    assert check(made(events=(interrupted,)), "complete").state is State.INVALIDATES
    assert check(made(), "complete").state is State.OK


@pytest.mark.parametrize(
    ("trip", "offsets", "state"),
    [
        (0.001, (0.0, 0.0005), State.OK),
        (0.5, (0.0, 0.0), State.WARNS),
        (0.001, (0.0, 0.3), State.WARNS),
        (3.0, (0.0, 0.0), State.INVALIDATES),
    ],
)
def test_clocks(trip: float, offsets: tuple[float, float], state: State) -> None:
    events = tuple(
        lines.Event(
            at, "clock", "", {"workers": [{"worker": 0, "offset_s": 5 + offset, "round_trip_s": trip}]}
        )
        for at, offset in enumerate(offsets)
    )
    assert check(made(events=events), "clock").state is state
    assert check(made(), "clock").state is State.NOT_RUN


def opened(
    waits_us: list[int], *, errors: Mapping[str, int] | None = None, service_us: int = 1000, **rank: Any
) -> Check:
    """The check of an open loop whose tasks waited so long, each served in the same time."""
    keys = [HistogramKey("open", 1, "open", "get-blob", metric) for metric in ("latency", "service")]
    service = Histogram.of([service_us] * len(waits_us))
    latency = Histogram.of([service_us + wait for wait in waits_us])
    run = made(OPEN, histograms=dict(zip(keys, (latency, service), strict=True)), errors=errors)
    never = (errors or {}).get("not-begun", 0)
    ranks = [replace(one, files=len(waits_us) // 4, failed=0) for one in run.ranks]
    ranks[0] = replace(ranks[0], failed=never)
    return check(replace(run, ranks=tuple(replace(one, **rank) for one in ranks)), "schedule")


def test_an_open_loop_that_kept_its_schedule() -> None:
    assert opened([0] * 400).state is State.OK
    assert opened([5_000] * 400).state is State.OK
    assert opened([0] * 400, service_us=4_000_000).state is State.OK  # slow, and begun in time
    assert check(made(UP), "schedule").state is State.OK


def test_a_stall_that_was_worked_off_by_the_end_was_no_schedule_kept() -> None:
    """Four seconds of twenty, at ten tasks a second: what came in them was begun when they were over."""
    waits = [0] * 100 + [4_000_000 - 100_000 * number for number in range(40)] + [0] * 60
    found = opened(waits)
    assert found.state is State.WARNS
    assert found.facts["kept"]["open/open"] == pytest.approx(0.8, abs=0.01)
    assert found.facts["mean_wait_s"]["open/open"] == pytest.approx(0.41, abs=0.01)


def test_tasks_that_were_never_begun_were_not_begun_in_time() -> None:
    found = opened([0] * 400, errors={"not-begun": 100})
    assert found.state is State.WARNS
    assert found.facts["kept"]["open/open"] == pytest.approx(0.8)
    assert "100 were never begun" in found.said


def test_what_was_made_again_was_begun_in_time() -> None:
    assert opened([0] * 380 + [100_000] * 20, errors={"503 ServerBusy": 20}).state is State.OK


def test_whether_lost_ranks_kept_their_schedule_is_not_known() -> None:
    assert opened([0] * 400, end_s=None).state is State.NOT_RUN
    run = made(OPEN)
    assert check(replace(run, ranks=run.ranks[1:]), "schedule").state is State.NOT_RUN


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.sampled_from([0, 9_000, 12_000, 10**6])), min_size=1),
)
def test_no_more_is_called_late_than_was(pairs: list[tuple[int, int]]) -> None:
    latency = Histogram.of([service + wait for service, wait in pairs])
    service = Histogram.of([service for service, _ in pairs])
    assert begun_late(latency, service) <= sum(wait > 10_000 for _, wait in pairs)


def test_a_storm_is_not_compared_with_quiet_runs() -> None:
    fault = lines.Event(1.0, "fault", "busy", {"fault": "busy", "state": "begins"})
    found = check(made(events=(fault,)), "faults")
    assert (found.state, found.forbids_verdict) == (State.WARNS, True)


# -------------------------------------------------------------------------------- against the world


def test_what_memory_may_hide() -> None:
    here = (loopback(),)
    found = check(made(DOWN, samples=here), "cache")
    assert found.state is State.WARNS
    assert "never have asked a disk" in found.said
    large = plan(DOWN, count=2000)  # 134 GB
    assert check(made(DOWN, samples=here, plan=large), "cache").state is State.OK
    assert check(made(DOWN, samples=here, plan=plan(DOWN, count=500)), "cache").state is State.WARNS
    assert check(made(DOWN), "cache").state is State.WARNS  # nobody knows the servers' memory
    assert check(made(DOWN, plan=large), "cache", server_memory_bytes=16 * GB).state is State.OK
    assert check(made(UP), "cache").state is State.OK


def test_reads_right_after_writes() -> None:
    assert check(made(UP, DOWN, gap=5.0), "reads-after-writes").state is State.WARNS
    assert check(made(UP, DOWN, gap=90.0), "reads-after-writes").state is State.OK
    assert check(made(DOWN), "reads-after-writes").state is State.OK


def test_faster_than_physics_is_impossible() -> None:
    run = made(UP)  # 83.9 MB/s
    slow, fast = Bound("a slow node", 50e6, "write"), Bound("a fast node", 5e9, "write")
    assert check(run, "physics").state is State.NOT_RUN
    assert check(run, "physics", bounds=[fast]).state is State.OK
    found = check(run, "physics", bounds=[fast, slow])
    assert found.state is State.INVALIDATES
    assert "a slow node" in found.said
    assert check(run, "physics", bounds=[replace(slow, direction="read")]).state is State.NOT_RUN
    guess = check(run, "physics", bounds=[replace(slow, provenance="assumed")])
    assert (guess.state, guess.forbids_verdict) == (State.WARNS, True)


def test_the_way_to_the_endpoint_is_a_bound_too() -> None:
    found = check(made(UP, samples=(ethernet(0.1, bits=100_000_000),)), "physics")
    assert found.state is State.INVALIDATES
    assert "eth0" in found.said
    run = made(UP, samples=(loopback(),), ceiling=1.0)
    assert [bound.name for bound in own_bounds(run, Ceiling(1, 1.0, (Rate(shapes_of(plan(UP), 1)[0], 1.0),)))]
    assert check(run, "physics").state is State.INVALIDATES


def test_no_bound_is_known_where_the_speed_of_one_host_is_not() -> None:
    """Two hosts move 84 MB/s; the interface of one of them carries 50 MB/s, the other nobody knows."""
    known, unknown = ethernet(0.1, bits=400_000_000), ethernet(0.1, bits=None)
    for other in (unknown, loopback(), loopback(way=None)):
        events = tuple(
            lines.Event(at + 1.0, USAGE, "", {"worker": worker, "host": f"h{worker}", **sample})
            for worker, sample in enumerate((known, other))
            for at in range(10)
        )
        run = made(UP, events=events, header={"workers": 2})
        assert check(run, "physics").state is State.NOT_RUN
        assert own_bounds(replace(run, events=events[:10]), None) == []  # of one of them nothing is known


def test_what_the_endpoint_fetches_does_not_cross_the_generators_network() -> None:
    run = made(UP, samples=(ethernet(0.1, bits=100_000_000),), ceiling=1.0)
    fetched = tuple(replace(one, op="put-block-from-url", bytes_sent=0) for one in run.intervals)
    assert check(replace(run, intervals=fetched), "physics").state is State.NOT_RUN
    here = made(UP, samples=(loopback(),), ceiling=1.0)
    assert check(replace(here, intervals=fetched), "physics").state is State.NOT_RUN


def test_a_self_test_on_a_busy_machine_makes_no_figure_impossible() -> None:
    """The run did five times what the self-test found: that is refuted, not the run."""
    run = made(UP, samples=(loopback(),), ceiling=2.25)
    assert check(run, "generator-ceiling").state is State.WARNS
    assert check(run, "physics").state is State.OK


def test_each_direction_has_a_network_of_its_own() -> None:
    """Both together are 168 MB/s, over 125 MB/s each way."""
    run = made(UP, samples=(ethernet(0.1, bits=1_000_000_000),))
    both = tuple(replace(one, bytes_received=one.bytes_sent) for one in run.intervals)
    phases = tuple(replace(one, bytes=2 * one.bytes) for one in run.phases)
    found = check(replace(run, intervals=both, phases=phases), "physics")
    assert found.state is State.OK
    assert found.facts["share"] == pytest.approx(83_886_080 / 125e6, abs=1e-3)


def test_promises_must_be_known() -> None:
    mine = made()
    unknown = made(header={"endpoint": {**mine.header.endpoint, "name": "https://a.example"}})
    told = {"durability": {"redundancy": "ec 8+4", "flush": "before the answer"}}
    declared = made(header={"endpoint": unknown.header.endpoint, "disclosure": told})
    assert check(mine, "durability").state is State.OK
    assert check(declared, "durability").state is State.OK
    found = check(unknown, "durability")
    assert (found.state, found.forbids_verdict) == (State.WARNS, True)


def test_checks_stand_in_a_run_file(tmp_path: Path) -> None:
    run = made(UP, DOWN, samples=(loopback(),), ceiling=100.0)
    writer = LoadWriter(tmp_path, run.header, checked=True)
    writer.add(*run.events, *(one.line() for one in checks(run)))
    writer.close(complete=True)
    back = read(tmp_path)
    assert [(one.name, one.state) for one in back.checks] == [
        (one.name, one.state.value) for one in checks(run)
    ]
    assert [one.said for one in checks(replace(run, events=back.events))] == [one.said for one in back.checks]
