"""Operation shapes: what of a request decides how it is answered, by a golden step or by a recorded wire."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from harness.cases import case as c
from harness.cases.recipes import size
from harness.golden.spec import GoldenSpec, GoldenStep
from harness.rules.identify import Identity, identify
from harness.signing import sas

GUARDS = frozenset(
    {
        "If-Match",
        "If-Match: *",
        "If-None-Match",
        "If-None-Match: *",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "Content-MD5",
        "x-ms-content-crc64",
        "x-ms-blob-content-md5",
        "x-ms-if-tags",
        "x-ms-lease-id",
        "x-ms-blob-condition-appendpos",
        "x-ms-blob-condition-maxsize",
        "x-ms-source-if-match",
        "x-ms-source-if-none-match",
        "x-ms-source-if-modified-since",
        "x-ms-source-if-unmodified-since",
        "x-ms-source-content-md5",
        "x-ms-source-content-crc64",
    }
)
"""Features by which a client wants to be refused: one that is overlooked does harm though nothing fails."""

PLAIN = frozenset(
    {"x-ms-range", "Range", "prefix", "delimiter", "marker", "maxresults", "include=metadata", "<Latest>"}
)
"""Features that nearly every client uses."""

# Headers that every client sends in its own way and no answer depends on, and those that name the operation.
_FORM = frozenset(
    {
        "x-ms-date",
        "x-ms-version",
        "x-ms-client-request-id",
        "x-ms-copy-source",
        "x-ms-requires-sync",
        "x-ms-request-priority",
        "x-ms-useragent",
    }
)
_STANDARD = {
    name.lower(): name
    for name in (
        "Range",
        "If-Match",
        "If-None-Match",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "Content-MD5",
        "Expect",
    )
}
_WITH_VALUE = frozenset({"x-ms-delete-snapshots", "x-ms-lease-action", "x-ms-type"})
_IMPLIED = frozenset({"comp", "restype", "blockid"})
_BY_VALUE = frozenset({"blocklisttype", "action"})
_SCHEMES = {"bearer": "bearer", "sharedkeylite": "shared-key-lite"}
_MADE_EMPTY = frozenset({"AppendBlob", "PageBlob"})  # and filled by other operations
_LIST_ENTRY = re.compile(r"<(Latest|Committed|Uncommitted)>")


@dataclass(frozen=True, slots=True)
class Shape:
    """An operation, and the features of a request that decide how it is answered."""

    operation: str
    features: frozenset[str] = frozenset()
    auth: str = ""  # "shared-key", "sas", "bearer", "anonymous"; empty: the replay chooses

    def covers(self, other: Shape) -> bool:
        """Whether a request of this shape does all that one of the other shape does."""
        return self.operation == other.operation and other.features <= self.features

    def __str__(self) -> str:
        return f"{self.operation} [{', '.join(sorted(self.features))}]" if self.features else self.operation


def shapes(spec: GoldenSpec) -> tuple[tuple[GoldenStep, Shape], ...]:
    """The steps of a spec with their shapes."""
    form = {"account-sas": "sas"}.get(spec.signed, spec.signed)
    return tuple((step, of_step(step, form)) for step in spec.steps)


def of_step(golden: GoldenStep, signed: str = "") -> Shape:
    """The shape of a golden step; `signed` is how the client signs where the step says nothing."""
    step = golden.step
    headers = [(name, value) for name, value in step.headers if value is not None]
    who = identify(step.method, step.target, tuple(headers))
    features = {
        *_of_headers(headers),
        *_of_query(who.query, step.target),
        *_of_path(step.target, who),
        *_of_recipe(golden.operation, step),
    }
    auth = step.auth if isinstance(step.auth, str) else "sas"
    return Shape(golden.operation, frozenset(features), signed if auth == "default" else auth)


def of_wire(request: Mapping[str, Any], prefix: str) -> Shape | None:
    """The shape of a request of a wire file; None when it is damaged. `prefix`: "/account" for path style."""
    try:
        method, target, _ = request["line"].split(" ", 2)
        headers = [(str(name), str(value)) for name, value in request["headers"]]
        body = request["body"]
        text, length = body["text"] or "", int(body["length"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    who = identify(method, target, tuple(headers), prefix)
    features = {
        *_of_headers(headers),
        *_of_query(who.query, target),
        *_of_path(target.removeprefix(prefix), who),
    }
    if who.operation == "Put Block List":
        features |= _of_entries(_LIST_ENTRY.findall(text), empty="<BlockList" in text)
    if who.operation == "Put Blob" and not length and not features & _MADE_EMPTY:
        features.add("no bytes")
    return Shape(who.operation, frozenset(features), _auth(headers, target))


def _of_headers(headers: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        lower = name.lower()
        if lower in ("if-match", "if-none-match") and value.strip() == "*":
            yield f"{_STANDARD[lower]}: *"
        elif lower in _STANDARD:
            yield _STANDARD[lower]
        elif lower == "transfer-encoding":
            yield f"{name}: {value}"
        elif lower == "x-ms-blob-type":
            if value not in ("", "BlockBlob"):
                yield value
        elif lower.startswith("x-ms-meta-"):
            yield "x-ms-meta-…"
        elif lower in _WITH_VALUE:
            yield f"{lower}: {value}"
        elif lower.startswith("x-ms-") and lower not in _FORM:
            yield lower


def _of_query(query: Mapping[str, str], target: str) -> Iterator[str]:
    for name, value in query.items():
        if name in _IMPLIED or name in sas.FIELDS or not (value or name == "timeout"):
            continue  # `prefix=` with nothing behind it asks for nothing
        if name == "include":
            yield from (f"include={word}" for word in unquote(value).lower().split(","))
        elif name in _BY_VALUE:
            yield f"{name}={value}"
        else:
            yield "startFrom" if name == "startfrom" else name


def _of_path(target: str, who: Identity) -> Iterator[str]:
    """How the name is written: clients encode slashes or do not, and a server may decode wrongly."""
    if who.depth != "blob":
        return
    name = target.partition("?")[0].removeprefix("/").partition("/")[2]
    if "%2f" in name.lower():
        yield "%2F in the name"
    if re.search(r"%(?!2[fF])", name):
        yield "escapes in the name"


def _of_recipe(operation: str, step: c.Step) -> set[str]:
    if isinstance(step.body, c.BlockListXml):
        return _of_entries((entry.which for entry in step.body.entries), empty=True)
    if isinstance(step.body, c.Batch):
        return {"a batch"}
    empty = step.body is None or size(step.body) == 0
    typed = any(name.lower() == "x-ms-blob-type" and value in _MADE_EMPTY for name, value in step.headers)
    return {"no bytes"} if operation == "Put Blob" and empty and not typed else set()


def _of_entries(kinds: Iterable[str], *, empty: bool) -> set[str]:
    found = {f"<{kind}>" for kind in kinds}
    return found or ({"an empty list"} if empty else set())


def _auth(headers: Sequence[tuple[str, str]], target: str) -> str:
    said = next((value for name, value in headers if name.lower() == "authorization"), "")
    if said:
        return _SCHEMES.get(said.partition(" ")[0].lower(), "shared-key")
    return "sas" if re.search(r"[?&]sig=", target, re.IGNORECASE) else "anonymous"
