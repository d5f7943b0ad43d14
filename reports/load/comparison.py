"""The page of a comparison: the verdict, every block it rests on, and the noise that it had to rise above."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadgen.compare.read import CompareRun, read
from loadgen.compare.values import FILE, Stage, Verdict
from loadgen.record.histogram import Histogram
from loadgen.record.read import LoadError
from loadgen.record.read import read as read_load
from loadgen.words import said_change
from reports.load import tables
from reports.load.charts import records
from reports.load.frames import ecdf
from reports.page import data_block, render

NAME = "compare.html"

FAMILIES: Mapping[str, str] = {
    Verdict.BETTER: "good",
    Verdict.EQUIVALENT: "good",
    Verdict.WORSE: "bad",
    Verdict.INCONCLUSIVE: "warn",
}
"""Which colour a verdict has."""


def build(folder: Path, out: Path | None = None) -> Path:
    """Draw the page of the comparison in a folder, into it unless told otherwise. Raises `CompareError`."""
    page = out or folder / NAME
    page.write_text(draw(read(folder)), encoding="utf-8")
    return page


def draw(run: CompareRun) -> str:
    """The page as HTML."""
    spread = distributions(run)
    return render(
        "compare.html",
        script="compare.js",
        charts=True,
        run=run,
        header=run.header,
        rules=run.rules,
        primary=run.primary,
        family=family(run),
        meaning=Verdict(run.primary["verdict"]).meaning if run.primary else "",
        blocks=[_row(line) for line in run.blocks],
        checks=sorted(run.checks, key=lambda one: [*tables.STATES].index(one.state)),
        states=tables.STATES,
        disclosure=tables.plan_pairs(run.header),
        percent=percent,
        interval=interval,
        chance=chance,
        figure=tables.figure,
        scale=tables.scale(run.header["scale"]),
        file=FILE,
        spread=spread,
        data=data_block(charts(run, spread)),
    )


def family(run: CompareRun) -> str:
    """The colour of the verdict: equivalent within more than the margin that was asked for is no good."""
    if not run.primary:
        return "gap"
    wide = run.primary["verdict"] == Verdict.EQUIVALENT and run.primary["within"] > run.rules.margin
    return "warn" if wide else FAMILIES[run.primary["verdict"]]


def charts(run: CompareRun, spread: list[dict[str, Any]]) -> dict[str, Any]:
    """What the charts show. Differences are log-ratios of B to A; the page writes them in per cent."""
    primary = run.rules.primary
    blocks = [
        {
            "stage": one.stage.value,
            "number": one.number,
            "order": one.order,
            "log": one.log_ratio(primary),
            "a": one.value(primary, "A"),
            "b": one.value(primary, "B"),
            "failed": one.failed,
        }
        for one in run.blocks
        if one.stage is not Stage.WARM_UP
    ]
    effects = []
    if run.primary and run.primary["estimate"]:
        effects.append({"name": primary, "role": "primary", **_ends(run.primary["estimate"])})
    if run.aa and run.aa["estimate"]:
        effects.append({"name": "A against itself", "role": "noise", **_ends(run.aa["estimate"])})
    effects += [
        {"name": one["metric"], "role": "secondary", "shown": one["shown"], **_ends(one["estimate"])}
        for one in run.secondary
    ]
    return {
        "primary": primary,
        "a": run.header["a"]["name"],
        "b": run.header["b"]["name"],
        "lower": run.rules.lower_is_better,
        "margin": math.log1p(run.primary["margin"] if run.primary else run.rules.margin),
        "floor": run.aa["floor"] if run.aa else None,
        "blocks": blocks,
        "effects": effects,
        "spread": spread,
    }


def distributions(run: CompareRun) -> list[dict[str, Any]]:
    """Latency of both arms over the blocks that count, by phase and operation, where the runs were kept."""
    merged: dict[tuple[str, str, str], Histogram] = {}
    for block in run.blocks:
        if block.stage is not Stage.AB or block.failed:
            continue
        for turn in block.turns:
            try:
                load = read_load(run.folder / turn.result.folder) if turn.result.folder else None
            except LoadError:  # the figures of a comparison do not need the runs; its evidence may be gone
                load = None
            if load is None:
                continue
            measured = {one.name for one in load.phases if one.measured}
            for key, histogram in load.histograms.items():
                if key.metric == "latency" and key.phase in measured:
                    merged.setdefault((key.phase, key.op, turn.arm), Histogram()).merge(histogram)
    return [
        point
        for (phase, op, arm), histogram in merged.items()
        for point in records(ecdf(histogram).assign(what=f"{phase} {op}", arm=arm))
    ]


def percent(log: float) -> str:
    """A log-ratio as people say it: `+4.8 %`."""
    return said_change(log).replace(" ", "\N{NO-BREAK SPACE}").replace("-", "\N{MINUS SIGN}")


def chance(p: float) -> str:
    """A p-value: beyond a thousandth nobody weighs it."""
    return "< 0.001" if p < 0.001 else tables.figure(p)


def interval(estimate: Mapping[str, Any]) -> str:
    """Both ends of an interval."""
    return f"{percent(estimate['low'])} … {percent(estimate['high'])}"


def _ends(estimate: Mapping[str, Any]) -> dict[str, Any]:
    return {name: estimate[name] for name in ("log", "low", "high")}


def _row(block: Any) -> dict[str, Any]:
    return {
        "stage": block.stage.value,
        "number": block.number,
        "order": block.order,
        "turns": [(turn.arm, turn.result) for turn in block.turns],
        "failed": block.failed,
        "block": block,
    }
