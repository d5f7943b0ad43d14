"""Runs a real client: own process group, a time budget, output kept in files with secrets taken out."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from harness.redact import REDACTED, redact_text

_GRACE_SECONDS = 5.0
_LOOK_SECONDS = 0.005  # a quick client must be caught in the middle of its work


@dataclass(frozen=True, slots=True)
class Ran:
    """How a client's process went."""

    exit: int | None  # None: it was ended because its time was up
    stdout: str
    stderr: str
    seconds: float


def run_client(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    seconds: float,
    stdin: bytes | Path = b"",
    kill_when: Callable[[], bool] | None = None,
) -> Ran:
    """Run a client with exactly this environment, for at most so many seconds.

    `stdin` is what it reads from standard input, or a file whose bytes come through that pipe. When its time
    is up its whole process group is ended. `kill_when` is asked again and again: as soon as it says so, the
    group is killed as a crash would end it, and `exit` is the negative signal. Raises OSError when it cannot
    be started.
    """
    begun = time.monotonic()
    with subprocess.Popen(
        argv,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        in_time = True
        said = stdin if isinstance(stdin, bytes) else None
        if said is None or kill_when is not None:  # `communicate` forgets its input when it is called again
            pipe, process.stdin = process.stdin, None
            threading.Thread(target=_feed, args=(pipe, stdin), daemon=True).start()
        try:
            if kill_when is None:
                out, err = process.communicate(said, timeout=seconds)
            else:
                out, err = _killed(process, kill_when, seconds)
        except subprocess.TimeoutExpired:
            in_time = False
            _end_group(process, signal.SIGTERM)
            try:
                out, err = process.communicate(timeout=_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                _end_group(process, signal.SIGKILL)
                out, err = process.communicate()
        except BaseException:
            _end_group(process, signal.SIGKILL)
            raise
    return Ran(
        exit=process.returncode if in_time else None,
        stdout=out.decode("utf-8", "replace"),
        stderr=err.decode("utf-8", "replace"),
        seconds=time.monotonic() - begun,
    )


def base_environment(home: Path) -> dict[str, str]:
    """What every client gets: a home of its own, a search path, and nothing that could carry our secrets."""
    return {
        "HOME": str(home),
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TMPDIR": str(home),
        "NO_PROXY": "127.0.0.1",  # "localhost" would cover its subdomains too
    }


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, and without anything that looks like a signature or a token."""
    for secret in sorted((s for s in secrets if s), key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return redact_text(text)


def _killed(
    process: subprocess.Popen[bytes], when: Callable[[], bool], seconds: float
) -> tuple[bytes, bytes]:
    """Its output until it ends, or is killed. Raises subprocess.TimeoutExpired."""
    deadline = time.monotonic() + seconds
    killed = False
    while True:
        if not killed and when():
            killed = True
            _end_group(process, signal.SIGKILL)
        try:
            return process.communicate(timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if time.monotonic() >= deadline:
                raise


def _feed(pipe: BinaryIO, what: bytes | Path) -> None:
    """Write bytes, or those of a file, into a pipe, as far as anybody reads it."""
    with (
        contextlib.suppress(BrokenPipeError),
        pipe,
        io.BytesIO(what) if isinstance(what, bytes) else what.open("rb") as source,
    ):
        shutil.copyfileobj(source, pipe)


def _end_group(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, how)
