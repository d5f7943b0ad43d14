"""What `blobproof drr` shows: progress while it reads, then ratios by grain and by file type."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rich import progress as bars
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blobproof.bar import Bar
from loadgen.reduce.estimate import Ratio, Ratios
from loadgen.reduce.grain import Grain
from loadgen.reduce.measure import Measured
from loadgen.reduce.verdict import State, Verdict
from loadgen.words import said_bytes

_COLOURS = {State.INSIDE: "green", State.ABOVE: "red", State.BELOW: "yellow", State.UNKNOWN: "yellow"}
_TYPES = 20


class Reading(Bar):
    """A bar over the bytes of the corpus; nothing where there is no terminal."""

    def __init__(self, console: Console, size: int) -> None:
        super().__init__(
            console,
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.DownloadColumn(),
            bars.TransferSpeedColumn(),
            bars.TimeRemainingColumn(),
        )
        self._task = self._bar.add_task("", total=size)

    def watch(self, name: str, done: int) -> None:
        """So many bytes are read, and this file is next."""
        self._bar.update(self._task, description=escape(name[-40:]), completed=done)


def show(console: Console, measured: Measured, judged: Grain, verdict: Verdict | None) -> None:
    """Print what was read, the ratios by grain, those by type for the judged grain, and the verdict."""
    read = measured.read
    console.print(
        f"[bold]{escape(str(measured.path))}[/]: {read.files:,} files, {said_bytes(read.bytes)}",
        soft_wrap=True,
    )
    if measured.partial:
        part = read.bytes / max(measured.found.bytes, 1)
        console.print(
            f"[yellow]Partial ({measured.partial}): {part:.1%} of the bytes. Data that was not read can only "
            "hold more duplicates of what was.[/]",
            soft_wrap=True,
        )
    _print_left(console, measured)
    confidence = f"{measured.settings.confidence:.0%}"
    console.print()
    console.print(_table("chunks", {one.words: found for one, found in measured.whole.items()}, None))
    console.print()
    console.print(f"By file type, {judged.words}:")
    types = {kind: found[judged] for kind, found in list(measured.types.items())[:_TYPES]}
    console.print(_table("type", {escape(kind): found for kind, found in types.items()}, measured.files))
    if len(measured.types) > _TYPES:
        console.print(f"[dim]and {len(measured.types) - _TYPES} types more, in --json[/]")
    console.print()
    over = f"stretches of {said_bytes(measured.stretch)}" if measured.stretch else "files"
    for line in (
        f"Ratios with their {confidence} interval: the spread between {over}, and the sample of chunks.",
        "duplicate: bytes / bytes of distinct chunks. compress: these / their bytes after zstd level "
        f"{measured.settings.level}. reduce: both.",
        "Not modelled: similarity reduction, which stores a chunk as its difference from another one. "
        "Nor is metadata.",
    ):
        console.print(f"[dim]{line}[/]", soft_wrap=True)
    if verdict is not None:
        console.print()
        console.print(
            f"[{_COLOURS[verdict.state]}]Assumed ({judged.words}): {verdict.said}[/]", soft_wrap=True
        )


def _print_left(console: Console, measured: Measured) -> None:
    left = measured.left
    if left.skipped:
        said = ", ".join(f"{count:,} {what}" for what, count in left.skipped.items())
        console.print(f"[dim]Not followed: {said}[/]", soft_wrap=True)
    if left.unreadable:
        console.print(f"[red]{left.unreadable:,} cannot be read, so this is not all of it:[/]")
        for name in left.named:
            console.print(f"  [red]{escape(name)}[/]", soft_wrap=True)
        if left.unreadable > len(left.named):
            console.print(f"  [red]and {left.unreadable - len(left.named):,} more[/]")


def _table(title: str, rows: Mapping[str, Ratios], files: Mapping[str, int] | None) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(title, no_wrap=True)
    names = ["bytes", "distinct chunks looked at", "duplicate", "compress", "reduce"]
    for name in ["files", *names] if files is not None else names:
        table.add_column(name, justify="right", no_wrap=True)
    for name, found in rows.items():
        table.add_row(
            name,
            *([] if files is None else [f"{files[name]:,}"]),
            said_bytes(found.bytes),
            "all" if found.share == 1 else f"{found.share:.2g}",
            _ratio(found.duplicate),
            _ratio(found.compress),
            f"[bold]{_ratio(found.reduce)}[/]",
        )
    return table


def _ratio(found: Ratio) -> str:
    if not math.isfinite(found.value):
        return "none"
    if found.low is None or found.high is None:
        return f"{found.value:.2f} (no interval)"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
