"""How often comparisons are wrong, and how often they find what is there: simulated, and for real.

    python -m benchmarks.calibration [--real 40] [--simulated 1000] [--blocks N] [--parallel 2] [--json FILE]

1. Noise: one endpoint is measured again and again by short runs. Two profiles: requests of a known service
   time (benchmarks/service_server.py), and a small checkpoint storm on the façade.
2. The number of blocks is the least that finds a difference of 10 % with a chance of 97 % in draws from the
   first profile's runs, at least the default; --blocks gives another one. For the second one it is told.
3. Simulated comparisons: runs are drawn from the measured ones in stretches of neighbours, as they came, so
   that outliers, drift and dependence stay what they are; B's are made 0 %, 2 % and 10 % slower.
4. Real comparisons: two servers, A/A first, then blocks of both, as `blobproof compare` does it. Half of them
   with equal servers, half with a B whose service time is exactly 10 % longer.

Verdicts are counted, with exact (Clopper-Pearson) intervals at 95 %. Ends with 1 where better or worse for
equal endpoints is not compatible with 5 % or less, finding 10 % not with 95 % or more, or a 2 % one (it lies
within the margin of 5 %) is called better or worse more often than alpha allows.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import functools
import json
import math
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.service_server import service_server
from benchmarks.short_runs import ShortRuns, create_container
from harness.endpoints import open_endpoint, resolve
from loadgen.compare.conclude import conclude
from loadgen.compare.estimate import critical
from loadgen.compare.experiment import conduct
from loadgen.compare.judge import judge
from loadgen.compare.noise import Share, floor
from loadgen.compare.values import Place, Rules, Stage, Verdict
from loadgen.plan.make import plan_for
from loadgen.plan.values import Action, FileSet, Lane, Phase, Plan

SERVICE = 0.100  # seconds: what else a busy machine does delays by tens of milliseconds
SLOWER = 0.10
CONTAINER = "bp-calibration"
_REQUESTS = 16  # of a run, four of them at once
_SURE = 0.97  # of the draws: the goal is 95 %, and it is to be met
_STRETCH = 32  # runs that are drawn together
_FEW = 12  # blocks that somebody in a hurry takes
Floats = NDArray[np.float64]


def main() -> int:
    """Measure, simulate, compare, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--real", type=int, default=40, help="comparisons each way")
    parser.add_argument("--simulated", type=int, default=1000, help="for each true difference")
    parser.add_argument("--runs", type=int, default=320, help="to measure the noise from")
    parser.add_argument("--storms", type=int, default=96, help="runs of the small checkpoint storm")
    parser.add_argument("--blocks", type=int, default=0)
    parser.add_argument("--parallel", type=int, default=2, help="real comparisons at once")
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    rules = Rules("stage.barrier_s", lower_is_better=True, resamples=999)
    told: dict[str, Any] = {"rules": {"margin": rules.margin, "alpha": rules.alpha, "aa": rules.aa_blocks}}
    good = True
    profiles: Mapping[str, Callable[[], Floats]] = {
        "service": lambda: measured_service(wanted.runs),
        "storm": lambda: measured_storms(wanted.storms),
    }
    blocks = wanted.blocks
    for name, measure in profiles.items():
        series = measure()
        if not series.size:
            continue
        needed = enough(series, rules)
        if name == "service":
            blocks = blocks or max(needed or 96, rules.blocks)
        say(f"{name}: {describe(series)}; blocks to find 10 %: {needed or 'above 96'}")
        told[name] = {
            "series": [round(float(one), 6) for one in np.exp(series)],
            "needed": needed,
            "simulated": {},
        }
        for count in sorted({_FEW, blocks}):
            mine = replace(rules, blocks=count)
            for slower in (0.0, 0.02, SLOWER):
                found = simulated(series, mine, slower, wanted.simulated)
                say(f"  {count:3} blocks, simulated, {slower:4.0%} slower: {spoken(found)}")
                told[name]["simulated"][f"{count}/{slower:g}"] = found
                if count == blocks and name == "service":
                    good &= compatible(found, slower, rules.alpha)
    rules = replace(rules, blocks=blocks)
    told["real"] = {}
    for slower, found in real(rules, wanted.real, wanted.parallel).items():
        say(f"  {blocks:3} blocks, real, {slower:4.0%} slower: {spoken(found['verdicts'])}")
        say(f"      {found['seconds']:.0f} s a comparison; ratios {found['ratios']}")
        told["real"][f"{slower:g}"] = found
        good &= compatible(found["verdicts"], slower, rules.alpha)
    if wanted.json:
        wanted.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    say("all compatible with the goals" if good else "NOT compatible with the goals")
    return 0 if good else 1


