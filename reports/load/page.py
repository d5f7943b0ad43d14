"""The page of one load run: what was measured, may it be believed, and what is needed to do it again."""

from __future__ import annotations

from pathlib import Path

from loadgen.record.read import LoadRun, read
from loadgen.record.write import FILE
from reports.load import tables
from reports.load.charts import ROUTINE, charts, label
from reports.load.frames import errors, operations
from reports.page import data_block, render

NAME = "load.html"


def build(folder: Path, out: Path | None = None) -> Path:
    """Draw the page of the run in a folder, into it unless told otherwise. Raises `LoadError`."""
    page = out or folder / NAME
    page.write_text(draw(read(folder)), encoding="utf-8")
    return page


def draw(run: LoadRun) -> str:
    """The page as HTML."""
    measured = dict.fromkeys(one.name for one in run.phases if one.measured)
    short = [one for one in run.phases if one.measured and (one.missing_ranks or one.barrier_s is None)]
    return render(
        "load.html",
        script="load.js",
        charts=True,
        run=run,
        header=run.header,
        file=FILE,
        phases=tables.phase_rows(run.phases),
        unfinished=[label(one.name, one.iteration) for one in short],
        operations=operations(run, measured).to_dict(orient="records"),
        notable=[one for one in run.events if one.what not in ROUTINE],
        repeated=tables.repeated(run.metrics),
        errors=errors(run).to_dict(orient="records"),
        checks=tables.by_worst(run.checks),
        worst=tables.worst(run.checks),
        states=tables.STATES,
        measured=tables.metric_groups(run.metrics, "measured"),
        modelled=tables.metric_groups(run.metrics, "modelled"),
        published=tables.metric_groups(run.metrics, "published"),
        disclosure=tables.disclosure(run),
        figure=tables.figure,
        size=tables.size,
        scale=tables.scale(run.header.scale),
        data=data_block(charts(run)),
    )
