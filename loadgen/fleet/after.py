"""What is made of a run when its last operation is through: checks, metrics, and whether objectives were met.

Each step is a call; what a step finds goes into the run's file before its last line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.vocabulary import ExitCode, exit_code
from loadgen.fleet.launch import Over
from loadgen.fleet.wish import Wish
from loadgen.kpi.measure import left_out, metrics
from loadgen.kpi.objectives import Decision, decide
from loadgen.record.lines import Metric
from loadgen.record.read import LoadRun, read
from loadgen.record.write import LoadWriter
from loadgen.storm.recoveries import recoveries
from loadgen.validity.check import Check, State
from loadgen.validity.checks import checks
from loadgen.validity.contents import CONTENTS


@dataclass(frozen=True, slots=True)
class Done:
    """A run that was made."""

    folder: Path
    run: LoadRun
    checks: tuple[Check, ...]
    metrics: tuple[Metric, ...]
    decision: Decision
    interrupted: bool

    @property
    def exit_code(self) -> ExitCode:
        """What it means for a script."""
        codes = [self.decision.exit_code]
        if any(check.name == CONTENTS and check.state is State.INVALIDATES for check in self.checks):
            codes.append(ExitCode.DIVERGENCE)
        if not self.run.complete:
            codes.append(ExitCode.INDETERMINATE)
        if not any(phase.ops for phase in self.run.phases if phase.measured):
            codes.append(ExitCode.NOTHING_VERIFIED)
        return exit_code(codes)


def conclude(wish: Wish, writer: LoadWriter, over: Over) -> Done:
    """Judge the run by what its file holds, write down what comes of it, and close the file."""
    run = replace(read(wish.folder), complete=over.complete, why=over.why)
    recovered = recoveries(run)
    run = replace(run, events=(*run.events, *recovered))
    writer.add(*recovered)
    checked = checks(run, bounds=wish.bounds)
    measured = metrics(run, wish.given)
    writer.add(*(check.line() for check in checked), *measured)
    writer.close(complete=over.complete, why=over.why)
    decision = decide(
        wish.objectives,
        measured,
        checked,
        complete=over.complete,
        why=over.why,
        left_out=left_out(run),
    )
    return Done(wish.folder, run, checked, measured, decision, over.interrupted)
