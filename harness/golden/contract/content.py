"""Content as the recipes it was put together from: sizes, parts, digests. No byte is made without need."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from harness.cases.case import (
    Batch,
    BlockListXml,
    Empty,
    Equal,
    Hex,
    Join,
    Md5Of,
    Random,
    Recipe,
    Slice,
    Text,
    Xml,
    Zeros,
)
from harness.cases.recipes import DECLARATION, content, crc64_base64, md5_base64
from harness.cases.template import Scope
from harness.golden.contract.text import literal

Content = tuple[Recipe, ...]
"""Recipes one after the other, none of them a Join or empty, and slices taken as far as they go."""

_MOST = 64 << 20  # bytes that are made to hold them against a digest
_NAMELESS = Scope("", "", "", "", "", "", "", datetime(2026, 1, 1, tzinfo=UTC))


def pieces(recipe: Recipe | None) -> Content:
    """The content that a recipe gives."""
    if recipe is None:
        return ()
    if isinstance(recipe, Join):
        return joined(pieces(part) for part in recipe.parts)
    if isinstance(recipe, Slice):
        count = size(recipe.of)
        if count is None:
            return (recipe,)
        return () if recipe.first >= count else (_cut(recipe.of, recipe.first, min(recipe.last, count - 1)),)
    return () if size(recipe) == 0 else (recipe,)


def size(recipe: Recipe) -> int | None:
    """How many bytes a recipe gives; None where that depends on values."""
    match recipe:
        case Hex(data):
            return len(data)
        case Random(count, _) | Zeros(count):
            return count
        case Text(text) | Xml(text):
            said = literal(text)
            extra = len(DECLARATION) if isinstance(recipe, Xml) else 0
            return None if said is None else len(said.encode()) + extra
        case Slice(of, first, last):
            whole = size(of)
            return None if whole is None else max(0, min(last + 1, whole) - first)
        case Join(parts):
            return length(parts)
        case BlockListXml() | Batch():
            return None


def length(parts: Iterable[Recipe]) -> int | None:
    """The bytes of all of them together."""
    total = 0
    for one in parts:
        count = size(one)
        if count is None:
            return None
        total += count
    return total


def joined(contents: Iterable[Content]) -> Content:
    """One content after the other; what was cut and is together again becomes whole."""
    out: list[Recipe] = []
    for piece in (piece for one in contents for piece in one):
        merged = _merged(out[-1], piece) if out else None
        if merged is None:
            out.append(piece)
        else:
            out[-1] = merged
    return tuple(out)


def _merged(first: Recipe, second: Recipe) -> Recipe | None:
    match first, second:
        case Zeros(one), Zeros(two):
            return Zeros(one + two)
        case Slice(of, start, end), Slice(other, begin, last) if of == other and end + 1 == begin:
            return of if start == 0 and size(of) == last + 1 else Slice(of, start, last)
    return None


def part(whole: Content, first: int, last: int) -> Content | None:
    """Bytes `first` to `last`, both inclusive, as far as there are any; None where sizes are not known."""
    out: list[Recipe] = []
    at = 0
    for piece in whole:
        count = size(piece)
        if count is None:
            return None
        start, end = max(first - at, 0), min(last - at, count - 1)
        if start <= end:
            out.append(piece if (start, end) == (0, count - 1) else _cut(piece, start, end))
        at += count
    return tuple(out)


def _cut(piece: Recipe, first: int, last: int) -> Recipe:
    match piece:
        case Zeros():
            return Zeros(last - first + 1)
        case Hex(data):
            return Hex(data[first : last + 1])
        case Slice(of, start, _):
            return _cut(of, start + first, start + last)
    whole = size(piece)
    return piece if first == 0 and whole == last + 1 else Slice(piece, first, last)


def recipe(whole: Content, payloads: Mapping[str, Recipe]) -> Recipe | Empty:
    """The content as one recipe: a payload by its own words where it is one, whole."""
    if not whole:
        return Empty()
    if len(whole) == 1:
        return whole[0]
    return next((one for one in payloads.values() if pieces(one) == whole), Join(whole))


def md5_of(whole: Content, payloads: Mapping[str, Recipe]) -> Equal | Md5Of:
    """A matcher for the Content-MD5 of the content."""
    said = recipe(whole, payloads)
    return Equal(md5_base64(b"")) if isinstance(said, Empty) else Md5Of(said)


@functools.lru_cache(maxsize=512)
def md5(whole: Content) -> str | None:
    """The Content-MD5 as text; None where the bytes are too many, or depend on values."""
    data = _bytes(whole)
    return None if data is None else md5_base64(data)


@functools.lru_cache(maxsize=512)
def crc64(whole: Content) -> str | None:
    """The x-ms-content-crc64 as text; None where the bytes are too many, or depend on values."""
    data = _bytes(whole)
    return None if data is None else crc64_base64(data)


def _bytes(whole: Content) -> bytes | None:
    count = length(whole)
    if count is None or count > _MOST:
        return None
    return b"".join(content(one, _NAMELESS) for one in whole)
