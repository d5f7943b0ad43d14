"""One run: open the endpoint, ask the doctor, start pytest, watch, tidy up, read what it wrote, decide."""

from __future__ import annotations

import json
import os
import platform
import random
import re
import secrets
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness import containers, resume
from harness.child import RunnerError, Watch, run_pytest
from harness.doctor import Diagnosis, examine
from harness.endpoint import Endpoint, Style
from harness.endpoints import open_endpoint, spoken
from harness.exchange import header
from harness.golden.address import at_address
from harness.golden.plan import GoldenPlan
from harness.golden.ways import Way
from harness.judge.facts import MADE_UP_COMP
from harness.ledger import Deviation
from harness.plan import Plan
from harness.policy import Decision, Policy, decide, to_table
from harness.redact import redact_target
from harness.results.read import FILE, Results, read
from harness.results.write import utc_now
from harness.session import Session
from harness.vocabulary import ExitCode
from harness.wire.dial import dial
from harness.wire.message import WireRequest


class DoctorError(Exception):
    """The endpoint cannot be judged, and it is plain whose fault that is."""

    def __init__(self, diagnosis: Diagnosis, endpoint: str) -> None:
        super().__init__(diagnosis.line)
        self.diagnosis = diagnosis
        self.exit_code = diagnosis.exit_code
        self.hint = f"blobproof doctor {shlex.quote(endpoint)} shows every check."


class RunFolderError(Exception):
    """The run has nowhere to write."""

    exit_code = ExitCode.USAGE

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}")
        self.hint = "Give another folder with --out."


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a user says about a run."""

    endpoint: str
    plan: Plan | GoldenPlan
    policy: Policy
    folder: Path  # must not exist, or be empty, unless it is gone on with
    workers: int = 1
    scale: str = "normal"
    style: Style | None = None
    service_version: str | None = None
    server_processes: int = 1  # of the built-in façade
    ledger: Mapping[str, Deviation] = field(default_factory=dict)
    shuffle: int | None = None  # the number that an order of its own is drawn from
    way: Way | None = None  # how a replay is signed; None: a run of the suites
    face: str | None = None  # the address that a replay goes to
    resume: bool = False  # `folder` holds a run that was cut off, which is gone on with


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How a run ended."""

    folder: Path
    results: Results
    decision: Decision
    left_over: tuple[str, ...] = ()  # containers that could not be removed
    interrupted: bool = False


def run(options: RunOptions, watch: Watch = lambda done, record: None) -> RunSummary:
    """Run a plan against an endpoint.

    Raises EndpointError, DoctorError, RunFolderError, RunnerError. Ctrl-C ends the run early: what was
    brought so far is kept and marked as partial; before there was anything, it is raised as usual.
    """
    there = options.folder.exists()
    ours = not there  # what is in it
    try:
        if options.resume:  # what is wrong with it is said before anything is started
            resume.unfinished(options.folder, options.plan.ids)
        else:
            _make(options.folder)
            ours = True
        return _run(options, watch)
    except (RunFolderError, RunnerError):  # it is somebody else's, or holds what pytest said
        raise
    except BaseException:
        if ours and options.folder.is_dir() and not (options.folder / FILE).exists():
            _clear(options.folder, keep=there)
        raise


def _run(options: RunOptions, watch: Watch) -> RunSummary:
    logs = options.folder / "servers"
    with open_endpoint(
        options.endpoint, style=options.style, logs=logs, processes=options.server_processes
    ) as endpoint:
        if options.way is not None:
            endpoint = at_address(endpoint, options.face, options.style)
        if options.service_version is not None:
            endpoint = replace(endpoint, version=options.service_version)
        diagnosis = examine(endpoint)
        # A version or an operation that is wrong is for the suites to say; anything else is in their way.
        if diagnosis.exit_code not in (ExitCode.MET, ExitCode.DIVERGENCE):
            raise DoctorError(diagnosis, spoken(options.endpoint))
        kept: tuple[str, ...] = ()
        if options.resume:
            kept = resume.begin(options.folder, endpoint.name, options.plan.ids)
        session = _session(options, endpoint, kept)
        facts = _facts(options, endpoint, diagnosis, session)
        _write(options.folder / "run.json", facts)
        watch(0, None)
        interrupted = run_pytest(session, endpoint, watch, workers=options.workers)
        left_over = _tidy_up(endpoint, session.prefix)
    resume.end(options.folder)
    results = read(options.folder)
    decision = decide(results, options.policy)
    facts |= {
        "ended": utc_now(),
        "interrupted": interrupted,
        "left_over": list(left_over),
        "decision": {
            "policy": decision.policy,
            "met": decision.met,
            "exit_code": decision.exit_code.value,
            "reasons": list(decision.reasons),
        },
    }
    _write(options.folder / "run.json", facts)
    return RunSummary(options.folder, results, decision, left_over, interrupted)


