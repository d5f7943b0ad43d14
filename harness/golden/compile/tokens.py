"""Stand-ins for what gets its final name later: block ids, GUIDs and bound values, each known by what it is.

A token is a piece of text that no client sends. Templates hold tokens until the steps have their order;
then each kind is numbered by where it first stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

_OPEN, _CLOSE = "\ue000", "\ue001"
_TOKEN = re.compile(f"{_OPEN}([a-z]+):([^{_CLOSE}]*){_CLOSE}")
GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


def token(kind: str, value: str) -> str:
    """A stand-in for a value of this kind: equal values, equal tokens."""
    return f"{_OPEN}{kind}:{quote(value, safe='')}{_CLOSE}"


def swap(text: str, name: Callable[[str, str], str]) -> str:
    """The text with each token replaced by what `name(kind, quoted value)` says."""
    return _TOKEN.sub(lambda match: name(match[1], match[2]), text)


def found(text: str) -> list[tuple[str, str]]:
    """The tokens of a text, in order: kind and quoted value."""
    return [(match[1], match[2]) for match in _TOKEN.finditer(text)]


def masked(text: str) -> str:
    """The text with every token replaced by its kind alone: equal in two recordings of one behaviour."""
    return swap(text, lambda kind, _value: f"<{kind}>")


def escaped(text: str) -> str:
    """Literal text as a template writes it."""
    return text.replace("{", "{{").replace("}", "}}")
