"""`blobproof tools`: install the real clients, or say which are here."""

from __future__ import annotations

import json

import click

from harness.tools.find import Found, Missing, find, pins
from harness.tools.install import install
from harness.vocabulary import ExitCode


@click.command(name="tools")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "only_list", is_flag=True, help="Only say what is installed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(names: tuple[str, ...], only_list: bool, as_json: bool) -> int:
    """Install the real clients that the gates drive, into a folder of their own (all, or those NAMEd)."""
    if only_list:
        results = tuple(find(name) for name in names or pins())
    else:
        results = install(names, lambda line: click.echo(line, err=True))
    for result in results:
        if as_json:
            click.echo(json.dumps(_facts(result)))
        elif only_list:
            click.echo(_line(result))
    missing = [result for result in results if isinstance(result, Missing)]
    return ExitCode.NOTHING_VERIFIED if missing else ExitCode.MET


def _facts(result: Found | Missing) -> dict[str, str | None]:
    if isinstance(result, Found):
        return {"name": result.name, "version": result.version, "path": str(result.path), "missing": None}
    return {"name": result.name, "version": None, "path": None, "missing": result.reason}


def _line(result: Found | Missing) -> str:
    if isinstance(result, Found):
        return f"{result.name:20} {result.version:10} {result.path}"
    return f"{result.name:20} missing    {result.reason}. {result.how}"
