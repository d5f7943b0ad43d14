"""How foreign text is shown: nothing invisible, nothing that could break a page, bytes as a hex dump."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What a reader could not see, or what would change how its neighbours are shown: control characters,
# lone surrogates, zero-width and bidirectional marks, non-characters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
_ROW = 8  # a row fits a phone


def visible(text: str) -> str:
    """The text with every unseen character written as an escape; tab and newline stay.

    A surrogate that stands for an undecodable byte (U+DC80 to U+DCFF) is written as that byte.
    """
    return _UNSEEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def shorten(text: str, limit: int) -> str:
    """The text, or its first `limit` characters and how many more there are, where that is worth saying."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}…" + (f" ({len(text) - limit:,} more characters)" if limit >= 100 else "")


def hex_dump(data: bytes) -> str:
    """Offset, bytes in hexadecimal and printable ASCII, eight bytes a line."""
    return "\n".join(_hex_rows(data))


def _hex_rows(data: bytes) -> Iterator[str]:
    for offset in range(0, len(data), _ROW):
        row = data[offset : offset + _ROW]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"{offset:04x}  {row.hex(' '):<{_ROW * 3 - 1}}  {shown}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 case`, `2,000 cases`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def split_difference(expected: str, observed: str) -> tuple[str, str]:
    """Observed, split where it first differs from expected; the second part is empty when nothing is shared.

    Only a long shared beginning is worth marking: `201` against `200` needs no help.
    """
    shared = 0
    for one, other in zip(expected, observed, strict=False):
        if one != other:
            break
        shared += 1
    return (observed[:shared], observed[shared:]) if shared >= 8 else (observed, "")
