"""Storms for real: faults between the client and a server, endpoints and workers that are killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.endpoint import Endpoint, Style
from harness.endpoints.certificates import issue
from loadgen.client.engine import Engine
from loadgen.client.target import Target
from loadgen.null.server import null_server
from loadgen.plan.values import Action, FileSet, Lane, Phase, Plan
from loadgen.storm.follow import Follow
from loadgen.storm.plan import parse
from loadgen.storm.run import Happened, Tempest
from loadgen.work.op import Blob, Kind, Op, Outcome
from tests.doctor.nginx import needs_nginx


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
