"""`blobproof record`: run a real client behind the recorder, and compile what it did to golden specs."""

from __future__ import annotations

import json
import shlex
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from blobproof.arguments import ENDPOINT_HELP, json_option, style_option
from blobproof.console import output
from blobproof.record_screen import Progress, line
from harness.data import folder
from harness.endpoint import Endpoint, Style
from harness.endpoints import resolve, spoken
from harness.golden.compile import CompileError
from harness.golden.document import load
from harness.golden.guard import LeakError
from harness.recording.again import round_trip
from harness.recording.command import Given, given_command
from harness.recording.drivers import driver
from harness.recording.errors import RecordingError
from harness.recording.place import PlaceholderError
from harness.recording.record import RECORDINGS, Recorded, differs, record, write
from harness.recording.recorders import Recorders, endpoint_and_recorders
from harness.recording.scenario import ClientScenario, Signed
from harness.recording.scenarios import find_scenario, load_scenarios, scenario_clients
from harness.recording.stage import PREFIX
from harness.recording.variants import variant, varied
from harness.tools.find import Found, Missing, find
from harness.vocabulary import ExitCode, exit_code

_WORDS = "blobproof.record.words"
_OF_ONE = (RecordingError, CompileError, LeakError, PlaceholderError)
"""What keeps one scenario from being recorded, and no other."""


class _WithWords(click.Command):
    """Everything behind `--` is a command of its own, and no argument of ours."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta[_WORDS] = args[at + 1 :]
            args = args[:at]
        return super().parse_args(ctx, args)


@click.command(
    name="record",
    cls=_WithWords,
    options_metavar="[OPTIONS]",
    epilog=f"{ENDPOINT_HELP} docs/record.md tells more.",
)
@click.argument("client", required=False)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]... | -- PROGRAM [WORD]...")
@click.option("--against", default="reference", show_default=True, metavar="ENDPOINT", help="Record on this.")
@click.option("--all", "everything", is_flag=True, help="Every scenario of every client.")
@click.option(
    "--recordings",
    type=click.IntRange(1, 20),
    default=RECORDINGS,
    show_default=True,
    help="How many recordings of a scenario must agree.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the library; a command behind `--` may have a .yaml file instead.  [default: traces]",
)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; compare with the library.")
@click.option(
    "--round-trip",
    "again",
    is_flag=True,
    help="Write nothing; replay the library's specs in the client's place, and compile that again.",
)
@click.option("--list", "only_list", is_flag=True, help="List the scenarios, and stop.")
@click.option("--dry-run", is_flag=True, help="Say what would be run, and stop.")
@style_option
@click.option(
    "--name",
    default="command",
    show_default=True,
    metavar="NAME",
    help="Of what a command behind `--` makes.",
)
@click.option(
    "--signed",
    type=click.Choice(["shared-key", "account-sas", "bearer"]),
    default="account-sas",
    show_default=True,
    help="How a command behind `--` signs.",
)
@click.option("--secure", is_flag=True, help="HTTPS between a command behind `--` and the recorder.")
@click.option("--exit", "exits", type=int, multiple=True, default=(0,), help="How such a command may end.")
@click.option(
    "--tool", metavar="TOOL", help="Another version of the client, by its name in `blobproof tools`."
)
@click.option(
    "--env",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    callback=lambda _context, _option, said: _settings(said),
    help="Something in the client's environment; it is then recorded as VERSION@VALUE. Repeatable.",
)
@click.option("--client-version", default="", metavar="VERSION", help="Of a program that does not say it.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    client: str | None,
    scenarios: tuple[str, ...],
    against: str,
    everything: bool,
    recordings: int,
    out: Path | None,
    only_check: bool,
    again: bool,
    only_list: bool,
    dry_run: bool,
    style: Style | None,
    name: str,
    signed: Signed,
    secure: bool,
    exits: tuple[int, ...],
    tool: str | None,
    settings: Mapping[str, str],
    client_version: str,
    as_json: bool,
) -> int:
    """Record golden specs: CLIENT does its scenarios behind mitmproxy, and what it did is compiled.

    Without a SCENARIO, all of the client's. Behind `--` stands any command, whose words may hold {url}, {sas}
    and {own-container}; --out then names the .yaml file to write, or the folder of a library.
    """
    resolve(against, style=style)  # what is wrong with an argument is said before anything is started
    words: Sequence[str] | None = context.meta.get(_WORDS)
    given: Given | None = None
    if words is not None:
        if client is not None or everything or only_check or again or only_list or tool or settings:
            raise click.UsageError(
                "a command behind `--` stands alone: no client, --all, --check, --round-trip, --list, --tool "
                "or --env"
            )
        if not words:
            raise click.UsageError("there is no command behind `--`")
        if out is None:
            raise click.UsageError("--out names the .yaml file, or library, for a command behind `--`")
        given = given_command(
            words,
            name=name,
            exits=exits,
            signed=signed,
            style=style or Style.PATH,
            secure=secure,
            version=client_version,
        )
        chosen: tuple[ClientScenario, ...] = (given.scenario,)
    else:
        if everything and (tool or settings):
            raise click.UsageError("--tool and --env are about one client: name it")
        chosen = tuple(varied(one, settings) for one in _chosen(client, scenarios, everything))
    if only_list:
        _list(chosen, as_json)
        return ExitCode.MET
    if dry_run:
        _dry_run(chosen, given, against, recordings, as_json)
        return ExitCode.MET
    found = given.found if given is not None else variant(chosen[0], tool, settings)
    job = _Job(recordings, out or folder("traces"), only_check, again, given, found)
    codes: list[ExitCode] = []
    with (
        endpoint_and_recorders(against, style) as (endpoint, recorders),
        Progress(output(stderr=True), spoken(against), len(chosen)) as progress,
    ):
        for scenario in chosen:
            began = time.monotonic()
            facts, code = job.do(scenario, endpoint, recorders, progress)
            facts["seconds"] = round(time.monotonic() - began, 1)
            codes += [code] if code is not None else []
            progress.done()
            if as_json:
                click.echo(json.dumps(facts, ensure_ascii=False))
            else:
                click.echo(line(facts))
    return exit_code(codes)


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be done with every scenario."""

    recordings: int
    out: Path
    only_check: bool
    again: bool
    given: Given | None
    found: Found | None  # the program, where it is not the client's usual one

    def do(
        self, scenario: ClientScenario, endpoint: Endpoint, recorders: Recorders, progress: Progress
    ) -> tuple[dict[str, Any], ExitCode | None]:
        """Record one scenario: the facts about it, and an exit code where something is wrong."""
        facts: dict[str, Any] = {"scenario": scenario.id}
        try:
            if self.again:
                return self._again(facts, scenario, endpoint, recorders, progress)
            recorded = record(
                scenario,
                endpoint,
                recorders,
                recordings=self.recordings,
                watch=lambda words: progress.say(f"{scenario.id}: {words}"),
                how=None if self.given is None else self.given.how,
                found=self.found,
            )
            facts |= {
                "id": recorded.spec.id,
                "recordings": recorded.made,
                "varied": list(recorded.varied),
                "remarks": list(recorded.spec.remarks),
            }
            if self.only_check:
                change = differs(recorded, self.out)
                result = "same" if change is None else "differs"
                return {
                    **facts,
                    "result": result,
                    "why": change,
                }, None if change is None else ExitCode.DIVERGENCE
            return {**facts, "result": "written", "file": str(self._write(recorded))}, None
        except _OF_ONE as error:
            code = ExitCode(error.exit_code)
            return {**facts, "result": "failed", "why": str(error), "hint": error.hint}, code

    def _again(
        self,
        facts: dict[str, Any],
        scenario: ClientScenario,
        endpoint: Endpoint,
        recorders: Recorders,
        progress: Progress,
    ) -> tuple[dict[str, Any], ExitCode | None]:
        """Replay what the library has of a scenario, in each version, and compare."""
        there = sorted(self.out.glob(f"{scenario.client}/*/{scenario.name}.yaml"))
        change = None if there else "there is none in the library"
        for path in there:
            spec = load(path, self.out)
            change = change or round_trip(
                spec,
                scenario,
                endpoint,
                recorders,
                recordings=self.recordings,
                watch=lambda words: progress.say(f"{scenario.id}: {words}"),
            )
        result = "same" if change is None else "differs"
        return {**facts, "result": result, "why": change}, None if change is None else ExitCode.DIVERGENCE

    def _write(self, recorded: Recorded) -> Path:
        if self.given is None or self.out.suffix != ".yaml":
            return write(recorded, self.out)
        self.out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=self.out.parent) as beside:
            return write(recorded, Path(beside)).replace(self.out)


