"""`blobproof bench`: a load profile against an endpoint, by a fleet of workers, here or on several hosts."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from blobproof.arguments import json_option, style_option
from blobproof.bench_arguments import address, plan_of, scale, size
from blobproof.bench_screen import Progress, facts, plan_facts, plan_lines, summary
from blobproof.console import output
from blobproof.runs import empty_folder
from harness.endpoint import Endpoint
from harness.endpoints import resolve
from harness.vocabulary import ExitCode
from loadgen.fleet.bounds import bounds
from loadgen.fleet.job import WAITS, Auth, Waits
from loadgen.fleet.join import join
from loadgen.fleet.launch import Formation
from loadgen.fleet.opened import free_bytes, opened
from loadgen.fleet.run import bench
from loadgen.fleet.wish import Wish
from loadgen.kpi.measure import known_metrics
from loadgen.kpi.objectives import Objective, parse
from loadgen.kpi.objectives import check as check_objectives
from loadgen.kpi.stated import read_stated
from loadgen.kpi.values import NOTHING
from loadgen.plan.fit import Rates, fit
from loadgen.plan.fit import check as check_fit
from loadgen.plan.make import DEFAULT_SEED
from loadgen.plan.values import Plan
from loadgen.storm.plan import Storm
from loadgen.storm.plan import check as check_storm
from loadgen.storm.plan import parse as parse_storm
from loadgen.substrates.read import substrate as find_substrate

_HELP = (
    "PROFILE is one of `blobproof profiles`, or a TOML file. ENDPOINT is a URL, a connection string, a TOML "
    "file, `env` (the AZURE_STORAGE_… variables), or a built-in: reference, reference:MUTANT, azurite, null "
    "(nginx, which keeps nothing). Credentials come from the environment."
)


@click.command(name="bench", epilog=_HELP)
@click.argument("profile", required=False)
@click.argument("endpoint", required=False)
@click.option(
    "--scale",
    callback=scale,
    default="1",
    show_default=True,
    help="Bytes to move / bytes of the profile: 1/1000, 0.001 or 0.1%. It is on every row of the results.",
)
@click.option("--ranks", type=click.IntRange(min=1), help="How many there are. [default: by the scale]")
@click.option("--iterations", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--choose", multiple=True, metavar="KEY=OPTION", help="What a profile leaves open: layout=dcp.")
@click.option("--block-size", callback=size, metavar="SIZE", help="Of a Put Block.")
@click.option("--parallel", type=click.IntRange(min=1), help="Requests at once, a rank.")
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), help="How long tasks arrive (open loops)."
)
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Tasks a second (open loops).")
@click.option("--workers", type=click.IntRange(0, 256), help="Processes here. [default: 1 a core]")
@click.option("--connections", type=click.IntRange(1, 4096), help="Of a worker, at most.")
@click.option(
    "--auth", type=click.Choice([one.value for one in Auth]), help="[default: as ENDPOINT is given]"
)
@click.option("--substrate", metavar="ID", help="What ENDPOINT runs on; never said of what runs elsewhere.")
@click.option("--redundancy", metavar="TEXT", help="What ENDPOINT keeps after a node is lost: ec 8+4, none …")
@click.option("--flush", metavar="TEXT", help="When ENDPOINT's writes survive a crash: before the answer …")
@click.option("--objective", "objectives", multiple=True, metavar="METRIC<=VALUE", help="Else exit code 6.")
@click.option(
    "--stated",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What no run can measure, a .toml file: prices, failures, how much is to be staged.",
)
@click.option("--list-metrics", is_flag=True, help="What a run of PROFILE can have, and stop.")
@click.option("--web", type=click.IntRange(1, 65535), metavar="PORT", help="Show Locust's page on 127.0.0.1.")
@click.option(
    "--master",
    callback=address,
    metavar="HOST:PORT",
    help="Where workers of other hosts join. Anybody who reaches it can join: use a network of your own.",
)
@click.option("--expect-workers", type=click.IntRange(min=0), default=0, metavar="N", help="That join.")
@click.option(
    "--join",
    "joins",
    callback=address,
    metavar="HOST:PORT",
    help="Work for the master of another host, with credentials of this one: --join HOST:PORT [ENDPOINT]",
)
@click.option("--op-log", is_flag=True, help="Every worker writes down every operation.")
@click.option(
    "--self-test/--no-self-test", default=True, help="Measure first what the generator can do at most."
)
@click.option(
    "--give-up",
    type=click.FloatRange(min=1),
    default=WAITS.give_up,
    show_default=True,
    metavar="SECONDS",
    help="Every operation fails: after so long the endpoint counts as lost.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=WAITS.operation,
    show_default=True,
    metavar="SECONDS",
    help="Of one operation.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="WHAT@TIME+DURATION",
    help="What goes wrong, and when: busy@10s+5s, slow@10s+5s,delay=200ms, kill-worker@10s, restart@10s+2s.",
)
@click.option(
    "--within",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Refuse a run that would take longer than this at --expect-rate.",
)
@click.option(
    "--expect-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="GB/S",
    help="What ENDPOINT may do. How long a run would take follows, and whether a phase would be late.",
)
@click.option("--seed", type=click.IntRange(0, 2**31), default=DEFAULT_SEED, show_default=True)
@click.option(
    "--server-processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Of a built-in."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the run, empty or not there yet. [default: runs/TIME-PROFILE]",
)
@click.option("--keep", is_flag=True, help="The container stays.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and stop.")
@style_option
@json_option
def command(**given: Any) -> int:
    """Put load on ENDPOINT as PROFILE says, and measure it from barrier to barrier."""
    if given["joins"] is not None:
        return _join(given)
    if given["profile"] is None:
        raise click.UsageError("PROFILE is missing: `blobproof profiles` lists them.")
    plan = plan_of(given)
    goals = tuple(map(parse, given["objectives"]))
    stated = NOTHING if given["stated"] is None else read_stated(given["stated"])
    known = known_metrics(plan, stated)
    if given["list_metrics"]:
        for name, unit in sorted(known.items()):
            click.echo(f"{name}  {unit}")
        return ExitCode.MET
    check_objectives(goals, known)
    _storm(plan, given)  # said before anything else is looked at
    if given["endpoint"] is None:
        raise click.UsageError("ENDPOINT is missing: reference, azurite, null, a URL, a TOML file, env.")
    if given["dry_run"]:
        return _dry_run(plan, given)
    return _run(plan, goals, {**given, "stated": stated})


def _formation(plan: Plan, given: Mapping[str, Any]) -> Formation:
    expected = given["expect_workers"]
    if given["master"] is None and expected:
        raise click.UsageError("--expect-workers wants --master HOST:PORT, where they are to join.")
    cores = min(len(os.sched_getaffinity(0)), plan.ranks)
    local = (0 if expected else cores) if given["workers"] is None else given["workers"]
    if not local and not expected:
        raise click.UsageError("no workers: give --workers 1 or more, or --master with --expect-workers.")
    host, port = given["master"] or ("127.0.0.1", 0)
    web = None if given["web"] is None else ("127.0.0.1", given["web"])
    return Formation(local, host, port, web)


def _wish(plan: Plan, goals: tuple[Objective, ...], given: Mapping[str, Any]) -> Wish:
    """What is asked for. Its folder is made when nothing is wrong with the rest."""
    chosen = None if given["substrate"] is None else find_substrate(given["substrate"])
    durability = {"redundancy": given["redundancy"], "flush": given["flush"]}
    storm = _storm(plan, given)
    disclosure: dict[str, Any] = {"durability": durability} if any(durability.values()) else {}
    if storm is not None:
        disclosure["faults"] = [act.text for act in storm.acts]
    # An endpoint that is to fail for a while is not lost before that while is over.
    give_up = given["give_up"] + (0.0 if storm is None else storm.longest_s)
    return Wish(
        plan,
        given["endpoint"],
        None if given["auth"] is None else Auth(given["auth"]),
        _formation(plan, given),
        Path(),
        expected=given["expect_workers"],
        connections=given["connections"] or 0,
        waits=Waits(give_up=give_up, operation=given["timeout"]),
        op_log=given["op_log"],
        keep=given["keep"],
        self_test=given["self_test"],
        objectives=goals,
        given=given["stated"],
        substrate=None if chosen is None else chosen.id,
        substrate_provenance=None if chosen is None else chosen.provenance.value,
        bounds=() if chosen is None else bounds(chosen),
        disclosure=disclosure,
        storm=storm,
    )


def _storm(plan: Plan, given: Mapping[str, Any]) -> Storm | None:
    """What is to go wrong, if it can in this run."""
    storm = parse_storm(given["faults"])
    if storm is not None:
        check_storm(
            storm,
            phases=[phase.name for phase in plan.phases],
            workers=_formation(plan, given).local,
            elsewhere=given["expect_workers"],
            can_restart=(given["endpoint"] or "").partition(":")[0] == "reference",
        )
    return storm


def _run(plan: Plan, goals: tuple[Objective, ...], given: Mapping[str, Any]) -> int:
    name, style = given["endpoint"], given["style"]
    # Before anything is started; said with the numbers.
    check_fit(plan, free_bytes(name, style), _rates(given), given["within"])
    wish = replace(_wish(plan, goals, given), folder=empty_folder(given["out"], plan.profile).resolve())
    with (
        opened(
            name,
            wish.folder / "logs",
            style=style,
            processes=given["server_processes"],
            restarts=wish.storm is not None and wish.storm.needs_restart,
        ) as there,
        Progress(output(stderr=True), plan) as progress,
    ):
        done = bench(replace(wish, shown=there.shown), there.endpoint, progress, there.lives)
    # Imported here: pandas takes its time, and nobody needs it before the end.
    from reports.load import page

    if given["as_json"]:
        click.echo(json.dumps(facts(done), ensure_ascii=False))
    else:
        summary(output(), done)
        click.echo(f"run: {done.folder}")
    report = page.build(done.folder, done.folder / "report.html")
    if not given["as_json"]:
        click.echo(f"report: {report}")
    return done.exit_code


def _dry_run(plan: Plan, given: Mapping[str, Any]) -> int:
    formation = _formation(plan, given)
    found = fit(plan, free_bytes(given["endpoint"], given["style"]), _rates(given))
    workers = formation.local + given["expect_workers"]
    if given["as_json"]:
        click.echo(json.dumps({**plan_facts(plan, found), "workers": workers}, ensure_ascii=False))
    else:
        for line in plan_lines(plan, found):
            click.echo(line)
        click.echo(f"workers: {formation.local} here, {given['expect_workers']} that join")
    check_fit(plan, found.free_bytes, found.rates, given["within"])
    return ExitCode.MET


def _rates(given: Mapping[str, Any]) -> Rates:
    return Rates(given["expect_rate"] * 1e9, said="--expect-rate")


def _join(given: Mapping[str, Any]) -> int:
    """The first word is the ENDPOINT here, if there is one: which profile it is, the master says."""
    name = given["profile"]
    endpoint = None
    if name is not None:
        target = resolve(name, style=given["style"])
        if not isinstance(target, Endpoint):
            raise click.UsageError(f"{name} is a built-in of this host: a worker joins where others are.")
        endpoint = target
    folder = given["out"] or Path("runs") / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-joined-{os.getpid()}"
    return join(given["joins"], endpoint, folder, lambda said: click.echo(said, err=True))
