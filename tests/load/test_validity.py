"""Validity: each check on made-up runs that it must pass, warn of or invalidate; the self-test for real."""

from __future__ import annotations

import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import omission
from loadgen.null import server as null
from loadgen.null.server import NullServerError
from loadgen.payload.payloads import Payloads
from loadgen.plan import document
from loadgen.plan.values import Action, Arrivals, FileSet, Lane, Phase, Plan
from loadgen.record import lines
from loadgen.record.histogram import Histogram
from loadgen.record.read import HistogramKey, LoadRun, read
from loadgen.record.recorder import Recorder
from loadgen.record.write import LoadWriter
from loadgen.validity import flood as flood_module
from loadgen.validity.ceiling import Ceiling, Rate, added, lane_shapes, shapes_of
from loadgen.validity.check import Check, State
from loadgen.validity.checks import CEILING, USAGE, checks, own_bounds
from loadgen.validity.flood import Arriving, small_plan
from loadgen.validity.sampler import Sampler, way_to
from loadgen.validity.schedule import begun_late
from loadgen.validity.selftest import measure_ceiling
from loadgen.validity.world import Bound
from loadgen.work.op import Kind, Op, Outcome, Source
from loadgen.work.phase import PhaseSource

GB, MIB = 10**9, 1 << 20
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


# -------------------------------------------------------------------------------- the generator


@pytest.mark.parametrize(
    ("ceiling", "state", "share"),
    [
        (100.0, State.OK, 0.1),
        (13.0, State.WARNS, 10 / 13),
        (10.5, State.INVALIDATES, 10 / 10.5),
        (5.0, State.WARNS, 2.0),  # the self-test is refuted
    ],
)
def test_a_run_near_its_ceiling_says_so(ceiling: float, state: State, share: float) -> None:
    found = check(made(UP, ceiling=ceiling), "generator-ceiling")
    assert found.state is state
    assert found.facts["share"] == pytest.approx(share, abs=1e-3)


def test_an_idle_tail_does_not_hide_a_generator_that_was_full() -> None:
    run = made(UP, ceiling=10.5, seconds=60)
    tail = replace(run.phases[0], end_s=600.0, barrier_s=600.0)
    assert check(replace(run, phases=(tail,)), "generator-ceiling").state is State.INVALIDATES


def test_a_wave_is_no_peak() -> None:
    """Forty operations of five seconds that end in one second are eight a second."""
    run = made(UP, ceiling=100.0)
    (phase,) = run.phases
    waves = tuple(replace(one, ops=50 if number in (4, 9) else 0) for number, one in enumerate(run.intervals))
    key = HistogramKey("up", 1, "up", "put-block", "service")
    long = replace(run, intervals=waves, phases=(phase,), histograms={key: Histogram.of([5_000_000] * 100)})
    assert check(long, "generator-ceiling").facts["share"] == pytest.approx(0.1)


def test_attempts_that_failed_cost_the_generator_too() -> None:
    run = made(UP, ceiling=40.0, seconds=1, errors={"503 ServerBusy": 10})
    assert check(run, "generator-ceiling").facts["share"] == pytest.approx(20 / 40, abs=1e-3)


def test_a_ceiling_that_nobody_measured_is_not_run() -> None:
    assert check(made(), "generator-ceiling").state is State.NOT_RUN


@pytest.mark.parametrize(("cpu", "state"), [(0.5, State.OK), (0.93, State.WARNS), (0.99, State.INVALIDATES)])
def test_a_worker_that_was_busy(cpu: float, state: State) -> None:
    assert check(made(samples=(loopback(cpu=cpu),)), "generator-processor").state is state


def test_only_measured_phases_count() -> None:
    run = made(UP, DOWN, samples=(loopback(cpu=0.99),))
    only = (replace(run.phases[0], measured=False), run.phases[1])
    quiet = tuple(
        replace(event, facts={**event.facts, "cpu": 0.1}) if event.t_s > 11 else event for event in run.events
    )
    assert check(replace(run, phases=only, events=quiet), "generator-processor").state is State.OK


@pytest.mark.parametrize(
    ("busy", "idle", "name"),
    [
        ({"cpu": 1.0}, {"cpu": 0.2}, "generator-processor"),
        ({"machine": 1.0}, {"machine": 0.2}, "generator-machine"),
        ({"stolen": 0.2}, {"stolen": 0.0}, "generator-machine"),
        (
            ethernet(0.99),
            ethernet(0.1),
            "generator-network",
        ),
    ],
)
def test_a_long_quiet_phase_does_not_hide_a_short_full_one(
    busy: dict[str, Any], idle: dict[str, Any], name: str
) -> None:
    """Five seconds of writing at the limit, then a minute of reading at a fifth of it."""
    run = made(UP, DOWN, samples=(loopback(),))
    short, long = run.phases
    long = replace(long, end_s=long.begin_s + 60, barrier_s=60.0)
    events = tuple(
        lines.Event(
            at + 1.0, USAGE, "", {"worker": 0, "host": "h", **loopback(), **(busy if at < 10 else idle)}
        )
        for at in [*range(10), *range(11, 71)]
    )
    found = check(replace(run, phases=(short, long), events=events), name)
    assert found.state is not State.OK
    assert found.facts["phase"] == "up"
    assert found.said.startswith("In up ")


