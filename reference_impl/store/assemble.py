"""Putting a blob together from pieces of other files, by the kernel where it can."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass

from . import fs
from .errors import StoreFault

_CANNOT = frozenset(
    {
        errno.EXDEV,
        errno.EINVAL,
        errno.ENOSYS,
        errno.ENOTTY,
        errno.EOPNOTSUPP,
        errno.EPERM,
        errno.EBADF,
        errno.ETXTBSY,
    }
)
_FICLONE = 0x40049409  # of x86 and Arm; elsewhere the kernel does not know it, and bytes are copied
_STEP = 1 << 30  # bytes in one call of copy_file_range
_PIECE = 1 << 20  # bytes in one read where the kernel cannot copy


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a blob to be made: a staged file by name, or (None) a range of the blob as it is."""

    staged: str | None
    offset: int
    size: int


def assemble(target: int, staged_folder: int, committed: int, segments: Iterable[Segment]) -> int:
    """Append the segments to an open empty file; bytes written. StoreFault: a source has shrunk."""
    total = 0
    opened: str | None = None
    source = -1
    with ExitStack() as stack:
        for segment in segments:
            if segment.staged is None:
                copy(committed, segment.offset, target, total, segment.size)
            else:
                if segment.staged != opened:
                    stack.close()
                    source = os.open(segment.staged, fs.READ, dir_fd=staged_folder)
                    stack.callback(os.close, source)
                    opened = segment.staged
                copy(source, 0, target, total, segment.size)
            total += segment.size
    return total


def clone(source: int, target: int, size: int) -> None:
    """Make an open empty file hold the first bytes of another: by sharing their extents where that goes.

    Sharing takes the source as it is at one moment, whoever writes to it.
    """
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        copy(source, 0, target, 0, size)
    else:
        os.ftruncate(target, size)


def copy(source: int, offset: int, target: int, at: int, size: int) -> None:
    """Copy a range between two files at given offsets."""
    end = offset + size
    kernel = hasattr(os, "copy_file_range")
    while offset < end:
        done = 0
        if kernel:
            try:
                done = os.copy_file_range(source, target, min(end - offset, _STEP), offset, at)
            except OSError as error:
                if error.errno not in _CANNOT:
                    raise
            kernel = done > 0  # some file systems answer 0 where they should say no
        if not done:
            done = _copy_piece(source, offset, target, at, min(end - offset, _PIECE))
        offset += done
        at += done


def _copy_piece(source: int, offset: int, target: int, at: int, size: int) -> int:
    data = os.pread(source, size, offset)
    if not data:
        raise StoreFault("a block is shorter on disk than it was when it was staged")
    done = 0
    while done < len(data):
        done += os.pwrite(target, memoryview(data)[done:], at + done)
    return done
