"""Runs a package manager: bounded in time, in its own process group, one line says why it failed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class CommandFailedError(Exception):
    """A package manager did not do what it was asked; the message is one line for the user."""


def run(
    argv: Sequence[str],
    *,
    seconds: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """The command's output (stdout and stderr together). Raises CommandFailedError.

    `env` is added to our own environment. Nothing is read from a terminal.
    """
    name = Path(argv[0]).name
    if shutil.which(argv[0]) is None:
        raise CommandFailedError(f"{name} is not installed on this machine")
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise CommandFailedError(f"{name} could not be started: {error.strerror or error}") from error
    try:
        raw, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise CommandFailedError(f"{name} did not finish within {seconds:.0f} s") from None
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    output = raw.decode("utf-8", "replace")
    if process.returncode != 0:
        raise CommandFailedError(f"{name} failed: {reason(output) or f'exit code {process.returncode}'}")
    return output


_NOISE = re.compile(r"notice|warn|A complete log of this run|^\s*$|log can be found", re.IGNORECASE)
_TELLING = re.compile(r"\berror\b|\bE:|ERR!|fail|denied|unable|could not|not found|no space", re.IGNORECASE)


def reason(output: str) -> str:
    """The one line of a package manager's output that says best why it failed, shortened."""
    lines = [line.strip() for line in output.splitlines() if not _NOISE.search(line)]
    telling = [line for line in lines if _TELLING.search(line)]
    # npm says the code first and the sentence after it; pip and apt put the cause last.
    codes = [line for line in telling if re.search(r"npm (error|ERR!) (?!code\b|errno\b|syscall\b)\w", line)]
    best = (codes or telling[::-1] or lines[::-1] or [""])[0]
    best = re.sub(r"\bhttps?://\S+", "the registry", best)
    return best if len(best) <= 200 else best[:199] + "…"
