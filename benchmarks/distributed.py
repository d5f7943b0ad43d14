"""Load profiles by four workers in network namespaces of their own, one of them killed midway.

    python -m benchmarks.distributed [--profile ID]… [--bytes 500e6] [--json]

The workers reach the endpoint and the master over a bridge, each through its own cable, as if they were hosts
of their own. As soon as the first phase that is measured is under way, one worker gets SIGKILL. Ends with 1
when a run did not say so: event `worker-lost`, its ranks named, the others through to the end, marked
partial; or when the phase was over before: then it needs more bytes.
Wants root, and the program `ip`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.every_profile import scale_for
from harness.endpoint import Endpoint
from harness.endpoints.builtin import reference
from loadgen.fleet.adjust import adjusted
from loadgen.fleet.after import Done
from loadgen.fleet.container import new_name
from loadgen.fleet.launch import Formation
from loadgen.fleet.ranks import ranks_of
from loadgen.fleet.run import bench
from loadgen.fleet.wish import Wish
from loadgen.plan.make import plan_for
from loadgen.plan.values import Lane, Phase, Plan
from loadgen.work.files import of_rank
from tests.load.netns import Network, network, reason_against

PROFILES = (
    "stage-mds/upload",
    "stage-tfrecord/hydrate",
    "stage-parquet/download",
    "checkpoint-llama3-8b",
    "restore-llama3-8b/own",
    "list-storm",
    "mixed",
    "churn",
)
"""One of each kind."""
WORKERS = 4
_KILLED = 2  # if it has anything to do
_INTO = 0.1  # seconds into the phase
_SECONDS = 8.0  # of arrivals


class Watch:
    """Starts the workers when the master listens, and kills one when the load is under way."""

    def __init__(self, net: Network, endpoint: Endpoint, plan: Plan, folder: Path) -> None:
        self._net = net
        self._endpoint = endpoint
        self._folder = folder
        self._measured = {(one.name, one.iteration) for one in plan.phases if one.measured}
        self.plan, self.victim = plan, victim(plan)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.killed_s: float | None = None

    def step(self, said: str) -> None:
        """Something takes a while."""

    def say(self, said: str) -> None:
        """The port is said when there is one."""
        if said.startswith("workers join at port "):
            for number in range(WORKERS):
                self.workers.append(self._join(number, said.rpartition(" ")[2]))

    def progress(self, row: dict[str, Any]) -> None:
        """How far it is."""
        under_way = row["t_s"] >= row["begin_s"] + _INTO
        if self.killed_s is None and under_way and (row["phase"], row["iteration"]) in self._measured:
            self.killed_s = row["t_s"]
            os.kill(self.workers[self.victim].pid, signal.SIGKILL)

    def _join(self, number: int, port: str) -> subprocess.Popen[bytes]:
        assert self._endpoint.key is not None
        order = {"host": self._net.address, "port": int(port), "number": number, "folder": str(self._folder)}
        worker = subprocess.Popen(
            [*self._net.inside(number), sys.executable, "-m", "loadgen.fleet.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "AZURE_STORAGE_KEY": self._endpoint.key.reveal()},
            start_new_session=True,
        )
        assert worker.stdin is not None
        worker.stdin.write(json.dumps(order).encode() + b"\n")
        worker.stdin.flush()
        return worker

    def end(self) -> None:
        """None of them stays."""
        for worker in self.workers:
            worker.kill()
            worker.communicate()


def victim(plan: Plan) -> int:
    """The worker that is killed: one that the first measured phase gives something to do."""
    phase = next(one for one in plan.phases if one.measured)
    if any(lane.arrivals for lane in phase.lanes):
        return _KILLED
    work = [_files(plan, phase, ranks_of(worker, WORKERS, plan.ranks)) for worker in range(WORKERS)]
    return _KILLED if work[_KILLED] else work.index(max(work))


def _files(plan: Plan, phase: Phase, ranks: tuple[int, ...]) -> int:
    return sum(1 for lane, rank in _taking_part(phase, ranks) for _ in of_rank(plan, lane, rank))


def _taking_part(phase: Phase, ranks: tuple[int, ...]) -> list[tuple[Lane, int]]:
    """Each lane and these ranks of it, counted within the lane."""
    return [
        (lane, rank - lane.first_rank)
        for lane in phase.lanes
        for rank in ranks
        if 0 <= rank - lane.first_rank < lane.ranks
    ]


def _others(plan: Plan, killed: int) -> set[int]:
    """The workers that the last phase has to hear of."""
    all_of_it = (ranks_of(worker, WORKERS, plan.ranks) for worker in range(WORKERS))
    return {worker for worker, ranks in enumerate(all_of_it) if _taking_part(plan.phases[-1], ranks)} - {
        killed
    }


def main() -> int:
    """Run them all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--profile", action="append")
    parser.add_argument("--bytes", type=float, default=500e6)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if reason := reason_against():
        print(reason, file=sys.stderr)  # noqa: T201
        return 2
    rows = []
    with tempfile.TemporaryDirectory(prefix="distributed-") as place, there(Path(place)) as (net, endpoint):
        for number, name in enumerate(given.profile or PROFILES):
            folder = Path(place) / str(number)
            folder.mkdir()
            rows.append(row := run(name, given.bytes, net, endpoint, folder))
            if not given.json:
                print(said(row), flush=True)  # noqa: T201
    if given.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))  # noqa: T201
    return 0 if all(row["said_so"] for row in rows) else 1


