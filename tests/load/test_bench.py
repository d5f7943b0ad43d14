"""`blobproof bench`: real runs by real workers, here and in network namespaces, and what is wrong before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from blobproof import bench_arguments as arguments
from blobproof.bench_screen import facts, plan_lines, summary
from blobproof.cli import main
from blobproof.console import output
from harness.containers import containers
from harness.endpoint import Endpoint
from harness.endpoints.builtin import Running, reference
from harness.vocabulary import ExitCode
from loadgen.fleet.adjust import adjusted
from loadgen.fleet.after import Done
from loadgen.fleet.container import ContainerError, new_name
from loadgen.fleet.launch import FleetError, Formation
from loadgen.fleet.run import bench
from loadgen.fleet.wish import Wish
from loadgen.kpi.objectives import parse
from loadgen.plan.fit import fit
from loadgen.plan.make import plan_for
from loadgen.plan.values import Plan
from loadgen.record.oplog_read import logs, pooled
from loadgen.record.read import read
from loadgen.validity.ceiling import Ceiling
from loadgen.validity.checks import ceiling_of
from tests.load.netns import Network, network, reason_against

QUANTILES = (0, 50, 90, 99, 99.9, 100)


@pytest.fixture(scope="module")
def facade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A façade that all addresses of this host lead to."""
    with reference(logs=tmp_path_factory.mktemp("facade"), extra=("--host", "0.0.0.0")) as running:
        yield running


class Watching:
    """Remembers what is said, and acts on it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.ops = 0

    def step(self, said: str) -> None:
        """Something takes a while."""

    def say(self, said: str) -> None:
        """What people see."""
        self.said.append(said)

    def progress(self, row: dict[str, Any]) -> None:
        """How far it is."""
        self.ops = row["ops"]


def churn(seconds: float, rate: float) -> Plan:
    """Small requests at a rate, of 8 ranks, in a container of this run."""
    plan = plan_for("churn", scale=1 / 1000, ranks=8, container=new_name())
    return adjusted(plan, seconds=seconds, rate=rate)


KNOWN = Ceiling(2, 1.0, ())
"""What an earlier run found the generator to do at most."""


def wish(plan: Plan, folder: Path, **how: Any) -> Wish:
    """A run of it, without what takes time."""
    how = {"formation": Formation(2), "self_test": False, **how}
    return Wish(plan, "reference", None, folder=folder, **how)


# ------------------------------------------------------------------------------------ a whole run


@pytest.fixture(scope="module")
def done(facade: Running, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A run of two workers, each with its operation log."""
    goals = parse("churn.error_ratio<=0"), parse("churn.barrier_s<=0.001s")
    wanted = wish(
        churn(1.5, 150), tmp_path_factory.mktemp("run"), op_log=True, objectives=goals, ceiling=KNOWN
    )
    return bench(wanted, facade.endpoint, Watching())


def test_a_run_comes_to_its_end_and_is_read_back(done: Done, facade: Running):
    assert done.run.complete
    assert read(done.folder) == replace(
        done.run, checks=read(done.folder).checks, metrics=read(done.folder).metrics
    )
    assert ceiling_of(done.run) == KNOWN
    (phase,) = done.run.phases
    assert phase.missing_ranks == ()
    assert phase.errors == 0
    assert phase.ops == sum(rank.ops for rank in done.run.ranks) > 100
    assert phase.bytes == sum(rank.bytes for rank in done.run.ranks)
    assert {rank.worker for rank in done.run.ranks} == {0, 1}
    assert phase.end_s == max(rank.end_s or 0 for rank in done.run.ranks)
    assert sum(one.ops for one in done.run.intervals) == phase.ops
    assert {event.what for event in done.run.events} >= {"fleet", "clock", "usage", "op-logs"}
    used = [event.facts for event in done.run.events if event.what == "usage"]
    assert {facts["worker"] for facts in used if facts.get("resent") == 0} == {0, 1}
    assert containers(facade.endpoint, str(done.run.header.disclosure["container"])) == ()


def test_percentiles_of_merged_workers_are_those_of_the_pooled_logs(done: Done):
    assert len(logs(done.folder)) == 2
    for op in ("put-blob", "get-blob-properties", "set-blob-metadata", "delete-blob"):
        for metric in ("latency", "service"):
            merged = done.run.histogram("churn", metric, op=op)
            raw = pooled(logs(done.folder), metric=metric, op=op)
            assert merged.count > 50
            assert merged.percentiles(QUANTILES) == raw.percentiles(QUANTILES)
            assert merged == raw


