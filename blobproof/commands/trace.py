"""`blobproof trace`: every requirement with what tests it and which mutants break it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blobproof.arguments import json_option
from blobproof.console import output
from harness import catalogue
from harness.data import folder
from harness.plan import everything
from harness.rules.check import RULES
from harness.scenarios import list_tested
from harness.selftest.mutants import mutants
from harness.traceability import Area, Status, Traced, trace
from harness.vocabulary import ExitCode

_COLOURS = {Status.TESTED: "green", Status.UNTESTED: "red", Status.UNTESTABLE: "dim"}


@click.command(name="trace")
@click.option(
    "--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Draw it as one HTML file."
)
@json_option
def command(page: Path | None, as_json: bool) -> int:
    """List the requirements, what tests each, and which mutants break it."""
    # Imported here: it brings jinja2 along, which no other word of this command needs.
    from reports import trace as pages

    suites = folder("suites")
    known = catalogue.load(suites)
    areas = trace(known, everything(suites)[0], RULES, list_tested(suites), mutants())
    if page is not None:
        try:
            click.echo(pages.build(areas, known, page))
        except OSError as error:
            raise click.UsageError(f"{page} cannot be written: {error.strerror}") from error
    elif as_json:
        for area in areas:
            for one in area.traced:
                click.echo(json.dumps(facts(one), ensure_ascii=False))
    else:
        _show(output(), areas)
        click.echo(pages.summary(areas))
    return ExitCode.MET


def facts(one: Traced) -> dict[str, Any]:
    """A requirement as JSON."""
    it = one.requirement
    return {
        "id": it.id,
        "area": it.area,
        "says": it.says,
        "level": it.level,
        "source": list(it.source),
        "why": it.why or None,
        "clients": list(it.clients),
        "status": one.status.value,
        "untestable": it.untestable or None,
        "cases": list(one.cases),
        "rules": [rule.id for rule in one.rules],
        "scenarios": list(one.scenarios),
        "mutants": [mutant.name for mutant in one.mutants],
    }


def _show(console: Console, areas: Sequence[Area]) -> None:
    for area in areas:
        console.print(f"[bold]{escape(area.name)}[/]")
        table = Table.grid(padding=(0, 2))
        for one in area.traced:
            said = escape(one.requirement.says)
            if one.status is Status.UNTESTABLE:
                said += f" [dim]({escape(one.requirement.untestable)})[/]"
            table.add_row(
                f"[{_COLOURS[one.status]}]{one.status}[/]",
                escape(one.requirement.id),
                f"[dim]{_counted(one)}[/]",
                said,
            )
        console.print(table)


def _counted(one: Traced) -> str:
    counts = {"cases": len(one.cases), "rules": len(one.rules), "mutants": len(one.mutants)}
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)
