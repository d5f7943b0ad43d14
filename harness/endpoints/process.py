"""A server process of ours: started with its output in files, awaited, ended by its own id."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from harness.endpoints.errors import StartError, StartUsageError
from harness.vocabulary import ExitCode

T = TypeVar("T")

_POLL = 0.01  # seconds between two looks for the ready line
_GRACE = 8.0  # seconds from SIGTERM to SIGKILL; the façade itself takes up to five to finish its requests
_LAST_WORDS = 300  # characters of a dead process's output in a message


class ServerProcess:
    """A running server. Its standard output and standard error are `output` and `log`.

    It gets a session of its own, so that Ctrl-C reaches us first and the whole group can be ended.
    `pass_fds` are descriptors that it inherits under their numbers: a socket that listens already, say.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
        *,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.output = folder / f"{name}.out"
        self.log = folder / f"{name}.log"
        self._reaped = False
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with self.output.open("wb") as out, self.log.open("wb") as err:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    env={**os.environ, **env},
                    cwd=cwd,
                    start_new_session=True,
                    pass_fds=tuple(pass_fds),
                )
        except OSError as error:
            raise StartError(
                f"{name} did not start: {command[0]}: {error.strerror}", "Install it again."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """The process id; also the id of its group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        if self._reaped:
            return False
        # The process stays a zombie until `kill`, so that its id cannot become somebody else's before that.
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def wait_ready(self, read: Callable[[str], T | None], timeout: float) -> T:
        """What `read` makes of the first line of output that it does not answer with None.

        Raises `StartError` when the process ends first or `timeout` seconds pass.
        """
        deadline = time.monotonic() + timeout
        while True:
            ended = not self.running
            text = self.output.read_text(encoding="utf-8", errors="replace")
            # The last line may be half there: a write to a file is seen as it goes.
            for line in (text if ended else text[: text.rfind("\n") + 1]).splitlines():
                if (found := read(line)) is not None:
                    return found
            if ended:
                raise self._died()
            if time.monotonic() > deadline:
                raise StartError(
                    f"{self.name} was not ready within {timeout:g} s{self._last_words()}",
                    "Is the machine very busy? Try again.",
                )
            time.sleep(_POLL)

    def end(self) -> None:
        """SIGTERM, then SIGKILL for what is left of its group. Does nothing when it has ended already."""
        try:
            deadline = time.monotonic() + _GRACE
            if self.running:
                os.kill(self.pid, signal.SIGTERM)
            while self.running and time.monotonic() < deadline:
                time.sleep(_POLL)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL for the whole group, as a crash would."""
        if not self._reaped:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
            self._reaped = True

    def _died(self) -> StartError:
        self.kill()
        code = self._process.returncode
        kind = StartUsageError if code == ExitCode.USAGE else StartError
        return kind(
            f"{self.name} ended at once with exit code {code}{self._last_words()}",
            "The words after the colon are its own.",
        )

    def _last_words(self) -> str:
        for file in (self.log, self.output):
            lines = [line.strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
            if words := [line for line in lines if line]:
                return f": {words[-1][:_LAST_WORDS]}"
        return ", without a word"