def measured_service(runs: int) -> Floats:
    """ln of the barrier times of runs on one server of a known service time."""
    with service_server(SERVICE) as port:
        return _measured({"A": port}, runs)


def _measured(ports: Mapping[str, int], runs: int) -> Floats:
    measure = service_runs(ports)
    taken = (measure("A", Place(Stage.AA, 1, 1, seed)) for seed in range(1, runs + 1))
    return np.log([one.values["stage.barrier_s"] for one in taken]) if runs else np.zeros(0)


def service_runs(ports: Mapping[str, int]) -> ShortRuns:
    """Runs of one lane against servers at these ports."""
    arms = {arm: resolve(f"http://127.0.0.1:{port}/account", {}) for arm, port in ports.items()}
    return ShortRuns(arms, service_plan, auth="anonymous")  # type: ignore[arg-type]


def service_plan(seed: int) -> Plan:
    """A few small uploads, four at once."""
    files = FileSet("small", _REQUESTS, 1024, "encrypted")
    lane = Lane("up", Action.UPLOAD, ("small",), 1, single_bytes=4096, parallel=1, files_at_once=4)
    phase = Phase("stage", (lane,), 60.0)
    return Plan("service", "Known service time", 1.0, 1, 1, 1, seed, CONTAINER, "p", (files,), (phase,))


def measured_storms(runs: int) -> Floats:
    """ln of the write's barrier time of small checkpoint storms on the façade."""
    if not runs:
        return np.zeros(0)
    with open_endpoint("reference") as endpoint:
        create_container(endpoint, CONTAINER)
        measure = ShortRuns({"A": endpoint}, lambda seed: replace(_storm(), seed=seed))
        taken = [measure("A", Place(Stage.AA, 1, 1, seed)) for seed in range(1, runs + 1)]
        measure.close()
    return np.log([one.values["write.barrier_s"] for one in taken])


@functools.cache
def _storm() -> Plan:
    return plan_for("checkpoint-llama3-8b", scale=0.0005, ranks=4, container=CONTAINER)