def test_a_missed_objective_is_exit_code_6(done: Done):
    assert done.exit_code is ExitCode.OBJECTIVE_MISSED
    assert [line.partition(":")[0] for line in done.decision.lines] == [
        "met     churn.error_ratio<=0",
        "missed  churn.barrier_s<=0.001s",
    ]


def test_what_is_shown(done: Done, capsys: pytest.CaptureFixture[str]):
    summary(output(), done)
    said = capsys.readouterr().out
    assert "put-blob" in said
    assert "P99 ms" in said
    assert "scale" in said
    assert json.loads(json.dumps(facts(done)))["phases"][0]["name"] == "churn"


def test_nothing_secret_is_written(done: Done, facade: Running):
    assert facade.endpoint.key is not None
    key = facade.endpoint.key.reveal().encode()
    files = [path for path in done.folder.rglob("*") if path.is_file()]
    assert {"load.jsonl", "master.log", "worker-0.log"} <= {path.name for path in files}
    assert not [path for path in files if key in path.read_bytes()]


def test_nobody_here_imports_locust():
    assert not {"locust", "gevent"} & {*sys.modules}


# --------------------------------------------------------------------------- namespaces and a kill


class Joining(Watching):
    """Starts a worker in each namespace as soon as the master listens, and kills one midway."""

    def __init__(self, net: Network, endpoint: Endpoint, folder: Path) -> None:
        super().__init__()
        self._net = net
        self._endpoint = endpoint
        self._folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.killed = False

    def say(self, said: str) -> None:
        """The port is said first."""
        super().say(said)
        if said.startswith("workers join at port "):
            self._join(said.rpartition(" ")[2])

    def progress(self, row: dict[str, Any]) -> None:
        """Once the load is under way, a worker is gone."""
        super().progress(row)
        if self.ops > 50 and not self.killed:
            self.killed = True
            os.kill(self.processes[2].pid, signal.SIGKILL)

    def _join(self, port: str) -> None:
        assert self._endpoint.key is not None
        env = {**os.environ, "AZURE_STORAGE_KEY": self._endpoint.key.reveal()}
        for number in range(len(self._net.namespaces)):
            order = {
                "host": self._net.address,
                "port": int(port),
                "number": None,
                "folder": str(self._folder),
            }
            with (self._folder / f"{number}.log").open("wb") as log:
                worker = subprocess.Popen(
                    [*self._net.inside(number), sys.executable, "-m", "loadgen.fleet.worker"],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env=env,
                    start_new_session=True,
                )
            assert worker.stdin is not None
            worker.stdin.write(json.dumps(order).encode() + b"\n")
            worker.stdin.flush()
            self.processes.append(worker)

    def end(self) -> None:
        """None of them stays."""
        for worker in self.processes:
            worker.kill()
            worker.communicate()


def test_four_workers_in_namespaces_one_killed_midway(facade: Running, tmp_path: Path):
    if reason := reason_against():
        pytest.skip(reason)
    with network(4) as net:
        port = facade.endpoint.face().address[1]
        url = f"http://{net.address}:{port}/{facade.endpoint.account}"
        endpoint = replace(facade.endpoint, url=url, connect=None, also={}, declared=None)
        folder = tmp_path / "run"
        folder.mkdir()
        formation = Formation(0, net.address)
        watch = Joining(net, endpoint, tmp_path)
        try:
            found = bench(wish(churn(3, 60), folder, formation=formation, expected=4), endpoint, watch)
        finally:
            watch.end()
    (lost,) = [event for event in found.run.events if event.what == "worker-lost"]
    ranks = lost.facts["ranks"]
    assert len(ranks) == 2
    (phase,) = found.run.phases
    assert phase.missing_ranks == tuple(ranks)
    assert phase.barrier_s is None  # that of the ranks that came says nothing of all
    assert {rank.rank for rank in found.run.ranks} == {*range(8)} - {*ranks}
    assert all(rank.files for rank in found.run.ranks)
    assert not found.run.complete
    assert "lost on the way" in found.run.why
    assert read(folder).why == found.run.why
    assert found.exit_code is ExitCode.INDETERMINATE
    assert any("is gone, and with it ranks" in said for said in watch.said)
    assert {check.name for check in found.checks if check.state == "invalidates"} >= {"workers", "ranks"}


