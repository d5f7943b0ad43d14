"""Wire rules over several exchanges with one endpoint.

None of them asks which came first: clients work at the same time, and no capture tells in which order the
server did what it was asked. An ETag stands for one state of one resource, whoever sees it and when.
"""

from __future__ import annotations

import re

from harness.rules.rule import Broken, Fact, Rule, View
from harness.rules.table import READS, VALIDATED, WRITES
from harness.vocabulary import Level

_SIZE = re.compile(r"bytes \d+-\d+/(\d+)")
_NEEDS = frozenset({Fact.OTHERS, Fact.OPERATION})
_CLEANED = "00000000-0000-0000-0000-000000000000"  # what a recorder puts in the place of every id


def _state(view: View) -> tuple[str, ...]:
    """The resource and its ETag: what can be said of one such pair never changes."""
    who = view.who
    where = (who.container,) if who.depth == "container" else (who.container, who.blob)
    return (*where, who.query.get("snapshot", ""), who.query.get("versionid", ""), view.get("ETag") or "")


def _first(view: View, rule: str, key: object, value: str) -> str:
    assert view.memory is not None
    return view.memory.first(rule, key, value)


def _shared_id(view: View) -> Broken | None:
    assert view.memory is not None
    said, number = str(view.get("x-ms-request-id")), str(view.memory.count)
    if _first(view, "unique-request-id", said, number) == number:
        return None
    return Broken("a request id that no other answer has", said)


def _other_date(view: View) -> Broken | None:
    said = str(view.get("Last-Modified"))
    known = _first(view, "etag-date", _state(view), said)
    return None if said == known else Broken(f"{known}, as before with ETag {view.get('ETag')}", said)


def _old_etag(view: View) -> Broken | None:
    said = str(view.get("x-ms-request-id"))
    if _first(view, "etag-of-write", _state(view), said) == said:
        return None  # a proxy may have recorded one exchange twice
    return Broken("an ETag that no other write of it had", str(view.get("ETag")))


def _other_bytes(view: View) -> Broken | None:
    said = view.response.body.sha256
    known = _first(view, "etag-bytes", _state(view), said)
    if said == known:
        return None
    return Broken(f"the bytes that {view.get('ETag')} had before, SHA-256 {known[:16]}…", f"{said[:16]}…")


def _other_length(view: View) -> Broken | None:
    said = str(_length(view))
    known = _first(view, "etag-length", _state(view), said)
    return None if said == known else Broken(f"{known} bytes, as before with {view.get('ETag')}", said)


def _length(view: View) -> str | None:
    """How long the whole blob is, as a read says."""
    if view.status == 206:
        match = _SIZE.fullmatch(view.get("Content-Range") or "")
        return match[1] if match else None
    return view.get("Content-Length")


def _is_whole(view: View) -> bool:
    plain = view.get("x-ms-structured-body") is None and view.get("Content-Encoding") is None
    return view.status == 200 and view.who.operation == "Get Blob" and plain


def _is_measured(view: View) -> bool:
    plain = view.get("x-ms-structured-body") is None
    return view.done(READS) and plain and view.get("ETag") is not None and (_length(view) or "").isdecimal()


RULES = (
    Rule(
        "unique-request-id",
        Level.EXPECTED,
        "No two answers have the same request id.",
        ("reference/1.0",),
        ("errors.request-id",),
        lambda view: view.get("x-ms-request-id") not in (None, "", _CLEANED),
        _shared_id,
        frozenset({Fact.OTHERS}),
    ),
    Rule(
        "etag-date",
        Level.REQUIRED,
        "Answers with the same ETag of a resource have the same Last-Modified.",
        ("reference/1.0",),
        ("properties.last-modified", "properties.etag-everywhere"),
        lambda view: (
            view.done(VALIDATED) and view.get("ETag") is not None and view.get("Last-Modified") is not None
        ),
        _other_date,
        _NEEDS,
    ),
    Rule(
        "etag-of-write",
        Level.REQUIRED,
        "No two writes of a resource answer with the same ETag.",
        ("reference/1.0",),
        (
            "put-blob.new-etag",
            "put-block-list.etag",
            "set-blob-metadata.new-etag",
            "set-blob-properties.new-etag",
            "set-container-metadata.etag",
            "set-container-acl.etag",
            "properties.etag-never-again",
        ),
        lambda view: view.done(WRITES) and view.get("ETag") is not None,
        _old_etag,
        _NEEDS,
    ),
    Rule(
        "etag-length",
        Level.REQUIRED,
        "Reads with the same ETag of a blob tell the same length.",
        ("reference/1.0", "reference/1.5"),
        ("properties.etag-everywhere", "get-blob-properties.length"),
        _is_measured,
        _other_length,
        frozenset({Fact.OTHERS}),
    ),
    Rule(
        "etag-bytes",
        Level.REQUIRED,
        "Whole reads with the same ETag of a blob give the same bytes.",
        ("reference/1.0",),
        ("properties.etag-everywhere", "get-blob.whole"),
        lambda view: _is_whole(view) and view.get("ETag") is not None,
        _other_bytes,
        frozenset({Fact.OTHERS, Fact.BYTES}),
    ),
)
