"""The façade's POSIX store: blobs are plain files at their natural paths, the rest lies beside them.

Synchronous, thread-safe, correct across processes and hosts that share the root. One Store per process:
make it after forking. The interface is below; docs and reasons are in the modules it is wired from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from .errors import (
    BlobMissing,
    BlockIdLengthMismatch,
    ContainerExists,
    ContainerMissing,
    Denied,
    InvalidName,
    OutOfSpace,
    ReadOnly,
    RootUnusable,
    StoreError,
    StoreFault,
    TooManyBlocks,
    UnknownBlock,
)
from .records import (
    BlobProps,
    BlobRecord,
    Block,
    BlockLists,
    ContainerProps,
    ContainerRecord,
    EntryKind,
    Page,
    Prefix,
)

__all__ = [
    "BlobMissing",
    "BlobProps",
    "BlobRecord",
    "Block",
    "BlockIdLengthMismatch",
    "BlockLists",
    "Check",
    "ContainerExists",
    "ContainerMissing",
    "ContainerProps",
    "ContainerRecord",
    "Denied",
    "EntryKind",
    "InvalidName",
    "OpenBlob",
    "OutOfSpace",
    "Page",
    "Prefix",
    "ReadOnly",
    "RootUnusable",
    "Store",
    "StoreError",
    "StoreFault",
    "TooManyBlocks",
    "UnknownBlock",
    "Upload",
]

Check = Callable[[BlobRecord | None], None]
"""Runs under the blob's lock with the current record (None: no committed blob); raises to refuse."""


class Upload:
    """Bytes on their way in: a temp file on the store's file system. A context manager; leaving it aborts
    unless a commit or stage took the file."""

    fd: int
    size: int

    def __enter__(self) -> Upload:
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        raise NotImplementedError

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append. Whoever writes to .fd directly (splice) adds to .size himself."""
        raise NotImplementedError

    def abort(self) -> None:
        """Drop the file; nothing happens when it is gone already."""
        raise NotImplementedError


class OpenBlob:
    """A record and a readable descriptor that belong together (one inode). Close it, or use it in `with`."""

    record: BlobRecord
    fd: int

    def __enter__(self) -> OpenBlob:
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class Store:
    """A tree of accounts, containers and blobs under one root."""

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        """RootUnusable when root is no writable directory. durable: fsync before every return."""
        raise NotImplementedError

    def create_container(self, account: str, name: str, props: ContainerProps) -> ContainerRecord:
        """ContainerExists."""
        raise NotImplementedError

    def container(self, account: str, name: str) -> ContainerRecord:
        """ContainerMissing."""
        raise NotImplementedError

    def update_container(
        self, account: str, name: str, change: Callable[[ContainerRecord], ContainerProps]
    ) -> ContainerRecord:
        """ContainerMissing, or what change raises."""
        raise NotImplementedError

    def delete_container(self, account: str, name: str, check: Callable[[ContainerRecord], None]) -> None:
        """ContainerMissing, or what check raises."""
        raise NotImplementedError

    def containers(
        self, account: str, prefix: str = "", marker: str = "", limit: int = 5000
    ) -> Page[ContainerRecord]:
        raise NotImplementedError

    def upload(self, account: str, container: str) -> Upload:
        """ContainerMissing."""
        raise NotImplementedError

    def commit_blob(
        self, upload: Upload, name: str, props: BlobProps, check: Check | None = None
    ) -> BlobRecord:
        """ContainerMissing, or what check raises. The upload is consumed, or aborted on an error."""
        raise NotImplementedError

    def stage_block(self, upload: Upload, name: str, block_id: str, check: Check | None = None) -> None:
        """BlockIdLengthMismatch, TooManyBlocks, ContainerMissing. check=None saves reading the record."""
        raise NotImplementedError

    def commit_blocks(
        self,
        account: str,
        container: str,
        name: str,
        entries: Sequence[tuple[EntryKind, str]],
        props: BlobProps,
        check: Check | None = None,
    ) -> BlobRecord:
        """UnknownBlock, ContainerMissing, or what check raises (before any block is looked up)."""
        raise NotImplementedError

    def block_list(self, account: str, container: str, name: str) -> BlockLists:
        """BlobMissing when there is neither a committed blob nor a staged block."""
        raise NotImplementedError

    def blob(self, account: str, container: str, name: str) -> BlobRecord:
        """BlobMissing, ContainerMissing. A blob of staged blocks only is missing."""
        raise NotImplementedError

    def open(self, account: str, container: str, name: str) -> OpenBlob:
        """BlobMissing, ContainerMissing."""
        raise NotImplementedError

    def update_blob(
        self,
        account: str,
        container: str,
        name: str,
        change: Callable[[BlobRecord], BlobProps],
        *,
        touch: bool = True,
    ) -> BlobRecord:
        """BlobMissing, or what change raises. touch=False keeps ETag and Last-Modified."""
        raise NotImplementedError

    def delete_blob(self, account: str, container: str, name: str, check: Check | None = None) -> None:
        """BlobMissing (then check is not asked), or what check raises. Staged blocks go too."""
        raise NotImplementedError

    def list_blobs(
        self,
        account: str,
        container: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        marker: str = "",
        limit: int = 5000,
        uncommitted: bool = False,
    ) -> Page[BlobRecord | Prefix]:
        """ContainerMissing. Blobs and prefixes in one lexical order of UTF-8 bytes."""
        raise NotImplementedError
