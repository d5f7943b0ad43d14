"""`blobproof sweep`: remove what interrupted runs left behind."""

from __future__ import annotations

import json

import click

from blobproof.arguments import ENDPOINT_HELP, json_option, style_option
from harness.containers import RUN_PREFIX, containers, older, remove
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
        old = older(containers(opened, RUN_PREFIX), hours)
        stayed = {} if dry_run else remove(opened, old)
    if as_json:
        click.echo(json.dumps({"found": list(old), "stayed": dict(stayed), "dry_run": dry_run}))
    else:
        for name in old:
            if name in stayed:
                click.echo(f"stayed {name}: {stayed[name]}", err=True)
            else:
                click.echo(f"{'would remove' if dry_run else 'removed'} {name}")
        click.echo(f"{len(old)} found, {len(stayed)} stayed")
    return ExitCode.INDETERMINATE if stayed else ExitCode.MET
