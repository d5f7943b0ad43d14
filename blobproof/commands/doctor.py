"""`blobproof doctor`: whose fault it is, before anything is judged."""

from __future__ import annotations

import dataclasses
import json

import click
from rich.console import Console
from rich.markup import escape

from blobproof.arguments import ENDPOINT_HELP, json_option, style_option
from blobproof.console import output
from harness.doctor import Diagnosis, Outcome, examine
from harness.endpoint import Style
from harness.endpoints import open_endpoint

_MARK = {
    Outcome.OK: "[green]ok[/]  ",
    Outcome.NOTE: "[yellow]note[/]",
    Outcome.FAIL: "[red]FAIL[/]",
    Outcome.SKIP: "[dim]–[/]   ",
}


@click.command(name="doctor", epilog=ENDPOINT_HELP)
@click.argument("endpoint")
@style_option
@json_option
def command(endpoint: str, style: Style | None, as_json: bool) -> int:
    """Check the way to ENDPOINT, its credentials and its most basic operations, and say whose fault it is."""
    with open_endpoint(endpoint, style=style) as opened:
        diagnosis = examine(opened)
    if as_json:
        facts = {**dataclasses.asdict(diagnosis), "exit_code": diagnosis.exit_code}
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        show(diagnosis, output())
    return diagnosis.exit_code


def show(diagnosis: Diagnosis, console: Console) -> None:
    """Print the checks, one a line, and what to do about the one that failed."""
    for check in diagnosis.checks:
        console.print(f"{_MARK[check.outcome]} {check.name:22} {escape(check.what)}", soft_wrap=True)
    for check in diagnosis.checks:
        if check.outcome is Outcome.FAIL and check.hint:
            fault = f"{check.fault.value}: " if check.fault else ""
            console.print(f"[bold]{escape(fault)}{escape(check.hint)}[/]", soft_wrap=True)
