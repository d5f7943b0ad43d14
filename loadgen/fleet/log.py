"""A worker's operation log, which never ends the run: a disk without room ends the log, and that is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from loadgen.record.oplog import SUFFIX, OpLog
from loadgen.work.op import Op, Outcome


class Log:
    """Satisfies `loadgen.record.recorder.Log`. Raises `OSError` where the file cannot be made."""

    def __init__(self, folder: Path, worker: int, start_ns: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.trouble = ""  # why nothing is written any more
        self._log = OpLog(folder / f"worker-{worker}{SUFFIX}", start_ns, {"worker": worker})

    def begin(self, phase: str, iteration: int) -> None:
        """What comes now belongs to this phase."""
        self._try(lambda: self._log.begin(phase, iteration))

    def add(self, op: Op, outcome: Outcome) -> None:
        """An attempt ended."""
        if not self.trouble:
            try:
                self._log.add(op, outcome)
            except OSError as error:
                self._fail(error)

    def flush(self) -> None:
        """What was added can be read now."""
        self._try(self._log.flush)

    def close(self) -> str:
        """The end. Returns the path of the file."""
        self._try(self._log.close)
        return str(self._log.path)

    def _try(self, write: Callable[[], None]) -> None:
        if not self.trouble:
            try:
                write()
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.trouble = f"the operation log ends early: {error.strerror}"
