"""What a soak shows: how far it is, and at its end what was promised, what was kept and what was not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import progress as bars
from rich.console import Console
from rich.markup import escape

from blobproof.bar import Bar
from harness.soak.soak import Done

_PLAIN_EVERY = 60.0


class Progress(Bar):
    """A bar of time with the counts beside it; a plain line a minute where there is no terminal."""

    def __init__(self, console: Console, shown: str, minutes: float) -> None:
        super().__init__(
            console,
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.TimeElapsedColumn(),
            bars.TextColumn("{task.fields[said]}"),
        )
        self._task = self._bar.add_task(escape(shown), total=minutes * 60, said="")
        self._next = _PLAIN_EVERY

    def watch(self, counts: Mapping[str, Any]) -> None:
        """One second more."""
        self._bar.update(self._task, completed=counts["seconds"], said=line(counts))
        if not self._console.is_terminal and counts["seconds"] >= self._next:
            self._next += _PLAIN_EVERY
            self._console.print(f"{counts['seconds']:.0f} s: {line(counts)}")


def line(counts: Mapping[str, Any]) -> str:
    """The counts in a line."""
    return (
        f"{counts['acknowledged']:,} writes acknowledged, {counts['unanswered']:,} unanswered, "
        f"{counts['reads']:,} reads, {counts['kills']} kills, {sum(counts['faults'].values()):,} faults, "
        f"{counts['violations']} violations"
    )


def verdict(done: Done) -> str:
    """In a sentence."""
    if done.violations:
        return f"{len(done.violations)} violations: promises were broken"
    if not done.complete:
        return f"not complete ({done.why}); nothing acknowledged was lost as far as it was read"
    if not done.counts["acknowledged"]:
        return "nothing was acknowledged, so nothing is proved"
    return "zero acknowledged bytes lost, nothing came back, nothing was half"


def summary(done: Done, shown: str, seed: int, minutes: float) -> str:
    """The page of a run folder, and what is printed."""
    counts = done.counts
    operations = ", ".join(f"{name} {number:,}" for name, number in counts["operations"].items())
    faults = ", ".join(f"{name} {number:,}" for name, number in counts["faults"].items())
    rows = [
        f"# Soak of {shown}",
        "",
        f"**{verdict(done)}.**",
        "",
        f"* asked for {minutes:g} minutes with seed {seed}; {counts['seconds']:,.0f} s of it were run",
        f"* {counts['acknowledged']:,} writes acknowledged ({counts['written']:,} bytes), "
        f"{counts['unanswered']:,} without an answer that promises anything",
        f"* {counts['reads']:,} reads and {counts['listings']:,} listings held against the ledger; "
        f"{done.verified:,} blobs read at the end",
        f"* {counts['kills']} times killed with SIGKILL and started again",
        f"* operations sent: {operations or 'none'}",
        f"* faults that struck: {faults or 'none'}",
    ]
    rows += [
        f"* **{one.what}** {one.blob}: expected {one.expected}; found {one.observed}"
        for one in done.violations
    ]
    return "\n".join(rows) + "\n"