def blocks_of(series: Floats) -> Floats:
    """A against itself: log-ratios of ABBA blocks over the runs as they came."""
    fours = series[: series.size // 4 * 4].reshape(-1, 4)
    return np.asarray(fours @ np.array([-0.5, 0.5, 0.5, -0.5]))


def enough(series: Floats, rules: Rules) -> int | None:
    """How many blocks find a difference of 10 % in draws from a series; None: more than 96."""
    rng = np.random.default_rng(1)
    for blocks in (_FEW, 16, 20, 24, 32, 48, 64, 96):
        logs = np.array([_log_ratios(series, blocks, rng) for _ in range(1000)])
        over = logs + math.log1p(SLOWER) - rules.log_margin
        ranks = stats.rankdata(np.abs(over), axis=1)
        against = np.where(over < 0, ranks, 0.0).sum(axis=1)
        if np.mean(against <= critical(blocks, rules.alpha / 2)) >= _SURE:
            return blocks
    return None


def describe(series: Floats) -> str:
    """A series in words."""
    logs = blocks_of(series)
    return (
        f"{series.size} runs of {math.exp(float(np.median(series))):.3f} s; a block of A against itself: "
        f"noise floor {floor(list(logs)):.1%}, standard deviation {logs.std():.1%}, "
        f"farthest {np.abs(logs).max():.0%}"
    )


def simulated(series: Floats, rules: Rules, slower: float, count: int) -> dict[str, int]:
    """The verdicts of so many comparisons drawn from a series."""
    rng = np.random.default_rng(round(1000 * slower) + rules.blocks)
    found: Counter[str] = Counter()
    for number in range(count):
        logs = _log_ratios(series, rules.aa_blocks + rules.blocks, rng)
        ab = logs[rules.aa_blocks :] + math.log1p(slower)
        verdict = judge(list(ab), list(logs[: rules.aa_blocks]), replace(rules, seed=number)).verdict
        found[verdict.value] += 1
    return dict(found)


def _log_ratios(series: Floats, blocks: int, rng: np.random.Generator) -> Floats:
    """Log-ratios of ABBA blocks, each turned by a coin, over runs drawn from a series."""
    runs = drawn(series, 4 * blocks, rng).reshape(-1, 4)
    return np.asarray(rng.choice((-1.0, 1.0), size=blocks) * (runs @ np.array([-0.5, 0.5, 0.5, -0.5])))


def drawn(series: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Runs drawn in stretches of neighbours, from the end on again at the beginning."""
    starts = rng.integers(series.size, size=-(-count // _STRETCH))
    places = (starts[:, None] + np.arange(_STRETCH)).ravel()[:count] % series.size
    return np.asarray(series[places])


def real(rules: Rules, count: int, parallel: int) -> dict[float, dict[str, Any]]:
    """Real comparisons, equal and unequal ones in turn."""
    jobs = [(replace(rules, seed=number + 1), slower) for number in range(count) for slower in (0.0, SLOWER)]
    found: dict[float, dict[str, Any]] = {}
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(max(1, parallel), mp_context=spawn) as pool:
        for (_, slower), (verdict, ratio, seconds) in zip(jobs, pool.map(one_real, jobs), strict=True):
            say(f"    {slower:4.0%} slower: {verdict:12} {ratio:.4f}  {seconds:.0f} s")
            mine = found.setdefault(slower, {"verdicts": {}, "ratios": [], "seconds": 0.0})
            mine["verdicts"][verdict] = mine["verdicts"].get(verdict, 0) + 1
            mine["ratios"].append(ratio)
            mine["seconds"] += seconds / count
    return found


def one_real(job: tuple[Rules, float]) -> tuple[str, float, float]:
    """One comparison of two servers: its verdict, the ratio, and how long it took."""
    rules, slower = job
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        ports = {
            arm: stack.enter_context(service_server(seconds))
            for arm, seconds in (("A", SERVICE), ("B", SERVICE * (1 + slower)))
        }
        measure = service_runs(ports)
        stack.callback(measure.close)
        blocks = list(conduct(rules, measure))
    judged = conclude(blocks, rules, complete=True).judgement
    ratio = judged.estimate.ratio if judged.estimate else math.nan
    return judged.verdict.value, round(ratio, 4), time.monotonic() - began


def compatible(found: Mapping[str, int], slower: float, alpha: float) -> bool:
    """Whether the counts may come from what is aimed at."""
    total = sum(found.values())
    if not total:
        return True
    if slower == SLOWER:
        return Share(found.get(Verdict.WORSE, 0), total).interval[1] >= 1 - alpha
    called = found.get(Verdict.WORSE, 0) + found.get(Verdict.BETTER, 0)
    return Share(called, total).interval[0] <= alpha


def spoken(found: Mapping[str, int]) -> str:
    """Counts of verdicts, and the shares that matter with their intervals."""
    total = sum(found.values())
    counts = ", ".join(f"{found[one]} {one}" for one in Verdict if one in found)
    called = found.get(Verdict.WORSE, 0) + found.get(Verdict.BETTER, 0)
    return f"{counts}; better or worse {Share(called, total)}" if total else "none"


def say(line: str) -> None:
    """A line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
