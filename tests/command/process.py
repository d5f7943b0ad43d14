"""Runs the `blobproof` command as a user does, and says what it said."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

COMMAND = Path(sysconfig.get_path("scripts")) / "blobproof"
ESCAPE = "\x1b"
HELP = {"help_option_names": ["-h", "--help"]}
"""For a subcommand that is called without the group: click keeps its first help option for good."""
_LONGEST = 60.0


@dataclass(frozen=True, slots=True)
class Done:
    """How it went."""

    code: int
    out: str
    err: str
    seconds: float


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, without anything that names an endpoint or a terminal."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AZURE_", "BLOBPROOF_", "PYTEST_")) and name not in ("COLUMNS", "FORCE_COLOR")
    }
    return {**kept, **(extra or {})}


def start(
    *arguments: object,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    before: Callable[[], object] | None = None,
) -> subprocess.Popen[str]:
    """The command as a running process; whoever starts it ends it."""
    return subprocess.Popen(
        [str(COMMAND), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(env),
        cwd=cwd,
        text=True,
        preexec_fn=before,
    )


def finish(process: subprocess.Popen[str], timeout: float = _LONGEST) -> Done:
    """Wait for its end, and make sure of it."""
    began = time.monotonic()
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)  # it ends what it has started
        out, err = process.communicate(timeout=30)
        raise AssertionError(f"not done within {timeout:g} s\n{out}\n{err}") from None
    return Done(process.returncode, out, err, time.monotonic() - began)


def blobproof(*arguments: object, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Done:
    """The command, from its start to its end."""
    return finish(start(*arguments, env=env, cwd=cwd))


def refused(done: Done, code: int, *words: str) -> None:
    """Assert that it ended as bad input ends: in time, with one clear line, a hint, and this exit code."""
    assert done.code == code, done
    assert done.seconds < 60  # bounded, on however busy a machine
    lines = done.err.splitlines()
    assert 1 <= len(lines) <= 2, done.err
    assert lines[0].startswith("blobproof: ")
    assert all(line.startswith("  ") for line in lines[1:])
    assert "Traceback" not in done.err
    assert done.out == ""
    for word in words:
        assert re.search(word, done.err), done.err


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(true: Callable[[], bool], seconds: float = 90.0) -> None:
    """Wait until it is so; fail when it does not become so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not become so in time"
        time.sleep(0.02)
