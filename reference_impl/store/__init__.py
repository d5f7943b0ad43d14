"""The façade's POSIX store: blobs are plain files at their natural paths, the rest lies beside them.

Synchronous, thread-safe, correct across processes and hosts that share the root. One Store per process:
make it after forking. The interface is below; reasons stand in the modules that it is wired from. Hosts that
share an NFS export should mount it with `lookupcache=none` or `noac`: a client that caches names may judge
conditions by what another host has replaced since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from . import appending, blobs, containers, listing, lookup, names, snapshots
from .accounts import Accounts
from .area import Area
from .blobs import Check
from .errors import (
    BlobMissing,
    BlockIdLengthMismatch,
    ContainerExists,
    ContainerMissing,
    Denied,
    HasSnapshots,
    InvalidName,
    OutOfSpace,
    ReadOnly,
    RootUnusable,
    StoreError,
    StoreFault,
    TooManyBlocks,
    UnknownBlock,
    fault,
)
from .lookup import OpenBlob
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
    Snapshots,
)
from .uploads import Upload

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
    "HasSnapshots",
    "InvalidName",
    "OpenBlob",
    "OutOfSpace",
    "Page",
    "Prefix",
    "ReadOnly",
    "RootUnusable",
    "Snapshots",
    "Store",
    "StoreError",
    "StoreFault",
    "TooManyBlocks",
    "UnknownBlock",
    "Upload",
]


@contextmanager
def _faults() -> Iterator[None]:
    """Errors of the file system leave as typed faults."""
    try:
        yield
    except OSError as error:
        raise fault(error) from error


class Store:
    """A tree of accounts, containers and blobs under one root. StoreFault may come from every call."""

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        """RootUnusable when root is no writable directory. durable: fsync before every return."""
        self._area = Area(root, durable=durable)
        self._accounts = Accounts(self._area)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give descriptors back and finish removals under way (at most five seconds)."""
        self._area.close()

    def is_free(self, account: str, container: str | None, name: str | None) -> bool:
        """Whether a change of a blob (None: of the container, or account) would wait for nobody now."""
        with _faults():
            digest = None if name is None else names.digest(name)
            return self._area.locks.is_free(account, container or "", digest)

    def service_properties(self, account: str) -> Mapping[str, str]:
        """The service properties that somebody set, part by part. One look at one file's status."""
        with _faults():
            return self._accounts.get(account)

    def update_service_properties(
        self, account: str, change: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> None:
        """Replace the service properties by what change makes of them."""
        with _faults():
            self._accounts.update(account, change)

    def create_container(self, account: str, name: str, props: ContainerProps) -> ContainerRecord:
        """ContainerExists; InvalidName when the name is none for a container."""
        with _faults():
            return containers.create(self._area, account, name, props)

    def container(self, account: str, name: str) -> ContainerRecord:
        """ContainerMissing."""
        with _faults():
            return containers.get(self._area, account, name)

    def update_container(
        self,
        account: str,
        name: str,
        change: Callable[[ContainerRecord], ContainerProps],
        *,
        touch: bool = True,
    ) -> ContainerRecord:
        """ContainerMissing, or what change raises. touch=False keeps ETag and Last-Modified."""
        with _faults():
            return containers.update(self._area, account, name, change, touch=touch)

    def delete_container(self, account: str, name: str, check: Callable[[ContainerRecord], None]) -> None:
        """ContainerMissing, or what check raises."""
        with _faults():
            containers.delete(self._area, account, name, check)

    def containers(
        self, account: str, prefix: str = "", marker: str = "", limit: int = 5000
    ) -> Page[ContainerRecord]:
        """Containers by name from marker (inclusive) on; an account without any has an empty page."""
        with _faults():
            return containers.page(self._area, account, prefix, marker, limit)

    def upload(self, account: str, container: str) -> Upload:
        """A temp file for one blob or block. ContainerMissing."""
        with _faults():
            place = self._area.place(account, container)
            self._area.require(place)
            return Upload(self._area, place)

    def commit_blob(
        self, upload: Upload, name: str, props: BlobProps, check: Check | None = None
    ) -> BlobRecord:
        """ContainerMissing, or what check raises. The upload is consumed, or aborted on an error."""
        with _faults():
            return blobs.commit_blob(self._area, upload, name, props, check)

    def append(
        self, upload: Upload, name: str, change: Callable[[BlobRecord], BlobProps]
    ) -> tuple[int, BlobRecord]:
        """Add an upload to the end of a blob: its offset there and the new record. BlobMissing,
        ContainerMissing, or what change raises. The upload is consumed, or aborted on an error."""
        with _faults():
            return appending.append(self._area, upload, name, change)

    def stage_block(self, upload: Upload, name: str, block_id: str, check: Check | None = None) -> None:
        """BlockIdLengthMismatch, TooManyBlocks, ContainerMissing, or what check raises; InvalidName when the
        id is no base64. The upload is consumed, or aborted on an error."""
        with _faults():
            blobs.stage_block(self._area, upload, name, block_id, check)

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
        with _faults():
            place = self._area.place(account, container)
            return blobs.commit_blocks(self._area, place, name, entries, props, check)

    def block_list(self, account: str, container: str, name: str, snapshot: int = 0) -> BlockLists:
        """BlobMissing when there is neither a committed blob nor a staged block; ContainerMissing."""
        with _faults():
            place = self._area.place(account, container)
            if snapshot:
                return snapshots.block_list(self._area, place, name, snapshot)
            return blobs.block_list(self._area, place, name)

    def blob(self, account: str, container: str, name: str, snapshot: int = 0) -> BlobRecord:
        """BlobMissing, ContainerMissing. A blob of staged blocks only is missing."""
        with _faults():
            place = self._area.place(account, container)
            if snapshot:
                return snapshots.get(self._area, place, name, snapshot)
            entry = lookup.entry(self._area, place, name)
        if entry is None:
            raise BlobMissing(f"no blob {name}")
        return entry.record

    def open(self, account: str, container: str, name: str, snapshot: int = 0) -> OpenBlob:
        """BlobMissing, ContainerMissing."""
        with _faults():
            place = self._area.place(account, container)
            if snapshot:
                return snapshots.open_one(self._area, place, name, snapshot)
            found = lookup.find(self._area, place, name, keep=True)
        if found is None:
            raise BlobMissing(f"no blob {name}")
        return OpenBlob(found[0].record, found[1])

    def update_blob(
        self,
        account: str,
        container: str,
        name: str,
        change: Callable[[BlobRecord], BlobProps],
        *,
        touch: bool = True,
    ) -> BlobRecord:
        """BlobMissing, ContainerMissing, or what change raises. touch=False keeps ETag and Last-Modified."""
        with _faults():
            place = self._area.place(account, container)
            return blobs.update_blob(self._area, place, name, change, touch=touch)

    def delete_blob(
        self,
        account: str,
        container: str,
        name: str,
        check: Check | None = None,
        kept: Snapshots = "refuse",
    ) -> None:
        """BlobMissing (then check is not asked), HasSnapshots, or what check raises. Staged blocks go too.

        kept says what becomes of snapshots; "only" deletes them and leaves the blob.
        """
        with _faults():
            blobs.delete_blob(self._area, self._area.place(account, container), name, check, kept)

    def take_snapshot(
        self,
        account: str,
        container: str,
        name: str,
        change: Callable[[BlobRecord], BlobProps],
        *,
        touch: bool,
    ) -> BlobRecord:
        """The snapshot's record, with the properties that change made of the blob's. BlobMissing,
        ContainerMissing, or what change raises. touch: an ETag and Last-Modified of its own."""
        with _faults():
            place = self._area.place(account, container)
            return snapshots.take(self._area, place, name, change, touch=touch)

    def update_snapshot(
        self,
        account: str,
        container: str,
        name: str,
        snapshot: int,
        change: Callable[[BlobRecord], BlobProps],
    ) -> BlobRecord:
        """BlobMissing, ContainerMissing, or what change raises. ETag and Last-Modified stay."""
        with _faults():
            place = self._area.place(account, container)
            return snapshots.update(self._area, place, name, snapshot, change)

    def delete_snapshot(
        self, account: str, container: str, name: str, snapshot: int, check: Callable[[BlobRecord], None]
    ) -> None:
        """BlobMissing, ContainerMissing, or what check raises."""
        with _faults():
            place = self._area.place(account, container)
            snapshots.delete_one(self._area, place, name, snapshot, check)

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
        with_snapshots: bool = False,
        since: int = 0,
    ) -> Page[BlobRecord | Prefix]:
        """Blobs and prefixes in one order, that of the UTF-8 bytes of their names; limit counts both.

        marker is inclusive: the name of the next item, as in Page.next_marker. A prefix appears when it holds
        a blob. uncommitted adds blobs of staged blocks only (committed=False). with_snapshots adds snapshots,
        each before its blob, the oldest first; since is the first to show of the marker's own name, as in
        Page.next_snapshot. ContainerMissing.
        """
        with _faults():
            return listing.page(
                self._area,
                self._area.place(account, container),
                prefix=prefix,
                delimiter=delimiter,
                marker=marker,
                limit=limit,
                uncommitted=uncommitted,
                with_snapshots=with_snapshots,
                since=since,
            )
