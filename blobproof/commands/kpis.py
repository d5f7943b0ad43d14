"""`blobproof kpis`: what people decide by, from a load run that exists; objectives; account limits."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from blobproof.arguments import json_option
from blobproof.console import output
from loadgen.kpi.limits import Need, planning
from loadgen.kpi.measure import known_metrics, left_out, metrics
from loadgen.kpi.objectives import check, decide, parse
from loadgen.kpi.stated import read_stated
from loadgen.kpi.units import amount
from loadgen.kpi.values import NOTHING
from loadgen.plan import document
from loadgen.plan.make import full_plan
from loadgen.plan.values import Plan
from loadgen.profiles.errors import ProfileError
from loadgen.profiles.read import profile
from loadgen.record.lines import Metric
from loadgen.record.read import read
from loadgen.substrates.read import substrate

_ACCOUNTS = ("blob-account", "blob-account-listed")


@click.command(name="kpis")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--stated",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What no run can measure, a .toml file: prices, failures, how much is to be staged.",
)
@click.option("--objective", "objectives", multiple=True, metavar="METRIC<=VALUE", help="Else exit code 6.")
@click.option("--latencies", is_flag=True, help="The percentiles of every operation as well.")
@click.option("--limits", is_flag=True, help="What the profile needs of an Azure Blob account at full size.")
@json_option
def command(
    run: Path, stated: Path | None, objectives: tuple[str, ...], latencies: bool, limits: bool, as_json: bool
) -> int:
    """Compute the KPIs of the load RUN, a folder, and hold objectives against them; nothing is sent.

    docs/kpis.md explains every figure.
    """
    loaded = read(run)
    given = NOTHING if stated is None else read_stated(stated)
    plan = document.load(loaded.header.plan)
    goals = tuple(map(parse, objectives))
    check(goals, known_metrics(plan, given))
    found = metrics(loaded, given)
    decision = decide(
        goals,
        found,
        loaded.checks,
        complete=loaded.complete,
        why=loaded.why,
        left_out=left_out(loaded),
    )
    named = _ACCOUNTS if given.account is None else (given.account.id,)
    needs = planning(_full(plan), [given.account or substrate(one) for one in named]) if limits else ()
    if as_json:
        facts = {
            "run": str(run),
            "profile": plan.profile,
            "scale": plan.scale,
            "metrics": [dataclasses.asdict(one) for one in found],
            "limits": [dataclasses.asdict(one) for one in needs],
            "objectives": [*decision.lines],
            "exit_code": decision.exit_code.value,
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
        return decision.exit_code
    console = output()
    console.print(f"{escape(plan.title)}, {plan.ranks} ranks", highlight=False)
    if not loaded.complete:
        console.print(f"partial: {escape(loaded.why)}", highlight=False)
    shown = [one for one in found if latencies or not one.name.endswith("_ms")]
    console.print(_table(shown, plan.scale), highlight=False)
    if needs:
        console.print(_limits(needs), highlight=False)
    for line in decision.lines:
        console.print(escape(line), highlight=False)
    return decision.exit_code


def _full(plan: Plan) -> Plan:
    """The profile at full size, chosen as for this run; the plan itself where none is shipped."""
    choices = dict(one.split("=", 1) for one in plan.choices)
    try:
        return full_plan(profile(plan.profile), choices=choices)[0]
    except ProfileError:
        return plan


def _table(found: Iterable[Metric], scale: float) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("metric", "scale", "kind"):
        table.add_column(title)
    for title in ("figure", "low", "high", "n"):
        table.add_column(title, justify="right")
    table.add_column("what it is")
    for one in found:
        ends = ["" if end is None else amount(end, one.unit) for end in (one.low, one.high)]
        figure = amount(one.value, one.unit) + ("" if one.whole else " (not whole)")
        table.add_row(one.name, f"{scale:.3g}", one.kind, figure, *ends, str(one.n), escape(one.said))
    return table


def _limits(needs: Iterable[Need]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("modelled", "scale", "account", "block"):
        table.add_column(title)
    for title in ("requests", "requests/s", "limit", "at least", "largest blob"):
        table.add_column(title, justify="right")
    for one in needs:
        table.add_row(
            one.phase,
            f"{one.scale:.3g}",
            one.account,
            "as planned" if one.block_bytes is None else f"{one.block_bytes / 2**20:g} MiB",
            f"{one.requests:,}",
            f"{one.requests_per_s:,.0f}",
            f"{one.requests_limit:,.0f}",
            f"{one.floor_s:.4g} s ({one.limited_by})",
            f"{one.blob_requests:,} requests"
            + ("" if one.blob_floor_s is None else f", {one.blob_floor_s:.3g} s"),
        )
    return table
