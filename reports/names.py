"""Names inside a page: ids for anchors that stay the same from build to build and are never given twice."""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[^A-Za-z0-9._/=,@-]+")


class Slugs:
    """Gives ids; the same wish twice gets a number at its end."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def take(self, wish: str) -> str:
        """An id made from `wish`: letters, digits and `._/=,@-` only, begins with a letter or digit."""
        base = _UNSAFE.sub("-", wish).strip("-.,/=@") or "x"
        slug, number = base, 2
        while slug in self._given:
            slug, number = f"{base}-{number}", number + 1
        self._given.add(slug)
        return slug
