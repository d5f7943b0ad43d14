"""Conditions on blob tags: the expression of x-ms-if-tags as a value that tags can be held against."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Tags = Mapping[str, str]
_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()])|(?P<operator><>|<=|>=|=|<|>)|"(?P<quoted>[^"]+)"|'(?P<value>(?:[^']|'')*)'"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_]*))""",
    re.ASCII,
)
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DEPTH = 16


class NotAFilter(ValueError):  # noqa: N818 (says what is the case)
    """The text is no expression over tags."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`"key" operator 'value'`. A tag that is not there meets no comparison, not even `<>`."""

    key: str
    operator: str
    value: str

    def holds(self, tags: Tags) -> bool:
        """Whether tags meet it; texts are compared character by character."""
        return self.key in tags and _COMPARE[self.operator](tags[self.key], self.value)


@dataclass(frozen=True, slots=True)
class Joined:
    """Several expressions, all of which (`AND`) or one of which (`OR`) must hold."""

    every: bool
    parts: tuple[Comparison | Joined, ...]

    def holds(self, tags: Tags) -> bool:
        """Whether tags meet it."""
        return (all if self.every else any)(part.holds(tags) for part in self.parts)


TagFilter = Comparison | Joined


def parse(text: str) -> TagFilter:
    """Read an expression: comparisons, AND before OR, parentheses. Raises NotAFilter."""
    tokens = _tokens(text)
    found = _either(tokens, 0)
    if tokens:
        raise NotAFilter(text)
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    """The tokens, last one first, so that the next is at the end."""
    tokens: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise NotAFilter(text)
        kind, found = match.lastgroup, match[match.lastgroup]
        if kind == "word" and found.upper() in ("AND", "OR"):
            kind, found = "join", found.upper()
        tokens.append((kind, found))
        at = match.end()
    return tokens[::-1]


def _either(tokens: list[tuple[str, str]], depth: int) -> TagFilter:
    parts = [_both(tokens, depth)]
    while tokens and tokens[-1] == ("join", "OR"):
        tokens.pop()
        parts.append(_both(tokens, depth))
    return parts[0] if len(parts) == 1 else Joined(False, tuple(parts))


def _both(tokens: list[tuple[str, str]], depth: int) -> TagFilter:
    parts = [_one(tokens, depth)]
    while tokens and tokens[-1] == ("join", "AND"):
        tokens.pop()
        parts.append(_one(tokens, depth))
    return parts[0] if len(parts) == 1 else Joined(True, tuple(parts))


def _one(tokens: list[tuple[str, str]], depth: int) -> TagFilter:
    if tokens and tokens[-1] == ("mark", "(") and depth < _DEPTH:
        tokens.pop()
        inner = _either(tokens, depth + 1)
        _take(tokens, "mark", ")")
        return inner
    key = _take(tokens, "word" if tokens and tokens[-1][0] == "word" else "quoted")
    return Comparison(key, _take(tokens, "operator"), _take(tokens, "value").replace("''", "'"))


def _take(tokens: list[tuple[str, str]], kind: str, text: str | None = None) -> str:
    if not tokens or tokens[-1][0] != kind or text not in (None, tokens[-1][1]):
        raise NotAFilter(kind)
    return tokens.pop()[1]
