"""Header field lines of HTTP/1.1, parsed strictly and without I/O; requests and copy sources share them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reference_impl.http.message import Pair

MAX_HEAD = 64 * 1024
"""Bytes of a whole head, its empty line included."""
MAX_FIELDS = 512
NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"

_FIELD = re.compile(rf"({NAME}):([\t\x20-\x7e\x80-\xff]*)")
_DIGITS = re.compile(r"[0-9]{1,19}")
_LIST = re.compile(r"[ \t]*,[ \t]*")


class FieldError(ValueError):
    """A header line that HTTP/1.1 does not allow; the text says what is wrong with it."""


def parse_fields(lines: Iterable[str]) -> list[Pair]:
    """Field lines (latin-1 text, no CRLF) to pairs in wire order; raises FieldError at the first bad one."""
    pairs: list[Pair] = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            raise FieldError(_complaint(line))
        name, value = match.groups()
        pairs.append((name, value.strip(" \t")))
    return pairs


def parse_length(values: list[str]) -> int:
    """The one Content-Length of `values` in bytes; raises FieldError for lists, signs, absurd sizes."""
    if len(values) != 1:
        raise FieldError("there is more than one Content-Length")
    if _DIGITS.fullmatch(values[0]) is None:
        raise FieldError("Content-Length is not a plain decimal number")
    length = int(values[0])
    if length >= 1 << 63:
        raise FieldError("Content-Length is out of range")
    return length


def tokens(values: Iterable[str]) -> list[str]:
    """The members of a comma-separated field in lower case, over all its lines, empty ones left out."""
    return [token.lower() for value in values for token in _LIST.split(value.strip(" \t")) if token]


def _complaint(line: str) -> str:
    if line[:1] in (" ", "\t"):
        return "a header line is folded"
    name, colon, _ = line.partition(":")
    if not colon:
        return "a header line has no colon"
    if re.fullmatch(NAME, name) is None:
        return "a header name holds characters that no name may hold"
    return f"the value of {name} holds control characters"
