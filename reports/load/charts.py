"""What the charts of a load page show, as plain data: the script of the page draws it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from loadgen.record.read import LoadRun
from reports.load.frames import MOST_POINTS, ecdf, nines, ranks, timeline

GANTT_RANKS = 256
"""Ranks of one picture; of more, the slowest and an even choice of the others are shown, and it says so."""

_THINNEST = 0.05
"""Seconds that a step is wide at least."""

ROUTINE = frozenset({"ceiling", "fleet", "clock", "contents", "usage", "op-logs"})
"""Events that every run has: they are told, and not drawn."""


def charts(run: LoadRun) -> dict[str, Any]:
    """All charts of a run. Times are seconds from its start, durations ms, rates decimal GB/s."""
    return {
        "phases": [
            {
                "name": label(one.name, one.iteration),
                "begin": one.begin_s,
                "end": one.end_s,
                "measured": one.measured,
            }
            for one in run.phases
            if one.end_s is not None
        ],
        "events": [
            {"t": one.t_s, "what": one.what, "said": one.said}
            for one in run.events
            if one.what not in ROUTINE
        ],
        "timeline": _timeline(run),
        "percentiles": _distributions(run, "nines"),
        "ecdf": _distributions(run, "ecdf"),
        "gantt": _gantt(run),
    }


def label(phase: str, iteration: int) -> str:
    """A phase as people read it: the first of its name needs no number."""
    return phase if iteration == 1 else f"{phase} {iteration}"


def _timeline(run: LoadRun) -> list[dict[str, Any]]:
    """Rates in steps. A step is cut to its phase: half a second of work is not shown as a slow second."""
    times = [one.t_s for one in run.intervals]
    if not times:
        return []
    step = max(1, math.ceil((max(times) - min(times) + 1) / MOST_POINTS))  # long runs are drawn in wider ones
    grouped = timeline(run, step).rename(columns={"t_s": "t", "p50_ms": "p50", "p99_ms": "p99"})
    ends = {(one.name, one.iteration): (one.begin_s, one.end_s or math.inf) for one in run.phases}
    edges = [
        ends.get(key, (0.0, math.inf)) for key in zip(grouped["phase"], grouped["iteration"], strict=True)
    ]
    grouped["to"] = np.minimum(grouped["t"] + step, [end for _, end in edges])
    grouped["t"] = np.maximum(grouped["t"], [begin for begin, _ in edges])
    # What ended just outside its phase (a clock a hair apart) still has a width.
    width = np.maximum(grouped["to"] - grouped["t"], _THINNEST)
    grouped["to"] = grouped["t"] + width
    grouped["ops"] = grouped["ops"] / width
    grouped["gb"] = grouped.pop("bytes") / width / 1e9
    return records(grouped.drop(columns=["phase", "iteration"]))


def _distributions(run: LoadRun, form: str) -> list[dict[str, Any]]:
    """Latency and service time of each operation of each measured phase, as lines."""
    measured = dict.fromkeys(one.name for one in run.phases if one.measured)
    found: list[dict[str, Any]] = []
    for phase in measured:
        for op in dict.fromkeys(key.op for key in run.histograms if key.phase == phase):
            for metric in ("latency", "service"):
                histogram = run.histogram(phase, metric, op=op)
                frame = nines(histogram) if form == "nines" else ecdf(histogram)
                found += records(frame.assign(phase=phase, op=op, metric=metric))
    return found


def _gantt(run: LoadRun) -> list[dict[str, Any]]:
    frame = ranks(run)
    measured = {(one.name, one.iteration): one.begin_s for one in run.phases if one.measured}
    pictures = []
    for (phase, iteration), begin in measured.items():
        group = frame[(frame["phase"] == phase) & (frame["iteration"] == iteration)]
        if group.empty:
            continue
        wanted = group.groupby("rank")["end_s"].max().sort_values(ascending=False)
        shown = wanted
        if len(wanted) > GANTT_RANKS:
            rest = wanted.iloc[GANTT_RANKS // 2 :]
            shown = pd.concat(
                [wanted.iloc[: GANTT_RANKS // 2], rest.iloc[:: math.ceil(len(rest) / (GANTT_RANKS // 2))]]
            )
        rows = group[group["rank"].isin(shown.index)].copy()
        for column in ("begin_s", "data_end_s", "end_s"):
            rows[column] = rows[column] - begin
        pictures.append(
            {
                "name": label(phase, iteration),
                "of": len(wanted),
                "shown": len(shown),
                "median": float(wanted.median() - begin),
                "last": float(wanted.max() - begin),
                "rows": records(rows[["rank", "lane", "begin_s", "data_end_s", "end_s", "failed"]]),
            }
        )
    return pictures


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON can hold them: missing values are null, numbers have as many digits as can be seen."""
    return [
        {str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict(orient="records")
    ]


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value.item() if hasattr(value, "item") else value
