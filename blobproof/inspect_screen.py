"""What an inspection shows on a terminal: progress while it reads, then what the capture proves."""

from __future__ import annotations

from collections.abc import Iterable

from rich import progress as bars
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blobproof.bar import Bar
from harness.captures.inspection import Inspection, Score, Shown
from harness.vocabulary import ExitCode, Level

_COLOURS = {Level.REQUIRED: "red", Level.EXPECTED: "yellow"}
_HEADERS = 30  # of an answer that is shown


class Reading(Bar):
    """A bar over the bytes of the capture; nothing where there is no terminal."""

    def __init__(self, console: Console, size: int) -> None:
        super().__init__(
            console,
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.DownloadColumn(),
            bars.TimeRemainingColumn(),
        )
        self._task = self._bar.add_task("", total=size)

    def watch(self, what: str, place: int) -> None:
        """So many bytes are read."""
        self._bar.update(self._task, description=what, completed=place)


def show(console: Console, found: Inspection, level: Level) -> None:
    """Print the table of the rules, the operations, and the first exchanges that broke a rule."""
    _print_traffic(console, found)
    console.print(_table(found.scores.values()))
    seen = ", ".join(f"{name} {count}" for name, count in found.operations.most_common())
    console.print(f"Operations seen: {escape(seen)}", soft_wrap=True)
    console.print(f"No evidence of: {escape(', '.join(found.unseen) or 'nothing')}", soft_wrap=True)
    for score in found.broken(Level.EXPECTED):
        _print_broken(console, score)
    _print_verdict(console, found, level)


def _print_traffic(console: Console, found: Inspection) -> None:
    name, kind = escape(str(found.capture.path)), found.capture.kind.value
    console.print(f"[bold]{name}[/] ({kind}): {found.exchanges:,} exchanges with Blob endpoints")
    for address, count in found.addresses.most_common():
        console.print(f"  {escape(str(address))} ({address.style.value} style): {count:,}", soft_wrap=True)
    if found.others:
        said = ", ".join(f"{host or 'no host'} {count:,}" for host, count in found.others.items())
        console.print(f"  [dim]not looked at: {escape(said)}[/]", soft_wrap=True)
    for reason, count in found.left_out.items():
        console.print(f"  [dim]left out: {count:,} × {escape(reason)}[/]", soft_wrap=True)
    if found.unanswered:
        console.print(f"  [dim]without a whole answer: {found.unanswered:,}[/]")


def _table(scores: Iterable[Score]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title, justify in (("rule", "left"), ("level", "left"), ("evaluated", "right"), ("broken", "right")):
        table.add_column(title, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("not evaluated, for want of")
    for score in scores:
        lacking = ", ".join(f"{count:,} {fact.value}" for fact, count in score.lacking.items())
        colour = _COLOURS[score.rule.level] if score.broken else "dim" if not score.evaluated else "none"
        table.add_row(
            f"[{colour}]{score.rule.id}[/]",
            score.rule.level.value,
            f"{score.evaluated:,}",
            f"[{colour}]{score.broken:,}[/]",
            lacking,
        )
    return table


def _print_broken(console: Console, score: Score) -> None:
    rule = score.rule
    colour = _COLOURS[rule.level]
    console.print()
    console.print(
        f"[bold {colour}]{rule.id}[/] ({rule.level.value}): {escape(rule.says)} "
        f"Broken by {score.broken:,} of {score.evaluated:,}.",
        soft_wrap=True,
    )
    first, *more = score.shown
    _print_exchange(console, first)
    for shown in more:
        console.print(
            f"  also {escape(shown.where)}: {escape(shown.exchange['request']['line'])}", soft_wrap=True
        )


def _print_exchange(console: Console, shown: Shown) -> None:
    response = shown.exchange["response"]
    lines = [
        f"{shown.where}: {shown.operation}",
        f"  wanted:  {shown.expected}",
        f"  was:     {shown.observed}",
        f"  > {shown.exchange['request']['line']}",
        f"  < {response['line']}",
        *(f"  < {name}: {value}" for name, value in response["headers"][:_HEADERS]),
    ]
    for line in lines:
        console.print(f"  {escape(' '.join(line.splitlines()))}", soft_wrap=True)


def _print_verdict(console: Console, found: Inspection, level: Level) -> None:
    code = found.exit_code(level)
    console.print()
    if code is ExitCode.NOTHING_VERIFIED:
        console.print("[yellow]Nothing was verified: no rule could be held against any answer.[/]")
        return
    rules = sum(bool(score.evaluated) for score in found.scores.values())
    made = f"{found.evaluated:,} assertions of {rules} rules over {found.exchanges:,} exchanges"
    broken, all_broken = len(found.broken(level)), len(found.broken(Level.EXPECTED))
    more = f", {all_broken - broken} more at level expected" if all_broken > broken else ""
    if broken:
        said = f"[bold red]{broken} {'rule' if broken == 1 else 'rules'} broken[/]"
    else:
        said = "[bold green]No rule broken[/]"
    console.print(f"{said} at level {level.value}{more}: {made}")
