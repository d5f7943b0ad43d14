"""Wire rules for MD5 and CRC-64 in answers: which there are, and that they are right."""

from __future__ import annotations

import base64
import binascii

from harness.cases.recipes import crc64_base64, md5_base64
from harness.rules.rule import Broken, Fact, Rule, View
from harness.rules.table import APPENDS, BLOCKS, CRC_SINCE
from harness.vocabulary import Level

_ONE_HASH = BLOCKS | APPENDS | {"Put Block List"}
_UPLOADS = frozenset({"Put Block", "Put Block List", "Append Block"})


def _no_md5(view: View) -> Broken | None:
    return None if view.get("Content-MD5") else Broken("present", "absent")


def _no_crc(view: View) -> Broken | None:
    return None if view.get("x-ms-content-crc64") else Broken("present", "absent")


def _wrong_md5(view: View) -> Broken | None:
    wanted = md5_base64(view.exchange.request.body.data or b"")
    said = view.get("Content-MD5")
    return None if said == wanted else Broken(wanted, str(said))


def _wrong_crc(view: View) -> Broken | None:
    wanted = crc64_base64(view.exchange.request.body.data or b"")
    said = view.get("x-ms-content-crc64")
    return None if said == wanted else Broken(wanted, str(said))


def _not_one_hash(view: View) -> Broken | None:
    found = [name for name in ("Content-MD5", "x-ms-content-crc64") if view.get(name)]
    if len(found) == 1:
        return None
    return Broken("either Content-MD5 or x-ms-content-crc64", " and ".join(found) or "neither")


def _not_the_hash(view: View) -> Broken | None:
    wanted = view.asked("Content-MD5")
    said = view.get("Content-MD5")
    return None if said == wanted else Broken(f"Content-MD5 {wanted}, as it was sent", said or "absent")


def _bad_crc(view: View) -> Broken | None:
    said = view.get("x-ms-content-crc64") or ""
    try:
        whole = len(base64.b64decode(said, validate=True)) == 8
    except (binascii.Error, ValueError):
        whole = False
    return None if whole else Broken("base64 of eight bytes", said or "empty")


def _wrong_content_md5(view: View) -> Broken | None:
    wanted = md5_base64(view.response.body.data or b"")
    said = view.get("Content-MD5")
    return None if said == wanted else Broken(f"{wanted}, as the body is", str(said))


def _wrong_content_crc(view: View) -> Broken | None:
    wanted = crc64_base64(view.response.body.data or b"")
    said = view.get("x-ms-content-crc64")
    return None if said == wanted else Broken(f"{wanted}, as the body is", str(said))


def _puts_block_blob(view: View) -> bool:
    return view.who.operation == "Put Blob" and view.asked("x-ms-blob-type") == "BlockBlob"


def _uploads(view: View) -> bool:
    """What was sent is what is hashed, but for a structured body: that one holds checksums of its own."""
    plain = view.asked("x-ms-structured-body") is None
    return view.succeeded and plain and (view.who.operation in _UPLOADS or _puts_block_blob(view))


def _is_part(view: View) -> bool:
    plain = view.get("x-ms-structured-body") is None
    return view.status == 206 and view.who.operation == "Get Blob" and plain


RULES = (
    Rule(
        "put-blob-md5",
        Level.EXPECTED,
        "Put Blob answers with Content-MD5.",
        ("reference/1.1",),
        ("wire.put-blob-hashes", "put-blob.answers-md5"),
        lambda view: view.succeeded and _puts_block_blob(view),
        _no_md5,
        frozenset({Fact.REQUEST_HEADERS}),
    ),
    Rule(
        "put-blob-crc64",
        Level.EXPECTED,
        "Put Blob answers with x-ms-content-crc64, from version 2019-02-02 on.",
        ("reference/1.1", "reference/5.8"),
        ("wire.put-blob-hashes", "put-blob.answers-crc64"),
        lambda view: view.succeeded and _puts_block_blob(view) and view.version >= CRC_SINCE,
        _no_crc,
        frozenset({Fact.REQUEST_HEADERS}),
    ),
    Rule(
        "sent-md5",
        Level.REQUIRED,
        "A Content-MD5 in the answer to an upload is the MD5 of what was sent.",
        ("reference/1.1",),
        ("wire.hash-of-sent", "put-blob.answers-md5"),
        lambda view: _uploads(view) and view.get("Content-MD5") is not None,
        _wrong_md5,
        frozenset({Fact.REQUEST_BODY}),
    ),
    Rule(
        "sent-crc64",
        Level.REQUIRED,
        "An x-ms-content-crc64 in the answer to an upload is the CRC-64 of what was sent.",
        ("reference/1.11",),
        ("wire.hash-of-sent", "checksums.crc64", "put-blob.answers-crc64"),
        lambda view: _uploads(view) and view.get("x-ms-content-crc64") is not None,
        _wrong_crc,
        frozenset({Fact.REQUEST_BODY}),
    ),
    Rule(
        "block-hash",
        Level.EXPECTED,
        "Staging, committing and appending answer with one hash, from version 2019-02-02 on.",
        ("reference/1.1", "reference/5.9"),
        ("put-block.response-hash", "put-block-list.list-crc64", "append-blob.response-hash"),
        lambda view: view.done(_ONE_HASH) and view.version >= CRC_SINCE,
        _not_one_hash,
        frozenset({Fact.OPERATION}),
    ),
    Rule(
        "block-hash-kind",
        Level.EXPECTED,
        "A Content-MD5 that was sent with a block, a commit or an append comes back.",
        ("reference/1.1", "reference/5.9"),
        ("put-block.response-hash", "put-block-list.list-hash", "append-blob.response-hash"),
        lambda view: _uploads(view) and not _puts_block_blob(view) and view.asked("Content-MD5") is not None,
        _not_the_hash,
        frozenset({Fact.OPERATION}),
    ),
    Rule(
        "crc64-shape",
        Level.EXPECTED,
        "x-ms-content-crc64 is base64 of eight bytes.",
        ("reference/1.11",),
        ("checksums.crc64",),
        lambda view: view.get("x-ms-content-crc64") is not None,
        _bad_crc,
    ),
    Rule(
        "content-md5",
        Level.REQUIRED,
        "Content-MD5 of a partial read is the MD5 of the bytes in it.",
        ("reference/1.5",),
        ("get-blob.range-hash",),
        lambda view: _is_part(view) and view.get("Content-MD5") is not None,
        _wrong_content_md5,
        frozenset({Fact.BYTES}),
    ),
    Rule(
        "content-crc64",
        Level.REQUIRED,
        "x-ms-content-crc64 of a partial read is the CRC-64 of the bytes in it.",
        ("reference/1.5", "reference/1.11"),
        ("get-blob.range-crc64", "checksums.crc64"),
        lambda view: _is_part(view) and view.get("x-ms-content-crc64") is not None,
        _wrong_content_crc,
        frozenset({Fact.BYTES}),
    ),
)
