"""The words of a history: operations with the moments of call and return, and what their answers showed."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


class Kind(enum.StrEnum):
    """What was asked."""

    PUT = "put"  # Put Blob
    STAGE = "stage"  # Put Block
    COMMIT = "commit"  # Put Block List; every entry is <Latest>
    DELETE = "delete"
    READ = "read"  # Get Blob, whole or a range
    STAT = "stat"  # Get Blob Properties
    LIST = "list"  # List Blobs with its metadata, all pages of a prefix


EFFECTS = frozenset({Kind.PUT, Kind.STAGE, Kind.COMMIT, Kind.DELETE})
"""What changes a blob; the rest only looks."""

VERSIONS = frozenset({Kind.PUT, Kind.COMMIT})
"""What makes a new version of a blob."""


class Outcome(enum.StrEnum):
    """What became of it, by the answer."""

    DONE = "done"
    UNMET = "unmet"  # the condition did not hold: nothing was changed
    ABSENT = "absent"  # there is no such blob
    NO_BLOCK = "no-block"  # the list names a block that there is not
    REFUSED = "refused"  # anything else that changes nothing; not what the contract has for this
    UNKNOWN = "unknown"  # time-out, reset, 5xx: it may have happened at any time since, or never


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive records of a body: whose they are, the number of the first, and how many."""

    tag: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A version of a blob as an answer showed it. Everything in it must be of one and the same write."""

    etag: str  # without quotes
    tag: str  # from the metadata
    length: int  # of the blob, in bytes
    kind: str = ""  # the tag in the content type; empty: none
    runs: tuple[Run, ...] | None = None  # of the body, in order; None: the answer had none


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. Times are nanoseconds on the history's clock; `returned` None: nobody heard an answer."""

    number: int
    client: str
    kind: Kind
    blob: str  # of a listing: the prefix
    called: int
    returned: int | None = None
    outcome: Outcome = Outcome.UNKNOWN
    tag: str = ""  # the mark of the version, or block, that it writes; unique in the history
    size: int = 0  # records that it writes
    block: str = ""  # of a stage: the block's id
    blocks: tuple[str, ...] = ()  # of a commit: the ids in order
    if_match: str = ""  # an ETag without quotes
    create_only: bool = False  # If-None-Match: *
    first: int | None = None  # of a read: the range in records; None: whole
    count: int | None = None
    etag: str = ""  # of the version that it made
    seen: Seen | None = None
    listed: Mapping[str, Seen] = field(default_factory=lambda: MappingProxyType({}))
    status: int = 0  # 0: there was no answer
    said: str = ""  # error code, or what went wrong

    @property
    def conditional(self) -> bool:
        """Whether it has a condition."""
        return bool(self.if_match) or self.create_only

    @property
    def changes(self) -> bool:
        """Whether it changed its blob, or may have."""
        return self.kind in EFFECTS and self.outcome in (Outcome.DONE, Outcome.UNKNOWN)

    def covers(self, blob: str) -> bool:
        """Whether it says something about a blob."""
        return blob.startswith(self.blob) if self.kind is Kind.LIST else blob == self.blob


@dataclass(frozen=True, slots=True)
class History:
    """The operations of one workload on one container that was empty before, by number."""

    about: Mapping[str, str]  # free words: workload, endpoint, seed …
    operations: tuple[Operation, ...]
    complete: bool = True  # False: the recorder was cut off; what was under way counts as unknown

    @property
    def blobs(self) -> tuple[str, ...]:
        """The names of all blobs that were written to."""
        return tuple(sorted({one.blob for one in self.operations if one.kind in EFFECTS}))


def run_text(run: Run) -> str:
    """Some records: whose, and which of theirs."""
    if run.count == 1:
        return f"{run.tag}[{run.first}]"
    return f"{run.tag}[{run.first}…{run.first + run.count - 1}]"
