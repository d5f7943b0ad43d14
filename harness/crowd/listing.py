"""Listings page by page, flat or folder by folder, and what they say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from harness.crowd import call
from harness.crowd.call import Answer, Call
from harness.judge.xml import NotXmlError, root

Send = Callable[[Call], Awaitable[Answer]]
"""Makes a call whose answer must be 200."""


class ListingError(Exception):
    """A page that cannot be read, or pages without an end."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of List Blobs."""

    names: tuple[str, ...]
    prefixes: tuple[str, ...]
    marker: str  # of the next page; empty: there is none


def read_page(body: bytes) -> Page:
    """Raises ListingError."""
    try:
        top = root(body)
    except NotXmlError as error:
        raise ListingError(str(error)) from None
    return Page(
        tuple(one.text or "" for one in top.iterfind("Blobs/Blob/Name")),
        tuple(one.text or "" for one in top.iterfind("Blobs/BlobPrefix/Name")),
        top.findtext("NextMarker") or "",
    )


def read_staged(body: bytes) -> tuple[str, ...]:
    """The ids in an answer of Get Block List. Raises ListingError."""
    try:
        top = root(body)
    except NotXmlError as error:
        raise ListingError(str(error)) from None
    return tuple(one.text or "" for one in top.iterfind("UncommittedBlocks/Block/Name"))


async def flat(send: Send, container: str, prefix: str = "", limit: int | None = None) -> list[str]:
    """Every name below a prefix, as the pages give them. Raises ListingError."""
    found: list[str] = []
    marker = ""
    while True:
        got = read_page((await send(call.page(container, prefix, marker=marker, limit=limit))).body)
        found += got.names
        if not got.marker:
            return found
        if got.marker == marker:
            raise ListingError(f"the marker {marker!r} leads to itself")
        marker = got.marker


async def walk(send: Send, container: str, prefix: str = "", limit: int | None = None) -> list[str]:
    """The same, folder by folder with a delimiter, as recursive clients do. Raises ListingError."""
    found: list[str] = []
    folders: list[str] = []
    marker = ""
    while True:
        asked = call.page(container, prefix, delimiter="/", marker=marker, limit=limit)
        got = read_page((await send(asked)).body)
        found += got.names
        folders += got.prefixes
        if not got.marker:
            break
        if got.marker == marker:
            raise ListingError(f"the marker {marker!r} leads to itself")
        marker = got.marker
    for folder in folders:
        found += await walk(send, container, folder, limit)
    return found
