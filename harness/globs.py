"""Patterns over ids: `*` is any text, `?` any character, and all else is itself, brackets too."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern)
    return re.compile("".join(parts), re.DOTALL)


def fits(text: str, pattern: str) -> bool:
    """Whether the whole text is what the pattern describes."""
    return _compiled(pattern).fullmatch(text) is not None


def fits_any(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns describes the text."""
    return any(fits(text, pattern) for pattern in patterns)


def is_pattern(text: str) -> bool:
    """Whether it may describe more than itself."""
    return "*" in text or "?" in text
