"""The query string as Azure reads it: names without case, `+` literal, values percent-decoded."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote


class Query:
    """Decoded query parameters of one request, in the order they were sent."""

    __slots__ = ("_pairs",)

    def __init__(self, raw: str) -> None:
        """`raw` is the query without its question mark."""
        self._pairs: list[tuple[str, str]] = []
        for part in raw.split("&"):
            if part:
                name, _, value = part.partition("=")
                self._pairs.append((unquote(name).lower(), unquote(value) if "%" in value else value))

    def get(self, name: str) -> str | None:
        """The first value of a parameter (name in lower case), or None."""
        for key, value in self._pairs:
            if key == name:
                return value
        return None

    def values(self, name: str) -> list[str]:
        """All values of a parameter (name in lower case)."""
        return [value for key, value in self._pairs if key == name]

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self._pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)
