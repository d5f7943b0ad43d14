"""Wire rules for containers and blobs: validators, ranges, hashes, properties."""

from __future__ import annotations

import re

from harness.cases.recipes import crc64_base64, md5_base64
from harness.judge.matching import ETAG, is_date
from harness.rules.rule import Broken, Fact, Rule, View
from harness.vocabulary import Level

_VALIDATED = frozenset(
    {
        "Create Container",
        "Get Container Properties",
        "Get Container Metadata",
        "Set Container Metadata",
        "Put Blob",
        "Put Blob From URL",
        "Get Blob",
        "Get Blob Properties",
        "Set Blob Properties",
        "Get Blob Metadata",
        "Set Blob Metadata",
        "Snapshot Blob",
        "Copy Blob",
        "Copy Blob From URL",
        "Put Block List",
    }
)
_UNVALIDATED = frozenset(
    {"Put Block", "Put Block From URL", "Delete Blob", "Delete Container", "List Blobs", "List Containers"}
)
_READS = frozenset({"Get Blob", "Get Blob Properties"})
_BLOCKS = frozenset({"Put Block", "Put Block From URL"})
_ENCRYPTED = frozenset({"Put Blob", "Put Blob From URL", "Put Block", "Put Block From URL", "Put Block List"})
_CRC_SINCE = "2019-02-02"
_PARTIAL = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_ASKED = re.compile(r"bytes=(\d+)-(\d*)")


def _no_validators(view: View) -> Broken | None:
    missing = [name for name in ("ETag", "Last-Modified") if len(view.all(name)) != 1]
    return Broken("one ETag and one Last-Modified", f"no single {' and '.join(missing)}") if missing else None


def _unwanted_validators(view: View) -> Broken | None:
    found = [name for name in ("ETag", "Last-Modified") if view.get(name) is not None]
    return Broken("neither ETag nor Last-Modified", ", ".join(found)) if found else None


def _bad_etag(view: View) -> Broken | None:
    said = view.get("ETag") or ""
    return None if ETAG.fullmatch(said) else Broken('in double quotes, such as "0x8D…"', said or "empty")


def _bad_modified(view: View) -> Broken | None:
    said = view.get("Last-Modified") or ""
    return None if is_date(said) else Broken("an RFC 1123 date", said or "empty")


def _bad_range(view: View) -> Broken | None:
    said = view.get("Content-Range")
    match = _PARTIAL.fullmatch(said or "")
    if match is None:
        return Broken("Content-Range: bytes A-B/SIZE", said or "absent")
    first, last, size = map(int, match.groups())
    if not first <= last < size:
        return Broken("A ≤ B < SIZE", str(said))
    if view.get("x-ms-structured-body"):
        return _outside(view, first, last, size)  # the frame around the bytes has a length of its own
    length = view.get("Content-Length")
    if length is not None and length != str(last - first + 1):
        return Broken(f"Content-Length {last - first + 1}, as {said} says", length)
    if view.has(Fact.FRAMING) and not view.bodyless and view.response.body.length != last - first + 1:
        return Broken(f"{last - first + 1} bytes, as {said} says", f"{view.response.body.length} bytes")
    return _outside(view, first, last, size)


def _outside(view: View, first: int, last: int, size: int) -> Broken | None:
    asked = view.asked("x-ms-range") or view.asked("Range")
    if asked is None:
        return (
            Broken("206 only when a range was asked for", "206") if view.has(Fact.REQUEST_HEADERS) else None
        )
    match = _ASKED.fullmatch(asked.strip())
    if match is None:
        return None  # what a server makes of other ranges is for cases to say
    wanted_last = min(int(match[2]), size - 1) if match[2] else size - 1
    if (first, last) != (int(match[1]), wanted_last):
        return Broken(f"bytes {match[1]}-{wanted_last}/{size}", f"bytes {first}-{last}/{size}")
    return None


def _bad_unsatisfied(view: View) -> Broken | None:
    said = view.get("Content-Range")
    return None if said and re.fullmatch(r"bytes \*/\d+", said) else Broken("bytes */SIZE", said or "absent")


def _no_md5(view: View) -> Broken | None:
    return None if view.get("Content-MD5") else Broken("present", "absent")


def _wrong_md5(view: View) -> Broken | None:
    wanted = md5_base64(view.exchange.request.body.data or b"")
    said = view.get("Content-MD5")
    return None if said == wanted else Broken(wanted, str(said))


