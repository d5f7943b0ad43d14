"""The parts that signatures are computed over: header order, header lines, resource, dates, query strings."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime
from urllib.parse import unquote

from harness.exchange import Headers

_FOLD = re.compile(r"\r?\n[ \t]+")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def hmac_base64(key: str, text: str) -> str:
    """Base64 HMAC-SHA256 of the text as UTF-8. Raises `ValueError` when the key is no base64."""
    digest = hmac.new(base64.b64decode(key, validate=True), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def http_date(moment: datetime) -> str:
    """RFC 1123, as HTTP wants it; independent of the locale."""
    at = moment.astimezone(UTC)
    return f"{_DAYS[at.weekday()]}, {at:%d} {_MONTHS[at.month - 1]} {at:%Y %H:%M:%S} GMT"


def sas_time(moment: datetime) -> str:
    """The time format of SAS fields, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def header_order(name: str) -> tuple[tuple[tuple[int, str], ...], tuple[bool, ...]]:
    """A sort key for lower-case header names: the order of the service, not of the bytes.

    Hyphens do not count at first; an underscore comes before digits, digits before letters. Between names
    that differ in hyphens alone, the one that has none at the first difference comes first. Of the
    punctuation only hyphen and underscore occur in names that the service accepts.
    """
    weights = tuple((_rank(char), char) for char in name if char != "-")
    return weights, tuple(char == "-" for char in name)


def _rank(char: str) -> int:
    if char.isdigit():
        return 1
    return 2 if char.isalpha() else 0


def canonical_headers(headers: Headers, *, ordinal: bool = False) -> str:
    """Every x-ms- header as a `name:value` line, each ended by a newline.

    Values are unfolded and trimmed; a name that comes twice is one line, its values joined by commas.
    `ordinal` sorts by code point, as some clients do, instead of in the service's order.
    """
    lines: dict[str, list[str]] = {}
    for name, value in headers:
        lowered = name.lower()
        if lowered.startswith("x-ms-"):
            lines.setdefault(lowered, []).append(_FOLD.sub(" ", value).strip())
    names = sorted(lines) if ordinal else sorted(lines, key=header_order)
    return "".join(f"{name}:{','.join(lines[name])}\n" for name in names)


def split_target(target: str) -> tuple[str, str]:
    """Path and query (without "?") of a request target, in origin form or absolute."""
    if "://" in target.partition("?")[0]:
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("?")
    return path or "/", query


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Names and values as the service reads them: percent-decoded, "+" left alone."""
    pairs = []
    for item in query.split("&"):
        if item:
            name, _, value = item.partition("=")
            pairs.append((unquote(name), unquote(value)))
    return pairs


def canonical_resource(account: str, target: str) -> str:
    """The resource as Shared Key signs it.

    The account comes first, then the path as it is on the wire: in path style, where the path begins with the
    account, it is there twice. Query parameters follow, sorted by lower-case name, values decoded.
    """
    path, query = split_target(target)
    values: dict[str, list[str]] = {}
    for name, value in query_pairs(query):
        values.setdefault(name.lower(), []).append(value)
    lines = "".join(f"\n{name}:{','.join(sorted(values[name]))}" for name in sorted(values))
    return f"/{account}{path}{lines}"


def canonical_resource_lite(account: str, target: str) -> str:
    """The resource as Shared Key Lite signs it: of the query, `comp` alone."""
    path, query = split_target(target)
    comp = next((value for name, value in query_pairs(query) if name.lower() == "comp"), None)
    return f"/{account}{path}" + ("" if comp is None else f"?comp={comp}")
