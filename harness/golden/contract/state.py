"""What a Blob service holds, as far as the contract tells: containers, blobs, blocks, snapshots, leases."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from harness.cases.case import Absent, Equal, Graded, Md5Of
from harness.golden.contract.content import Content, length
from harness.vocabulary import Level


class Unknown(enum.Enum):
    """The value of what the contract does not tell."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

State = tuple[int, int]
"""What one ETag stands for: the number of the step that made it, and which of its rounds or parts."""

Value = Equal | Md5Of | Absent
Said = Graded[Value] | Unknown
"""What reads say of one property."""

ABSENT: Final[Graded[Value]] = Graded(Absent(), Level.EXPECTED)


def said(text: str, level: Level | None = None) -> Graded[Value]:
    """A property that has this value."""
    return Graded(Equal(text), level)


@dataclass(frozen=True, slots=True)
class Block:
    """A block, staged or committed."""

    id: str  # a canonical text
    content: Content | Unknown


@dataclass(frozen=True, slots=True)
class Copied:
    """The copy that a blob is the outcome of."""

    by: int  # the step
    synchronous: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a blob: what its ETag stands for. Only a new one has another ETag."""

    state: State
    kind: Literal["BlockBlob", "AppendBlob", "PageBlob"]
    content: Content | Unknown
    size: int | Unknown
    properties: Mapping[str, Said]  # by header name: Content-Type and so on, Content-MD5 as well
    metadata: Mapping[str, str | Unknown] | Unknown  # names as they were sent
    blocks: tuple[Block, ...] | Unknown = ()  # committed ones
    appends: int | Unknown = 0  # blocks of an append blob
    copied: Copied | None = None
    settled: bool = True  # whether the answer that made it tells the ETag for good
    sealed: bool = False  # an append blob that takes no more
    weak: bool = False  # its metadata are what documentation alone says


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A blob as it was."""

    by: int  # the step that took it
    version: Version
    tier: str | Unknown | None


@dataclass(frozen=True, slots=True)
class Lease:
    """The lock of a blob or container."""

    state: Literal["available", "leased", "breaking", "broken"] | Unknown = "available"
    id: str | None = None  # a canonical text, or a made-up name of an id that the service chose
    infinite: bool = True
    untouched: bool = True  # nobody has leased it yet


@dataclass(frozen=True, slots=True)
class Blob:
    """A name in a container, with whatever is or was there."""

    current: Version | None = None
    staged: Mapping[str, Block] = field(default_factory=lambda: MappingProxyType({}))
    snapshots: tuple[Snapshot, ...] = ()
    lease: Lease = Lease()
    tags: tuple[tuple[str, str], ...] | Unknown = ()
    tier: str | Unknown | None = None  # None: nobody has set it
    seen: frozenset[str] = frozenset()  # headers that reads have had and may have no more, in lower case
    lost: bool = False  # nothing is known of it
    soft: bool = False  # what is known of it rests on what is only documented
    dropped: frozenset[str] = frozenset()  # ids of blocks that were thrown away

    @property
    def there(self) -> bool:
        """Whether a listing of everything would have it."""
        return self.current is not None or bool(self.staged) or bool(self.snapshots)


NOTHING: Final = Blob()
_OWN, _NEW = re.compile(r"\{own-container(:\d+)?\}"), re.compile(r"\{new-container(:\d+)?\}")
LOST: Final = Blob(lost=True, lease=Lease(UNKNOWN))


@dataclass(slots=True)
class Container:
    """A container. `exists` is unknown where the contract lets a service answer in more than one way."""

    exists: bool | Unknown
    own: bool = True  # nobody else writes into it
    state: State = (-1, 0)
    metadata: Mapping[str, str | Unknown] | Unknown = field(default_factory=lambda: MappingProxyType({}))
    lease: Lease = Lease()
    public: bool | Unknown = False
    seen: frozenset[str] = frozenset()
    blobs: dict[str, Blob] = field(default_factory=dict)
    rewritten: bool = False  # a blob of it was replaced or deleted: there may be old versions


@dataclass(frozen=True, slots=True)
class Bound:
    """What a saved name stands for."""

    kind: Literal["etag", "modified", "snapshot", "lease", "copy", "marker"]
    of: object  # a State, the number of a step, a lease id, a Place in a listing


@dataclass(slots=True)
class World:
    """Everything there is, and what saved names mean."""

    containers: dict[str, Container] = field(default_factory=dict)
    symbols: dict[str, Bound] = field(default_factory=dict)

    def container(self, name: str) -> Container:
        """A container by its canonical name; one that nobody knows anything of where it is not ours."""
        if name not in self.containers:
            self.containers[name] = _first_seen(name)
        return self.containers[name]

    def blob(self, container: str, name: str) -> Blob:
        """What is known of a blob."""
        where = self.container(container)
        return where.blobs.get(name, NOTHING if where.own else LOST)

    def put(self, container: str, name: str, blob: Blob) -> None:
        """Keep what is known of a blob."""
        self.container(container).blobs[name] = blob


def _first_seen(name: str) -> Container:
    if _OWN.fullmatch(name):
        return Container(True)
    if _NEW.fullmatch(name):
        return Container(False)
    if name == "{container}":
        return Container(True, own=True, rewritten=True)
    return Container(UNKNOWN, own=False)


def whole(content: Content) -> int | Unknown:
    """The length of a content."""
    count = length(content)
    return UNKNOWN if count is None else count
