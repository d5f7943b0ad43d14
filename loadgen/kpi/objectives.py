"""Objectives: `restore.barrier_s<=30s` is read, and held against the metrics of a run."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.vocabulary import ExitCode
from loadgen.kpi.units import UNITS, factor, fitting
from loadgen.kpi.values import Origin
from loadgen.record.lines import Metric

_SHAPE = re.compile(
    r"^\s*(modelled:)?\s*([A-Za-z0-9_.\-]+)\s*(<=|>=)\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z%][\w/%]*)?\s*$"
)


class ObjectiveError(Exception):
    """An objective that cannot be read, or that names what no run can have."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


class Judged(Protocol):
    """A validity check of a run: what `decide` needs of it."""

    @property
    def name(self) -> str:
        """Its id."""
        ...

    @property
    def state(self) -> str:
        """ok, warns, invalidates or not-run."""
        ...

    @property
    def said(self) -> str:
        """One sentence."""
        ...


@dataclass(frozen=True, slots=True)
class Objective:
    """What a metric must be. `limit` is in the unit as written; "" is the metric's own unit."""

    text: str
    name: str
    at_most: bool  # False: at least
    limit: float
    unit: str = ""
    modelled: bool = False  # a modelled metric may meet it

    def bound(self, unit: str) -> float:
        """The limit in a metric's unit. Raises `ObjectiveError` where the two measure different things."""
        if not self.unit or self.unit == unit:
            return self.limit
        times = factor(self.unit, unit)
        if times is None:
            raise ObjectiveError(
                f"{self.text!r}: {self.name} is in {unit}, which {self.unit} does not measure",
                f"Write one of {', '.join(fitting(unit))}; or no unit, for {unit}.",
            )
        return self.limit * times


def parse(text: str) -> Objective:
    """Read `[modelled:]METRIC<=VALUE[UNIT]` or `…>=…`. Raises `ObjectiveError`."""
    found = _SHAPE.match(text)
    hint = (
        "Write METRIC<=VALUE or METRIC>=VALUE with a unit: restore.barrier_s<=30s, stage.bytes_per_s>=2GB/s."
    )
    if found is None:
        raise ObjectiveError(f"{text!r} is no objective", hint)
    modelled, name, sign, number, unit = found.groups()
    if unit and unit not in UNITS and not (len(unit) == 3 and unit.isupper()):
        near = difflib.get_close_matches(unit, UNITS, 3, 0.3)
        raise ObjectiveError(
            f"{text!r}: {unit!r} is no unit" + (f"; near it: {', '.join(near)}" if near else ""),
            f"Units: {', '.join(sorted(UNITS))}.",
        )
    return Objective(text.strip(), name, sign == "<=", float(number), unit or "", bool(modelled))


def check(objectives: Iterable[Objective], known: Mapping[str, str]) -> None:
    """Refuse what a plan cannot have, before a run starts. `known`: `known_metrics(plan)`, name → unit.

    Raises `ObjectiveError`: unknown names, and units that do not fit.
    """
    for one in objectives:
        if one.name not in known:
            near = difflib.get_close_matches(one.name, known, 4, 0.5)
            said = f"; near it: {', '.join(near)}" if near else ""
            raise ObjectiveError(
                f"{one.text!r}: this run can have no metric {one.name!r}{said}",
                "`blobproof bench PROFILE --list-metrics` lists all that it can have.",
            )
        one.bound(known[one.name])


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the objectives were met. A line for each, and one for each reason that none can be."""

    exit_code: ExitCode
    lines: tuple[str, ...]

    @property
    def met(self) -> bool:
        """Whether all were."""
        return self.exit_code is ExitCode.MET


def decide(
    objectives: Sequence[Objective],
    metrics: Iterable[Metric],
    checks: Iterable[Judged] = (),
    *,
    complete: bool = True,
    why: str = "",
    left_out: Mapping[str, str] | None = None,
) -> Decision:
    """Hold objectives against metrics.

    A run that is partial, or that a check invalidates, meets none. A metric that the run has not is a missed
    objective, and the exit code is 5 where none of those named was measured. `why`: why it is partial.
    `left_out`: metrics that it has values for, but not enough, and why (`loadgen.kpi.measure.left_out`).
    """
    have = {one.name: one for one in metrics}
    few = left_out or {}
    blocked = [] if complete else [f"the run is partial{f': {why}' if why else ''}"]
    blocked += [
        f"invalidated by the check {one.name}: {one.said}" for one in checks if one.state == "invalidates"
    ]
    lines, missed = [f"no objective can be met: {reason}" for reason in blocked if objectives], False
    for one in objectives:
        problem, said = _judge(one, have.get(one.name), few.get(one.name, ""))
        good = not problem and not blocked
        missed = missed or not good
        lines.append(
            f"{'met   ' if good else 'missed'}  {one.text}: {said}{f'; {problem}' if problem else ''}"
        )
    nothing = bool(objectives) and not any(one.name in have or one.name in few for one in objectives)
    code = ExitCode.OBJECTIVE_MISSED if missed else ExitCode.MET
    return Decision(ExitCode.NOTHING_VERIFIED if nothing else code, tuple(lines))


def _judge(objective: Objective, metric: Metric | None, few: str) -> tuple[str, str]:
    """Why it is missed ("": it is met), and the figure it was held against. `few`: why there is none."""
    if metric is None:
        return few or "it was not measured", "the run has no such figure"
    bound = objective.bound(metric.unit)
    said = show(metric)
    if not metric.whole:
        return f"the figure is not whole: {metric.said}", said
    if metric.no_verdict:
        return f"no objective is held against it: {metric.no_verdict}", said
    value = metric.value
    if metric.kind != Origin.MEASURED:
        if not objective.modelled:
            return (
                f"it is {metric.kind}, and an objective takes what was measured; `modelled:` allows it",
                said,
            )
        end = metric.high if objective.at_most else metric.low
        if end is None:
            return "a modelled figure without an interval meets nothing", said
        value = end
    return ("" if (value <= bound if objective.at_most else value >= bound) else "missed"), said


def show(metric: Metric) -> str:
    """A metric's figure in words: value, unit, range, where it comes from."""
    span = ""
    if metric.low is not None and metric.high is not None:
        span = f" ({metric.low:.4g} to {metric.high:.4g}{f', n {metric.n}' if metric.n > 1 else ''})"
    return f"{metric.value:.4g} {metric.unit}{span}, {metric.kind}"
