"""Whether a value matches: every matcher of the case format, with words for the reader. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from harness.cases import case as c
from harness.cases.recipes import content, crc64_base64, md5_base64
from harness.cases.template import Scope, render, render_regex
from harness.exchange import Body

ETAG = re.compile(r'"[^"\x00-\x20\x7f]+"')
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHOWN = 200  # characters of a value that a finding shows


@dataclass(frozen=True, slots=True)
class Match:
    """Whether it held, and both sides in words."""

    held: bool
    expected: str
    observed: str


def match(matcher: c.Matcher, values: tuple[str, ...], scope: Scope, *, listed: bool) -> Match:
    """Hold values against a matcher.

    `values` are all there are of that header or XML path. Matchers of text want exactly one; `listed` says
    that `contains` means an item and not a substring.
    """
    observed = _show(values)
    match matcher:
        case c.Absent():
            return Match(not values, "absent", observed)
        case c.Present():
            return Match(bool(values), "present", observed)
        case c.EqualList(wanted):
            texts = tuple(render(text, scope) for text in wanted)
            return Match(values == texts, _show(texts) if texts else "nothing", observed)
        case c.Contains(wanted) if listed:
            item = render(wanted, scope)
            return Match(item in values, f"has {item!r}", observed)
    held, expected = _text(matcher, values[0] if len(values) == 1 else None, scope)
    return Match(held, expected, observed)


def _text(matcher: c.Matcher, value: str | None, scope: Scope) -> tuple[bool, str]:
    match matcher:
        case c.Equal(wanted):
            text = render(wanted, scope)
            return value == text, text
        case c.OneOf(wanted):
            texts = tuple(render(text, scope) for text in wanted)
            return value in texts, f"one of {', '.join(texts)}"
        case c.Not(wanted):
            text = render(wanted, scope)
            return value is not None and value != text, f"anything but {text}"
        case c.Contains(wanted):
            text = render(wanted, scope)
            return value is not None and text in value, f"contains {text!r}"
        case c.Matches(regex):
            rendered = render_regex(regex, scope)
            return value is not None and re.fullmatch(rendered, value) is not None, f"matches {rendered}"
        case c.Md5Of(recipe):
            text = md5_base64(content(recipe, scope))
            return value == text, text
        case c.Crc64Of(recipe):
            text = crc64_base64(content(recipe, scope))
            return value == text, text
        case c.Shaped(shape):
            return value is not None and _SHAPES[shape](value), _SHAPE_WORDS[shape]
    raise AssertionError(f"not a matcher of text: {matcher}")


def is_date(value: str) -> bool:
    """Whether a header value is an RFC 1123 date that exists."""
    if not DATE.fullmatch(value):
        return False
    try:
        parsedate_to_datetime(value)
    except ValueError:
        return False
    return True


_SHAPES: dict[str, Callable[[str], bool]] = {
    "etag": lambda value: ETAG.fullmatch(value) is not None,
    "date": is_date,
    "guid": lambda value: GUID.fullmatch(value) is not None,
}
_SHAPE_WORDS = {"etag": "a quoted ETag", "date": "an RFC 1123 date", "guid": "a GUID"}


def match_body(expected: c.Recipe | c.Empty | c.Matches, body: Body, scope: Scope) -> Match:
    """Hold a body against a recipe (byte for byte), a regular expression, or nothing at all."""
    match expected:
        case c.Empty():
            return Match(body.length == 0, "no body", show_body(body))
        case c.Matches(regex):
            rendered = render_regex(regex, scope)
            text = None if body.data is None else body.data.decode("utf-8", "replace")
            held = text is not None and re.fullmatch(rendered, text, re.DOTALL) is not None
            return Match(held, f"matches {rendered}", show_body(body))
    wanted = content(expected, scope)
    held = body.length == len(wanted) and body.sha256 == hashlib.sha256(wanted).hexdigest()
    observed = show_body(body)
    if not held and body.data is not None:
        observed += f", first difference at byte {_difference(wanted, body.data)}"
    return Match(held, _show_bytes(wanted), observed)


def show_body(body: Body) -> str:
    """A body in words: its text when it is short, else its length and digest."""
    if body.data is not None:
        return _show_bytes(body.data)
    return f"{body.length} bytes, SHA-256 {body.sha256[:16]}…"


def _show_bytes(data: bytes) -> str:
    if not data:
        return "no bytes"
    if len(data) <= _SHOWN:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = ""
        if text and text.isprintable():
            return f"{len(data)} bytes: {text}"
    return f"{len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()[:16]}…"


def _difference(wanted: bytes, got: bytes) -> int:
    shorter = min(len(wanted), len(got))
    if wanted[:shorter] == got[:shorter]:
        return shorter
    low, high = 0, shorter  # wanted[:low] equals got[:low]; wanted[:high] does not equal got[:high]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wanted[low:middle] == got[low:middle] else (low, middle)
    return low


def _show(values: tuple[str, ...]) -> str:
    if not values:
        return "absent"
    shown = [value or "(empty)" for value in values]
    text = shown[0] if len(values) == 1 else f"{len(values)} values: {', '.join(shown)}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