def test_a_sample_across_two_phases_counts_by_its_parts() -> None:
    """The master looks when it likes: nine tenths of this sample are of the second phase."""
    run = made(UP, DOWN, gap=0.0, samples=())
    sample = {**loopback(), "wall_s": 10.0, "worker": 0}
    events = (lines.Event(19.0, USAGE, "", sample), lines.Event(9.0, USAGE, "", {**sample, "cpu": 1.0}))
    found = check(replace(run, events=events), "generator-processor")
    assert found.facts["phases"] == {"up": pytest.approx(0.95), "down": 0.5}


def test_a_busy_or_borrowed_machine_warns() -> None:
    assert check(made(samples=(loopback(machine=0.99),)), "generator-machine").state is State.WARNS
    assert check(made(samples=(loopback(stolen=0.2),)), "generator-machine").state is State.WARNS
    assert check(made(samples=(loopback(),)), "generator-machine").state is State.OK


@pytest.mark.parametrize(
    ("sample", "state"),
    [
        (loopback(), State.OK),
        (ethernet(0.3), State.OK),
        (ethernet(0.85), State.WARNS),
        (ethernet(0.97), State.INVALIDATES),
        (ethernet(0.97, bits=None), State.NOT_RUN),
    ],
)
def test_the_network(sample: dict[str, Any], state: State) -> None:
    assert check(made(samples=(sample,)), "generator-network").state is state


def test_nothing_sampled_is_not_run() -> None:
    for name in ("generator-processor", "generator-machine", "generator-network"):
        assert check(made(), name).state is State.NOT_RUN


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


# ---------------------------------------------------------------------------------- the self-test


@settings(max_examples=40, deadline=None)
@given(
    action=st.sampled_from(Action),
    count=st.integers(1, 9),
    size=st.integers(1, 300),
    block=st.integers(1, 100),
    single=st.sampled_from([0, 200]),
    ranges=st.sampled_from([0, 64]),
)
def test_shapes_are_what_the_work_sends(
    action: Action, count: int, size: int, block: int, single: int, ranges: int
) -> None:
    lane = Lane("l", action, ("f",), 2, block_bytes=block, single_bytes=single, range_bytes=ranges)
    made_plan = replace(plan(lane), files=(FileSet("f", count, size, "zeros"),))
    sent: Counter[Kind] = Counter()
    moved: defaultdict[Kind, int] = defaultdict(int)

    for op in sent_by(PhaseSource(made_plan, made_plan.phases[0], [0, 1], 0, Silent())):
        sent[op.kind] += 1
        moved[op.kind] += op.length
    shapes = lane_shapes(made_plan, lane, 2)
    assert set(shapes) == set(sent)
    for kind, shape in shapes.items():
        assert kind in shape.kinds
        if kind is shape.kind:
            assert shape.bytes == round(moved[kind] / sent[kind])
            assert sent[kind] == shape.blocks * count or action is Action.LIST
    # The small plan of the self-test sends the same, file by file.
    (whole,) = set(shapes.values())
    small = small_plan(whole, count)
    again = Counter(op.kind for op in sent_by(PhaseSource(small, small.phases[0], [0], 0, Silent())))
    if action is not Action.LIST:  # a listing is one for each rank
        assert again == sent


class Silent:
    """Nobody is told of anything."""

    def op(self, op: Op, outcome: Outcome) -> None:
        pass


def sent_by(source: Source, now: int = 1) -> list[Op]:
    """Everything that a source gives, each answered at once."""
    sent = []
    while (op := source.next(now)) is not None:
        sent.append(op)
        source.done(op, Outcome(201, "", now, now, now, 0, 0))
    assert source.finished
    return sent


def test_ceilings_add_up_and_survive_json() -> None:
    shape = shapes_of(plan(UP), 2)[0]
    one = Ceiling(1, 1.0, (Rate(shape, 10.0),))
    both = added([one, Ceiling(1, 1.0, (Rate(shape, 5.0, errors=1),))])
    assert (both.workers, both.rates[0].ops_per_s, both.rates[0].errors) == (2, 15.0, 1)
    assert Ceiling.from_json(json.loads(json.dumps(both.to_json()))) == both
    with pytest.raises(ValueError, match="no workers"):
        added([])


