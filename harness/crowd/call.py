"""What the crowd sends and what it gets: frozen values, and how a Blob operation is written as one."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from harness.exchange import Headers, header
from harness.wire.documents import block_list

OWN_ID = "x-ms-client-request-id"
"""The header by which an answer says whose it is."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request before it is signed. `target` is relative to the account's root, percent-encoded."""

    method: str
    target: str
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)
    awaits: bool = False  # the body waits for "100 Continue"

    @property
    def about(self) -> str:
        """What it does, for people: the method, the path, and the `comp` of the query."""
        path, _, query = self.target.partition("?")
        comp = next((part for part in query.split("&") if part.startswith("comp=")), "")
        return f"{self.method} {path}" + (f"?{comp}" if comp else "")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a call. Without a status there was none, and `failure` says why."""

    status: int
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)  # empty too when it was too long to keep
    length: int = 0
    sha256: str = ""
    failure: str = ""  # a word of `Exchange.failure`, after the last attempt
    own: bool = True  # it carries the id of this very request

    @property
    def code(self) -> str:
        """The error code, or nothing."""
        return header(self.headers, "x-ms-error-code") or ""

    @property
    def said(self) -> str:
        """In a few words."""
        return f"{self.status} {self.code}".rstrip() if self.status else self.failure


def path(container: str, blob: str) -> str:
    """The target of a blob."""
    return f"/{container}/{quote(blob, safe='/')}"


def block_id(number: int) -> str:
    """The id of a block; those of all numbers below a hundred million are of one length."""
    return base64.b64encode(b"%08d" % number).decode()


def create(container: str) -> Call:
    """Create Container."""
    return Call("PUT", f"/{container}?restype=container")


def put(container: str, blob: str, data: bytes, metadata: Mapping[str, str] | None = None) -> Call:
    """Put Blob."""
    headers = (("x-ms-blob-type", "BlockBlob"), *_metadata(metadata))
    return Call("PUT", path(container, blob), headers, data)


def stage(container: str, blob: str, block: str, data: bytes) -> Call:
    """Put Block."""
    return Call("PUT", f"{path(container, blob)}?comp=block&blockid={quote(block, safe='')}", (), data)


def commit(
    container: str, blob: str, blocks: Iterable[str], metadata: Mapping[str, str] | None = None
) -> Call:
    """Put Block List, of the latest block of each id."""
    headers = (("Content-Type", "application/xml"), *_metadata(metadata))
    return Call("PUT", f"{path(container, blob)}?comp=blocklist", headers, block_list(blocks))


def describe(container: str, blob: str, metadata: Mapping[str, str]) -> Call:
    """Set Blob Metadata."""
    return Call("PUT", f"{path(container, blob)}?comp=metadata", _metadata(metadata))


def get(container: str, blob: str, first: int | None = None, last: int | None = None) -> Call:
    """Get Blob, whole or from the first to the last byte."""
    ranged = () if first is None else (("Range", f"bytes={first}-{'' if last is None else last}"),)
    return Call("GET", path(container, blob), ranged)


def head(container: str, blob: str) -> Call:
    """Get Blob Properties."""
    return Call("HEAD", path(container, blob))


def delete(container: str, blob: str) -> Call:
    """Delete Blob."""
    return Call("DELETE", path(container, blob))


def staged(container: str, blob: str) -> Call:
    """Get Block List, of the uncommitted blocks."""
    return Call("GET", f"{path(container, blob)}?comp=blocklist&blocklisttype=uncommitted")


def page(
    container: str, prefix: str = "", *, delimiter: str = "", marker: str = "", limit: int | None = None
) -> Call:
    """One page of List Blobs."""
    words = {"prefix": prefix, "delimiter": delimiter, "marker": marker, "maxresults": str(limit or "")}
    query = "".join(f"&{name}={quote(value, safe='')}" for name, value in words.items() if value)
    return Call("GET", f"/{container}?restype=container&comp=list{query}")


def _metadata(values: Mapping[str, str] | None) -> Headers:
    return tuple((f"x-ms-meta-{name}", value) for name, value in (values or {}).items())
