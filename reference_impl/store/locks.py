"""Locks that hold across threads, processes and hosts: byte ranges of one file.

Every container has a range of the lock file, every name a byte in it (by hash: two names may share one,
which only makes them wait). Open-file-description locks conflict between descriptors, even of one process,
so one mechanism serves threads and processes alike, a container is locked by one range, there is nothing to
clean up, and the kernel frees what a killed process held. NFS clients send such locks to the server.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache

_BITS = 20  # bytes per container: a million names before two of them share one by chance
_LAYOUT = "hhqqi4x"  # struct flock


@lru_cache(maxsize=4096)
def container_offset(account: str, container: str) -> int:
    """The container's own byte; its names have the bytes that follow."""
    return int.from_bytes(hashlib.sha256(f"{account}/{container}".encode()).digest()[:5], "big") << _BITS


def name_offset(account: str, container: str, digest: str) -> int:
    """The byte of a name."""
    return container_offset(account, container) + max(int(digest[:5], 16), 1)


def lock(fd: int, kind: int, start: int, length: int, *, wait: bool = True) -> None:
    """Set or clear (F_UNLCK) a lock on a range. OSError (EAGAIN) when it is taken and we do not wait."""
    command = fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK
    fcntl.fcntl(fd, command, struct.pack(_LAYOUT, kind, os.SEEK_SET, start, length, 0))


class Locks:
    """The lock file, and descriptors of it that are free to be used."""

    def __init__(self, path: str, directory: int) -> None:
        self._path = path
        self._directory = directory
        self._free: list[int] = []
        with self.name("probe", "probe", "0" * 64):
            pass  # a file system without locks says so now, not under the first write

    def close(self) -> None:
        """Close the free descriptors."""
        while self._free:
            os.close(self._free.pop())

    def is_free(self, account: str, container: str, digest: str | None) -> bool:
        """Whether nobody holds a name (None: the container) at this moment."""
        start = container_offset(account, container)
        if digest is not None:
            start = name_offset(account, container, digest)
        wanted = struct.pack(_LAYOUT, fcntl.F_WRLCK, os.SEEK_SET, start, 1, 0)
        fd = self._descriptor()
        try:
            found = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, wanted)
        finally:
            self._free.append(fd)
        return bool(struct.unpack(_LAYOUT, found)[0] == fcntl.F_UNLCK)

    def _descriptor(self) -> int:
        """A descriptor of the lock file that nobody else uses."""
        try:
            return self._free.pop()
        except IndexError:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            return os.open(self._path, flags, 0o666, dir_fd=self._directory)

    @contextmanager
    def _held(self, start: int, length: int) -> Iterator[int]:
        fd = self._descriptor()
        try:
            lock(fd, fcntl.F_WRLCK, start, length)
            yield fd
        finally:
            try:
                lock(fd, fcntl.F_UNLCK, 0, 0)  # to the end of the file: everything this descriptor holds
            except OSError:
                os.close(fd)  # which drops its locks
                raise
            self._free.append(fd)

    def name(self, account: str, container: str, digest: str) -> AbstractContextManager[int]:
        """Hold one name of a container."""
        return self._held(name_offset(account, container, digest), 1)

    def container(self, account: str, container: str) -> AbstractContextManager[int]:
        """Hold the container's own record; the value is for `drain`."""
        return self._held(container_offset(account, container), 1)

    def drain(self, held: int, account: str, container: str) -> None:
        """While holding a container: wait for everybody who holds a name of it, and hold them all."""
        lock(held, fcntl.F_WRLCK, container_offset(account, container) + 1, (1 << _BITS) - 1)