def _no_crc(view: View) -> Broken | None:
    return None if view.get("x-ms-content-crc64") else Broken("present", "absent")


def _wrong_crc(view: View) -> Broken | None:
    wanted = crc64_base64(view.exchange.request.body.data or b"")
    said = view.get("x-ms-content-crc64")
    return None if said == wanted else Broken(wanted, str(said))


def _not_one_hash(view: View) -> Broken | None:
    found = [name for name in ("Content-MD5", "x-ms-content-crc64") if view.get(name)]
    if len(found) == 1:
        return None
    return Broken("either Content-MD5 or x-ms-content-crc64", " and ".join(found) or "neither")


def _wrong_content(view: View) -> Broken | None:
    wanted = md5_base64(view.response.body.data or b"")
    said = view.get("Content-MD5")
    return None if said == wanted else Broken(f"{wanted}, as the body is", str(said))


def _no_type(view: View) -> Broken | None:
    said = view.get("x-ms-blob-type")
    known = ("BlockBlob", "PageBlob", "AppendBlob")
    return None if said in known else Broken(" or ".join(known), said or "absent")


def _no_ranges(view: View) -> Broken | None:
    said = view.get("Accept-Ranges")
    return None if said == "bytes" else Broken("bytes", said or "absent")


def _no_creation(view: View) -> Broken | None:
    said = view.get("x-ms-creation-time")
    return None if said and is_date(said) else Broken("an RFC 1123 date", said or "absent")


def _no_lease(view: View) -> Broken | None:
    status, state = view.get("x-ms-lease-status"), view.get("x-ms-lease-state")
    if status in ("locked", "unlocked") and state in ("available", "leased", "expired", "breaking", "broken"):
        return None
    return Broken("x-ms-lease-status and x-ms-lease-state", f"{status or 'absent'}, {state or 'absent'}")


def _no_encryption(view: View) -> Broken | None:
    said = view.get("x-ms-request-server-encrypted")
    return None if said == "true" else Broken("true", said or "absent")


def _is_base_blob(view: View) -> bool:
    return (
        view.succeeded
        and view.who.operation in _READS
        and not {"snapshot", "versionid"} & set(view.who.query)
    )


