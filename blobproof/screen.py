"""What a run shows on a terminal: progress while it goes on, and its verdict at the end."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape

from blobproof.bar import Bar, counting
from harness.results.record import Record
from harness.run import RunSummary
from harness.vocabulary import Verdict

_SHOWN = 12  # records that the summary names
_QUIET = frozenset({Verdict.PASS, Verdict.OBSERVED, Verdict.NOT_APPLICABLE, Verdict.KNOWN})
_COLOURS = {
    Verdict.PASS: "green",
    Verdict.DIFFERS: "red",
    Verdict.STALE: "red",
    Verdict.HARNESS_ERROR: "magenta",
    Verdict.LENIENT: "yellow",
    Verdict.INDETERMINATE: "yellow",
}


class Progress(Bar):
    """A bar with the newest id and how many things diverged; plain lines where there is no terminal."""

    def __init__(self, console: Console, endpoint: str, total: int) -> None:
        self._endpoint = endpoint
        self._total = total
        self._diverged = 0
        super().__init__(console, *counting())
        self._task = self._bar.add_task(escape(endpoint), total=total, said="doctor")

    def watch(self, done: int, record: Record | None) -> None:
        """One more record; none when the doctor has let the endpoint pass."""
        if record is not None and record["kind"] == "rule":
            return  # of no length of its own: they all come at the end
        said = ""
        if record is not None:
            self._diverged += Verdict(record["verdict"]).diverges
            said = record["id"]
        elif not self._console.is_terminal:
            self._console.print(f"{escape(self._endpoint)}: {self._total} checks")
        diverged = f"[red]{self._diverged} diverge[/] " if self._diverged else ""
        self._bar.update(self._task, completed=done, said=f"{diverged}[dim]{escape(said)}[/]")


def summary(console: Console, endpoint: str, done: RunSummary) -> None:
    """Print what became of a run."""
    results, decision = done.results, done.decision
    colour = "green" if decision.met else "red"
    word = "met" if decision.met else "not met"
    gate = f"[bold]{escape(endpoint)}[/]: gate {escape(decision.policy)} [bold {colour}]{word}[/]"
    whole = results.score()
    if whole.chosen < whole.items:  # `blobproof gate` on this run wants all of them
        gate += f" by a selection, {whole.chosen:,} of {whole.items:,} checks"
    console.print(gate)
    for name in results.sets:
        if results.chosen(name):
            console.print(f"  {results.score(name)}")
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(results.counts.items()))
    console.print(f"  {counts}")
    for said in decision.reasons:
        console.print(f"  [{colour}]{escape(said)}[/]", soft_wrap=True)
    told = [record for record in results.records if Verdict(record["verdict"]) not in _QUIET]
    for record in sorted(told, key=lambda one: Verdict(one["verdict"]).rank)[:_SHOWN]:
        verdict = Verdict(record["verdict"])
        style = _COLOURS.get(verdict, "dim")
        # The id stands whole on a line: it is what one copies to run the case again.
        console.print(f"  [{style}]{verdict:14}[/]{escape(record['id'])}", soft_wrap=True)
        reason = " ".join((record["reason"] or "").split())[:200]
        console.print(f"  {'':14}{escape(reason)}", soft_wrap=True)
    if len(told) > _SHOWN:
        console.print(f"  and {len(told) - _SHOWN} more; the report shows all")
    if done.interrupted:
        console.print("  [yellow]interrupted: what was brought so far is kept, and marked as partial[/]")
    for one in done.left_over:
        console.print(f"  [yellow]left behind: {escape(one)}; blobproof sweep removes it[/]", soft_wrap=True)
    console.print(f"  run: {escape(str(done.folder))}", soft_wrap=True)


def summary_facts(endpoint: str, done: RunSummary) -> dict[str, Any]:
    """The same for machines."""
    scores = {name: done.results.score(name) for name in done.results.sets}
    return {
        "endpoint": endpoint,
        "service_version": done.results.header["service_version"],
        "run": str(done.folder),
        "gate": done.decision.policy,
        "met": done.decision.met,
        "exit_code": done.decision.exit_code.value,
        "reasons": list(done.decision.reasons),
        "selection": done.results.score().chosen < done.results.score().items,
        "sets": {
            name: {"divergent": score.divergent, "verified": score.verified, "listed": score.listed}
            for name, score in scores.items()
        },
        "counts": {verdict.value: count for verdict, count in done.results.counts.items()},
        "complete": done.results.complete,
        "interrupted": done.interrupted,
        "left_over": list(done.left_over),
    }
