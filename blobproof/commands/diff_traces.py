"""`blobproof diff-traces`: what a client sends otherwise than an earlier version of it did."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from blobproof.arguments import json_option
from blobproof.console import output
from harness.cases.errors import CaseError
from harness.cases.marks import read
from harness.golden.document import parse
from harness.golden.drift import Difference, Drift, drifts, numbers
from harness.golden.spec import GoldenSpec
from harness.vocabulary import ExitCode

_TOGETHER = 4
"""So many scenarios with the same difference are told of in one line."""


@click.command(name="diff-traces")
@click.argument("old", type=click.Path(exists=True, path_type=Path))
@click.argument("new", type=click.Path(exists=True, path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Also what is no drift: names, header order, ids.")
@json_option
def command(old: Path, new: Path, everything: bool, as_json: bool) -> int:
    """Say what a client sends otherwise in NEW than in OLD.

    Each is a golden spec or a folder of them, such as traces/azcopy/10.32.2. In folders, specs of the same
    name are compared; two files are compared whatever their names.
    """
    before, after = load(old), load(new)
    if old.is_file() and new.is_file():
        name = next(iter(after))
        before = {name: next(iter(before.values()))}
    found = drifts(before, after)
    if as_json:
        click.echo(json.dumps(facts(old, new, found), ensure_ascii=False))
    else:
        show(output(), found, everything=everything)
    return ExitCode.MET if all(one.same for one in found) else ExitCode.DIVERGENCE


def load(path: Path) -> dict[str, GoldenSpec]:
    """The specs of a file or folder by the names of their scenarios. Raises CaseError and UsageError."""
    files = [path] if path.is_file() else sorted(path.glob("*.yaml"))
    specs = {file.stem: _spec(file) for file in files if file.name != "scenarios.yaml"}
    if not specs:
        inside = sorted(one.name for one in path.iterdir() if one.is_dir())
        there = f" It has folders: {', '.join(inside)}." if inside else ""
        raise click.UsageError(f"{path} holds no golden spec; give a folder CLIENT/VERSION.{there}")
    return specs


def _spec(file: Path) -> GoldenSpec:
    """A spec wherever it lies: a copy may stand outside of the library, and its id cannot be its path."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(str(file), 1, f"cannot be read: {error}") from None
    value = read(str(file), text).value
    identity = value.get("id") if isinstance(value, dict) else None
    try:
        return parse(f"{identity}.yaml", text)
    except CaseError as error:
        raise CaseError(str(file), error.line, error.message, "See docs/drift.md.") from None


def facts(old: Path, new: Path, found: Sequence[Drift]) -> dict[str, Any]:
    """The drift as JSON."""
    return {
        "old": str(old),
        "new": str(new),
        "same": all(one.same for one in found),
        "counts": numbers(found),
        "scenarios": [
            {
                "name": one.name,
                "state": _state(one),
                "old": one.old.id if one.old else None,
                "new": one.new.id if one.new else None,
                "differences": [_facts(difference) for difference in one.differences],
                "incidentals": [_facts(difference) for difference in one.incidentals],
            }
            for one in found
        ],
    }


def _state(one: Drift) -> str:
    if one.old is None or one.new is None:
        return "new" if one.old is None else "gone"
    return "same" if one.same else "different"


def _facts(one: Difference) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "says": str(one),
        "operation": one.operation or None,
        "count": one.count,
        "steps": list(one.steps),
    }


def show(console: Console, found: Sequence[Drift], *, everything: bool) -> None:
    """Print it: what many scenarios share first, then scenario by scenario."""
    both = [one for one in found if one.old and one.new]
    shared = _shared({one.name: one.differences for one in both})
    for says, names in shared.items():
        console.print(f"{_scenarios(names, len(both))}: {escape(says)}", soft_wrap=True)
    for one in found:
        if one.old is None or one.new is None:
            where = "NEW" if one.old is None else "OLD"
            console.print(f"[bold]{escape(one.name)}[/]: only in {where}", soft_wrap=True)
        for difference in one.differences:
            if str(difference) not in shared:
                console.print(f"[bold]{escape(one.name)}[/]: {escape(str(difference))}", soft_wrap=True)
    _show_incidentals(console, both, everything=everything)
    counts = numbers(found)
    words = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    console.print(f"{len(found)} scenario{'' if len(found) == 1 else 's'}: {words}")


def _show_incidentals(console: Console, both: Sequence[Drift], *, everything: bool) -> None:
    incidentals: defaultdict[str, list[str]] = defaultdict(list)
    for one in both:
        for difference in one.incidentals:
            incidentals[str(difference)].append(one.name)
    if incidentals and not everything:
        console.print(f"[dim]and {len(incidentals)} that no answer depends on; --all shows them[/]")
        return
    for says, names in incidentals.items():
        console.print(f"[dim]no drift, {_scenarios(names, len(both))}: {escape(says)}[/]", soft_wrap=True)


def _shared(of: Mapping[str, Sequence[Difference]]) -> dict[str, list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name, differences in of.items():
        for difference in differences:
            groups[str(difference)].append(name)
    return {says: names for says, names in groups.items() if len(names) >= _TOGETHER}


def _scenarios(names: Sequence[str], of: int) -> str:
    if len(names) == of > 1:
        return f"[bold]all {of} scenarios[/]"
    if len(names) < _TOGETHER:
        return f"[bold]{escape(', '.join(names))}[/]"
    return f"[bold]{escape(', '.join(names[:2]))} and {len(names) - 2} more[/]"
