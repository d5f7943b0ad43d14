"""`blobproof substrates`: the hardware that an endpoint may run on, as parameters with their sources."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blobproof.arguments import json_option
from blobproof.console import output
from harness.vocabulary import ExitCode
from loadgen.substrates.ceiling import Ceiling, ceiling
from loadgen.substrates.read import substrate, substrates
from loadgen.substrates.values import KNOWN, Parameter, Substrate

_GB = 1_000_000_000


@click.command(name="substrates")
@click.argument("name", required=False, metavar="[SUBSTRATE]")
@click.option("--nodes", type=click.IntRange(min=1), help="Servers in the cluster.")
@click.option("--redundancy", metavar="WORDS", help="ec K+M, replicas N, or none.")
@click.option("--access", type=click.Choice(["gateway", "direct"]), help="How clients reach fragments.")
@click.option(
    "--receive-capped/--receive-free", default=None, help="Whether a node's receiving is capped too."
)
@json_option
def command(
    name: str | None,
    nodes: int | None,
    redundancy: str | None,
    access: str | None,
    receive_capped: bool | None,
    as_json: bool,
) -> int:
    """List the substrates, or show one: its parameters, where they come from, and its physics ceiling.

    SUBSTRATE is an id, or a TOML file of your own (PATH, or PATH:ID). The ceiling is modelled, not measured:
    a bound for checks, no forecast. Parameters that are assumed lead to no verdict.
    """
    told = {"nodes": nodes, "redundancy": redundancy, "access": access, "receive_capped": receive_capped}
    said = any(value is not None for value in told.values())

    def most(one: Substrate) -> Ceiling | None:
        if one.missing and not said:
            return None
        return ceiling(one, nodes=nodes, redundancy=redundancy, access=access, receive_capped=receive_capped)

    if name is None:
        if said:
            raise click.UsageError("--nodes and its like need a SUBSTRATE.")
        every = [(one, most(one)) for one in map(substrate, substrates())]
        if as_json:
            for one, top in every:
                click.echo(json.dumps(_facts(one, top), ensure_ascii=False))
        else:
            output().print(_table(every))
        return ExitCode.MET
    one = substrate(name)
    top = most(one)
    if as_json:
        click.echo(json.dumps(_facts(one, top), ensure_ascii=False))
    else:
        _show(one, top, output())
    return ExitCode.MET


def _table(every: list[tuple[Substrate, Ceiling | None]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("substrate", "what", "nodes"):
        table.add_column(title, overflow="fold")
    for title in ("reads GB/s", "writes GB/s"):
        table.add_column(title, justify="right")
    table.add_column("assumed, or missing", overflow="fold")
    for one, top in every:
        table.add_row(
            escape(one.id),
            escape(one.title),
            "–" if top is None or not top.nodes else str(top.nodes),
            "–" if top is None else f"{top.read_bytes_per_s / _GB:.2f}",
            "–" if top is None else f"{top.write_bytes_per_s / _GB:.2f}",
            f"missing: {', '.join(one.missing)}" if top is None else ", ".join(top.assumed),
        )
    return table


def _show(one: Substrate, top: Ceiling | None, console: Console) -> None:
    console.print(f"[bold]{escape(one.id)}[/]: {escape(one.title)}")
    if one.why:
        console.print(escape(one.why))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("parameter", "value", "unit", "provenance", "date", "from"):
        table.add_column(title, justify="right" if title == "value" else "left", overflow="fold")
    used = {parameter.name: parameter for parameter in (top.from_parameters if top else ())}
    for name, parameter in {**one.parameters, **used}.items():
        table.add_row(
            escape(name),
            escape(said_value(parameter)),
            escape(parameter.unit),
            parameter.provenance,
            escape(parameter.date),
            escape(_origin(parameter)),
        )
    for name in one.missing if top is None else ():
        table.add_row(escape(name), "[red]missing[/]", escape(KNOWN[name].unit), "", "", KNOWN[name].meaning)
    console.print(table)
    if top is None:
        console.print("\nNo ceiling: say what is missing in a TOML file (docs/substrates.md).")
        return
    console.print(
        f"\nModelled ceiling{f' of {top.nodes} nodes' if top.nodes else ''}: "
        f"reads {top.read_bytes_per_s / _GB:.2f} GB/s ({top.read_limited_by}), "
        f"writes {top.write_bytes_per_s / _GB:.2f} GB/s ({top.write_limited_by})"
    )
    if top.assumed:
        console.print(f"Leads to no verdict: {', '.join(top.assumed)} assumed.")


def said_value(parameter: Parameter) -> str:
    """A parameter's value in words."""
    value = parameter.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:,.10g}"


def _origin(parameter: Parameter) -> str:
    source = f"{parameter.source.title}, {parameter.source.url}" if parameter.source else ""
    return "; ".join(part for part in (source, parameter.why) if part)


def _facts(one: Substrate, top: Ceiling | None) -> dict[str, Any]:
    used = {parameter.name: parameter for parameter in (top.from_parameters if top else ())}
    return {
        "id": one.id,
        "title": one.title,
        "kind": one.kind,
        "parameters": {
            name: {
                "value": parameter.value,
                "unit": parameter.unit,
                "provenance": parameter.provenance,
                "source": parameter.source.url if parameter.source else None,
                "date": parameter.date or None,
                "why": parameter.why or None,
            }
            for name, parameter in {**one.parameters, **used}.items()
        },
        "missing": list(one.missing if top is None else ()),
        "assumed": list(one.assumed if top is None else top.assumed),
        "may_judge": top is not None and top.may_judge,
        "modelled": top
        and {
            "nodes": top.nodes or None,
            "read_bytes_per_s": round(top.read_bytes_per_s),
            "write_bytes_per_s": round(top.write_bytes_per_s),
            "read_limited_by": top.read_limited_by,
            "write_limited_by": top.write_limited_by,
            "from": list(used),
        },
    }
