"""`blobproof run`: certify endpoints under one or several service versions; a run for each, one report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import click

from blobproof.arguments import ENDPOINT_HELP, check_mutants, json_option, run_options, style_option
from blobproof.commands.list import amount, show
from blobproof.console import output
from blobproof.runs import DESTRUCTIVE, Job, run_all, run_folder
from harness import ledger as ledgers
from harness import policy as policies
from harness.containers import RUN_PREFIX
from harness.data import folder
from harness.endpoint import Style, is_version
from harness.endpoints import resolve, spoken
from harness.manifest import EVERYTHING, GATES
from harness.plan import Plan, known_ids, make_plan
from harness.run import RunOptions
from harness.vocabulary import ExitCode


def _versions(
    _context: click.Context, _option: click.Parameter, said: tuple[str, ...]
) -> tuple[str | None, ...]:
    """Each version once; None, the endpoint's own, where none is given."""
    for version in said:
        if not is_version(version):
            raise click.BadParameter(f"{version!r} is no service version; write a date, such as 2019-02-02")
    return tuple(dict.fromkeys(said)) or (None,)


@click.command(name="run", epilog=ENDPOINT_HELP)
@click.argument("endpoints", nargs=-1, required=True, metavar="ENDPOINT...")
@click.option(
    "--suite", "suites", multiple=True, metavar="SUITE", help="Only this folder of suites; repeatable."
)
@click.option("--case", "cases", multiple=True, metavar="ID", help="Only this case or scenario; repeatable.")
@click.option(
    "--gate",
    "gate",
    default="mvp",
    show_default=True,
    help="What must hold: mvp, strict, gates (which runs the client gates alone), or a .toml file.",
)
@run_options
@click.option(
    "--service-version",
    "versions",
    multiple=True,
    metavar="DATE",
    callback=_versions,
    help="x-ms-version of our own requests. Repeatable: a run for each, and a column. Clients speak versions "
    "of their own, so they run with the first only.  [default: the endpoint's]",
)
@click.option("--shuffle", type=int, metavar="NUMBER", help="Run in an order drawn from this number.")
@click.option(
    "--exhaustive", is_flag=True, help="Of each matrix of clients every cell, not the committed covering set."
)
@click.option(
    "--resume", is_flag=True, help="Go on with the run in --out that was cut off; what it has is kept."
)
@click.option("--scale", type=click.Choice(["normal", "large"]), default="normal", show_default=True)
@style_option
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and stop.")
@json_option
def command(
    endpoints: tuple[str, ...],
    suites: tuple[str, ...],
    cases: tuple[str, ...],
    gate: str,
    known: Path | None,
    out: Path | None,
    workers: int,
    server_processes: int,
    versions: tuple[str | None, ...],
    shuffle: int | None,
    exhaustive: bool,
    resume: bool,
    scale: str,
    style: Style | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Run suites and client gates against each ENDPOINT, and decide go or no-go.

    Several endpoints or service versions make one report with a column for each; the exit code is that of the
    worst. One that cannot be tested does not keep the others from it.
    """
    for name in endpoints:
        resolve(name, style=style)  # what is wrong with an argument is said before anything is sent
    if resume and (out is None or len(endpoints) * len(versions) > 1):
        raise click.UsageError("--resume goes on with one run, whose folder --out names")
    policy = policies.load(gate)
    named = bool(suites or cases)
    plan = make_plan(
        folder("suites"),
        only_suites=suites,
        only_ids=cases,
        scale=scale,
        of_gates=policy.set == GATES and not named,
        exhaustive=exhaustive,
    )
    if exhaustive and GATES not in plan.manifests:
        raise click.UsageError("--exhaustive is about matrices, and this run has none; add --gate gates")
    if named:  # what somebody names is what the gate is to be about, in whatever set it is
        policy = replace(policy, set=GATES if GATES in plan.manifests else EVERYTHING)
    ledger = ledgers.load(known, known_ids(folder("suites"), scale=scale)) if known else {}
    plans = [plan, *(plan.without_scenarios() for _ in versions[1:])]
    if len(plans) > 1 and not plan.cases:
        raise click.UsageError(
            "there are only client scenarios to run, and clients speak service versions of their own; "
            "give one --service-version at most"
        )
    if dry_run:
        check_mutants(endpoints)
        _dry_run(endpoints, versions, plan, as_json)
        return ExitCode.MET
    several = len(endpoints) * len(versions) > 1

    def jobs() -> Iterator[Job]:  # one at a time: the folder of each is named when it begins
        for name, (version, part) in product(endpoints, zip(versions, plans, strict=True)):
            mark = version if version is not None and len(versions) > 1 else ""
            options = RunOptions(
                endpoint=name,
                plan=part,
                policy=policy if part is plan else policy.narrowed(part.ids),
                folder=run_folder(name, mark, out, several=several),
                workers=workers,
                scale=scale,
                style=style,
                service_version=version,
                server_processes=server_processes,
                ledger=ledger,
                shuffle=shuffle,
                resume=resume,
            )
            yield Job(options, len(part.cases) + len(part.scenarios), f"{spoken(name)} {mark}".rstrip())

    return run_all(jobs(), out, as_json=as_json)


def _dry_run(endpoints: tuple[str, ...], versions: tuple[str | None, ...], plan: Plan, as_json: bool) -> None:
    names = [spoken(name) for name in endpoints]
    dates = [version for version in versions if version is not None]
    if as_json:
        facts = {
            "endpoints": names,
            "service_versions": dates,
            "ids": list(plan.ids),
            "requests": plan.requests,
            "bytes": plan.bytes,
            "writes_to": f"{RUN_PREFIX}*",
        }
        click.echo(json.dumps(facts))
        return
    show(plan, output())
    click.echo(f"would be sent to {', '.join(names)}: {amount(plan)}")
    if len(dates) > 1:
        click.echo(f"once for each service version: {', '.join(dates)}; clients with {dates[0]} only")
    click.echo(DESTRUCTIVE)
