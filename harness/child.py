"""The pytest child of a run: started with our plugin, watched while it writes, ended when it must be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness.endpoint import Endpoint
from harness.endpoints import handover
from harness.redact import redact_text
from harness.results.read import FILE
from harness.results.record import Record
from harness.session import Session
from harness.vocabulary import ExitCode

_PACKAGES = Path(__file__).resolve().parents[1]
_POLL = 0.05  # seconds between two looks at the results
_GRACE = 20.0  # seconds that pytest may take to end after an interrupt

Watch = Callable[[int, Record | None], None]
"""Told how many records there are, and the newest: 0 and None when the tests are about to begin."""


class RunnerError(Exception):
    """Pytest ended without results: our own fault."""

    exit_code = ExitCode.HARNESS

    def __init__(self, log: Path) -> None:
        words = [
            line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()
        ]
        super().__init__(f"the runner ended without results: {words[-1] if words else 'without a word'}")
        self.hint = f"Its whole output is in {log}."


def run_pytest(session: Session, endpoint: Endpoint, watch: Watch, *, workers: int) -> bool:
    """Run what the session names in a pytest of its own. Returns whether it was interrupted.

    Raises RunnerError.
    """
    root = str(session.root)
    # Stealing: clients take seconds and cases milliseconds; and of all ways it survives a worker that dies.
    parallel = ("-p", "xdist", "-n", str(workers), "--dist=worksteal")
    command = [
        *(sys.executable, "-P", "-m", "pytest", root, "-p", "harness.plugin", "-p", "no:cacheprovider"),
        *("--rootdir", root, "-c", os.devnull, "--import-mode=importlib", "-q", "--tb=short"),
        *("-o", "python_files=*.py", "-o", "python_functions=test_*", f"--scale={session.scale}"),
        *(parallel if workers > 1 else ()),
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
    log = session.folder / "pytest.log"
    # What a process that was killed leaves behind goes with the rest.
    with tempfile.TemporaryDirectory(prefix="blobproof-work-", ignore_cleanup_errors=True) as work:
        env[Session.WORK] = work
        with log.open("wb") as out:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True
            )
            interrupted = _await(child, session.folder / FILE, watch)
    said = log.read_text(encoding="utf-8", errors="replace")
    log.write_text(redact_text(said, endpoint), encoding="utf-8")
    if not (session.folder / FILE).exists():
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
