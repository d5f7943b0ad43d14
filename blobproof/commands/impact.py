"""`blobproof impact`: what the divergences of a run mean for the flows of real clients."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from blobproof.arguments import json_option
from blobproof.console import output
from harness import catalogue
from harness.data import folder
from harness.golden.document import load_tree
from harness.golden.harm import Severity
from harness.golden.impact import ClientImpact, Flow, Impact, State, impact
from harness.golden.phrases import sentence
from harness.golden.reliance import FILE as TABLE
from harness.golden.reliance import Reliance
from harness.golden.reliance import load as load_reliance
from harness.golden.spec import GoldenSpec
from harness.results.read import read

_COLOURS = {
    Severity.DATA_LOSS: "bold red",
    Severity.BREAKS: "red",
    Severity.AT_RISK: "yellow",
    Severity.LOUD: "cyan",
}


@click.command(name="impact")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--client", "clients", multiple=True, metavar="NAME", help="Only this client; repeatable.")
@click.option("--all", "everything", is_flag=True, help="Every reason, and the flows that are unharmed.")
@click.option("--html", "as_page", is_flag=True, help="Draw it as one HTML file.  [default: RUN/impact.html]")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the page goes.")
@click.option(
    "--library",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Golden specs to go by.  [default: the library]",
)
@json_option
def command(
    run: Path,
    clients: tuple[str, ...],
    everything: bool,
    as_page: bool,
    out: Path | None,
    library: Path | None,
    as_json: bool,
) -> int:
    """Say which flows of which clients break because of what broke in the RUN folder; nothing is sent.

    Golden specs that were replayed, and clients that were run, show it themselves. What broke in cases and
    wire rules is laid beside what each client sends and depends on.
    """
    shelf = library or folder("traces")
    table = shelf if (shelf / TABLE).is_file() else folder("traces")
    specs, reliance = load_tree(shelf), load_reliance(table)
    results = read(run)
    only = _chosen(clients, specs, reliance, [one["client"] for one in results.records if "client" in one])
    found = impact(results, specs, reliance, catalogue.load(folder("suites")), only)
    if as_page or out is not None:
        # Imported here: it brings jinja2 along, which no other word of this command needs.
        from reports import impact as pages

        where = out or run / "impact.html"
        try:
            pages.build(found, where)
        except OSError as error:
            raise click.UsageError(f"{where} cannot be written: {error.strerror}") from error
        if not as_json:
            click.echo(where)
    if as_json:
        click.echo(json.dumps(facts(found), ensure_ascii=False))
    elif not as_page and out is None:
        show(output(), found, everything=everything)
    return found.exit_code


def _chosen(
    names: Sequence[str], specs: Sequence[GoldenSpec], reliance: Reliance, seen: Sequence[str]
) -> frozenset[str]:
    """The clients of these names. A name that no spec, table or record knows is a mistake."""
    known = {spec.client for spec in specs} | {*reliance.clients} | {reliance.client(one).id for one in seen}
    chosen = frozenset(reliance.client(name).id for name in names)
    if unknown := sorted(chosen - known):
        raise click.BadParameter(
            f"no client {unknown[0]!r}; there are: {', '.join(sorted(known))}", param_hint="--client"
        )
    return chosen


def facts(found: Impact) -> dict[str, Any]:
    """The impact as JSON."""
    header = found.results.header
    return {
        "run": header["run"],
        "endpoint": header["endpoint"]["name"],
        "service_version": header["service_version"],
        "complete": found.results.complete,
        "exit_code": found.exit_code.value,
        "clients": [
            {
                "client": one.client.id,
                "name": one.client.name,
                "verified": one.verified,
                "flows": [_flow(flow) for flow in one.flows],
            }
            for one in found.clients
        ],
    }


def _flow(flow: Flow) -> dict[str, Any]:
    return {
        "flow": flow.name,
        "state": flow.state.value,
        "severity": flow.severity.value if flow.severity else None,
        "known": flow.known,
        "specs": list(flow.specs),
        "note": flow.note or None,
        "reasons": [
            {
                "says": sentence(flow.client.name, flow.name, harm),
                "severity": harm.severity.value,
                "reason": harm.reason,
                "effect": harm.effect or None,
                "source": list(harm.source),
                "step": harm.step,
                "shown": harm.shown,
                "known": harm.known,
                "evidence": list(harm.evidence),
            }
            for harm in flow.harms
        ],
    }


def show(console: Console, found: Impact, *, everything: bool) -> None:
    """Print it, client by client, the worst first."""
    header = found.results.header
    console.print(
        f"[bold]{escape(header['endpoint']['name'])}[/], service version "
        f"{escape(header['service_version'])}, run {escape(header['run'])}",
        soft_wrap=True,
    )
    if not found.results.complete:
        console.print("[yellow]the run was cut off: what it did not bring is not verified[/]")
    for client in found.clients:
        _show_client(console, client, everything=everything)
    console.print(summary(found))


def _show_client(console: Console, of: ClientImpact, *, everything: bool) -> None:
    harmed, unverified = of.of(State.HARMED), of.of(State.UNVERIFIED)
    whole = of.of(State.HELD, State.UNCONTRADICTED)
    console.print(f"\n[bold]{escape(of.client.name)}[/]")
    for flow in harmed:
        for harm in flow.harms if everything else flow.harms[:1]:
            colour = "dim" if harm.known else _COLOURS[harm.severity]
            word = "known" if harm.known else harm.severity.value
            said = sentence(of.client.name, flow.name, harm)
            console.print(f"  [{colour}]{word:13}[/]{escape(said)}", soft_wrap=True)
        if not everything and len(flow.harms) > 1:
            console.print(f"  {'':13}[dim]and {_count(len(flow.harms) - 1, 'more reason')}[/]")
    if everything:
        for flow in whole:
            note = f" [dim]({escape(flow.note)})[/]" if flow.note else ""
            console.print(f"  [green]{'unharmed':13}[/]{escape(flow.name)}{note}", soft_wrap=True)
        for flow in unverified:
            console.print(
                f"  [dim]{'not verified':13}[/]{escape(flow.name)} [dim]({escape(flow.note)})[/]",
                soft_wrap=True,
            )
        return
    if not of.verified:
        console.print(f"  nothing was verified: {escape(of.flows[0].note)}", soft_wrap=True)
        return
    counts = [f"{_count(len(whole), 'flow')} unharmed"] if whole else []
    counts += [f"{len(unverified)} not verified"] if unverified else []
    if counts:
        console.print(f"  [dim]{', '.join(counts)}[/]")


def summary(found: Impact) -> str:
    """The whole in one line."""
    flows = found.flows
    counts = {word: sum(flow.severity is word for flow in flows) for word in Severity}
    words = {
        "losing data, or in danger of it": counts[Severity.DATA_LOSS],
        "broken": counts[Severity.BREAKS],
        "at risk": counts[Severity.AT_RISK],
        "failing in another way": counts[Severity.LOUD],
        "unharmed": sum(flow.state in (State.HELD, State.UNCONTRADICTED) for flow in flows),
        "not verified": sum(flow.state is State.UNVERIFIED for flow in flows),
    }
    said = ", ".join(f"{count} {word}" for word, count in words.items() if count)
    return f"\n{_count(len(flows), 'flow')} of {_count(len(found.clients), 'client')}: {said or 'none'}"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
