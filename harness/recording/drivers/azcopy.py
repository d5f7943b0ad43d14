"""AzCopy as a client to record: its words, and an environment in which it sends the same every time."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from harness.clients.azcopy import (
    BearerCredential,
    SharedKeyCredential,
    environment,
    log_text,
    read_outcome,
)
from harness.clients.process import Ran
from harness.recording.place import Command, Place, PlaceholderError
from harness.recording.scenario import Run

tool = "azcopy"

_STEADY = {
    "AZCOPY_CONCURRENCY_VALUE": "4",
    "AZCOPY_CONCURRENT_FILES": "4",
    "AZCOPY_CONCURRENT_SCAN": "1",
    # Listings of folders race with each other, so only scenarios about them turn them on.
    "AZCOPY_DISABLE_HIERARCHICAL_SCAN": "true",
    "AZCOPY_TUNE_TO_CPU": "false",
}
_JOB = "{job}"


def command(run: Run, place: Place) -> Command:
    """The process that does the run. `{job}` among its words is the id of the job that ran last.

    Raises PlaceholderError.
    """
    logs, plans = place.home / "logs", place.home / "plans"
    for folder in (logs, plans):
        folder.mkdir(parents=True, exist_ok=True)
    words = [place.fill(_with_job(word, plans, place)) for word in run.words]
    credential = _credential(place)
    if credential is not None:
        words.append(f"--trusted-microsoft-suffixes={_suffix(place.authority)}")
    env = environment(place.home, logs, plans, credential) | _STEADY | place.environment(run)
    return Command(
        argv=(str(place.found.path), *words, "--output-type=json", "--log-level=INFO"),
        env=env,
        cwd=place.home,
        stdin_file=place.file(run.stdin) if run.stdin else None,
        said=partial(_said, logs),
    )


def _said(logs: Path, ran: Ran) -> str:
    """What it says of itself: the reason of a failure stands in its log alone."""
    return read_outcome(ran, log_text(logs)).summary


def _credential(place: Place) -> SharedKeyCredential | BearerCredential | None:
    if place.key is not None:
        return SharedKeyCredential(place.account, place.key)
    if place.token is not None:
        return BearerCredential(place.token)
    return None  # the URLs carry a SAS


def _suffix(authority: str) -> str:
    """What a host must end with to be given a token or a signature: AzCopy compares with the port."""
    _, colon, port = authority.rpartition(":")
    return f":{port}" if colon and port.isdigit() else authority


def _with_job(word: str, plans: Path, place: Place) -> str:
    if _JOB not in word:
        return word
    jobs = sorted(plans.glob("*--*.steV*"), key=lambda plan: plan.stat().st_mtime_ns)
    if not jobs:
        raise PlaceholderError(f"{place.scenario.id}: {_JOB}: no job has run yet")
    return word.replace(_JOB, jobs[-1].name.partition("--")[0])
