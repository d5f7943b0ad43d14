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
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness import containers
from harness.doctor import Diagnosis, examine
from harness.endpoint import Endpoint, Style
from harness.endpoints import handover, open_endpoint, spoken
from harness.exchange import header
from harness.judge.facts import MADE_UP_COMP
from harness.ledger import Deviation
from harness.plan import Plan
from harness.policy import Decision, Policy, decide
from harness.redact import redact_target, redact_text
from harness.results.read import FILE, Results, read
from harness.results.record import Record
from harness.results.write import utc_now
from harness.session import Session
from harness.vocabulary import ExitCode
from harness.wire.dial import dial
from harness.wire.message import WireRequest

_PACKAGES = Path(__file__).resolve().parents[1]
_POLL = 0.05  # seconds between two looks at the results
_GRACE = 20.0  # seconds that pytest may take to end after an interrupt

Watch = Callable[[int, Record | None], None]
"""Told how many records there are, and the newest: 0 and None when the tests are about to begin."""


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


class RunnerError(Exception):
    """Pytest ended without results: our own fault."""

    exit_code = ExitCode.HARNESS

    def __init__(self, log: Path) -> None:
        words = [
            line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()
        ]
        super().__init__(f"the runner ended without results: {words[-1] if words else 'without a word'}")
        self.hint = f"Its whole output is in {log}."


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a user says about a run."""

    endpoint: str
    plan: Plan
    policy: Policy
    folder: Path  # must not exist, or be empty
    workers: int = 1
    scale: str = "normal"
    style: Style | None = None
    service_version: str | None = None
    server_processes: int = 1  # of the built-in façade
    ledger: Mapping[str, Deviation] = field(default_factory=dict)
    shuffle: int | None = None  # the number that an order of its own is drawn from


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
        if options.service_version is not None:
            endpoint = replace(endpoint, version=options.service_version)
        diagnosis = examine(endpoint)
        # A version or an operation that is wrong is for the suites to say; anything else is in their way.
        if diagnosis.exit_code not in (ExitCode.MET, ExitCode.DIVERGENCE):
            raise DoctorError(diagnosis, spoken(options.endpoint))
        session = _session(options, endpoint)
        facts = _facts(options, endpoint, diagnosis, session)
        _write(options.folder / "run.json", facts)
        watch(0, None)
        interrupted = _pytest(options, endpoint, session, watch)
        left_over = _tidy_up(endpoint, session.prefix)
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


def _session(options: RunOptions, endpoint: Endpoint) -> Session:
    chosen = frozenset(options.plan.ids)
    return Session(
        folder=options.folder.resolve(),
        suites=options.plan.suites,
        prefix=f"{containers.RUN_PREFIX}{secrets.token_hex(4)}-",
        ids=_order(options),
        files=options.plan.files,
        scale=options.scale,
        again=_again(options),
        today=datetime.now(UTC).date(),
        ledger=options.ledger,
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
    words = ["blobproof", "run", spoken(options.endpoint)]
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
        "shuffle": options.shuffle,
        "policy": options.policy.name,
        "selected": len(options.plan.ids),
        "listed": {name: len(manifest.ids) for name, manifest in options.plan.manifests.items()},
        "ledger": sorted(options.ledger),
        "doctor": checks,
        "started": session.header["started"],
    }


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


# --- the child ---


def _pytest(options: RunOptions, endpoint: Endpoint, session: Session, watch: Watch) -> bool:
    """Run the suites in a pytest of their own. Returns whether it was interrupted."""
    suites = str(session.suites)
    # Stealing: clients take seconds and cases milliseconds; and of all ways it survives a worker that dies.
    parallel = ("-p", "xdist", "-n", str(options.workers), "--dist=worksteal")
    command = [
        *(sys.executable, "-m", "pytest", suites, "-p", "harness.plugin", "-p", "no:cacheprovider"),
        *("--rootdir", suites, "-c", os.devnull, "--import-mode=importlib", "-q", "--tb=short"),
        *("-o", "python_files=*.py", "-o", "python_functions=test_*", f"--scale={options.scale}"),
        *(parallel if options.workers > 1 else ()),
        "--continue-on-collection-errors",  # what cannot be loaded must not keep the rest from being run
    ]
    env = {
        # What somebody has set for their own pytest is not for ours, nor are the plugins that are about.
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        handover.VARIABLE: handover.dump(endpoint),
        Session.VARIABLE: str(session.save()),
        # A checkout is found wherever we are started from; an installed wheel is found anyway.
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_PACKAGES), os.environ.get("PYTHONPATH")))),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    log = options.folder / "pytest.log"
    with log.open("wb") as out:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True
        )
        interrupted = _await(child, options.folder / FILE, watch)
    said = log.read_text(encoding="utf-8", errors="replace")
    log.write_text(redact_text(said, endpoint), encoding="utf-8")
    if not (options.folder / FILE).exists():
        raise KeyboardInterrupt if interrupted else RunnerError(log)
    return interrupted


def _await(child: subprocess.Popen[bytes], results: Path, watch: Watch) -> bool:
    follow = _Follower(results, watch)
    try:
        while child.poll() is None:
            time.sleep(_POLL)
            follow.look()
        follow.look()
    except KeyboardInterrupt:
        _end(child)
        return True
    finally:
        if child.poll() is None:
            _end(child)
    return False


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask pytest and its workers to end, so that they end what they started; then make sure."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGINT)
    try:
        child.wait(_GRACE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):  # or somebody who does not want to wait
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


class _Follower:
    """Tells of each record that has been added to the results."""

    def __init__(self, path: Path, watch: Watch) -> None:
        self._path = path
        self._watch = watch
        self._position = 0
        self._done = 0

    def look(self) -> None:
        """Read what is new; the last line may not be whole yet."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                new = file.read()
        except FileNotFoundError:
            return
        whole, newline, _ = new.rpartition(b"\n")
        self._position += len(whole) + len(newline)
        for line in whole.splitlines():
            record = json.loads(line)
            if record["kind"] not in ("header", "footer"):
                self._done += 1
                self._watch(self._done, record)


def _tidy_up(endpoint: Endpoint, prefix: str) -> tuple[str, ...]:
    """Remove the run's containers. A failure changes no verdict: it is only said."""
    try:
        found = [one.name for one in containers.containers(endpoint, prefix)]
        return tuple(f"{name}: {said}" for name, said in containers.remove(endpoint, found).items())
    except Exception as error:
        return (f"{prefix}*: {error}",)
