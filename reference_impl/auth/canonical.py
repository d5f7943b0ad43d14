"""The canonical forms that signatures are made over: headers in two orders, resource, query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import groupby

from reference_impl.protocol.query import Query

Pairs = Sequence[tuple[str, str]]


def text(value: str) -> str:
    """A header value, which the wire gives as latin-1, as the UTF-8 text that a client signed."""
    return value if value.isascii() else value.encode("latin-1").decode("utf-8", "surrogateescape")


@lru_cache(maxsize=1024)
def weighted(name: str) -> tuple[tuple[int, ...], str]:
    """Sort key of the service's own header order: hyphens last resort, `_` before digits before letters."""
    weights = tuple(_weight(character) for character in name if character != "-")
    # Of two names that differ in hyphens only, the one whose first hyphen comes later stands first.
    return weights, "".join("1" if character == "-" else "0" for character in name)


def _weight(character: str) -> int:
    if character.isalpha():
        return 0x300 + ord(character)
    if character.isdigit():
        return 0x200 + ord(character)
    return 0x100 + ord(character)


def ms_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The x-ms-* headers of a request: lower-case name to value, unfolded and trimmed, repeats joined."""
    found: dict[str, str] = {}
    for name, value in headers:
        lowered = name.lower()
        if lowered.startswith("x-ms-"):
            plain = " ".join(text(value).split("\r\n")).strip()
            found[lowered] = f"{found[lowered]},{plain}" if lowered in found else plain
    return found


def canonical_headers(found: dict[str, str], order: Callable[[str], object] | None = None) -> str:
    """`name:value` lines; ordinal order by default."""
    names = sorted(found) if order is None else sorted(found, key=order)  # type: ignore[arg-type]
    return "".join(f"{name}:{found[name]}\n" for name in names)


def header_blocks(headers: Iterable[tuple[str, str]]) -> list[str]:
    """The canonical headers in the service's order, and in ordinal order where that differs."""
    found = ms_headers(headers)
    blocks = [canonical_headers(found, weighted), canonical_headers(found)]
    return blocks if blocks[0] != blocks[1] else blocks[:1]


def resource(account: str, path: str, query: Query) -> str:
    """`/account` and the raw path, then a line for each query parameter, sorted, repeats joined by commas."""
    lines = [f"/{account}{path or '/'}"]
    for name, pairs in groupby(sorted(query), key=lambda pair: pair[0]):
        lines.append(f"{name}:{','.join(value for _, value in pairs)}")
    return "\n".join(lines)


def lite_resource(account: str, path: str, query: Query) -> str:
    """Shared Key Lite: `/account`, the raw path, and only `?comp=`."""
    comp = query.get("comp")
    return f"/{account}{path or '/'}" + (f"?comp={comp}" if comp is not None else "")
