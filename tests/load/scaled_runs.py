"""Load runs of one thing at several sizes, by a law that the test knows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loadgen.forecast.usl import Usl
from loadgen.plan.values import Action
from loadgen.record.read import LoadRun
from tests.load.made_runs import GB, plan, run

LAW = Usl(1e8, 0.05, 0.001)
SIZES = (1, 2, 4, 8)


def scaled(workers: int, rates: Sequence[float], **other: object) -> LoadRun:
    """A run with so many workers whose iterations reached these rates, bytes a second."""
    made = plan({"write": Action.UPLOAD}, ranks=8, iterations=len(rates), **other)  # type: ignore[arg-type]
    generator = np.random.default_rng(workers)
    times = [
        [*map(float, GB / rate * np.r_[generator.uniform(0.8, 1.0, made.ranks - 1), 1.0])] for rate in rates
    ]
    return run(made, {"write": times}, workers=workers, folder=f"run-{workers}")


def law_runs(law: Usl, sizes: Sequence[int], noise: float = 0.02, repeats: int = 3) -> list[LoadRun]:
    generator = np.random.default_rng(1)
    return [
        scaled(size, [law.at(size) * float(np.exp(generator.normal(0, noise))) for _ in range(repeats)])
        for size in sizes
    ]
