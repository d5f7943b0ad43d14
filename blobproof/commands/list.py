"""`blobproof list`: the cases and scenarios there are, and the manifest they must be in."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blobproof.arguments import json_option
from blobproof.console import output
from harness import manifest as manifests
from harness.data import folder
from harness.golden.plan import write_manifest
from harness.manifest import GOLDEN
from harness.plan import Plan, make_plan, manifest_ids
from harness.rules.check import RULES
from harness.rules.tally import rule_id
from harness.vocabulary import ExitCode


@click.command(name="list")
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option("--check", is_flag=True, help="Only check every file, and the manifests against them.")
@click.option(
    "--write-manifests", is_flag=True, help="Write the manifests anew, for committing with the cases."
)
@json_option
def command(suites: tuple[str, ...], check: bool, write_manifests: bool, as_json: bool) -> int:
    """List cases and scenarios (of the named SUITEs, or all)."""
    if sum((check, write_manifests, as_json)) > 1 or (write_manifests and suites):
        raise click.UsageError(
            "--check, --write-manifests and --json stand alone; manifests are of all suites"
        )
    where = folder("suites")
    if write_manifests:
        sets = manifest_ids(where)
        manifests.write(where, sets)
        for name, ids in sets.items():
            click.echo(f"{manifests.manifest_path(where, name)}: {len(ids)} ids")
        traces = folder("traces")
        click.echo(f"{manifests.manifest_path(traces, GOLDEN)}: {write_manifest(traces)} ids")
        return ExitCode.MET
    plan = make_plan(where, only_suites=suites)
    if check:
        click.echo(f"{amount(plan)}: all well-formed and listed")
    elif as_json:
        for case in plan.cases:
            line = {
                "id": case.id,
                "kind": "case",
                "level": case.level,
                "operation": case.operation,
                "title": case.title,
            }
            click.echo(json.dumps(line, ensure_ascii=False))
        for scenario in plan.scenarios:
            line = {"id": scenario.id, "kind": "scenario", "title": scenario.title}
            click.echo(json.dumps(line, ensure_ascii=False))
        for rule in RULES:
            line = {"id": rule_id(rule), "kind": "rule", "level": rule.level, "title": rule.says}
            click.echo(json.dumps(line, ensure_ascii=False))
    else:
        show(plan, output())
    return ExitCode.MET


def show(plan: Plan, console: Console) -> None:
    """Print ids and titles, and what they amount to."""
    table = Table.grid(padding=(0, 2))
    for case in plan.cases:
        table.add_row(escape(case.id), f"[dim]{case.level}[/]", escape(case.title))
    for scenario in plan.scenarios:
        table.add_row(escape(scenario.id), "[dim]client[/]", escape(scenario.title))
    for rule in RULES:
        table.add_row(escape(rule_id(rule)), f"[dim]{rule.level}[/]", escape(rule.says))
    console.print(table)
    console.print(amount(plan))


def amount(plan: Plan) -> str:
    """What a plan comes to, in one sentence."""
    return (
        f"{len(plan.cases)} cases ({plan.requests:,} requests, {plan.bytes / 2**20:.1f} MiB sent) "
        f"and {len(plan.scenarios)} client scenarios, with {len(RULES)} wire rules over all they exchange"
    )
