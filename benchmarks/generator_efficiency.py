"""Our client beside Locust's users, wrk and hey, against one server in one run: ratios, not absolute figures.

    python -m benchmarks.generator_efficiency [--rounds N] [--seconds S] [--case CASE …] [--json]

The server is the null server: nginx that answers 206 with bytes of a file in memory, and 201 when it has read
a body. In every round each generator sends one burst, in random order; a cell is the median over the rounds
of the ratio of requests per second to those of wrk (FastHttpUser, HttpUser) in the same round, with
quartiles. Nothing is pinned: server and generators share the processors. `engine` is our client with a source
that does next to nothing but a histogram; `engine-signed` signs every request with Shared Key;
`engine-worker` has the work and the recording of a load run; `engine-locust` is `engine` as the one user of a
Locust process. A tool that is not installed is named. Ends with 1 when a goal's floor is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.generator_children import CASES, KINDS, NAME, Case
from harness.endpoint import Endpoint
from loadgen.null.server import null_server

Ratio = tuple[float, float, float]  # lower quartile, median, upper quartile


@dataclass(frozen=True, slots=True)
class Burst:
    """What a generator did in one burst."""

    requests: int
    seconds: float
    cpu_s: float
    rss_mib: float
    failures: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio that we hold ourselves to: floor and moonshot."""

    name: str
    case: str
    ours: str
    other: str
    floor: float
    moonshot: float


GOALS = (
    Goal("G1 4 KiB GET to wrk", "get-4k", "engine", "wrk", 0.7, 0.95),
    Goal("G1 4 KiB GET in Locust to wrk", "get-4k", "engine-locust", "wrk", 0.7, 0.95),
    Goal("G1 4 KiB GET in Locust to FastHttpUser", "get-4k", "engine-locust", "fast-http-user", 6, 9),
    Goal("G1 4 KiB GET in Locust to HttpUser", "get-4k", "engine-locust", "http-user", 20, 33),
    Goal("G2 signed to unsigned", "get-4k", "engine-signed", "engine", 0.6, 0.75),
    Goal("G3 8 MiB GET to wrk", "get-8m", "engine", "wrk", 0.8, 1.0),
    Goal("G3 8 MiB PUT to wrk", "put-8m", "engine", "wrk", 0.85, 0.97),
)
MEMORY_GOAL = ("G4 memory of 8 MiB GET in Locust, MiB", "get-8m", "engine-locust", 80.0, 55.0)

Run = tuple[list[str], Callable[[str], tuple[int, float, int]]]
"""The command of a burst, and what makes requests, seconds and failures of what it says."""

Tool = Callable[[Case, str, float, Path], Run]
Generators = Mapping[str, Callable[[str, float], Burst]]


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--only", action="append", help="these generators, instead of all")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        endpoint = stack.enter_context(null_server(folder / "null"))
        generators, missing = _generators(stack, endpoint, folder, wanted.only)
        bursts = {
            case: _rounds(generators, case, wanted.rounds, wanted.seconds) for case in wanted.case or CASES
        }
    goals = _goals(bursts)
    if wanted.json:
        _say(json.dumps(_document(bursts, missing, goals), indent=1))
    else:
        for case, by_name in bursts.items():
            _table(case, by_name)
        for name in missing:
            _say(f"missing: {name} is not installed here, so there is no row for it")
        for line in goals:
            _say(line["said"])
    return 1 if any(line["state"] == "missed" for line in goals) else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _rounds(generators: Generators, case: str, rounds: int, seconds: float) -> dict[str, list[Burst]]:
    done: dict[str, list[Burst]] = {name: [] for name in generators}
    for name in generators:
        generators[name](case, 0.2)  # connections are made, caches are warm
    for _ in range(rounds):
        for name in random.sample(list(generators), len(generators)):
            done[name].append(generators[name](case, seconds))
    return done


def _generators(
    stack: contextlib.ExitStack, endpoint: Endpoint, folder: Path, only: Sequence[str] | None
) -> tuple[Generators, list[str]]:
    made: dict[str, Callable[[str, float], Burst]] = {}
    missing = []
    for name in KINDS:
        if not only or name in only:
            made[name] = stack.enter_context(_child(name, endpoint))
    for name, run in (("wrk", _wrk), ("hey", _hey)):
        if shutil.which(name) is None:
            missing.append(name)
        elif not only or name in only:
            made[name] = _tool(run, endpoint.url, folder)
    return made, missing


