"""`blobproof mutants`: the façade's deliberately wrong variants, in its own words."""

from __future__ import annotations

import subprocess
import sys

import click
from rich.table import Table

from blobproof.console import output
from harness.vocabulary import ExitCode


@click.command(name="mutants")
def command() -> int:
    """List the façade's deliberately wrong variants; `run reference:NAME` certifies one."""
    listing = subprocess.run(
        [sys.executable, "-m", "reference_impl", "mutants"], check=True, capture_output=True, text=True
    ).stdout
    table = Table.grid(padding=(0, 2))
    for line in listing.splitlines():
        table.add_row(*line.split("\t", 1))
    output().print(table)
    return ExitCode.MET
