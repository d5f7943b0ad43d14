"""Load runs that exist, compared: whether they may be, and what two sets of them say."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadgen.compare.comparable import doubts, held_back, refuse, side
from loadgen.compare.metric import unfit
from loadgen.compare.unpaired import Unpaired, unpaired
from loadgen.compare.values import CompareError, NotComparableError
from loadgen.record.read import LoadRun, read

_HINT = "Name one that every run has measured, as --primary; `blobproof kpis RUN` shows them."


@dataclass(frozen=True, slots=True)
class RunsCompared:
    """Two sets of runs, and one metric of them."""

    metric: str
    a: tuple[float, ...]
    b: tuple[float, ...]
    found: Unpaired
    notes: tuple[str, ...]  # what a reader must know beside


def compare_runs(
    left: Sequence[Path], right: Sequence[Path], metric: str | None, alpha: float
) -> RunsCompared:
    """Compare the runs in these folders. `metric` None: the first that ends in `.barrier_s`.

    Raises `NotComparableError` that says why, `CompareError` for a metric that some run has not, or not
    measured; `LoadError`.
    """
    a, b = tuple(map(read, left)), tuple(map(read, right))
    sides = [side(run) for run in (*a, *b)]
    for one in sides[1:]:
        refuse(sides[0], one)
    for run in (*a, *b):
        _must_be_whole(run)
    shared = set.intersection(*({one.name for one in run.metrics if not unfit(one)} for run in (*a, *b)))
    name = metric or _usual(shared)
    if name not in shared:
        raise CompareError(_missing(name, (*a, *b), shared), _HINT)
    values = [tuple(_value(run, name) for run in runs) for runs in (a, b)]
    found = unpaired(*values, alpha=alpha)
    first, second = sides[0], sides[len(a)]
    notes = (*held_back(first, second), *doubts(first, second))
    return RunsCompared(name, values[0], values[1], found, notes)


def _missing(name: str, runs: Iterable[LoadRun], shared: Iterable[str]) -> str:
    """Why a metric cannot be compared by."""
    for run in runs:
        for one in run.metrics:
            if one.name == name and (why := unfit(one)):
                return f"not to be compared by: {why} (in {run.folder})"
    near = difflib.get_close_matches(name, shared, 4, 0.5)
    return f"not every run has {name}{'; near it: ' if near else ''}{', '.join(near)}"


def _must_be_whole(run: LoadRun) -> None:
    if not run.complete:
        raise NotComparableError(f"not comparable: {run.folder} is partial: {run.why}")
    for check in run.checks:
        if check.state == "invalidates":
            raise NotComparableError(
                f"not comparable: {run.folder} is invalidated by {check.name}: {check.said}"
            )


def _value(run: LoadRun, name: str) -> float:
    return next(one.value for one in run.metrics if one.name == name)


def _usual(names: Iterable[str]) -> str:
    barriers = sorted(name for name in names if name.endswith(".barrier_s"))
    return barriers[-1] if barriers else "write.barrier_s"  # write comes after restore
