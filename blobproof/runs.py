"""Making one run after the other, their folders, what is said of them: what commands with runs share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from blobproof.cli import say
from blobproof.console import output
from blobproof.screen import Progress, summary, summary_facts
from harness.child import RunnerError
from harness.containers import RUN_PREFIX
from harness.endpoints import EndpointError, spoken
from harness.run import DoctorError, RunOptions, RunSummary, default_folder, run
from harness.vocabulary import ExitCode, exit_code

DESTRUCTIVE = f"destructive: makes, fills and deletes containers named {RUN_PREFIX}…, and touches no others"
"""What every dry run says of the run that it stands for."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run that is to be made."""

    options: RunOptions
    checks: int  # how many records the progress bar waits for
    shown: str  # what people call the endpoint


def run_all(jobs: Iterable[Job], out: Path | None, *, as_json: bool) -> ExitCode:
    """Make the runs and draw one report; the exit code is that of the worst.

    An endpoint that cannot be tested does not keep the others from it; an interrupt ends them all.
    """
    summaries: list[RunSummary] = []
    failures: list[ExitCode] = []
    for job in jobs:
        try:
            with Progress(output(stderr=True), job.shown, job.checks) as progress:
                done = run(job.options, progress.watch)
        except (EndpointError, DoctorError, RunnerError) as error:
            failures.append(say(error))
            continue
        summaries.append(done)
        if as_json:
            facts = summary_facts(spoken(job.options.endpoint), done)
            click.echo(json.dumps(facts, ensure_ascii=False))
        else:
            summary(output(), job.shown, done)
        if done.interrupted:
            break
    if summaries:
        report = _report(summaries, out)
        if not as_json:
            click.echo(f"report: {report}")
    return exit_code([*failures, *(done.decision.exit_code for done in summaries)])


def run_folder(endpoint: str, mark: str, out: Path | None, *, several: bool) -> Path:
    """Where a run goes that nobody gave a folder of its own."""
    if out is None or several:
        return default_folder(endpoint, out or Path("runs"), mark)
    return out


def empty_folder(out: Path | None, mark: str) -> Path:
    """The folder of one run, made and empty: `out`, or runs/TIME-`mark`, where a slash of `mark` is a hyphen.

    Raises `click.UsageError` where it holds something, or cannot be written.
    """
    folder = out or Path("runs") / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{mark.replace('/', '-')}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise click.UsageError(f"{folder} is not empty: give another folder with --out")
    except OSError as error:
        raise click.UsageError(f"{folder} cannot be written: {error.strerror}") from error
    return folder


def _report(summaries: Sequence[RunSummary], out: Path | None) -> Path:
    """Draw the page of one or several runs; where it is."""
    # Imported here: pandas takes its time, and nobody needs it before the end.
    from reports import matrix

    folders = [done.folder for done in summaries]
    if len(folders) == 1:
        return matrix.build(folders, folders[0] / "report.html")
    where = out or Path("runs")
    return matrix.build(folders, where / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-matrix.html")
