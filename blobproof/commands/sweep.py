"""`blobproof sweep`: remove what interrupted runs left behind."""

from __future__ import annotations

import json

import click

from blobproof.arguments import ENDPOINT_HELP, json_option, style_option
from harness.containers import RUN_PREFIX, containers, remove
from harness.endpoint import Style
from harness.endpoints import open_endpoint
from harness.vocabulary import ExitCode


@click.command(name="sweep", epilog=ENDPOINT_HELP)
@click.argument("endpoint")
@click.option(
    "--hours", type=click.FloatRange(min=0), default=24.0, show_default=True, help="Only older ones."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@style_option
@json_option
def command(endpoint: str, hours: float, dry_run: bool, style: Style | None, as_json: bool) -> int:
    """Remove containers that earlier runs left on ENDPOINT: those named bp-… and older than --hours."""
    with open_endpoint(endpoint, style=style) as opened:
        old = tuple(one.name for one in containers(opened, RUN_PREFIX) if one.age_hours >= hours)
        stayed = () if dry_run else remove(opened, old)
    if as_json:
        click.echo(json.dumps({"found": list(old), "stayed": list(stayed), "dry_run": dry_run}))
    else:
        for name in old:
            click.echo(f"{'would remove' if dry_run else 'removed'} {name}" if name not in stayed else "")
        for said in stayed:
            click.echo(f"stayed {said}", err=True)
        click.echo(f"{len(old)} found, {len(stayed)} stayed")
    return ExitCode.INDETERMINATE if stayed else ExitCode.MET
