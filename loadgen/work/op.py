"""An operation of a load run, and its outcome: what passes between the work, the client and the recorder."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Kind(enum.StrEnum):
    """The Blob operations that load runs send."""

    PUT_BLOB = "put-blob"
    PUT_BLOCK = "put-block"
    PUT_BLOCK_FROM_URL = "put-block-from-url"
    PUT_BLOCK_LIST = "put-block-list"
    GET_BLOB = "get-blob"
    GET_PROPERTIES = "get-blob-properties"
    SET_METADATA = "set-blob-metadata"
    DELETE_BLOB = "delete-blob"
    LIST_BLOBS = "list-blobs"


class Keep(enum.IntEnum):
    """What of an answer's body comes with the outcome."""

    NOTHING = 0
    BODY = 1
    CHECKSUM = 2  # CRC-64/NVME, 8 bytes, the highest first


WRITES = frozenset({Kind.PUT_BLOB, Kind.PUT_BLOCK})
"""Operations whose body is payload."""


class Blob(NamedTuple):
    """A blob of a run: its name in the run's container, its size in bytes, and what is in it."""

    name: str
    size: int
    payload: str  # the id of a payload recipe
    seed: int  # its bytes are those of (recipe, seed, offset); below 0: not known


@dataclass(slots=True, eq=False)
class Op:
    """One operation to send. Mutable: the work moves `intended` and `attempt` when it is to be sent again."""

    kind: Kind
    rank: int
    lane: str
    blob: Blob
    offset: int = 0  # of the payload in the blob
    length: int = 0  # payload bytes sent, or wanted by a read
    block: int = 0  # number of a Put Block; how many blocks, for a Put Block List
    source: str = ""  # name of the blob that a Put Block From URL fetches from, in the same container
    marker: str = ""  # of List Blobs
    limit: int = 0  # names on a page of List Blobs
    keep: Keep = Keep.NOTHING
    intended: int = 0  # ns of the monotonic clock: when it was to start
    attempt: int = 1


class Outcome(NamedTuple):
    """What became of an operation. Times are ns of the monotonic clock.

    `failure` is "" or one of: refused, reset, closed, timeout, protocol, short, content; not-begun, for what
    was due and never sent; cut-off, for what was under way when a phase was ended. A response with an error
    status has no failure: its status says it.
    """

    status: int  # 0: no response
    code: str  # x-ms-error-code, or ""
    started: int  # the first byte was handed to the socket
    first: int  # the first byte of the response came; 0: none came
    last: int  # the last byte of the response came, or the failure was seen
    sent: int  # bytes of the request body
    received: int  # bytes of the response body
    failure: str = ""
    body: bytes = b""  # as `Op.keep` has it

    @property
    def good(self) -> bool:
        """Whether the operation did what was asked."""
        return not self.failure and 200 <= self.status < 300


class Source(Protocol):
    """Where a client gets its operations from, and tells what became of them. Never called by two threads."""

    def next(self, now: int) -> Op | None:
        """An operation that is to start now, or None. `now`: ns of the monotonic clock."""
        ...

    def due(self) -> int | None:
        """When `next` may have more, ns; None: only when an operation is done."""
        ...

    def done(self, op: Op, outcome: Outcome) -> None:
        """An operation ended, well or not."""
        ...

    @property
    def finished(self) -> bool:
        """Whether nothing is left to start and nothing is under way."""
        ...