@contextlib.contextmanager
def _child(name: str, endpoint: Endpoint) -> Iterator[Callable[[str, float], Burst]]:
    host, port = endpoint.connect or ("127.0.0.1", 80)
    command = [sys.executable, "-m", "benchmarks.generator_children", name, endpoint.url, host, str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        told, heard = process.stdin, process.stdout
        assert told is not None
        assert heard is not None

        def burst(case: str, seconds: float) -> Burst:
            told.write(json.dumps({"case": case, "seconds": seconds}) + "\n")
            told.flush()
            line = heard.readline()
            if not line:
                raise SystemExit(f"the generator {name} ended")
            return Burst(**json.loads(line))

        try:
            heard.readline()
            yield burst
        finally:
            told.close()
            process.terminate()


def _tool(run: Tool, url: str, folder: Path) -> Callable[[str, float], Burst]:
    def burst(case: str, seconds: float) -> Burst:
        command, read = run(CASES[case], f"{url}/{NAME}", seconds, folder)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            # The kernel's own figure for a child that has ended counts what we had when it was started.
            time.sleep(max(0.1, 0.9 * seconds))
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            said = process.stdout.read()
            _, code, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(code)
        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
        requests, took, failures = read(said)
        memory = int(peak[1]) / 1024 if peak else float("nan")
        return Burst(requests, took, used.ru_utime + used.ru_stime, memory, failures)

    return burst


def _wrk(case: Case, url: str, seconds: float, folder: Path) -> Run:
    command = ["wrk", "-t1", f"-c{case.connections}", f"-d{max(1, round(seconds))}s", "--timeout", "20s"]
    if case.method == "PUT":
        script = folder / f"put-{case.size}.lua"
        script.write_text(f'wrk.method = "PUT"\nwrk.body = string.rep("\\0", {case.size})\n')
        command += ["-s", str(script)]
    else:
        command += ["-H", f"Range: bytes=0-{case.size - 1}"]

    def read(said: str) -> tuple[int, float, int]:
        found = re.search(r"(\d+) requests in ([\d.]+)(m?)s", said)
        if found is None:
            raise SystemExit(f"wrk said: {said}")
        errors = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
        took = float(found[2]) / (1000 if found[3] else 1)
        return int(found[1]), took, int(errors[1]) if errors else 0

    return [*command, url], read


def _hey(case: Case, url: str, seconds: float, folder: Path) -> Run:
    command = ["hey", "-z", f"{seconds}s", "-c", str(case.connections), "-m", case.method]
    if case.method == "PUT":
        body = folder / f"put-{case.size}"
        if not body.exists():
            body.write_bytes(bytes(case.size))
        command += ["-D", str(body)]
    else:
        command += ["-H", f"Range: bytes=0-{case.size - 1}"]

    def read(said: str) -> tuple[int, float, int]:
        rate, total = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"Total:\s+([\d.]+) s", said)
        if rate is None or total is None:
            raise SystemExit(f"hey said: {said}")
        counts = {code: int(count) for code, count in re.findall(r"\[(\d+)\]\s+(\d+) responses", said)}
        bad = sum(count for code, count in counts.items() if not code.startswith("2"))
        return round(float(rate[1]) * float(total[1])), float(total[1]), bad

    return [*command, url], read


def _ratios(ours: Sequence[Burst], other: Sequence[Burst]) -> Ratio:
    values = sorted(a.rate / b.rate for a, b in zip(ours, other, strict=True))
    if len(values) == 1:
        return (values[0],) * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def _shown(ratio: Ratio) -> str:
    return f"{ratio[1]:.2f} ({ratio[0]:.2f}-{ratio[2]:.2f})"


def _table(case: str, bursts: Mapping[str, Sequence[Burst]]) -> None:
    references = [name for name in ("wrk", "fast-http-user", "http-user") if name in bursts]
    rounds = len(next(iter(bursts.values())))
    _say(f"\n{case}, {CASES[case].connections} at once, {rounds} rounds in random order")
    columns = "".join(f"{'to ' + name:>22}" for name in references)
    _say(f"{'':16}{'CPU us/req':>12}{'RSS MiB':>10}{'failed':>8}{columns}")
    for name, done in bursts.items():
        used = statistics.median(burst.cpu_s / max(1, burst.requests) for burst in done) * 1e6
        rss = max(burst.rss_mib for burst in done)
        failed = sum(burst.failures for burst in done)
        cells = "".join(f"{_shown(_ratios(done, bursts[other])):>22}" for other in references)
        _say(f"{name:16}{used:12.1f}{rss:10.0f}{failed:8}{cells}")


def _goals(bursts: Mapping[str, Mapping[str, Sequence[Burst]]]) -> list[dict[str, str]]:
    lines = []
    for goal in GOALS:
        by_name = bursts.get(goal.case, {})
        if goal.ours not in by_name or goal.other not in by_name:
            lines.append({"state": "not-run", "said": f"{goal.name}: not run"})
            continue
        ratio = _ratios(by_name[goal.ours], by_name[goal.other])
        state = "moonshot" if ratio[1] >= goal.moonshot else "met" if ratio[1] >= goal.floor else "missed"
        said = f"{goal.name}: {_shown(ratio)}, floor {goal.floor}, moonshot {goal.moonshot}: {state}"
        lines.append({"state": state, "said": said})
    name, case, ours, floor, moonshot = MEMORY_GOAL
    if ours in bursts.get(case, {}):
        peak = max(burst.rss_mib for burst in bursts[case][ours])
        state = "moonshot" if peak <= moonshot else "met" if peak <= floor else "missed"
        said = f"{name}: {peak:.0f}, floor {floor:.0f}, moonshot {moonshot:.0f}: {state}"
        lines.append({"state": state, "said": said})
    return lines


def _document(
    bursts: Mapping[str, Mapping[str, Sequence[Burst]]], missing: Sequence[str], goals: Sequence[object]
) -> object:
    return {
        "cases": {
            case: {name: [asdict(burst) for burst in done] for name, done in by_name.items()}
            for case, by_name in bursts.items()
        },
        "missing": list(missing),
        "goals": list(goals),
    }


if __name__ == "__main__":
    sys.exit(main())
