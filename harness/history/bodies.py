"""Bodies that say who wrote them: every 32 bytes name the writer's tag and their own place."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

from harness.history.values import Run

RECORD = 32
"""Bytes of a record."""

LONGEST = 20
"""Characters of a tag that leave room for the number of any record."""

_DAMAGED = "?"


def body(tag: str, count: int) -> bytes:
    """So many records of a tag."""
    if not 0 < len(tag) <= LONGEST or ":" in tag:
        raise ValueError(f"no tag for a body: {tag!r}")
    return _body(tag, count)


@functools.lru_cache(maxsize=256)  # what is written is read again, by many
def _body(tag: str, count: int) -> bytes:
    return b"".join(f"{tag}:{number}".ljust(RECORD - 1, ".").encode() + b"\n" for number in range(count))


def runs(data: bytes) -> tuple[Run, ...]:
    """Whose records a body, or a range of one that begins at a record, is made of.

    Bytes that are no record are runs too, of a tag that begins with a question mark: nobody wrote them.
    """
    return tuple(_runs(data))


def _runs(data: bytes) -> Iterator[Run]:
    at, total = 0, -(-len(data) // RECORD)
    while at < total:
        tag, first = _record(data[at * RECORD : (at + 1) * RECORD])
        count = 1
        if not tag.startswith(_DAMAGED):
            whole = _body(tag, first + total - at)[first * RECORD :]
            if data[at * RECORD :] == whole:  # nearly always
                yield Run(tag, first, total - at)
                return
            while _piece(data, at + count) == _piece(whole, count) != b"":
                count += 1
        yield Run(tag, first, count)
        at += count


def _piece(data: bytes, number: int) -> bytes:
    return data[number * RECORD : (number + 1) * RECORD]


def _record(piece: bytes) -> tuple[str, int]:
    text = piece.decode("latin-1")
    tag, colon, rest = text.partition(":")
    number = rest.rstrip("\n").rstrip(".")
    if 0 < len(tag) <= LONGEST and colon and number.isdecimal() and len(number) < 9:
        whole = f"{tag}:{int(number)}".ljust(RECORD - 1, ".") + "\n"
        if text == whole:
            return tag, int(number)
    return f"{_DAMAGED}{piece[:8].hex()}", 0


def cut(segments: Sequence[tuple[str, int]], first: int, count: int) -> tuple[Run, ...]:
    """The runs that a range of a body shows; `segments` are the tags and record counts that it is made of."""
    return tuple(_cut(segments, first, count))


def _cut(segments: Sequence[tuple[str, int]], first: int, count: int) -> Iterator[Run]:
    at, end = 0, first + count
    for tag, size in segments:
        low, high = max(first, at), min(end, at + size)
        if low < high:
            yield Run(tag, low - at, high - low)
        at += size
