"""What each operation of a load run looks like on the wire: method, query and headers, with slots in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from loadgen.work.op import Kind

METADATA = "x-ms-meta-load"
"""The one metadata header that Set Blob Metadata sets."""


class Slot(StrEnum):
    """What differs from one operation to the next of its kind. The values never occur in a request."""

    NAME = "\x01name\x02"  # of the blob, percent-encoded
    LENGTH = "\x01length\x02"  # of the body, bytes
    BLOCK = "\x01block\x02"  # block id
    RANGE = "\x01range\x02"  # bytes=a-b
    SOURCE = "\x01source\x02"  # URL of the blob to fetch from
    PREFIX = "\x01prefix\x02"  # of the names to list, percent-encoded
    MARKER = "\x01marker\x02"  # where the list goes on, percent-encoded
    LIMIT = "\x01limit\x02"  # names on a page
    RANK = "\x01rank\x02"


@dataclass(frozen=True, slots=True)
class Shape:
    """A request, but for the headers that all of them have."""

    method: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    blob: bool = True  # it is about a blob, not about the container


_LENGTH = ("Content-Length", Slot.LENGTH)
_EMPTY = ("Content-Length", "0")
_LIST = f"restype=container&comp=list&prefix={Slot.PREFIX}&maxresults={Slot.LIMIT}"

SHAPES: Mapping[Kind, Shape] = MappingProxyType(
    {
        Kind.PUT_BLOB: Shape("PUT", "", (("x-ms-blob-type", "BlockBlob"), _LENGTH)),
        Kind.PUT_BLOCK: Shape("PUT", f"comp=block&blockid={Slot.BLOCK}", (_LENGTH,)),
        Kind.PUT_BLOCK_FROM_URL: Shape(
            "PUT",
            f"comp=block&blockid={Slot.BLOCK}",
            (("x-ms-copy-source", Slot.SOURCE), ("x-ms-source-range", Slot.RANGE), _EMPTY),
        ),
        Kind.PUT_BLOCK_LIST: Shape("PUT", "comp=blocklist", (("Content-Type", "application/xml"), _LENGTH)),
        Kind.GET_BLOB: Shape("GET", "", (("Range", Slot.RANGE),)),
        Kind.GET_PROPERTIES: Shape("HEAD"),
        Kind.SET_METADATA: Shape("PUT", "comp=metadata", ((METADATA, Slot.RANK), _EMPTY)),
        Kind.DELETE_BLOB: Shape("DELETE"),
        Kind.LIST_BLOBS: Shape("GET", _LIST, blob=False),
    }
)
"""The first page of a list; `NEXT_PAGE` is every other one."""

NEXT_PAGE = Shape("GET", f"{_LIST}&marker={Slot.MARKER}", blob=False)
