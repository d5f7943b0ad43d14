"""Values that a server chose and a client sent back: which answer they came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote
from xml.etree import ElementTree

from harness.exchange import header
from harness.golden.compile.draft import Draft
from harness.judge.xml import NotXmlError, root

_HEADERS = {
    "if-match": ("etag",),
    "if-none-match": ("etag",),
    "x-ms-source-if-match": ("etag",),
    "x-ms-source-if-none-match": ("etag",),
    "if-modified-since": ("modified",),
    "if-unmodified-since": ("modified",),
    "x-ms-source-if-modified-since": ("modified",),
    "x-ms-source-if-unmodified-since": ("modified",),
    "x-ms-lease-id": ("lease",),
    "x-ms-source-lease-id": ("lease",),
    "x-ms-copy-id": ("copy-id",),
}
_PARAMETERS = {
    "marker": ("marker",),
    "snapshot": ("snapshot",),
    "prevsnapshot": ("snapshot",),
    "versionid": ("version",),
    "copyid": ("copy-id",),
}
_ANSWERS = {
    "etag": "ETag",
    "modified": "Last-Modified",
    "lease": "x-ms-lease-id",
    "copy-id": "x-ms-copy-id",
    "snapshot": "x-ms-snapshot",
    "version": "x-ms-version-id",
}
_ENTRIES = {"etag": "Properties/Etag", "modified": "Properties/Last-Modified", "snapshot": "Snapshot"}
_LIST = "EnumerationResults"

_Said = tuple[Literal["header", "xml"], str, str]
"""Where in an answer something stands, and what it says."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a request where a value may stand that an answer gave."""

    where: str  # "header" or "query"
    at: int  # its number there
    kind: str
    value: str
    name: str  # of the header or parameter


@dataclass(frozen=True, slots=True)
class Origin:
    """An answer that holds a value."""

    draft: int
    source: Literal["header", "xml"]
    path: str
    quoted: bool  # whether the client put the quotation marks around it


def slots(draft: Draft) -> Iterator[Slot]:
    """The places of a draft that may hold a bound value."""
    names = [name.lower() for name, _ in draft.headers]
    values = {name.lower(): value for name, value in draft.flow.exchange.request.headers}
    for at in range(len(names)):
        for kind in _HEADERS.get(names[at], ()):
            value = values[names[at]]
            if value != "*":
                yield Slot("header", at, kind, value, draft.headers[at][0])
    for at, (name, said) in enumerate(draft.query):
        for kind in _PARAMETERS.get(name.lower(), ()):
            if said and not said.startswith("{"):  # else a premise gave it
                yield Slot("query", at, kind, _raw(draft, name), name)


def _raw(draft: Draft, name: str) -> str:
    """The decoded value of a parameter as it was sent."""
    for part in draft.flow.exchange.request.target.partition("?")[2].split("&"):
        key, _, value = part.partition("=")
        if key == name:
            return unquote(value)
    return ""


def origins(slot: Slot, later: Draft, earlier: Sequence[Draft]) -> Iterator[Origin]:
    """The answers that gave the value, of those that had come when the request was sent."""
    for number, draft in enumerate(earlier):
        if draft.ended > later.begun or draft.flow.exchange.response is None:
            continue
        yield from (
            Origin(number, source, path, said != slot.value)
            for source, path, said in _given(slot, later, draft)
            if slot.value in (said, f'"{said}"')
        )


def _given(slot: Slot, later: Draft, draft: Draft) -> Iterator[_Said]:
    """What an answer says of this kind about what the later request is about."""
    response = draft.flow.exchange.response
    assert response is not None
    same = (draft.who.container, draft.who.blob) == (later.who.container, later.who.blob)
    copied = f"url}}/{draft.who.container}/" in (header(later.headers, "x-ms-copy-source") or "")
    name = _ANSWERS.get(slot.kind)
    if name is not None and (same or copied) and (said := header(response.headers, name)) is not None:
        yield "header", name, said
    if draft.who.operation != "List Blobs" or draft.who.container != later.who.container:
        if slot.kind == "marker" and draft.who.operation == later.who.operation == "List Containers":
            yield from _marker(response.body.data)
        return
    if slot.kind == "marker":
        yield from _marker(response.body.data)
    elif tail := _ENTRIES.get(slot.kind):
        yield from _entry(tail, later.who.blob, response.body.data)


def _marker(data: bytes | None) -> Iterator[_Said]:
    top = _document(data)
    if top is not None and (said := top.findtext("NextMarker")):
        yield "xml", f"{_LIST}/NextMarker", said


def _entry(tail: str, blob: str, data: bytes | None) -> Iterator[_Said]:
    top = _document(data)
    for entry in () if top is None else top.iterfind("Blobs/Blob"):
        if entry.findtext("Name") == blob and (said := entry.findtext(tail)):
            yield "xml", f"{_LIST}/Blobs/Blob[Name={blob}]/{tail}", said
            return


def _document(data: bytes | None) -> ElementTree.Element | None:
    try:
        return root(data)
    except NotXmlError:
        return None
