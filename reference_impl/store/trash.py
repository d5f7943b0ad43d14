"""Removal of what is out of sight already: renamed away at once, deleted by a thread of its own."""

from __future__ import annotations

import errno
import fcntl
import itertools
import logging
import os
import queue
import shutil
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from . import fs
from .locks import lock

_log = logging.getLogger(__name__)
_DAY = 86_400.0
_MINUTE = 60.0


class Trash:
    """The trash folder, and a thread (started at need) that empties it."""

    def __init__(self, root: int, path: str, owner: str) -> None:
        self._root = root
        self._path = path
        self._owner = owner
        self._numbers = itertools.count(1)
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def take(self, path: str) -> bool:
        """Move a file or folder of the root out of sight; it is removed later. False: it was not there."""
        target = f"{self._path}/{self._owner}.{next(self._numbers):x}"
        try:
            os.rename(path, target, src_dir_fd=self._root, dst_dir_fd=self._root)
        except FileNotFoundError:
            return False
        self._later(lambda: self._remove(target))
        return True

    def sweep(self, incoming: str, *, own: str) -> None:
        """Remove, in the background, what killed processes left: all trash, and their temp folders."""
        left = [f"{self._path}/{entry}" for entry in fs.entries(self._path, self._root) or ()]
        owners = [f"{incoming}/{entry}" for entry in fs.entries(incoming, self._root) or () if entry != own]
        if left or owners:
            self._later(lambda: self._sweep(left, owners, own.partition(".")[0]))

    def close(self) -> None:
        """Finish what is under way (at most five seconds; the next start does the rest)."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(5.0)

    def _later(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="store-trash", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except OSError as error:
                _log.warning("trash: %s", error)

    def _sweep(self, left: list[str], owners: list[str], host: str) -> None:
        for path in left:
            self._remove(path)
        for path in owners:
            if self._is_dead(path, host):
                self._remove(path)

    def _is_dead(self, path: str, host: str) -> bool:
        """Whether nobody holds the folder's lock, and nothing happened in it for long enough.

        Long enough covers the instant between making a folder and locking it; for other hosts it is a day,
        because some mounts keep locks to themselves.
        """
        patience = _MINUTE if path.rpartition("/")[2].startswith(f"{host}.") else _DAY
        try:
            if time.time() - os.stat(path, dir_fd=self._root).st_mtime < patience:
                return False
            fd = os.open(f"{path}/alive", os.O_RDWR | os.O_CLOEXEC, dir_fd=self._root)
        except FileNotFoundError:
            return True
        try:
            lock(fd, fcntl.F_WRLCK, 0, 1, wait=False)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            raise
        finally:
            os.close(fd)
        return True

    def _remove(self, path: str) -> None:
        def failed(
            _call: Any, where: str, error: tuple[type[BaseException], BaseException, TracebackType]
        ) -> None:
            if isinstance(error[1], NotADirectoryError) and where == path:
                fs.discard(path, self._root)
            elif not isinstance(error[1], FileNotFoundError):  # others may be emptying it too
                _log.warning("trash: %s: %s", where, error[1])

        shutil.rmtree(path, onerror=failed, dir_fd=self._root)