@contextlib.contextmanager
def there(folder: Path) -> Iterator[tuple[Network, Endpoint]]:
    """The network, and a façade that is reached over it."""
    with network(WORKERS) as net, reference(logs=folder / "logs", extra=("--host", "0.0.0.0")) as running:  # noqa: S104
        own = running.endpoint
        url = f"http://{net.address}:{own.face().address[1]}/{own.account}"
        yield net, replace(own, url=url, connect=None, also={})


def run(name: str, size: float, net: Network, endpoint: Endpoint, folder: Path) -> dict[str, Any]:
    """One run, and whether it says that a worker was lost."""
    plan = plan_for(name, scale=scale_for(name, size), container=new_name())
    if any(lane.arrivals for phase in plan.phases for lane in phase.lanes):
        plan = adjusted(plan, seconds=_SECONDS)
    wish = Wish(plan, "reference", None, Formation(0, net.address), folder, expected=WORKERS, self_test=False)
    watch = Watch(net, endpoint, plan, folder)
    try:
        done = bench(wish, endpoint, watch)
    finally:
        watch.end()
    return row_of(done, watch)


def row_of(done: Done, watch: Watch) -> dict[str, Any]:
    """What the run says of itself."""
    run = done.run
    lost = [event for event in run.events if event.what == "worker-lost"]
    ranks = [rank for event in lost for rank in event.facts["ranks"]]
    others = {rank.worker for rank in run.ranks if (rank.phase, rank.iteration) == _last(run.phases)}
    return {
        "profile": run.header.profile,
        "scale": run.header.scale,
        "killed_s": watch.killed_s,
        "noticed_after_s": round(lost[0].t_s - watch.killed_s, 1) if lost and watch.killed_s else None,
        "lost_ranks": ranks,
        "missing": {f"{one.name} {one.iteration}": [*one.missing_ranks] for one in run.phases},
        "phases": [one.name for one in run.phases],
        "why": run.why,
        "exit_code": int(done.exit_code),
        "said_so": bool(lost)
        and not run.complete
        and others == _others(watch.plan, watch.victim)
        and len(run.phases) == len(run.header.plan["phases"])
        and {*ranks} >= {*run.phases[-1].missing_ranks}
        and any(check.name == "workers" and check.state == "invalidates" for check in done.checks),
    }


def _last(phases: tuple[Any, ...]) -> tuple[str, int]:
    return phases[-1].name, phases[-1].iteration


def said(row: dict[str, Any]) -> str:
    """A run in a line."""
    mark = "ok  " if row["said_so"] else "FAIL"
    when = f"killed at {row['killed_s']} s, noticed after {row['noticed_after_s']} s"
    what = f"ranks {row['lost_ranks']}; missing {row['missing']}; exit {row['exit_code']}: {row['why']}"
    return f"{mark} {row['profile']} at {row['scale']:.2g}: {when}, {what}"


if __name__ == "__main__":
    sys.exit(main())
