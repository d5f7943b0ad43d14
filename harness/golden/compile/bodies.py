"""Request bodies as recipes: a place in a payload, a block list, a batch, a short text; never raw bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Literal, Protocol, cast

from harness.cases.case import (
    Batch,
    BatchPart,
    BlockListXml,
    Hex,
    ListedBlock,
    Random,
    Recipe,
    Slice,
    Text,
)
from harness.exchange import header
from harness.golden.compile.errors import CompileError
from harness.golden.compile.redactions import Redaction
from harness.recording.flow import HEAD, Flow

INLINE = 1024
"""Bytes up to which a body that is no payload is written down as it is."""

ENTRY = re.compile(r"<(Latest|Committed|Uncommitted)>([^<]*)</\1>")
LIST = re.compile(
    r"(?s)(?P<opening>.*<BlockList>)"
    r"(?P<entries>(?P<between>\s*)<(?:Latest|Committed|Uncommitted)>[^<]*</[A-Za-z]+>"
    r"(?:(?P=between)<(?:Latest|Committed|Uncommitted)>[^<]*</[A-Za-z]+>)*)"
    r"(?P<closing>\s*</BlockList>.*)"
)
_EMPTY = re.compile(r"(?s).*<BlockList(?: ?/>\s*|>\s*</BlockList>\s*)")
_Which = Literal["Latest", "Committed", "Uncommitted"]
_PROTOCOL = frozenset({"blocklist", "batch", "tags", "properties", "acl", "query", "userdelegationkey"})


class Naming(Protocol):
    """What turns the texts of a body into templates."""

    def text(self, value: str, rules: set[Redaction]) -> str:
        """Any text."""
        ...

    def block(self, path: str, block_id: str, rules: set[Redaction], raw: str | None = None) -> str:
        """A block id of the blob that a request line names."""
        ...

    def target(self, value: str, rules: set[Redaction]) -> str:
        """A request target, without its SAS."""
        ...

    def header(self, name: str, value: str, length: int, rules: set[Redaction]) -> str:
        """The value of a header; `name` in lower case."""
        ...


class Bodies:
    """Knows the payloads that a client was given: their recipes and their bytes."""

    def __init__(self, payloads: Mapping[str, tuple[Recipe, bytes]]) -> None:
        # Longest first: a short payload may be a part of a longer one.
        self._payloads = sorted(payloads.values(), key=lambda item: -len(item[1]))
        self._whole = {hashlib.sha256(data).hexdigest(): recipe for recipe, data in self._payloads if data}

    def recipe(self, flow: Flow, naming: Naming) -> tuple[Recipe | None, bool]:
        """The recipe of a request body, and whether it only stands in for what was sent."""
        body = flow.exchange.request.body
        if body.length == 0:
            return None, False
        if (whole := self._whole.get(body.sha256)) is not None:
            return whole, False
        if (part := self._part(flow)) is not None:
            return part, False
        rules: set[Redaction] = set()
        if body.data is not None and _is_protocol(flow):
            return _protocol(body.data, flow, naming, rules), False
        if body.data is not None and body.length <= INLINE:
            return _inline(body.data, naming, rules), False
        return Random(body.length, 1), True

    def _part(self, flow: Flow) -> Slice | None:
        """The part of a payload that these bytes are, found by its first bytes and proved by its digest."""
        body, start = flow.exchange.request.body, flow.head
        if len(start) < min(HEAD, body.length) or len(start) < 8:
            return None
        for recipe, data in self._payloads:
            at = data.find(start)
            while at >= 0:
                if hashlib.sha256(data[at : at + body.length]).hexdigest() == body.sha256:
                    return Slice(recipe, at, at + body.length - 1)
                at = data.find(start, at + 1)
        return None


def _is_protocol(flow: Flow) -> bool:
    request = flow.exchange.request
    kind = (header(request.headers, "Content-Type") or "").lower()
    comp = re.search(r"[?&]comp=([a-z]+)", request.target)
    return (comp is not None and comp[1] in _PROTOCOL) or "multipart" in kind


def _protocol(data: bytes, flow: Flow, naming: Naming, rules: set[Redaction]) -> Recipe:
    text = data.decode("utf-8", "surrogateescape")
    kind = header(flow.exchange.request.headers, "Content-Type") or ""
    if kind.lower().startswith("multipart/"):
        return _batch(text, kind, naming, rules)
    path = flow.exchange.request.target.partition("?")[0]
    if found := LIST.fullmatch(text):
        entries = tuple(
            ListedBlock(cast("_Which", which), naming.block(path, unescaped(block), rules))
            for which, block in ENTRY.findall(found["entries"])
        )
        opening, closing = (naming.text(found[name], rules) for name in ("opening", "closing"))
        return BlockListXml(entries, opening, closing, found["between"])
    if _EMPTY.fullmatch(text):
        return BlockListXml((), naming.text(text, rules), "")
    return _inline(data, naming, rules)


def unescaped(text: str) -> str:
    """Text of an XML element."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _inline(data: bytes, naming: Naming, rules: set[Redaction]) -> Recipe:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Hex(data)
    return Text(naming.text(text, rules))


def _batch(text: str, kind: str, naming: Naming, rules: set[Redaction]) -> Recipe:
    """A multipart body with a sub-request in each part."""
    match = re.search(r'boundary="?([^";]+)"?', kind)
    if match is None:
        raise CompileError("a batch names no boundary in its Content-Type")
    boundary = match[1]
    first, *parts = text.split(f"--{boundary}")
    if first or not parts or not parts[-1].startswith("--"):
        raise CompileError("the body of a batch does not hold together")
    return Batch(
        tuple(_batch_part(part, naming, rules) for part in parts[:-1]),
        naming.text(boundary, rules),
        parts[-1].removeprefix("--"),
    )


def _batch_part(text: str, naming: Naming, rules: set[Redaction]) -> BatchPart:
    mime, _, request = text.removeprefix("\r\n").partition("\r\n\r\n")
    head, _, _ = request.partition("\r\n\r\n")
    line, *lines = head.split("\r\n")
    method, target, _ = line.split(" ", 2)
    return BatchPart(
        method,
        naming.target(target, rules),
        "default",
        tuple(
            (name, naming.header(name.lower(), value, 0, rules))
            for name, value in (_pair(item) for item in lines if item)
        ),
        mime=tuple((name, naming.text(value, rules)) for name, value in map(_pair, mime.split("\r\n"))),
    )


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")
