"""What we need of the operating system: paths that follow no symlink, whole writes, directory fsync."""

from __future__ import annotations

import ctypes
import errno
import os
from contextlib import suppress
from typing import NamedTuple

_OPENAT2 = 437  # the same number on every Linux architecture
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_RETRIES = 16

# Nonblocking, so that a FIFO somebody left in the tree cannot hold a thread.
READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
UPDATE = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENODEV})
"""Errors of an open that mean: there is no file or directory of ours under this name."""

UNHOLDABLE = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ})
"""Errors that mean: this file system cannot hold such a name."""

OCCUPIED = frozenset({errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST})
"""Errors of a rename that mean: a directory stands where the file should go."""


class Identity(NamedTuple):
    """What tells one state of a file from another: it selects the properties that belong to it."""

    inode: int
    size: int
    mtime_ns: int

    @property
    def key(self) -> str:
        """The identity as part of a file name."""
        return f"{self.inode:x}.{self.size:x}.{self.mtime_ns:x}"


def identity(status: os.stat_result) -> Identity:
    """The identity of a file from its status."""
    return Identity(status.st_ino, status.st_size, status.st_mtime_ns)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)


def _openat2(directory: int, path: str, flags: int) -> int:
    how = _OpenHow(flags, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS)
    encoded = path.encode()
    for _ in range(_RETRIES):
        fd = int(_syscall(_OPENAT2, directory, encoded, ctypes.byref(how), ctypes.sizeof(how)))
        if fd >= 0:
            return fd
        code = ctypes.get_errno()
        if code not in (errno.EINTR, errno.EAGAIN, errno.ESTALE):
            break
    raise OSError(code, os.strerror(code), path)


def walk_open(directory: int, path: str, flags: int) -> int:
    """The same as open_beneath, one component at a time: for kernels and sandboxes without openat2."""
    *parents, last = path.split("/")
    at = directory
    try:
        for part in parents:
            below = os.open(part, DIRECTORY, dir_fd=at)
            if at != directory:
                os.close(at)
            at = below
        return os.open(last, flags | os.O_NOFOLLOW, dir_fd=at)
    finally:
        if at != directory:
            os.close(at)


def open_beneath(directory: int, path: str, flags: int) -> int:
    """Open a relative path; no component may be a symlink or lead above the directory. OSError.

    The path must hold no `..` and no empty component (names.is_natural sees to that).
    """
    if "/" not in path:
        return os.open(path, flags | os.O_NOFOLLOW, dir_fd=directory)
    return _open_deep(directory, path, flags)


def _probe() -> bool:
    root = os.open("/", DIRECTORY)
    try:
        os.close(_openat2(root, ".", DIRECTORY))
    except OSError:
        return False
    finally:
        os.close(root)
    return True


_open_deep = _openat2 if _probe() else walk_open


def write_all(fd: int, data: bytes | bytearray | memoryview) -> int:
    """Write everything at the file's position; the number of bytes."""
    written = os.write(fd, data)
    total = written
    if written < len(data):
        rest = memoryview(data).cast("B")
        while total < len(rest):
            total += os.write(fd, rest[total:])
    return total


def read_all(path: str, directory: int) -> bytes | None:
    """The content of a small file; None when it is not there."""
    try:
        fd = os.open(path, READ, dir_fd=directory)
    except FileNotFoundError:
        return None
    try:
        data = os.read(fd, 16384)
        if len(data) == 16384:
            parts = [data]
            while part := os.read(fd, 1 << 20):
                parts.append(part)
            data = b"".join(parts)
        return data
    finally:
        os.close(fd)


def entries(path: str, directory: int) -> list[str] | None:
    """What is in a folder of ours, in no order; None: there is no such folder."""
    try:
        fd = os.open(path, DIRECTORY, dir_fd=directory)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        with os.scandir(fd) as found:
            return [entry.name for entry in found]
    finally:
        os.close(fd)


def sync_directory(fd: int) -> None:
    """Make the entries of an open directory durable."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems have no such call: entries are durable
            raise


def sync_path(path: str, directory: int) -> None:
    """Make the entries of a directory durable."""
    fd = os.open(path, DIRECTORY, dir_fd=directory)
    try:
        sync_directory(fd)
    finally:
        os.close(fd)


def make_directories(path: str, directory: int, *, durable: bool) -> None:
    """Make a directory of ours and those above it; each new one's parent is synced."""
    try:
        os.mkdir(path, dir_fd=directory)
    except FileExistsError:
        return
    except FileNotFoundError:
        above = path.rpartition("/")[0]
        if not above:
            raise
        make_directories(above, directory, durable=durable)
        with suppress(FileExistsError):
            os.mkdir(path, dir_fd=directory)
    if durable:
        sync_path(path.rpartition("/")[0] or ".", directory)


def discard(path: str, directory: int) -> None:
    """Unlink a file that may be gone already."""
    with suppress(FileNotFoundError):
        os.unlink(path, dir_fd=directory)
