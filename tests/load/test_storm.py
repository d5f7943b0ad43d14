"""Storms: what --fault may say, how a recovery is told, and faults between the client and a server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.endpoint import Endpoint, Style
from harness.endpoints.certificates import issue
from harness.faults.fault import Kind as Harm
from harness.vocabulary import ExitCode
from loadgen.client.engine import Engine
from loadgen.client.target import Target
from loadgen.null.server import find_program, null_server
from loadgen.plan.values import Action, FileSet, Lane, Phase, Plan
from loadgen.record import lines
from loadgen.record.histogram import Histogram
from loadgen.record.read import LoadRun
from loadgen.storm.follow import Follow
from loadgen.storm.plan import StormError, What, check, parse
from loadgen.storm.recover import Better, Point, Rule, recovery
from loadgen.storm.recoveries import recoveries
from loadgen.storm.run import Happened, Tempest
from loadgen.work.op import Blob, Kind, Op, Outcome

needs_nginx = pytest.mark.skipif(find_program() is None, reason="nginx is not installed")

# ------------------------------------------------------------------------------------ what is said


def test_no_fault_is_no_storm() -> None:
    assert parse([]) is None


def test_what_may_be_said() -> None:
    storm = parse(
        [
            "busy@10s+5s",
            "slow@restore:500ms+2m,delay=200ms,nodes=3",
            "kill-worker@20s,worker=2",
            "restart@30+2s",
            "throttle-429-retry-after@40s+1s,on=write",
        ]
    )
    assert storm is not None
    assert storm.nodes == 3
    assert storm.needs_proxy
    assert storm.needs_restart
    busy, kill, restart, throttle, slow = storm.acts
    assert (busy.what, busy.at_s, busy.end_s) == (What.WIRE, 10, 15)
    assert busy.fault is not None
    assert (busy.fault.status, busy.fault.times) == (503, 0)
    assert (kill.what, kill.worker, kill.during_s) == (What.KILL_WORKER, 2, 0)
    assert (restart.at_s, restart.end_s) == (30, 32)
    assert throttle.fault is not None
    assert (throttle.fault.on, throttle.fault.retry_after) == ("write", 1)
    assert slow.fault is not None
    assert (slow.phase, slow.at_s, slow.during_s) == ("restore", 0.5, 120)
    assert (slow.fault.kind, slow.fault.seconds) == (Harm.STALL, 0.2)


def test_a_rate() -> None:
    storm = parse(["slow@1s+1s,rate=1.5MiB/s"])
    assert storm is not None
    assert storm.acts[0].fault is not None
    assert storm.acts[0].fault.bytes_per_second == 3 << 19


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("busy", "WHAT@TIME"),
        ("busy@", "WHAT@TIME"),
        ("busy@10s", "for how long"),
        ("busy@10s+0s", "for how long"),
        ("busy@10h+1s", "'10h' is no time"),
        ("busy@-1s+1s", "'-1s' is no time"),
        ("bsy@1s+1s", "no fault is called 'bsy'"),
        ("busy@1s+1s,on=everything", "everything"),
        ("busy@1s+1s,worker=1", "no option 'worker'"),
        ("busy@1s+1s,on", "not one NAME=VALUE"),
        ("slow@1s+1s", "either delay=TIME or rate"),
        ("slow@1s+1s,delay=1s,rate=1MB/s", "either delay=TIME or rate"),
        ("slow@1s+1s,delay=0s", "a delay of nothing"),
        ("slow@1s+1s,rate=fast", "'fast' is no rate"),
        ("slow@1s+1s,delay=1s,nodes=0", "no whole number from 1 to 64"),
        ("kill-worker@1s+1s", "does not come back"),
        ("kill-worker@1s,worker=x", "no whole number"),
        ("reset-inside-request@1s+1s,on=list", "not meant for 'list'"),
    ],
)
def test_what_means_nothing_is_said_in_one_line(text: str, about: str) -> None:
    with pytest.raises(StormError, match="--fault") as caught:
        parse([text])
    assert about in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint


def test_two_at_once_cannot_be_told_apart() -> None:
    with pytest.raises(StormError, match="before"):
        parse(["busy@1s+5s", "slow@3s+5s,delay=1s"])
    assert parse(["busy@1s+5s", "slow@6s+5s,delay=1s"]) is not None


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("busy@restor:1s+1s", "no phase 'restor'"),
        ("kill-worker@1s,worker=2", "no worker 2"),
        ("restart@1s+1s", "only the built-in reference"),
    ],
)
def test_what_this_run_cannot_have(text: str, about: str) -> None:
    storm = parse([text])
    assert storm is not None
    with pytest.raises(StormError, match=about):
        check(storm, phases=["prepare", "restore"], workers=2, can_restart=False)


def test_the_last_worker_is_not_killed() -> None:
    storm = parse(["kill-worker@1s"])
    assert storm is not None
    check(storm, phases=[], workers=2, can_restart=False)
    with pytest.raises(StormError, match="nobody left"):
        check(storm, phases=[], workers=1, can_restart=False)


@given(st.text(max_size=30))
def test_any_text_is_a_storm_or_one_line(text: str) -> None:
    try:
        storm = parse([text])
    except StormError as error:
        assert error.hint
    else:
        assert storm is not None


# --------------------------------------------------------------------------------- how it recovers


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


# ---------------------------------------------------------------------------------- faults for real


class Reads:
    """So many reads of 100 bytes, some at once, and what became of them."""

    def __init__(self, count: int, at_once: int = 4) -> None:
        self._left = count
        self._at_once = at_once
        self._under_way = 0
        self.outcomes: list[Outcome] = []

    def next(self, now: int) -> Op | None:
        if not self._left or self._under_way >= self._at_once:
            return None
        self._left -= 1
        self._under_way += 1
        return Op(Kind.GET_BLOB, 0, "reads", Blob("b", 100, "zeros", 1), length=100, intended=now)

    def due(self) -> int | None:
        return 0 if self._left and self._under_way < self._at_once else None

    def done(self, op: Op, outcome: Outcome) -> None:
        self._under_way -= 1
        self.outcomes.append(outcome)

    @property
    def finished(self) -> bool:
        return not self._left and not self._under_way


class NoPayloads:
    """Reads have none."""

    def body(self, recipe: str, seed: int, offset: int, length: int) -> list[memoryview]:
        raise AssertionError("nothing is sent")


def read(endpoint: Endpoint, count: int, at_once: int = 4) -> list[Outcome]:
    engine = Engine(Target.build(endpoint, None, "c"), NoPayloads(), at_once, timeout_s=20)
    source = Reads(count, at_once)
    try:
        engine.run(source)
    finally:
        engine.close()
    return source.outcomes


def until(tempest: Tempest, state: str) -> Happened:
    """The next event of a state."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for one in tempest.happened():
            if one.facts["state"] == state:
                return one
        time.sleep(0.005)
    raise AssertionError(f"nothing {state}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    folder = tmp_path_factory.mktemp("null")
    with null_server(folder / "null", certificates=issue(folder / "certificates")) as endpoint:
        yield endpoint


@needs_nginx
def test_a_burst_of_503_begins_and_ends(server: Endpoint, tmp_path: Path) -> None:
    storm = parse(["busy@0s+10m"])
    assert storm is not None
    with Tempest(storm, server, tmp_path) as tempest:
        assert tempest.endpoint.url != server.url
        assert [one.status for one in read(tempest.endpoint, 8)] == [206] * 8
        tempest.begins("prepare", time.monotonic_ns(), measured=False)
        tempest.begins("restore", time.monotonic_ns(), measured=True)
        assert until(tempest, "begins").facts["fault"] == "busy"
        struck = read(tempest.endpoint, 8)
        assert {(one.status, one.code) for one in struck} == {(503, "ServerBusy")}
    ended = until(tempest, "ends")
    assert ended.facts["struck"] == 8
    assert read(server, 1)[0].status == 206


@needs_nginx
def test_one_slow_node_of_four_delays_a_quarter_of_the_connections(server: Endpoint, tmp_path: Path) -> None:
    storm = parse(["slow@0s+10m,delay=300ms,nodes=4"])
    assert storm is not None
    with Tempest(storm, server, tmp_path) as tempest:
        tempest.begins("restore", time.monotonic_ns(), measured=True)
        until(tempest, "begins")
        # Eight connections are made, whichever of them is quicker.
        outcomes = read(tempest.endpoint, 8, at_once=8)
    slow = [one for one in outcomes if one.last - one.started >= 300_000_000]
    assert {one.status for one in outcomes} == {206}
    assert len(slow) >= 2


@needs_nginx
def test_over_tls(server: Endpoint, tmp_path: Path) -> None:
    secure = Endpoint(
        name="null",
        url=server.also["https"],
        account=server.account,
        style=server.style,
        key=server.key,
        ca_file=server.ca_file,
    )
    storm = parse(["busy@0s+10m"])
    assert storm is not None
    with Tempest(storm, secure, tmp_path) as tempest:
        assert [one.status for one in read(tempest.endpoint, 3)] == [206] * 3


class Recorded:
    """Something that can be killed and started again."""

    def __init__(self) -> None:
        self.done = Counter[str]()

    def kill(self) -> None:
        self.done["kill"] += 1

    def start(self) -> None:
        self.done["start"] += 1


def test_the_endpoint_is_killed_and_started_again(tmp_path: Path) -> None:
    endpoint = Endpoint("x", "http://127.0.0.1:9/x", "x", style=Style.PATH)
    storm, lives = parse(["restart@write:0s+0s"]), Recorded()
    assert storm is not None
    with Tempest(storm, endpoint, tmp_path, lives) as tempest:
        assert tempest.endpoint == endpoint
        tempest.begins("restore", time.monotonic_ns(), measured=True)
        tempest.begins("write", time.monotonic_ns(), measured=True)
        assert until(tempest, "ends").facts["fault"] == "restart"
    assert lives.done == {"kill": 1, "start": 1}


class Broken(Recorded):
    """Something that cannot be started again, and not for a reason that anybody knows."""

    def start(self) -> None:
        raise RuntimeError("no more")


def test_a_storm_that_breaks_off_says_so(tmp_path: Path) -> None:
    endpoint = Endpoint("x", "http://127.0.0.1:9/x", "x", style=Style.PATH)
    storm = parse(["restart@0s+0s"])
    assert storm is not None
    with Tempest(storm, endpoint, tmp_path, Broken()) as tempest:
        tempest.begins("write", time.monotonic_ns(), measured=True)
        assert "no more" in until(tempest, "failed").said


def test_a_worker_is_killed_by_its_own_id(tmp_path: Path) -> None:
    endpoint = Endpoint("x", "http://127.0.0.1:9/x", "x", style=Style.PATH)
    storm = parse(["kill-worker@0s,worker=1"])
    assert storm is not None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as victim:
        with Tempest(storm, endpoint, tmp_path) as tempest:
            here = socket.gethostname()
            tempest.workers(
                [
                    {"worker": 0, "host": here, "pid": os.getpid()},
                    {"worker": 1, "host": here, "pid": victim.pid},
                ]
            )
            tempest.begins("write", time.monotonic_ns(), measured=True)
            assert until(tempest, "begins").facts["worker"] == 1
        assert victim.wait(20) == -signal.SIGKILL


def test_what_comes_too_late_is_said(tmp_path: Path) -> None:
    endpoint = Endpoint("x", "http://127.0.0.1:9/x", "x", style=Style.PATH)
    storm = parse(["kill-worker@10m", "restart@20m"])
    assert storm is not None
    with Tempest(storm, endpoint, tmp_path, Recorded()) as tempest:
        tempest.begins("write", time.monotonic_ns(), measured=True)
        tempest.ends("write")
        assert "over before" in until(tempest, "missed").said


def test_a_worker_elsewhere_cannot_be_killed(tmp_path: Path) -> None:
    endpoint = Endpoint("x", "http://127.0.0.1:9/x", "x", style=Style.PATH)
    storm = parse(["kill-worker@0s"])
    assert storm is not None
    with Tempest(storm, endpoint, tmp_path) as tempest:
        tempest.workers([{"worker": 0, "host": "somewhere-else", "pid": os.getpid()}])
        tempest.begins("write", time.monotonic_ns(), measured=True)
        assert "not on this machine" in until(tempest, "missed").said


# ------------------------------------------------------------------------------- a run and its storm


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


class Heard:
    """A tempest that only listens."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def workers(self, told: list[Mapping[str, Any]]) -> None:
        self.calls.append(("workers", *(one["pid"] for one in told)))

    def begins(self, phase: str, start_ns: int, *, measured: bool) -> None:
        self.calls.append(("begins", phase, measured))
        self.start = start_ns

    def ends(self, phase: str) -> None:
        self.calls.append(("ends", phase))

    def happened(self) -> list[Happened]:
        return [Happened(self.start + 2_500_000_000, "busy for 5 s", {"state": "begins"})]


def test_a_storm_follows_the_rows_of_a_run() -> None:
    lane = Lane("l", Action.REMOVE, ("f",), 1)
    phases = Phase("prepare", (lane,), 9.0, measured=False), Phase("write", (lane,), 9.0)
    plan = Plan("p", "P", 1.0, 1, 1, 1, 1, "c", "r", (FileSet("f", 1, 1, "zeros"),), phases)
    heard = Heard()
    follow = Follow(heard, plan)
    fleet = {"line": "event", "what": "fleet", "facts": {"workers": [{"worker": 0, "pid": 7}]}}
    assert follow.hear({"row": "line", "line": fleet}) == []
    progress = {"row": "progress", "iteration": 1}
    follow.hear({**progress, "phase": "prepare", "t_s": 1.0, "begin_s": 1.2})
    follow.hear({"row": "line", "line": {"line": "phase", "name": "prepare"}})
    (event,) = follow.hear({**progress, "phase": "write", "t_s": 4.0, "begin_s": 4.2})
    follow.hear({**progress, "phase": "write", "t_s": 4.5, "begin_s": 4.2})
    assert heard.calls == [
        ("workers", 7),
        ("begins", "prepare", False),
        ("ends", "prepare"),
        ("begins", "write", True),
    ]
    assert event.t_s == pytest.approx(6.7)
    assert (event.what, event.facts) == ("fault", {"state": "begins"})
