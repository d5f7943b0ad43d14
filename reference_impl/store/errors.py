"""The errors of the store: refusals (the caller's state of affairs) and faults (the file system's)."""

from __future__ import annotations

import errno
import os


class StoreError(Exception):
    """Anything the store can say no with. `hint` says in one line what to do."""

    hint = ""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class ContainerExists(StoreError):  # noqa: N818 - named after what is the case
    """The container to be created is there already."""


class ContainerMissing(StoreError):  # noqa: N818
    """No such container."""


class BlobMissing(StoreError):  # noqa: N818
    """No such blob."""


class HasSnapshots(StoreError):  # noqa: N818
    """The blob cannot be deleted without its snapshots."""


class UnknownBlock(StoreError):  # noqa: N818
    """A block list names a block that is not where the list says; nothing was changed."""


class BlockIdLengthMismatch(StoreError):  # noqa: N818
    """A block id decodes to another length than the ids that the blob already has."""


class TooManyBlocks(StoreError):  # noqa: N818
    """The blob has as many uncommitted blocks as it may have."""


class InvalidName(StoreError, ValueError):  # noqa: N818
    """An account, container or block id that the store cannot hold; the protocol should have refused it."""


class StoreFault(StoreError):  # noqa: N818
    """The file system refused: nothing that was acknowledged is lost. `errno` says how it refused."""

    hint = "look at the file system under the store's root"

    def __init__(self, message: str, code: int = errno.EIO, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.errno = code


class OutOfSpace(StoreFault):
    """No room: the disk, the quota or the largest file size is reached."""

    hint = "free space (or raise the quota) on the file system of the store's root, then retry"


class ReadOnly(StoreFault):
    """The file system is mounted read-only."""

    hint = "mount the file system of the store's root for writing"


class Denied(StoreFault):
    """The process may not do this in the tree."""

    hint = "give the façade's user read and write access to everything under the store's root"


class RootUnusable(StoreFault):
    """The root cannot hold a store: not there, not a directory, not writable, or without locks."""

    hint = "give a directory that exists and that the façade's user may write to"


_FAULTS: dict[int, type[StoreFault]] = {
    errno.ENOSPC: OutOfSpace,
    errno.EDQUOT: OutOfSpace,
    errno.EFBIG: OutOfSpace,
    errno.EROFS: ReadOnly,
    errno.EACCES: Denied,
    errno.EPERM: Denied,
}

_HINTS = {
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "raise the system's limit of open files",
    errno.EXDEV: "keep the containers and .blobproof on one file system: commits are renames",
    errno.ENOLCK: "mount the export with locks (NFSv4, or NFSv3 with lockd): writers need them",
}


def fault(error: OSError) -> StoreFault:
    """The typed fault for an OSError that no operation has an answer to."""
    code = error.errno or errno.EIO
    kind = _FAULTS.get(code, StoreFault)
    return kind(f"the store cannot go on: {os.strerror(code)}", code, _HINTS.get(code))
