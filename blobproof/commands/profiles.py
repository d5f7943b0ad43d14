"""`blobproof profiles`: the load profiles: what each moves at full size, and at a scale."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blobproof.arguments import json_option
from blobproof.console import output
from harness.vocabulary import ExitCode
from loadgen.plan.document import dump
from loadgen.plan.fit import stored_bytes
from loadgen.plan.make import plan_for
from loadgen.plan.moved import phase_bytes
from loadgen.plan.requests import phase_requests
from loadgen.plan.scale import parse_scale
from loadgen.plan.values import Plan
from loadgen.profiles.errors import ProfileError
from loadgen.profiles.read import profile, profiles
from loadgen.profiles.values import Number, Profile, Source
from loadgen.words import said_bytes, said_seconds


@click.command(name="profiles")
@click.argument("name", required=False, metavar="[PROFILE]")
@click.option("--scale", default="1", show_default=True, help="Show the plan at it: 0.001, 1/1000 or 0.1%.")
@click.option("--ranks", type=click.IntRange(min=1), help="Show the plan with so many ranks.")
@click.option(
    "--choose", multiple=True, metavar="KEY=OPTION", help="One of the profile's choices; repeatable."
)
@json_option
def command(name: str | None, scale: str, ranks: int | None, choose: tuple[str, ...], as_json: bool) -> int:
    """List the load profiles, or show one: its plan, its choices, its numbers and where they come from.

    PROFILE is an id, or the path of a TOML file of your own. `blobproof bench PROFILE ENDPOINT` runs it.
    """
    asked = parse_scale(scale)
    console = output()
    if name is None:
        if choose:
            raise ProfileError("--choose needs a profile", "Say which: blobproof profiles PROFILE --choose …")
        every = [(profile(one), plan_for(one, scale=asked, ranks=ranks)) for one in profiles()]
        if as_json:
            for one, plan in every:
                click.echo(json.dumps(_summary(one, plan), ensure_ascii=False))
        else:
            console.print(_table([plan for _, plan in every]))
        return ExitCode.MET
    one = profile(name)
    plan = plan_for(one, scale=asked, ranks=ranks, choices=choices(choose))
    if as_json:
        click.echo(json.dumps(_facts(one, plan), ensure_ascii=False))
    else:
        _show(one, plan, console)
    return ExitCode.MET


def choices(given: tuple[str, ...]) -> Mapping[str, str]:
    """`KEY=OPTION` words as a mapping. Raises `ProfileError`."""
    pairs = [one.partition("=") for one in given]
    if strange := [one for one, (key, _, option) in zip(given, pairs, strict=True) if not (key and option)]:
        raise ProfileError(f"{strange[0]!r} is no choice", "Write KEY=OPTION, such as blocks=sdk.")
    return {key: option for key, _, option in pairs}


def _table(plans: list[Plan]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("profile", "what", "scale"):
        table.add_column(title, overflow="fold")
    for title in ("moves", "stores", "ranks", "requests"):
        table.add_column(title, justify="right", no_wrap=True)
    for plan in plans:
        table.add_row(
            escape(plan.profile),
            escape(plan.title),
            f"{plan.scale:.3g}",
            said_bytes(_moved(plan)),
            said_bytes(stored_bytes(plan)),
            f"{plan.ranks:,}",
            f"{_asked(plan):,}",
        )
    return table


def _moved(plan: Plan) -> int:
    return sum(phase_bytes(plan, phase) for phase in plan.phases if phase.measured)


def _asked(plan: Plan) -> int:
    return sum(sum(phase_requests(plan, phase).values()) for phase in plan.phases if phase.measured)


def _show(one: Profile, plan: Plan, console: Console) -> None:
    console.print(f"[bold]{escape(one.id)}[/]: {escape(plan.title)}")
    console.print(escape(one.why))
    console.print(
        f"\nAt scale {plan.scale:.4g}: {plan.ranks:,} ranks of {plan.full_ranks:,}; "
        f"stores {said_bytes(stored_bytes(plan))}"
    )
    for note in plan.notes:
        console.print(f"  {escape(note)}")
    console.print()
    console.print(_files(plan))
    console.print()
    console.print(_phases(plan))
    for key, choice in one.choices.items():
        console.print(f"\n[bold]--choose {escape(key)}=…[/] {escape(choice.title)}")
        for option, about in choice.options.items():
            mark = " (default)" if option == choice.default else ""
            console.print(f"  {escape(option)}: {escape(about.title)}{mark}")
    console.print("\n[bold]Numbers[/]")
    console.print(_numbers(one))


def _files(plan: Plan) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("files", "blobs", "of bytes", "payload", "names"):
        table.add_column(
            title, justify="right" if title in ("blobs", "of bytes") else "left", overflow="fold"
        )
    for files in plan.files:
        spread = f" ± {files.spread:,}" if files.spread else ""
        table.add_row(
            escape(files.name),
            f"{files.count:,}",
            f"{files.bytes:,}{spread}",
            escape(files.payload),
            escape(files.pattern),
        )
    return table


def _phases(plan: Plan) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("phase", "measured", "moves", "requests", "late after"):
        table.add_column(title, justify="left" if title == "phase" else "right", overflow="fold")
    for phase in plan.phases:
        asked = phase_requests(plan, phase)
        table.add_row(
            escape(phase.name),
            "yes" if phase.measured else "no",
            said_bytes(phase_bytes(plan, phase)),
            ", ".join(f"{count:,} {kind}" for kind, count in asked.items()),
            said_seconds(phase.deadline_s),
        )
    return table


def _numbers(one: Profile) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for title in ("number", "value", "unit", "provenance", "from"):
        table.add_column(title, justify="right" if title == "value" else "left", overflow="fold")
    for name, number in every_number(one).items():
        table.add_row(
            escape(name),
            f"{number.value:,.10g}",
            escape(number.unit),
            number.provenance,
            escape(_origin(number, one.sources)),
        )
    return table


def every_number(one: Profile) -> Mapping[str, Number]:
    """The numbers of a profile and of all its options, by name; an option's as `choice=option/name`."""
    return {
        **one.numbers,
        **{
            f"{key}={option}/{name}": number
            for key, choice in one.choices.items()
            for option, about in choice.options.items()
            for name, number in about.numbers.items()
        },
    }


def _origin(number: Number, sources: Mapping[str, Source]) -> str:
    if not number.source:
        return number.why
    source = sources[number.source]
    return f"{source.title}, {source.url}, read {source.read}"


def _summary(one: Profile, plan: Plan) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": plan.title,
        "why": one.why,
        "scale": plan.scale,
        "ranks": plan.ranks,
        "full_ranks": plan.full_ranks,
        "full_bytes": plan.full_bytes,
        "moves_bytes": _moved(plan),
        "stores_bytes": stored_bytes(plan),
        "requests": {
            f"{phase.name}/{kind}": count
            for phase in plan.phases
            if phase.measured
            for kind, count in phase_requests(plan, phase).items()
        },
        "choices": {key: list(choice.options) for key, choice in one.choices.items()},
    }


def _facts(one: Profile, plan: Plan) -> dict[str, Any]:
    numbers = {
        name: {
            "value": number.value,
            "unit": number.unit,
            "provenance": number.provenance,
            "source": number.source or None,
            "why": number.why or None,
        }
        for name, number in every_number(one).items()
    }
    sources = {
        key: {"title": source.title, "url": source.url, "read": source.read, "at": source.at or None}
        for key, source in one.sources.items()
    }
    return {**_summary(one, plan), "plan": dump(plan), "numbers": numbers, "sources": sources}
