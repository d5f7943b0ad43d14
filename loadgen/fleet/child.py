"""A process of the fleet: started, told what to do on its standard input, heard, and ended by its own id."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_PACKAGES = str(Path(__file__).resolve().parents[2])
_CHUNK = 1 << 16

Row = dict[str, Any]


class Child:
    """A process of ours: a line of JSON on its standard input, its words in a log. Its end is ours to make.

    It has a session of its own, so that Ctrl-C reaches us first.
    """

    def __init__(self, module: str, order: Row, log: Path, env: Mapping[str, str], *, listen: bool) -> None:
        self.name = log.stem
        self.log = log
        self._unread = b""
        # A checkout is found wherever we are started from; an installed wheel is found anyway.
        path = os.pathsep.join(filter(None, (_PACKAGES, env.get("PYTHONPATH"))))
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as words:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if listen else words,
                stderr=words,
                env={**env, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
                start_new_session=True,
            )
        self.tell(json.dumps(order))

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    def ended(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._process.poll()

    def tell(self, line: str) -> None:
        """A line on its standard input. A process that is gone is told nothing."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def rows(self, seconds: float) -> Iterator[Row]:
        """What it has written on its standard output, waiting for it so long at most."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                return
        self._unread += os.read(self._process.stdout.fileno(), _CHUNK)
        *whole, self._unread = self._unread.split(b"\n")
        for line in whole:
            yield json.loads(line)

    def close(self) -> None:
        """The end of its input: it is to end by itself."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def kill(self, within: float) -> None:
        """Its end, within so many seconds by itself, else by SIGKILL."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, within))
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "without a word")
