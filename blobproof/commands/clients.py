"""`blobproof clients`: the real clients that are driven, which are here, what each does and does not do."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blobproof.arguments import json_option
from blobproof.console import output
from harness.drive.client import Cannot
from harness.drive.clients import client, clients
from harness.drive.offer import Offer, offer, words
from harness.drive.place import AUTHS
from harness.tools.find import Found, Missing, find, pins
from harness.vocabulary import ExitCode


@click.command(name="clients")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
def command(names: tuple[str, ...], as_json: bool) -> int:
    """List the real clients that Blobproof drives (all, or those NAMEd): what each can do, and is it here.

    What one cannot do is not applicable in a run, with the reason and its source. The exit code is 5 when one
    of them is missing; `blobproof tools` installs them.
    """
    listed = [(offer(client(name)), find(client(name).tool)) for name in names or clients()]
    if as_json:
        for one, found in listed:
            click.echo(json.dumps(_facts(one, found), ensure_ascii=False))
    else:
        console = output()
        console.print(_table(listed))
        if names:
            for one, _ in listed:
                _explain(one, console)
        _missing([found for _, found in listed if isinstance(found, Missing)], console)
    missing = any(isinstance(found, Missing) for _, found in listed)
    return ExitCode.NOTHING_VERIFIED if missing else ExitCode.MET


def _table(listed: list[tuple[Offer, Found | Missing]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("client", "version", "credentials", "styles", "does not"):
        table.add_column(title, overflow="fold")
    for one, found in listed:
        table.add_row(
            escape(one.client.name),
            escape(found.version) if isinstance(found, Found) else "[red]missing[/]",
            "every kind" if len(one.auths) == len(AUTHS) else ", ".join(one.auths),
            ", ".join(one.styles),
            ", ".join(one.cannot),
        )
    return table


def _explain(one: Offer, console: Console) -> None:
    console.print(f"\n[bold]{escape(one.client.name)}[/]: {escape(pins()[one.client.tool].what)}")
    for action, cannot in one.cannot.items():
        console.print(f"  {action}: {escape(_sentence(cannot))}")
    for limit in (*one.wide, *one.narrow):
        console.print(f"  {escape(words(limit))}: {escape(_sentence(limit.because))}")


def _sentence(cannot: Cannot) -> str:
    return f"{cannot.reason} [{', '.join(cannot.source)}]"


def _missing(missing: list[Missing], console: Console) -> None:
    for one in {found.name: found for found in missing}.values():
        console.print(f"{escape(one.name)} is missing: {escape(one.reason)}. {escape(one.how)}")


def _facts(one: Offer, found: Found | Missing) -> dict[str, Any]:
    pin = pins()[one.client.tool]
    return {
        "name": one.client.name,
        "version": found.version if isinstance(found, Found) else None,
        "missing": None if isinstance(found, Found) else found.reason,
        "install": None if isinstance(found, Found) else found.how,
        "tool": pin.name,
        "package": pin.requirement,
        "manager": pin.manager,
        "credentials": one.auths,
        "styles": one.styles,
        "can": one.can,
        "cannot": {
            action: {"reason": why.reason, "source": why.source} for action, why in one.cannot.items()
        },
        "limits": [
            {"when": words(limit), "reason": limit.because.reason, "source": limit.because.source}
            for limit in (*one.wide, *one.narrow)
        ],
    }
