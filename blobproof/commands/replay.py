"""`blobproof replay`: golden specs sent to endpoints, re-signed for each, and the answers judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blobproof.arguments import ENDPOINT_HELP, check_mutants, json_option, run_options
from blobproof.console import output
from blobproof.runs import DESTRUCTIVE, Job, run_all, run_folder
from harness import ledger as ledgers
from harness import policy as policies
from harness.containers import RUN_PREFIX
from harness.data import folder
from harness.endpoint import Endpoint, Style
from harness.endpoints import resolve, spoken
from harness.golden.address import at_address
from harness.golden.plan import GoldenPlan, make_plan
from harness.golden.ways import Way
from harness.manifest import GOLDEN
from harness.run import RunOptions
from harness.vocabulary import ExitCode


@click.command(name="replay", epilog=ENDPOINT_HELP)
@click.argument("endpoints", nargs=-1, required=True, metavar="ENDPOINT...")
@click.option(
    "--trace",
    "traces",
    multiple=True,
    metavar="TRACE",
    help="Only this golden spec, client (azcopy) or version of one (azcopy/10.32.2); repeatable.",
)
@click.option(
    "--library",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with golden specs of one's own, as `record --out` writes it.  [default: those that ship]",
)
@click.option(
    "--auth",
    "way",
    type=click.Choice([way.value for way in Way]),
    default=Way.RECORDED.value,
    show_default=True,
    help="How requests are signed; recorded: as the client did, where the endpoint has such credentials.",
)
@click.option(
    "--face", type=click.Choice(["https", "host", "host-https"]), help="Another address of the endpoint."
)
@click.option(
    "--style",
    type=click.Choice([style.value for style in Style]),
    callback=lambda _context, _option, value: None if value is None else Style(value),
    help="The address with this addressing style; of a URL that does not say its style: what it is.",
)
@click.option("--gate", metavar="GATE", help="What must hold: golden, golden-strict, or a .toml file.")
@click.option("--strict", is_flag=True, help="Hold it to golden-strict, and not only to golden.")
@run_options
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and stop.")
@json_option
def command(
    endpoints: tuple[str, ...],
    traces: tuple[str, ...],
    library: Path | None,
    way: str,
    face: str | None,
    style: Style | None,
    gate: str | None,
    strict: bool,
    known: Path | None,
    out: Path | None,
    workers: int,
    server_processes: int,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Replay golden specs at each ENDPOINT: what real clients sent, in the order that they need.

    Requests go out byte for byte as the client sent them, but for names, dates and signatures. The exit code
    is that of the worst endpoint.
    """
    if face is not None and style is not None:
        raise click.UsageError("--face names an address, and --style chooses one; give one of them")
    if gate is not None and strict:
        raise click.UsageError("--strict is a gate of its own; give it or --gate")
    for name in endpoints:
        target = resolve(name, style=style)  # what is wrong with an argument is said before anything is sent
        if isinstance(target, Endpoint):
            at_address(target, face, style)
    policy = policies.load(gate or ("golden-strict" if strict else "golden"))
    where = folder("traces") if library is None else library.resolve()
    plan = make_plan(where, traces, frozen=library is None)
    ledger = ledgers.load(known, plan.manifests[GOLDEN].ids) if known else {}
    if dry_run:
        check_mutants(endpoints)
        _dry_run(endpoints, plan, as_json)
        return ExitCode.MET

    def jobs() -> Iterator[Job]:  # one at a time: the folder of each is named when it begins
        for name in endpoints:
            options = RunOptions(
                endpoint=name,
                plan=plan,
                policy=policy,
                folder=run_folder(name, "", out, several=len(endpoints) > 1),
                workers=workers,
                style=style,
                server_processes=server_processes,
                ledger=ledger,
                way=Way(way),
                face=face,
            )
            yield Job(options, len(plan.specs), spoken(name))

    return run_all(jobs(), out, as_json=as_json)


def _dry_run(endpoints: Sequence[str], plan: GoldenPlan, as_json: bool) -> None:
    names = [spoken(name) for name in endpoints]
    if as_json:
        facts = {
            "endpoints": names,
            "ids": list(plan.ids),
            "requests": plan.requests,
            "bytes": plan.bytes,
            "writes_to": f"{RUN_PREFIX}*",
        }
        click.echo(json.dumps(facts))
        return
    _show(plan, output())
    click.echo(
        f"would be sent to {', '.join(names)}: {len(plan.specs)} golden specs "
        f"({plan.requests:,} requests, {plan.bytes / 2**20:.1f} MiB)"
    )
    click.echo(DESTRUCTIVE)


def _show(plan: GoldenPlan, console: Console) -> None:
    table = Table.grid(padding=(0, 2))
    for spec in plan.specs:
        table.add_row(escape(spec.id), f"[dim]{len(spec.sent)} requests[/]", escape(spec.title))
    console.print(table)
