"""`blobproof forecast`: from runs at several sizes to a cluster's size, measured and modelled kept apart."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from blobproof.arguments import json_option
from blobproof.console import output
from harness.vocabulary import ExitCode
from loadgen.forecast.caps import caps_of, elsewhere
from loadgen.forecast.points import By, series
from loadgen.forecast.predict import LEVEL, Forecast, Modelled, predict
from loadgen.kpi.units import amount
from loadgen.record.read import read
from loadgen.substrates.read import substrate as find


@click.command(name="forecast")
@click.argument(
    "runs",
    metavar="RUN…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--to", type=click.IntRange(1), required=True, help="The size to forecast.")
@click.option(
    "--by",
    type=click.Choice([one.value for one in By]),
    default=By.WORKERS.value,
    show_default=True,
    help="What grows from run to run, and to the size that is asked for.",
)
@click.option("--substrate", metavar="S", help="What caps the forecast: an id, or a TOML file of your own.")
@click.option("--nodes", type=click.IntRange(1), help="Servers of the substrate, in place of its own number.")
@click.option(
    "--client-gbps",
    type=click.FloatRange(0, min_open=True),
    help="Network of each worker, Gbit/s: caps as well.",
)
@click.option("--force", is_flag=True, help="Go further than 4 times the largest measured size.")
@json_option
def command(
    runs: tuple[Path, ...],
    to: int,
    by: str,
    substrate: str | None,
    nodes: int | None,
    client_gbps: float | None,
    force: bool,
    as_json: bool,
) -> int:
    """Forecast a larger size from RUN…: load runs at 4 sizes or more, of one profile and one scale.

    Nothing is sent. docs/forecast.md explains the law, its interval and its cap.
    """
    if nodes is not None and substrate is None:
        raise click.UsageError("--nodes says how many servers a substrate has: give --substrate as well")
    capping = None if substrate is None else find(substrate)
    points = series([read(folder) for folder in runs], By(by))
    if capping is not None:
        points = tuple(elsewhere(one, capping) for one in points)
    found = [
        predict(one, to, caps_of(one, capping, nodes=nodes, client_gbps=client_gbps), force=force)
        for one in points
    ]
    if as_json:
        click.echo(
            json.dumps({"level": LEVEL, "forecasts": [facts(one) for one in found]}, ensure_ascii=False)
        )
    else:
        console = output()
        for one in found:
            _show(console, one)
    return ExitCode.MET


def facts(one: Forecast) -> dict[str, Any]:
    """A forecast as JSON. Measured and modelled stand in lists of their own; what is not known is null."""
    found: dict[str, Any] = _plain(dataclasses.asdict(one))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _show(console: Console, one: Forecast) -> None:
    console.print(f"{one.profile}, phase {one.phase}, by {one.by.value}", highlight=False)
    measured = Table("measured", one.by.value, "scale", "median", "least", "most", "n", box=None)
    for row in one.measured:
        figures = [amount(value, one.unit) for value in (row.median, row.low, row.high)]
        measured.add_row(
            "",
            str(row.size),
            f"{row.scale:.4g}",
            *figures,
            f"{row.n} in {row.runs} run{'s' * (row.runs > 1)}",
        )
    console.print(measured, highlight=False)
    modelled = Table(
        "modelled",
        one.by.value,
        "scale",
        "figure",
        f"{LEVEL:.0%} interval",
        "cap",
        "hold-out error",
        box=None,
    )
    for line in one.modelled:
        modelled.add_row(
            line.model,
            str(line.size),
            f"{line.scale:.4g}",
            amount(line.value, one.unit),
            f"{amount(line.low, one.unit)} to {amount(line.high, one.unit)}",
            _cap(line, one.unit),
            f"{line.hold_out.error:+.1%} at {line.hold_out.size}"
            + (", outside its interval" if line.hold_out.held is False else ""),
        )
    console.print(modelled, highlight=False)
    for line in one.modelled:
        console.print(f"  {line.model}: {line.said}", highlight=False, markup=False)
    if one.tail_measured is not None:
        console.print(
            f"  measured: the last rank took {one.tail_measured:.3g} times the median rank "
            f"at {one.measured[-1].size} {one.by.value} (scale {one.scale:.4g})",
            highlight=False,
        )
    if one.tail is not None:
        console.print(
            f"  modelled: the last of {one.tail.ranks} ranks takes {one.tail.value:.3g} times "
            f"the median rank ({one.tail.low:.3g} to {one.tail.high:.3g}; {one.tail.said}; "
            f"scale {one.scale:.4g})",
            highlight=False,
        )
    else:
        console.print(f"  no straggler tail: {one.tail_missing}", highlight=False)
    if one.forced:
        console.print("  forced: further than 4 times the largest measured size", highlight=False)
    for assumption in one.assumptions:
        console.print(f"  assumed: {assumption}", highlight=False, markup=False)


def _cap(line: Modelled, unit: str) -> str:
    if line.cap is None:
        return "none known"
    reached = ", reached" if line.capped else ""
    return f"{line.cap.name} {amount(line.cap.rate, unit)} ({line.cap.provenance}){reached}"