RULES = (
    Rule(
        "validators",
        Level.REQUIRED,
        "What creates, changes or reads a container or blob answers with its ETag and Last-Modified.",
        ("reference/1.1",),
        ("wire.validators",),
        lambda view: view.succeeded and view.who.operation in _VALIDATED,
        _no_validators,
        frozenset({Fact.REQUEST_HEADERS}),
    ),
    Rule(
        "no-validators",
        Level.EXPECTED,
        "Blocks, deletions and lists have no ETag and no Last-Modified.",
        ("reference/1.1",),
        ("wire.no-validators",),
        lambda view: view.succeeded and view.who.operation in _UNVALIDATED,
        _unwanted_validators,
    ),
    Rule(
        "etag-quoted",
        Level.EXPECTED,
        "An ETag header is in double quotes.",
        ("reference/1.0",),
        ("wire.etag-quoted",),
        lambda view: view.get("ETag") is not None,
        _bad_etag,
    ),
    Rule(
        "last-modified",
        Level.REQUIRED,
        "Last-Modified is an RFC 1123 date.",
        ("reference/1.0",),
        ("wire.last-modified",),
        lambda view: view.get("Last-Modified") is not None,
        _bad_modified,
    ),
    Rule(
        "partial-range",
        Level.REQUIRED,
        "A 206 says which bytes it holds, and they are those that were asked for.",
        ("reference/1.5",),
        ("get-blob.range",),
        lambda view: view.status == 206,
        _bad_range,
    ),
    Rule(
        "unsatisfied-range",
        Level.EXPECTED,
        "A 416 says how long the blob is.",
        ("reference/1.5",),
        ("get-blob.range-refused",),
        lambda view: view.status == 416 and view.who.operation == "Get Blob",
        _bad_unsatisfied,
    ),
    Rule(
        "put-blob-md5",
        Level.EXPECTED,
        "Put Blob answers with Content-MD5.",
        ("reference/1.1",),
        ("wire.put-blob-hashes",),
        lambda view: view.succeeded and _puts_block_blob(view),
        _no_md5,
        frozenset({Fact.REQUEST_HEADERS}),
    ),
    Rule(
        "put-blob-crc64",
        Level.EXPECTED,
        "Put Blob answers with x-ms-content-crc64, from version 2019-02-02 on.",
        ("reference/1.1", "reference/5.8"),
        ("wire.put-blob-hashes",),
        lambda view: view.succeeded and _puts_block_blob(view) and view.version >= _CRC_SINCE,
        _no_crc,
        frozenset({Fact.REQUEST_HEADERS}),
    ),
    Rule(
        "sent-md5",
        Level.REQUIRED,
        "A Content-MD5 in the answer to an upload is the MD5 of what was sent.",
        ("reference/1.1",),
        ("wire.hash-of-sent",),
        lambda view: view.succeeded and _uploads_plain(view) and view.get("Content-MD5") is not None,
        _wrong_md5,
        frozenset({Fact.REQUEST_BODY}),
    ),
    Rule(
        "sent-crc64",
        Level.REQUIRED,
        "An x-ms-content-crc64 in the answer to an upload is the CRC-64 of what was sent.",
        ("reference/1.11",),
        ("wire.hash-of-sent",),
        lambda view: view.succeeded and _uploads_plain(view) and view.get("x-ms-content-crc64") is not None,
        _wrong_crc,
        frozenset({Fact.REQUEST_BODY}),
    ),
    Rule(
        "block-hash",
        Level.EXPECTED,
        "Put Block answers with one hash: the kind that was sent, else CRC-64, from version 2019-02-02 on.",
        ("reference/1.1", "reference/5.9"),
        ("put-block.response-hash",),
        lambda view: view.succeeded and view.who.operation in _BLOCKS and view.version >= _CRC_SINCE,
        _not_one_hash,
    ),
    Rule(
        "content-md5",
        Level.REQUIRED,
        "Content-MD5 of a partial read is the MD5 of the bytes in it.",
        ("reference/1.5",),
        ("get-blob.range-hash",),
        lambda view: (
            view.status == 206
            and view.who.operation == "Get Blob"
            and view.get("Content-MD5") is not None
            and view.get("x-ms-structured-body") is None
        ),
        _wrong_content,
        frozenset({Fact.BYTES}),
    ),
    Rule(
        "blob-type",
        Level.REQUIRED,
        "Reading a blob or its properties says its type.",
        ("reference/1.5",),
        ("wire.read-headers",),
        lambda view: view.succeeded and view.who.operation in _READS,
        _no_type,
        frozenset({Fact.REQUEST_HEADERS}),
    ),
    Rule(
        "accept-ranges",
        Level.EXPECTED,
        "Reading a blob or its properties says Accept-Ranges: bytes.",
        ("reference/1.5",),
        ("wire.read-headers",),
        lambda view: view.succeeded and view.who.operation in _READS,
        _no_ranges,
    ),
    Rule(
        "creation-time",
        Level.EXPECTED,
        "Reading a blob or its properties says when it was made, from version 2017-11-09 on.",
        ("reference/2.2",),
        ("wire.read-headers",),
        lambda view: view.succeeded and view.who.operation in _READS and view.version >= "2017-11-09",
        _no_creation,
    ),
    Rule(
        "lease-headers",
        Level.EXPECTED,
        "Reading a blob, its properties or a container's says whether it is leased.",
        ("reference/1.5",),
        ("wire.read-headers",),
        lambda view: (
            _is_base_blob(view) or (view.succeeded and view.who.operation == "Get Container Properties")
        ),
        _no_lease,
    ),
    Rule(
        "request-encrypted",
        Level.EXPECTED,
        "Writing a blob or block says x-ms-request-server-encrypted: true.",
        ("reference/1.0",),
        ("wire.request-encrypted",),
        lambda view: view.succeeded and view.who.operation in _ENCRYPTED,
        _no_encryption,
        frozenset({Fact.REQUEST_HEADERS}),
    ),
)


def _puts_block_blob(view: View) -> bool:
    return view.who.operation == "Put Blob" and view.asked("x-ms-blob-type") == "BlockBlob"


def _uploads(view: View) -> bool:
    return view.who.operation in ("Put Block", "Put Block List") or _puts_block_blob(view)


def _uploads_plain(view: View) -> bool:
    """Uploads whose body is the content itself: a structured body has a frame around it."""
    return _uploads(view) and view.asked("x-ms-structured-body") is None
