"""Wire rules for reads of a part: what it says it holds, and what only a whole or only a part has."""

from __future__ import annotations

import re

from harness.judge.matching import is_date
from harness.rules.rule import Broken, Fact, Rule, View
from harness.vocabulary import Level

_PARTIAL = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_ASKED = re.compile(r"bytes=(\d+)-(\d*)")


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
    if view.get("x-ms-structured-body") is not None:
        return _outside(view, first, last, size)  # the bytes stand in a frame, which has a length too
    length = view.get("Content-Length")
    if length is not None and length != str(last - first + 1):
        return Broken(f"Content-Length {last - first + 1}, as {said} says", length)
    if view.has(Fact.FRAMING) and not view.bodyless and view.response.body.length != last - first + 1:
        return Broken(f"{last - first + 1} bytes, as {said} says", f"{view.response.body.length} bytes")
    return _outside(view, first, last, size)


def _outside(view: View, first: int, last: int, size: int) -> Broken | None:
    asked = _asked(view)
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


def _asked(view: View) -> str | None:
    return view.asked("x-ms-range") or view.asked("Range")


def _ignored(view: View) -> Broken | None:
    return None if view.status == 206 else Broken(f"206 for {_asked(view)}", str(view.status))


def _asked_for_a_range(view: View) -> bool:
    match = _ASKED.fullmatch((_asked(view) or "").strip())
    return match is not None and (not match[2] or int(match[1]) <= int(match[2]))


def _bad_unsatisfied(view: View) -> Broken | None:
    said = view.get("Content-Range")
    return None if said and re.fullmatch(r"bytes \*/\d+", said) else Broken("bytes */SIZE", said or "absent")


def _range_of_whole(view: View) -> Broken | None:
    for name in ("Content-Range", "x-ms-blob-content-md5"):
        if (said := view.get(name)) is not None:
            return Broken(f"no {name}", said)
    return None


def _hash_unasked(view: View) -> Broken | None:
    said = view.get("Content-MD5")
    if said is None or (view.asked("x-ms-range-get-content-md5") or "").lower() == "true":
        return None
    return Broken("no Content-MD5 unless it was asked for", said)


def _hash_asked(view: View) -> Broken | None:
    for asked, name in _HASHES.items():
        if (view.asked(asked) or "").lower() == "true" and not view.get(name):
            return Broken(name, "absent")
    return None


_HASHES = {
    "x-ms-range-get-content-md5": "Content-MD5",
    "x-ms-range-get-content-crc64": "x-ms-content-crc64",
}


def _is_part(view: View) -> bool:
    return view.status == 206 and view.who.operation == "Get Blob"


def _is_hashed(view: View) -> bool:
    """Whether a hash of the range was asked for. Of more than 4 MiB none is to be had."""
    return (
        _is_part(view)
        and view.response.body.length <= 4 * 1024 * 1024
        and any((view.asked(name) or "").lower() == "true" for name in _HASHES)
    )


def _is_date_range(view: View) -> bool:
    """Whether If-Range might have turned the range into the whole."""
    return view.asked("If-Range") is not None and not is_date(view.asked("If-Range") or "")


RULES = (
    Rule(
        "partial-range",
        Level.REQUIRED,
        "A 206 says which bytes it holds, and they are those that were asked for.",
        ("reference/1.5",),
        ("get-blob.content-range", "get-blob.range", "get-blob.range-open", "get-blob.range-clamped"),
        lambda view: view.status == 206,
        _bad_range,
    ),
    Rule(
        "range-answered",
        Level.REQUIRED,
        "A read of the range bytes=A-B or bytes=A- that succeeds is answered with 206.",
        ("reference/1.5",),
        ("get-blob.range", "get-blob.range-of-everything", "get-blob.range-plain"),
        lambda view: view.done(("Get Blob",)) and _asked_for_a_range(view) and not _is_date_range(view),
        _ignored,
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
        "whole-without-range",
        Level.EXPECTED,
        "A 200 has neither Content-Range nor x-ms-blob-content-md5.",
        ("reference/1.5", "reference/5"),
        ("get-blob.whole", "get-blob.stored-md5-whole"),
        lambda view: view.status == 200 and view.who.operation in ("Get Blob", "Get Blob Properties"),
        _range_of_whole,
    ),
    Rule(
        "part-without-md5",
        Level.EXPECTED,
        "A 206 has Content-MD5 only when the hash of the range was asked for.",
        ("reference/1.5", "reference/5"),
        ("get-blob.stored-md5-range",),
        _is_part,
        _hash_unasked,
        frozenset({Fact.REQUEST_HEADERS}),
    ),
    Rule(
        "part-with-hash",
        Level.REQUIRED,
        "A 206 has the hash of the range that was asked for.",
        ("reference/1.5", "recorded/A6"),
        ("get-blob.range-hash", "get-blob.range-crc64"),
        _is_hashed,
        _hash_asked,
    ),
)
