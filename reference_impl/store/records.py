"""The values that the store takes and gives: containers, blobs, blocks, pages. Frozen, no I/O.

A *tick* is 100 ns since 0001-01-01T00:00:00Z, an int: the unit of Azure's ETags. An ETag is the tick
of the mutation that made the record, in hexadecimal; Last-Modified is the same tick floored to seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

Item = TypeVar("Item")

NameValues = tuple[tuple[str, str], ...]
"""Names and values in the order and case they came in."""

Snapshots = Literal["refuse", "include", "only"]
"""What the deletion of a blob does with its snapshots: they forbid it, go as well, or go alone."""

EntryKind = Literal["committed", "uncommitted", "latest"]
"""Where a block list entry is looked up; latest = uncommitted if staged, else committed."""


@dataclass(frozen=True, slots=True)
class ContainerProps:
    """What a client may set on a container."""

    metadata: NameValues = ()
    public_access: str | None = None  # "container" | "blob" | None: private
    extra: Mapping[str, str] = field(default_factory=dict)  # anything else the protocol keeps
    lease: str = ""  # what the protocol keeps of a lease


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    """A container as it stands. `derived`: a directory that somebody made, never written through us."""

    name: str
    props: ContainerProps
    ticks: int
    created_ticks: int
    derived: bool = False

    @property
    def etag(self) -> str:
        """The ETag, unquoted: 0x8D…"""
        return f"0x{self.ticks:X}"


@dataclass(frozen=True, slots=True)
class BlobProps:
    """What a client may set on a blob. None: the client did not set it."""

    content_type: str | None = None  # None reads as application/octet-stream
    content_encoding: str | None = None
    content_language: str | None = None
    content_disposition: str | None = None
    cache_control: str | None = None
    content_md5: str | None = None  # base64, kept as given
    metadata: NameValues = ()
    tier: str | None = None  # None: inferred from the account
    tags: NameValues = ()
    extra: Mapping[str, str] = field(default_factory=dict)  # copy id and the like
    appended: int | None = None  # None: a block blob; else an append blob of so many blocks
    sealed: bool = False  # an append blob that takes no more blocks
    lease: str = ""  # what the protocol keeps of a lease; a commit hands it on by itself


@dataclass(frozen=True, slots=True)
class BlobRecord:
    """A blob as it stands.

    `committed` is False for a blob of which only blocks are staged (listings with uncommitted=True);
    `derived` is True for a file that somebody wrote without us: its properties come from the file.
    """

    name: str
    props: BlobProps
    length: int  # bytes
    ticks: int
    created_ticks: int
    committed: bool = True
    derived: bool = False
    block_count: int = 0  # committed blocks; 0 for a blob written in one piece
    snapshot: int = 0  # the tick that names a snapshot; 0: the blob itself

    @property
    def etag(self) -> str:
        """The ETag, unquoted: 0x8D…"""
        return f"0x{self.ticks:X}"


@dataclass(frozen=True, slots=True)
class Prefix:
    """Names rolled up by a delimiter: the text up to and including its first occurrence after the prefix."""

    name: str


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its id as the client wrote it (base64) and its size in bytes."""

    id: str
    size: int


@dataclass(frozen=True, slots=True)
class BlockLists:
    """The blocks of one blob: committed in blob order, uncommitted by id. No record: nothing committed."""

    record: BlobRecord | None
    committed: Sequence[Block]
    uncommitted: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a listing. `next_marker` is the name of the first item left out; empty: nothing is left.

    `next_snapshot` is the snapshot that this item is; 0: it is none.
    """

    items: Sequence[Item]
    next_marker: str = ""
    next_snapshot: int = 0