def test_tasks_of_a_self_test_arrive_whenever_one_can_be_sent() -> None:
    """None is late, however many there could have been."""
    lane = replace(OPEN, action=Action.CHURN)
    shape = lane_shapes(plan(lane, size=100), lane, 1)[Kind.PUT_BLOB]
    small = small_plan(shape)
    work = PhaseSource(small, small.phases[0], range(4), 5, recorder := Recorder(0))
    recorder.begin("ceiling")
    source = Arriving(work, 5)
    under_way = [source.next(10**12) for _ in range(100)]
    ops = [op for op in under_way if op is not None]
    assert len({op.blob.name for op in ops}) == len(under_way) == 100
    source.stop(10**12)
    assert source.due() is None
    assert source.next(10**12) is None
    for op in ops:
        source.done(op, Outcome(201, "", 10**12, 10**12, 10**12, 0, 0))
    assert source.finished
    delta = recorder.take()
    assert (delta.ops, delta.errors) == (100, 0)


@pytest.mark.skipif(null.find_program() is None, reason="nginx is not installed")
def test_the_self_test_has_the_work_and_the_recording_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every operation that counts was one of a `PhaseSource`, and went through a `Recorder`."""
    recorded: list[Kind] = []

    class Heard(Recorder):
        def op(self, op: Op, outcome: Outcome) -> None:
            recorded.append(op.kind)
            super().op(op, outcome)

    monkeypatch.setattr(flood_module, "Recorder", Heard)
    shape = lane_shapes(plan(UP, size=300), replace(UP, block_bytes=100), 1)[Kind.PUT_BLOCK]
    with null.null_server(tmp_path) as endpoint:
        rate = flood_module.flood(
            endpoint, shape, Payloads(), seconds=0.05, https=False, wait=time.monotonic_ns
        )
    assert rate.ops_per_s > 0
    assert not rate.errors
    counts = Counter(recorded)
    assert counts[Kind.PUT_BLOCK] == pytest.approx(3 * counts[Kind.PUT_BLOCK_LIST], abs=4 * 3 * 4)


@pytest.mark.skipif(null.find_program() is None, reason="nginx is not installed")
@pytest.mark.parametrize("https", [False, True])
def test_the_ceiling_is_measured(tmp_path: Path, https: bool) -> None:
    lane = Lane("churn", Action.CHURN, ("shards",), ranks=2)
    wanted = plan(lane, UP, size=4096)
    found = measure_ceiling(wanted, 1, tmp_path, https=https, seconds=0.05)
    assert [rate.shape for rate in found.rates] == [*shapes_of(wanted, 1)]
    assert all(rate.ops_per_s > 0 and not rate.errors for rate in found.rates)


def test_without_nginx_there_is_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(null, "find_program", lambda: None)
    with pytest.raises(NullServerError) as caught:
        measure_ceiling(plan(UP), 1, tmp_path)
    assert caught.value.hint


# ------------------------------------------------------------------------------------- the sampler


def test_a_sampler_sees_its_own_work() -> None:
    sampler = Sampler(("127.0.0.1", 1))
    until = os.times().user + 0.1
    while os.times().user < until:
        pass
    first, second = sampler.take(), sampler.take()
    assert first["cpu_s"] >= 0.09
    assert second["cpu_s"] < first["cpu_s"]
    assert first["way"]["loopback"]
    assert 0 <= first["machine"] <= 1
    assert first["rss_bytes"] > 0
    json.dumps(first, allow_nan=False)


def test_no_way_is_no_way() -> None:
    assert way_to(("no.such.host.invalid", 1)) is None


# ------------------------------------------------------------------------------- the omission benchmark


def test_the_truth_of_a_server_that_stalls() -> None:
    """It stalls from 4.5 s to 5.5 s, and again ten seconds later."""
    arrivals = [0.0, 4.4, 4.499, 4.5, 5.0, 5.5, 14.9]
    expected = [0.005, 0.005, 1.001, 1.005, 0.505, 0.005, 0.605]
    assert omission.truth(arrivals, 0.005) == pytest.approx(expected)


def test_percentiles_are_those_of_the_histogram() -> None:
    for count in (499, 6000):
        values = [one * one % 9973 for one in range(count)]
        for quantile in omission.QUANTILES:
            exact = omission.exact([float(one) for one in values], quantile)
            assert Histogram.of(values).percentile(quantile) == pytest.approx(exact, rel=1 / 1024)
    assert omission.exact([float(one) for one in range(1, 6001)], 99.9) == 5994
