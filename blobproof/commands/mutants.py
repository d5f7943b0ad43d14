"""`blobproof mutants`: the façade's deliberately wrong variants, in its own words."""

from __future__ import annotations

import json

import click
from rich.markup import escape
from rich.table import Table

from blobproof.arguments import json_option
from blobproof.console import output
from harness.selftest.mutants import mutants
from harness.vocabulary import ExitCode


@click.command(name="mutants")
@json_option
def command(as_json: bool) -> int:
    """List the façade's deliberately wrong variants, and the requirements that each breaks.

    `run reference:NAME` certifies one; `selftest` says whether the suite notices them.
    """
    listed = mutants()
    if as_json:
        for one in listed:
            line = {"name": one.name, "breaks": one.breaks, "about": one.about}
            click.echo(json.dumps(line, ensure_ascii=False))
        return ExitCode.MET
    table = Table.grid(padding=(0, 2))
    for one in listed:
        table.add_row(escape(one.name), f"[dim]{escape(', '.join(one.breaks))}[/]", escape(one.about))
    output().print(table)
    return ExitCode.MET