def _settings(said: Sequence[str]) -> Mapping[str, str]:
    """NAME=VALUE by name."""
    out = {}
    for one in said:
        name, equals, value = one.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{one!r} is not NAME=VALUE")
        out[name] = value
    return out


def _chosen(client: str | None, names: Sequence[str], everything: bool) -> tuple[ClientScenario, ...]:
    """The scenarios that the arguments name."""
    traces = folder("traces")
    if everything:
        if client is not None:
            raise click.UsageError("--all means every client: name none")
        every = [load_scenarios(traces, name) for name in scenario_clients(traces)]
        return tuple(scenario for known in every for scenario in known.values())
    if client is None:
        known = ", ".join(scenario_clients(traces))
        raise click.UsageError(f"name a CLIENT, or --all, or a command behind `--`; clients: {known}")
    driver(client)
    if names:
        return tuple(find_scenario(traces, client, name) for name in names)
    return tuple(load_scenarios(traces, client).values())


def _list(chosen: Sequence[ClientScenario], as_json: bool) -> None:
    for scenario in chosen:
        if as_json:
            facts = {
                "scenario": scenario.id,
                "title": scenario.title,
                "why": scenario.why,
                "flow": scenario.flow,
            }
            click.echo(json.dumps(facts, ensure_ascii=False))
        else:
            click.echo(f"{scenario.id:45} {scenario.title}")


def _dry_run(
    chosen: Sequence[ClientScenario], given: Given | None, against: str, recordings: int, as_json: bool
) -> None:
    for scenario in chosen:
        client = given.found if given is not None else find(driver(scenario.client).tool)
        missing = client.reason if isinstance(client, Missing) else None
        version = None if isinstance(client, Missing) else client.version
        runs = [shlex.join(run.words) for run in scenario.run]
        if as_json:
            facts = {"scenario": scenario.id, "version": version, "missing": missing, "runs": runs}
            click.echo(json.dumps(facts, ensure_ascii=False))
            continue
        click.echo(f"{scenario.id} ({version or f'missing: {missing}'})")
        for run in runs:
            click.echo(f"  {run}")
    if not as_json:
        click.echo(f"each {recordings} times or more, against {spoken(against)}")
        click.echo(f"destructive: makes, fills and deletes containers named {PREFIX}…, and touches no others")
