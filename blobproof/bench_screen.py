"""What a load run shows: how far a phase is, and at its end the phases, the checks and the objectives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich import progress as bars
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blobproof.bar import Bar
from loadgen.fleet.after import Done
from loadgen.kpi.percentiles import enough
from loadgen.plan.fit import Fit, said_room, said_time
from loadgen.plan.moved import phase_bytes
from loadgen.plan.requests import phase_requests
from loadgen.plan.values import Phase as PlannedPhase
from loadgen.plan.values import Plan
from loadgen.record.histogram import Histogram
from loadgen.record.lines import Phase, Rank
from loadgen.record.read import LoadRun
from loadgen.words import said_bytes, said_seconds

_PLAIN_EVERY = 10.0  # seconds between two lines where there is no terminal
_GB = 1e9
_COLOURS = {"invalidates": "red", "warns": "yellow", "not-run": "dim"}


class Progress(Bar):
    """A bar of the phase with its rate beside it; a plain line now and then where there is no terminal."""

    def __init__(self, console: Console, plan: Plan) -> None:
        super().__init__(
            console,
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.TaskProgressColumn(),
            bars.TimeElapsedColumn(),
            bars.TextColumn("{task.fields[said]}"),
        )
        self._totals = {(one.name, one.iteration): _total(plan, one) for one in plan.phases}
        self._task = self._bar.add_task("", total=None, said="")
        self._at: tuple[str, int] | None = None
        self._next = 0.0

    def step(self, said: str) -> None:
        """Something takes a while."""
        self._at = None
        self._bar.remove_task(self._task)  # a task that has a total keeps it
        self._task = self._bar.add_task(escape(said), total=None, said="")

    def say(self, said: str) -> None:
        """Something that stays on the screen."""
        self._bar.console.print(escape(said))

    def progress(self, row: dict[str, Any]) -> None:
        """How far the phase is."""
        at = row["phase"], row["iteration"]
        total, in_bytes = self._totals[at]
        if at != self._at:
            self._at, self._next = at, row["begin_s"] + _PLAIN_EVERY
            named = at[0] if at[1] == 1 else f"{at[0]} {at[1]}"
            self._bar.reset(self._task, total=total, description=escape(named), said="")
        seconds = max(row["t_s"] - row["begin_s"], 1e-9)
        said = (
            f"{said_bytes(row['bytes'])}, {said_bytes(row['bytes'] / seconds)}/s, {row['ops']:,} operations"
        )
        if row["errors"]:
            said += f", {row['errors']:,} errors"
        self._bar.update(self._task, completed=row["bytes"] if in_bytes else row["ops"], said=said)
        if not self._console.is_terminal and row["t_s"] >= self._next:
            self._next = row["t_s"] + _PLAIN_EVERY
            self._console.print(f"{at[0]} {at[1]}, {seconds:.0f} s: {said}")


def _total(plan: Plan, phase: PlannedPhase) -> tuple[int, bool]:
    """What there is to do in a phase, and whether that is bytes; else it is requests."""
    moved = phase_bytes(plan, phase)
    return (moved, True) if moved else (sum(phase_requests(plan, phase).values()), False)


def summary(console: Console, done: Done) -> None:
    """The end of a run: its phases, what the checks say, the objectives, and where everything is."""
    run = done.run
    header = run.header
    console.print(
        f"[bold]{escape(header.title)}[/bold] on {escape(str(header.endpoint['shown']))}, "
        f"{header.ranks} ranks, {header.workers} workers, seed {header.seed}"
    )
    console.print(_phases(run))
    if not run.complete:
        console.print(f"[red]partial: {escape(run.why)}[/red]")
    for check in done.checks:
        state = check.state.value
        if state != "ok":
            colour = _COLOURS[state]
            console.print(f"[{colour}]{state:12}[/{colour}] {check.name}: {escape(check.said)}")
    good = sum(check.state.value == "ok" for check in done.checks)
    console.print(f"{good} of {len(done.checks)} checks of the run found nothing")
    for line in done.decision.lines:
        console.print(escape(line))


def _phases(run: LoadRun) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("phase", "scale", "operation"):
        table.add_column(name)
    for name in ("barrier to barrier", "GB/s", "count", "P50 ms", "P99 ms", "errors"):
        table.add_column(name, justify="right")
    for phase in run.phases:
        for place, row in enumerate(_rows(run, phase)):
            table.add_row(*row) if not place else table.add_row("", "", row[2], "", "", *row[5:])
    return table


def _rows(run: LoadRun, phase: Phase) -> Iterable[tuple[str, ...]]:
    """A row for each lane and operation; latencies count from the intended start.

    No tail is told of a phase that is not whole: what is missing may be it.
    """
    title = phase.name if phase.iteration == 1 else f"{phase.name} {phase.iteration}"
    missing = f", {len(phase.missing_ranks)} ranks missing" if phase.missing_ranks else ""
    barrier = "never" if phase.barrier_s is None else f"{phase.barrier_s:.3f} s"
    rate = f"{phase.bytes / phase.barrier_s / _GB:.4g}" if phase.barrier_s and phase.bytes else ""
    measured = "" if phase.measured else " (not measured)"
    head = (escape(title) + measured, f"{run.header.scale:.3g}", barrier + missing, rate)
    failed = _failed(run, phase)
    whole = not missing and phase.barrier_s is not None and not any(one.failed for one in _ranks(run, phase))
    latency = {
        (key.lane, key.op): one
        for key, one in run.histograms.items()
        if (key.phase, key.iteration, key.metric) == (phase.name, phase.iteration, "latency")
    }
    keys = sorted({*latency, *failed})
    several = len({lane for lane, _ in keys}) > 1
    if not keys:
        yield (*head[:2], "", *head[2:], "0", "", "", "0")
    for lane, op in keys:
        times = latency.get((lane, op), Histogram())
        yield (
            *head[:2],
            escape(f"{lane}: {op}" if several else op),
            *head[2:],
            f"{times.count:,}",
            _ms(times, 50),
            _ms(times, 99) if whole else "",
            f"{failed.get((lane, op), 0):,}",
        )


def _ranks(run: LoadRun, phase: Phase) -> Iterable[Rank]:
    return (one for one in run.ranks if (one.phase, one.iteration) == (phase.name, phase.iteration))


def _ms(times: Histogram, q: float) -> str:
    """A percentile; nothing where too few values lie beyond it to call it one."""
    return f"{times.percentile(q) / 1000:.4g}" if enough(times, q) else ""


def _failed(run: LoadRun, phase: Phase) -> dict[tuple[str, str], int]:
    """Attempts that did not succeed, by lane and operation."""
    found: dict[tuple[str, str], int] = {}
    for one in run.intervals:
        if (one.phase, one.iteration) == (phase.name, phase.iteration) and one.errors:
            found[one.lane, one.op] = found.get((one.lane, one.op), 0) + sum(one.errors.values())
    return found


def facts(done: Done) -> dict[str, Any]:
    """A run for a script."""
    run = done.run
    return {
        "folder": str(done.folder),
        "profile": run.header.profile,
        "scale": run.header.scale,
        "endpoint": run.header.endpoint["shown"],
        "complete": run.complete,
        "why": run.why,
        "phases": [
            {
                "name": one.name,
                "iteration": one.iteration,
                "measured": one.measured,
                "barrier_s": one.barrier_s,
                "bytes": one.bytes,
                "bytes_per_s": one.bytes / one.barrier_s if one.barrier_s else None,
                "ops": one.ops,
                "errors": one.errors,
                "missing_ranks": [*one.missing_ranks],
            }
            for one in run.phases
        ],
        "metrics": {
            one.name: {"value": one.value, "unit": one.unit, "kind": one.kind} for one in done.metrics
        },
        "checks": {one.name: one.state.value for one in done.checks},
        "objectives": [*done.decision.lines],
        "exit_code": int(done.exit_code),
    }


def plan_lines(plan: Plan, found: Fit) -> Iterable[str]:
    """What a run would do, a line each."""
    yield f"{plan.title}: {plan.ranks} ranks of {plan.full_ranks}, scale {plan.scale:.4g}, seed {plan.seed}"
    for files in plan.files:
        spread = f" ± {said_bytes(files.spread)}" if files.spread else ""
        yield f"files {files.name}: {files.count:,} of {said_bytes(files.bytes)}{spread}, {files.payload}"
    for phase in plan.phases:
        sent = ", ".join(f"{count:,} {kind}" for kind, count in phase_requests(plan, phase).items())
        moved = said_bytes(phase_bytes(plan, phase))
        after = f"; then {phase.pause_s:g} s of pause" if phase.pause_s else ""
        quiet = "" if phase.measured else " (not measured)"
        late = said_seconds(phase.deadline_s)
        yield f"phase {phase.name} {phase.iteration}{quiet}: {moved}, {sent}; late after {late}{after}"
    yield from plan.notes
    yield said_room(found)
    if found.estimates:
        yield said_time(found)
    yield f"destructive: makes, fills and deletes one container, {plan.container}, and touches no others"


def plan_facts(plan: Plan, found: Fit) -> dict[str, Any]:
    """The same for a script."""
    return {
        "profile": plan.profile,
        "title": plan.title,
        "scale": plan.scale,
        "ranks": plan.ranks,
        "seed": plan.seed,
        "container": plan.container,
        "stored_bytes": found.stored_bytes,
        "free_bytes": found.free_bytes,
        "notes": [*plan.notes],
        "files": [
            {"name": one.name, "count": one.count, "bytes": one.bytes, "payload": one.payload}
            for one in plan.files
        ],
        "phases": [
            {
                "name": one.name,
                "iteration": one.iteration,
                "measured": one.measured,
                "bytes": phase_bytes(plan, one),
                "requests": {kind.value: count for kind, count in phase_requests(plan, one).items()},
                "deadline_s": one.deadline_s,
            }
            for one in plan.phases
        ],
    }