# ------------------------------------------------------------------------------- what goes wrong


def test_an_endpoint_that_is_not_there_is_said_before_anything_is_started(facade: Running, tmp_path: Path):
    gone = replace(facade.endpoint, url="http://127.0.0.1:9/x", connect=("127.0.0.1", 9))
    with pytest.raises(ContainerError, match="refused") as caught:
        bench(wish(churn(1, 10), tmp_path), gone, Watching())
    assert caught.value.exit_code is ExitCode.INDETERMINATE
    assert not [*tmp_path.iterdir()]


def test_an_address_that_is_not_ours_is_said(facade: Running, tmp_path: Path):
    formation = Formation(1, "192.0.2.1")
    with pytest.raises(FleetError, match=r"cannot listen on 192\.0\.2\.1") as caught:
        bench(wish(churn(1, 10), tmp_path, formation=formation), facade.endpoint, Watching())
    assert caught.value.exit_code is ExitCode.USAGE
    assert not read(tmp_path).complete


def run(*words: str) -> int:
    """The command in this process; its exit code."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        with pytest.raises(SystemExit) as ended:
            main(["bench", *words])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert isinstance(ended.value.code, int)
    return int(ended.value.code)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "PROFILE is missing"),
        (("churn",), "ENDPOINT is missing"),
        (("chrun", "null"), "no profile 'chrun'"),
        (("churn", "nowhere"), "nowhere"),
        (("churn", "null", "--scale", "2"), "is no scale"),
        (("churn", "null", "--scale", "1/0"), "is no scale"),
        (("churn", "null", "--block-size", "8 apples"), "is no size"),
        (("churn", "null", "--master", "here"), "is no address"),
        (("churn", "null", "--choose", "blocks"), "is no choice"),
        (("churn", "null", "--expect-workers", "2"), "--expect-workers wants --master"),
        (("churn", "null", "--workers", "0"), "no workers"),
        (("churn", "null", "--objective", "churn.barier_s<=3s"), "near it: churn.barrier_s"),
        (("churn", "null", "--objective", "fast"), "is no objective"),
        (("churn", "null", "--substrate", "L96as_v9"), "no substrate"),
        (("stage-mds/upload", "null", "--rate", "3", "--scale", "0.0001"), "has no arrivals"),
        (("checkpoint-llama3-1t", "reference", "--dry-run"), "stores"),
        (("checkpoint-llama3-1t", "reference"), "GB free"),
        (("azurite", "--join", "127.0.0.1:1"), "is a built-in of this host"),
    ],
)
def test_bad_input_is_one_clear_line(
    words: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    assert run(*words) == ExitCode.USAGE
    told = capsys.readouterr()
    assert said in told.err + told.out
    assert told.err.startswith("blobproof: ")
    assert len(told.err.splitlines()) <= 2
    assert not [*tmp_path.iterdir()]


def test_a_dry_run_says_what_would_be_done(capsys: pytest.CaptureFixture[str]):
    words = ("checkpoint-llama3-8b", "null", "--scale", "1/1000", "--dry-run", "--workers", "3")
    assert run(*words) == ExitCode.MET
    said = capsys.readouterr().out
    assert "destructive: makes, fills and deletes one container, bp-bench-" in said
    assert "late after" in said
    assert "workers: 3 here, 0 that join" in said
    assert run(*words, "--json") == ExitCode.MET
    plan = json.loads(capsys.readouterr().out)
    assert plan["phases"][0]["requests"]["put-block"] > 0
    assert plan["ranks"] == 8


@pytest.mark.parametrize(
    ("text", "size"), [("8MiB", 8 << 20), ("64 KiB", 65536), ("64kB", 64000), ("1.5GB", 1500000000), ("7", 7)]
)
def test_sizes_are_written_with_units(text: str, size: int):
    context, option = click.Context(click.Command("bench")), click.Option(["--block-size"])
    assert arguments.size(context, option, text) == size


def test_a_plan_says_what_it_stores():
    plan = plan_for("churn", scale=1 / 1000)
    assert any("stores" in line for line in plan_lines(plan, fit(plan)))


def test_the_metrics_of_a_profile_are_listed(capsys: pytest.CaptureFixture[str]):
    assert run("churn", "--list-metrics") == ExitCode.MET
    assert "churn.barrier_s  s" in capsys.readouterr().out