def default_folder(endpoint: str, where: Path, service_version: str = "") -> Path:
    """A folder for a run of now: `runs/20261122-153000-reference`.

    With a service version it is `runs/20261122-153000-reference-2018-11-09`.
    """
    name = re.sub(r"[^A-Za-z0-9.]+", "-", spoken(endpoint).split("://")[-1])[:40].strip("-.")
    ends = f"-{service_version}" if service_version else ""
    stem = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name or 'endpoint'}{ends}"
    tries = (where / (stem if number == 1 else f"{stem}-{number}") for number in range(1, 1000))
    return next(path for path in tries if not path.exists())


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        empty = not any(folder.iterdir())
    except OSError as error:
        raise RunFolderError(folder, f"cannot be made: {error.strerror}") from error
    if not empty:
        raise RunFolderError(folder, "there is something in this folder already")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RunFolderError(folder, "cannot be written")


def _clear(folder: Path, *, keep: bool) -> None:
    """Take back what a run that never began has made. A folder that was there before stays."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not keep:
        folder.rmdir()


def _session(options: RunOptions, endpoint: Endpoint, kept: tuple[str, ...]) -> Session:
    chosen = frozenset(options.plan.ids)
    return Session(
        folder=options.folder.resolve(),
        root=options.plan.root,
        prefix=f"{containers.RUN_PREFIX}{secrets.token_hex(4)}-",
        ids=_order(options),
        files=options.plan.files,
        scale=options.scale,
        again=_again(options),
        today=datetime.now(UTC).date(),
        ledger=options.ledger,
        way=options.way,
        kept=kept,
        header={
            "kind": "header",
            "schema": "blobproof.results/2",
            "run": options.folder.resolve().name,
            "endpoint": {
                "name": endpoint.name,
                "url": redact_target(endpoint.url),
                "style": endpoint.style.value,
                "server": _server(endpoint),
                "declared": endpoint.declared,
            },
            "blobproof": version("blobproof"),
            "service_version": endpoint.version,
            "started": utc_now(),
            "sets": {
                name: {
                    "sha256": manifest.sha256,
                    "items": len(manifest.ids),
                    "chosen": [one for one in manifest.ids if one in chosen],
                }
                for name, manifest in options.plan.manifests.items()
            },
            "selection": list(options.plan.ids),
        },
    )


def _order(options: RunOptions) -> tuple[str, ...]:
    ids = list(options.plan.ids)
    if options.shuffle is not None:
        random.Random(options.shuffle).shuffle(ids)  # noqa: S311 - an order, no secret
    return tuple(ids)


def _again(options: RunOptions) -> tuple[str, ...]:
    """The words that run a part of this run again."""
    words = ["blobproof", "run" if options.way is None else "replay", spoken(options.endpoint)]
    if options.way is not None:
        words += ["--auth", options.way.value]
    if options.face is not None:
        words += ["--face", options.face]
    if options.style is not None:
        words += ["--style", options.style.value]
    if options.service_version is not None:
        words += ["--service-version", options.service_version]
    if options.scale != "normal":
        words += ["--scale", options.scale]
    return tuple(words)


def _server(endpoint: Endpoint) -> str | None:
    """What the endpoint calls itself in answers."""
    face = endpoint.face()
    headers = (("Host", face.authority), ("x-ms-version", endpoint.version))
    with dial(endpoint, timeout=10.0) as connection:
        said = connection.exchange(WireRequest("GET", f"{face.prefix}/?comp={MADE_UP_COMP}", headers))
    return header(said.response.headers, "server") if said.response else None


def _facts(options: RunOptions, endpoint: Endpoint, diagnosis: Diagnosis, session: Session) -> dict[str, Any]:
    """What run.json says: enough to see what was run, nothing that is secret."""
    checks = [
        {"name": check.name, "outcome": check.outcome.value, "what": check.what} for check in diagnosis.checks
    ]
    return {
        "run": options.folder.resolve().name,
        "blobproof": version("blobproof"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "endpoint": {
            **session.header["endpoint"],
            "account": endpoint.account,
            "credentials": [
                name
                for name, value in (("key", endpoint.key), ("sas", endpoint.sas), ("token", endpoint.tokens))
                if value is not None
            ],
            "also": dict(endpoint.also),
        },
        "prefix": session.prefix,
        "workers": options.workers,
        "scale": options.scale,
        "way": options.way,
        "shuffle": options.shuffle,
        "kept": len(session.kept),
        "policy": options.policy.name,
        "gate": to_table(options.policy),
        "selected": len(options.plan.ids),
        "listed": {name: len(manifest.ids) for name, manifest in options.plan.manifests.items()},
        "ledger": sorted(options.ledger),
        "doctor": checks,
        "started": session.header["started"],
    }


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _tidy_up(endpoint: Endpoint, prefix: str) -> tuple[str, ...]:
    """Remove the run's containers. A failure changes no verdict: it is only said."""
    try:
        found = [one.name for one in containers.containers(endpoint, prefix)]
        return tuple(f"{name}: {said}" for name, said in containers.remove(endpoint, found).items())
    except Exception as error:
        return (f"{prefix}*: {error}",)
