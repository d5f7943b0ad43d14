"""How well the history checker finds what it must find, and nothing else, and what a check costs.

    python -m benchmarks.history_checker [--runs N] [--operations N] [--processes N] [--mutants]

Without --mutants: long runs of the workload `everything` on the right façade, with one process and with two;
each must hold. With --mutants: bounded runs on each mutant that is a race, by the workload that is there for
it; each must be contradicted. Ends with 1 when one of them is not. What a check costs is told as its share
of the time that its history took.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.clients.truth import Truth
from harness.endpoints.builtin import Running, reference
from harness.history.check import check
from harness.history.client import surprising
from harness.history.contradiction import Checked
from harness.history.recorder import Recorder
from harness.history.story import title
from harness.history.values import Outcome
from harness.history.workload import WORKLOADS, play

MUTANTS = {
    "commit-shows-data-first": "commits",
    "blocks-change-while-committed": "commits",
    "condition-checked-before-the-lock": "updates",
    "deleted-blob-comes-back": "deletions",
    "listing-is-remembered": "listings",
    "read-opens-twice": "writers",
}
_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what was found, and how long it took, in seconds."""

    checked: Checked
    played: float
    checking: float

    def line(self) -> str:
        """In words."""
        operations = self.checked.history.operations
        unknown = sum(one.outcome is Outcome.UNKNOWN for one in operations)
        odd = Counter(f"{one.kind.value} {one.status}" for one in operations if surprising(one))
        found = "; ".join(title(one) for one in self.checked.contradictions) or "holds"
        said = f", unexpected: {dict(odd)}" if odd else ""
        return (
            f"{len(operations):,} operations, {unknown} without an answer{said}; the check took "
            f"{self.checking / self.played:.0%} of the {self.played:.0f} s; {found}"
        )


def main() -> int:
    """Run, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--operations", type=int)
    parser.add_argument("--processes", type=int, action="append", help="of the façade; default: 1, then 2")
    parser.add_argument("--mutants", action="store_true")
    wanted = parser.parse_args()
    if wanted.mutants:
        good = _mutants(wanted.runs, wanted.operations or 1_000, wanted.processes or (1, 2))
    else:
        good = _right(wanted.runs, wanted.operations or 20_000, wanted.processes or (1, 2))
    return 0 if good else 1


def _right(runs: int, operations: int, fleet: Sequence[int]) -> bool:
    good = True
    for processes in fleet:
        with reference(processes=processes) as running:
            for number in range(runs):
                done = _run(running, "everything", operations)
                good = good and done.checked.holds
                print(f"{processes} process(es), run {number + 1}: {done.line()}", flush=True)  # noqa: T201
    return good


def _mutants(runs: int, operations: int, fleet: Sequence[int]) -> bool:
    good = True
    for name, workload in MUTANTS.items():
        for processes in fleet:
            with reference(name, processes=processes, extra=("--no-fsync",)) as running:
                done = [_run(running, workload, operations) for _ in range(runs)]
            found = sum(bool(one.checked.contradictions) for one in done)
            named = Counter(one.anomaly.value for run in done for one in run.checked.contradictions)
            shortest = min(
                (len(one.operations) for run in done for one in run.checked.contradictions), default=0
            )
            good = good and found == runs
            print(  # noqa: T201
                f"{name}, {processes} process(es): found in {found} of {runs} runs of {operations:,} "
                f"operations; shortest {shortest}; {dict(named)}",
                flush=True,
            )
    return good


def _run(running: Running, workload: str, operations: int) -> Run:
    container = f"bp-history-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory() as folder, Truth(running.endpoint) as truth:
        truth.create_container(container)
        began = time.monotonic()
        with Recorder(Path(folder) / "history.jsonl", {"workload": workload}) as recorder:
            play(
                WORKLOADS[workload],
                recorder,
                running.endpoint,
                container,
                operations=operations,
                seconds=_SECONDS,
                seed=secrets.randbits(32),
            )
        played = time.monotonic() - began
        checked = check(recorder.history())
        truth.delete_container(container)
    return Run(checked, played, time.monotonic() - began - played)


if __name__ == "__main__":
    sys.exit(main())
