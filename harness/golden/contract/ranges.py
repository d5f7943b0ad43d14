"""Ranges of reads: which bytes a request asks for, and whether it may."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.golden.contract.answer import EXPECTED, Refusal, refused
from harness.golden.contract.request import Asked
from harness.golden.contract.text import literal

_FORM = re.compile(r"bytes=(\d+)-(\d*)")
_HASHES = ("x-ms-range-get-content-md5", "x-ms-range-get-content-crc64")
_MOST = 4 << 20
"""Bytes of a range that a hash is given for."""


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes `first` to `last`, both inclusive; no last: to the end."""

    first: int
    last: int | None = None


class UnclearRangeError(Exception):
    """Nobody knows what a service makes of this range. The message says why."""


def asked_range(asked: Asked) -> Range | None:
    """The range that a read asks for; None: the whole. Raises UnclearRangeError."""
    said = asked.said("x-ms-range") or asked.said("range")
    if said is None:
        return None
    text = literal(said)
    if text is None:
        raise UnclearRangeError(f"what the range {said} means depends on values")
    form = _FORM.fullmatch(text)
    if form is None:
        return None  # a form that Azure does not know gives the whole
    first, last = int(form[1]), int(form[2]) if form[2] else None
    if last is not None and last < first:
        raise UnclearRangeError("what a range is that ends before it begins was never recorded")
    return Range(first, last)


def odd(asked: Asked) -> bool:
    """Whether a range is asked for in a form that is ignored."""
    return (asked.said("x-ms-range") or asked.said("range")) is not None


def served(asked: Range, size: int) -> tuple[int, int] | None:
    """The bytes that are given, both inclusive; None: the range is refused. Raises UnclearRangeError."""
    if asked.first < size:
        return asked.first, size - 1 if asked.last is None else min(asked.last, size - 1)
    if size == 0 and asked.first == 0 and asked.last in (None, 0):
        raise UnclearRangeError("the range of one byte or an open one on an empty blob was never recorded")
    return None


def hash_refusal(asked: Asked, wanted: Range | None) -> Refusal | None:
    """Why the wish for a hash is refused, whatever the blob; None where it is not, or is not asked for."""
    wishes = [name for name in _HASHES if (asked.said(name) or "").lower() == "true"]
    if len(wishes) == 2:
        return refused(400, "BothCrc64AndMd5RangeHeaderPresent")
    if wishes and wanted is None:
        return refused(400, "InvalidHeaderValue", level=EXPECTED)
    return None


def too_long(asked: Asked, first: int, last: int) -> Refusal | None:
    """Why no hash is given of these bytes: there are too many of them."""
    wishes = [name for name in _HASHES if (asked.said(name) or "").lower() == "true"]
    return refused(400, "InvalidHeaderValue", level=EXPECTED) if wishes and last - first >= _MOST else None
