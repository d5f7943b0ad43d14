"""What a self-test shows on a terminal: how far it is, and at its end what noticed which mutant."""

from __future__ import annotations

from typing import Any

from rich import progress as bars
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blobproof.bar import Bar, counting
from harness.selftest.document import Document
from harness.selftest.engine import Watch
from harness.selftest.results import CAUGHT, Outcome, Result
from reports.text import plural

_COLOURS = {
    Outcome.KILLED: "green",
    Outcome.REPLAYED: "green",
    Outcome.HOLE: "yellow",
    Outcome.SURVIVED: "red",
    Outcome.INDETERMINATE: "yellow",
    Outcome.HARNESS_ERROR: "magenta",
}
_HEADINGS = {
    Outcome.HOLE: "holes: noticed, but by none of the requirements that they break",
    Outcome.SURVIVED: "survivors: noticed by nothing",
    Outcome.INDETERMINATE: "indeterminate: not started, crashed or hung; never counted as killed",
    Outcome.HARNESS_ERROR: "our own fault",
}


class Progress(Bar):
    """A bar for each phase, with how many mutants are killed; a plain line where there is no terminal."""

    def __init__(self, console: Console) -> None:
        self._killed: set[str] = set()
        # The workers are forked: no thread of ours may run beside that.
        super().__init__(console, *counting(), auto_refresh=False)
        self._task: bars.TaskID | None = None

    def watch(self) -> Watch:
        """What the engine tells of itself."""
        return Watch(phase=self._phase, right=self._right, working=self._working, step=self._step)

    def _phase(self, name: str, steps: int) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(escape(name), total=steps, said=self._said(""))
        if not self._console.is_terminal:
            self._console.print(f"{escape(name)}: {steps} to look at")
        self._bar.refresh()

    def _right(self, cases: int) -> None:
        self._update(completed=cases)

    def _working(self, mutant: str, cases: int) -> None:
        self._update(said=self._said(f"{mutant}, {plural(cases, 'case')}"))

    def _step(self, result: Result) -> None:
        if result.outcome in CAUGHT:
            self._killed.add(result.mutant.name)
        self._update(advance=1, said=self._said(result.mutant.name))

    def _update(self, **values: Any) -> None:
        assert self._task is not None
        self._bar.update(self._task, **values)
        self._bar.refresh()

    def _said(self, what: str) -> str:
        killed = f"[green]{len(self._killed)} killed[/] " if self._killed else ""
        return f"{killed}[dim]{escape(what)}[/]"


def show(console: Console, run: Document) -> None:
    """Print what became of every mutant."""
    results: list[dict[str, Any]] = run["results"]
    suite = run["suite"]
    console.print(
        f"suite {suite['sha256'][:12]} ({suite['cases']} cases, {suite['rules']} wire rules, "
        f"{plural(suite['specs'], 'golden spec')}), "
        f"service version {run['service_version']}, façade of blobproof {run['blobproof']}"
    )
    beside = len(run["baseline"]["not_applicable"])
    given = (
        plural(run["baseline"]["ran"], "case or golden spec", "cases and golden specs")
        if suite["specs"]
        else plural(run["baseline"]["ran"], "case")
    )
    console.print(
        f"the right façade was given {given}, and all were clean"
        + (f"; {beside} cannot be asked of it" if beside else "")
    )
    killed, replayed = ([one for one in results if one["outcome"] == of] for of in CAUGHT)
    _table(console, ("killed", "requirement", "case", "finding"), killed)
    _table(console, ("replayed", "golden spec", "finding"), replayed)
    for outcome, heading in _HEADINGS.items():
        _list(console, outcome, heading, [one for one in results if one["outcome"] == outcome])
    if run["all_cases"]:
        _collateral(console, results)
    colour, word = ("green", "met") if run["met"] else ("red", "not met")
    alone = f", {len(replayed)} by a replay alone" if replayed else ""
    console.print(
        f"[bold]kill rate {run['rate']:g} %[/]: {len(killed)} of {len(results)} mutants by a requirement of "
        f"their own{alone}; at least {run['at_least']:g} %: [bold {colour}]{word}[/]"
    )


def _table(console: Console, headings: tuple[str, ...], results: list[dict[str, Any]]) -> None:
    """Of each its name, its requirement where it has one, who noticed it, and what was found."""
    if not results:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for one in results:
        cells = (one["mutant"], one["requirement"], one["by"]["case"], finding(one["by"]))
        table.add_row(*(escape(cell) for cell in cells if cell is not None))
    console.print(table)


def finding(notice: dict[str, Any]) -> str:
    """A notice in one line."""
    where = f"step {notice['step']}, " if notice["step"] else ""
    said = f"{where}{notice['about']}: {notice['verdict']}: expected {notice['expected']}"
    return " ".join(f"{said}, got {notice['observed']}".split())[:200]


def _list(console: Console, outcome: Outcome, heading: str, results: list[dict[str, Any]]) -> None:
    if not results:
        return
    console.print(f"[{_COLOURS[outcome]}]{heading}[/]")
    for one in results:
        console.print(f"  {escape(one['mutant'])} breaks {escape(', '.join(one['breaks']))}", soft_wrap=True)
        if one["reason"]:
            console.print(f"    {escape(one['reason'])}", soft_wrap=True)
        if one["by"]:
            others = ", ".join(one["by"]["requirements"]) or "no requirement"
            said = f"noticed by {one['by']['case']} ({others}): {finding(one['by'])}"
            console.print(f"    {escape(said)}", soft_wrap=True)


def _collateral(console: Console, results: list[dict[str, Any]]) -> None:
    console.print("every case that notices")
    for one in results:
        cases = plural(len(one["noticed_by"]), "case")
        console.print(f"  {escape(one['mutant'])}: {cases}", soft_wrap=True)
        for notice in one["noticed_by"]:
            own = set(notice["requirements"]).intersection(one["breaks"])
            mark = "own" if own else "   "
            console.print(f"    {mark} {escape(notice['case'])}", soft_wrap=True)
