"""`blobproof gate`: go or no-go from a run that exists."""

from __future__ import annotations

import json
from pathlib import Path

import click

from blobproof.arguments import json_option
from harness import manifest as manifests
from harness import policy as policies
from harness.data import folder
from harness.manifest import GOLDEN
from harness.results.read import read


@click.command(name="gate")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--policy",
    default="mvp",
    show_default=True,
    help="What must hold: mvp, strict, golden, golden-strict, or a .toml file.",
)
@json_option
def command(run: Path, policy: str, as_json: bool) -> int:
    """Decide whether the RUN folder meets a gate; nothing is sent.

    A gate needs everything that the manifest of its set lists: a run of some suites alone meets none.
    """
    chosen = policies.load(policy)
    results = read(run)
    where = folder("traces" if chosen.set == GOLDEN else "suites")
    decision = policies.decide(results, chosen, manifests.load_one(where, chosen.set).ids)
    if as_json:
        facts = {
            "run": str(run),
            "gate": decision.policy,
            "met": decision.met,
            "exit_code": decision.exit_code.value,
            "reasons": list(decision.reasons),
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
        return decision.exit_code
    click.echo(
        f"{run}: gate {decision.policy} {'met' if decision.met else 'not met'}; {results.score(chosen.set)}"
    )
    for reason in decision.reasons:
        click.echo(f"  {reason}")
    return decision.exit_code
