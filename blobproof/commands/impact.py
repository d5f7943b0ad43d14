"""`blobproof impact`: what the divergences of a run mean for the flows of real clients."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from blobproof.arguments import json_option
from blobproof.console import output
from blobproof.impact_screen import facts, profile_facts, show, show_profiles
from harness import catalogue
from harness.data import folder
from harness.golden.document import load_tree
from harness.golden.impact import impact
from harness.golden.profile import profiles
from harness.golden.reliance import FILE as TABLE
from harness.golden.reliance import Reliance
from harness.golden.reliance import load as load_reliance
from harness.golden.spec import GoldenSpec
from harness.results.read import read
from harness.vocabulary import ExitCode


@click.command(name="impact")
@click.argument("run", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--client", "clients", multiple=True, metavar="NAME", help="Only this client; repeatable.")
@click.option("--all", "everything", is_flag=True, help="Every reason, and the flows that are unharmed.")
@click.option("--uses", "as_uses", is_flag=True, help="What clients send and depend on; needs no RUN.")
@click.option("--html", "as_page", is_flag=True, help="Draw it as one HTML file.  [default: RUN/impact.html]")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the page goes.")
@click.option(
    "--library",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Golden specs to go by.  [default: the library]",
)
@json_option
def command(
    run: Path | None,
    clients: tuple[str, ...],
    everything: bool,
    as_uses: bool,
    as_page: bool,
    out: Path | None,
    library: Path | None,
    as_json: bool,
) -> int:
    """Say which flows of which clients break because of what broke in the RUN folder; nothing is sent.

    Golden specs that were replayed, and clients that were run, show it themselves. What broke in cases and
    wire rules is laid beside what each client sends and depends on.
    """
    shelf = library or folder("traces")
    table = shelf if (shelf / TABLE).is_file() else folder("traces")
    specs, reliance = load_tree(shelf), load_reliance(table)
    if as_uses:
        known = profiles(specs, reliance, _chosen(clients, specs, reliance, ()))
        if as_json:
            click.echo(json.dumps([profile_facts(one) for one in known], ensure_ascii=False))
        else:
            show_profiles(output(), known)
        return ExitCode.MET
    if run is None:
        raise click.UsageError("give the folder of a RUN, or --uses")
    results = read(run)
    seen = [one["client"] for one in results.records if "client" in one]
    only = _chosen(clients, specs, reliance, seen)
    found = impact(results, specs, reliance, catalogue.load(folder("suites")), only)
    if as_page or out is not None:
        # Imported here: it brings jinja2 along, which no other word of this command needs.
        from reports import impact as pages

        where = out or run / "impact.html"
        try:
            pages.build(found, profiles(specs, reliance, only), where)
        except OSError as error:
            raise click.UsageError(f"{where} cannot be written: {error.strerror}") from error
        if not as_json:
            click.echo(where)
    if as_json:
        click.echo(json.dumps(facts(found), ensure_ascii=False))
    elif not as_page and out is None:
        show(output(), found, everything=everything)
    return found.exit_code


def _chosen(
    names: Sequence[str], specs: Sequence[GoldenSpec], reliance: Reliance, seen: Sequence[str]
) -> frozenset[str]:
    """The clients of these names. A name that no spec, table or record knows is a mistake."""
    known = {spec.client for spec in specs} | {*reliance.clients} | {reliance.client(one).id for one in seen}
    chosen = frozenset(reliance.client(name).id for name in names)
    if unknown := sorted(chosen - known):
        raise click.BadParameter(
            f"no client {unknown[0]!r}; there are: {', '.join(sorted(known))}", param_hint="--client"
        )
    return chosen
