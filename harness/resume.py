"""Going on with a run that was cut off: which of its records stand, and where they wait meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from harness.results.read import FILE, Results, read_lines
from harness.results.record import Record
from harness.vocabulary import ExitCode, Verdict

WAITING = "results.partial.jsonl"
"""What the results of the run so far are called until the new ones hold them."""

_AGAIN = frozenset(
    {Verdict.INDETERMINATE, Verdict.HARNESS_ERROR, Verdict.NOT_RUN, Verdict.BLOCKED, Verdict.UNSUPPORTED}
)
"""Verdicts that another try may change, because the endpoint or this machine was not ready."""


class ResumeError(Exception):
    """A run that cannot be gone on with."""

    exit_code = ExitCode.USAGE

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.hint = (
            "Give the same endpoint and selection as the run in --out, or start a new one without --resume."
        )


def unfinished(folder: Path, ids: Collection[str]) -> Results:
    """A cut-off run of this selection, as far as it came. Raises ResumeError, ResultsError."""
    path = next((folder / name for name in (FILE, WAITING) if (folder / name).is_file()), None)
    if path is None:
        raise ResumeError(f"{folder}: there is no run to go on with")
    results = read_lines(path)
    if results.complete:
        raise ResumeError(f"{folder}: this run came to its end")
    if frozenset(results.selection) != frozenset(ids):
        raise ResumeError(f"{folder}: that run had another selection")
    return results


def begin(folder: Path, endpoint: str, ids: Collection[str]) -> tuple[str, ...]:
    """Lay a cut-off run's results aside; the ids whose records stand. Raises ResumeError, ResultsError."""
    results = unfinished(folder, ids)
    name = results.header["endpoint"]["name"]
    if name != endpoint:
        raise ResumeError(f"{folder}: that run was of endpoint {name}, not of {endpoint}")
    if (folder / FILE).is_file():
        (folder / FILE).replace(folder / WAITING)
    return tuple(record["id"] for record in results.records if _stands(record))


def standing(folder: Path) -> tuple[Record, ...]:
    """The records that `begin` said stand."""
    return tuple(record for record in read_lines(folder / WAITING).records if _stands(record))


def end(folder: Path) -> None:
    """The new results hold everything: what lay aside may go."""
    (folder / WAITING).unlink(missing_ok=True)


def _stands(record: Record) -> bool:
    # The records of wire rules are made anew from those of cases and scenarios.
    return record["kind"] != "rule" and Verdict(record["verdict"]) not in _AGAIN
