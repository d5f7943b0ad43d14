"""Removal of what is out of sight already: renamed away at once, deleted by a thread of its own."""

from __future__ import annotations

import errno
import fcntl
import itertools
import logging
import os
import queue
import threading
import time
from contextlib import suppress

from . import fs
from .locks import lock

_log = logging.getLogger(__name__)
_DAY = 86_400.0
_MINUTE = 60.0
_CLOSING = 5.0  # seconds
_TRIES = 10  # of a folder that a writer under way still puts a file into


class Trash:
    """The trash folder, and a thread (started at need) that empties it.

    All paths are relative to the root, whose descriptor is given.
    """

    def __init__(self, root: int, path: str, owner: str) -> None:
        self._root = root
        self._path = path
        self._owner = owner
        self._numbers = itertools.count(1)
        self._jobs: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def take(self, path: str) -> bool:
        """Move a folder out of sight; it is removed later. False: it was not there."""
        target = self._fresh()
        try:
            os.rename(path, target, src_dir_fd=self._root, dst_dir_fd=self._root)
        except FileNotFoundError:
            return False
        self._later(target)
        return True

    def sweep(self, incoming: str) -> None:
        """Remove, in the background, what killed processes left: all trash, and their temp folders."""
        for entry in fs.entries(self._path, self._root) or ():
            self._later(f"{self._path}/{entry}")
        for entry in fs.entries(incoming, self._root) or ():
            if entry != self._owner and self._is_dead(f"{incoming}/{entry}"):
                self.take(f"{incoming}/{entry}")

    def close(self) -> None:
        """Finish what is under way, for at most five seconds; the next start does the rest."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(_CLOSING)

    def _fresh(self) -> str:
        return f"{self._path}/{self._owner}.{next(self._numbers):x}"

    def _later(self, path: str) -> None:
        self._jobs.put(path)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="store-trash", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while (path := self._jobs.get()) is not None:
            pending = [path]
            tries = _TRIES
            while pending:
                path = pending.pop()
                try:
                    self._remove(path, pending)
                except OSError as error:
                    if error.errno == errno.ENOTEMPTY and tries:
                        tries -= 1
                        pending.insert(0, path)
                    elif error.errno != errno.ENOENT:  # another process may be emptying the same trash
                        _log.warning("trash stays until the next start: %s", error)

    def _remove(self, path: str, pending: list[str]) -> None:
        """Remove a folder; what folders it holds are moved beside it first, so that no depth is too deep."""
        try:
            fd = os.open(path, fs.DIRECTORY, dir_fd=self._root)
        except NotADirectoryError:
            fs.discard(path, self._root)
            return
        try:
            with os.scandir(fd) as found:
                entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
            for name, is_folder in entries:
                with suppress(FileNotFoundError):
                    if is_folder:
                        target = self._fresh()
                        os.rename(name, target, src_dir_fd=fd, dst_dir_fd=self._root)
                        pending.append(target)
                    else:
                        os.unlink(name, dir_fd=fd)
        finally:
            os.close(fd)
        os.rmdir(path, dir_fd=self._root)

    def _is_dead(self, path: str) -> bool:
        """Whether nobody holds the folder's lock, and nothing happened in it for long enough.

        Long enough covers the instant between making a folder and locking it; for folders of other hosts it
        is a day, because some mounts keep locks to themselves.
        """
        host = self._owner.partition(".")[0]
        ours = path.rpartition("/")[2].startswith(f"{host}.")
        try:
            age = time.time() - os.stat(path, dir_fd=self._root).st_mtime
            if age < (_MINUTE if ours else _DAY):
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
