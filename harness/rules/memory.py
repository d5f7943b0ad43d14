"""What rules over several exchanges remember of those before: bounded, whatever the length of a capture."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

REMEMBERED = 20_000
"""Facts that are kept for each rule; the oldest go first."""


@dataclass(slots=True)
class Memory:
    """What the exchanges with one endpoint have said so far. `count` numbers the exchanges."""

    count: int = 0
    _seen: dict[str, OrderedDict[Hashable, str]] = field(default_factory=dict)

    def first(self, rule: str, key: Hashable, value: str) -> str:
        """The value that this key had when it came first; `value` when it comes for the first time."""
        seen = self._seen.setdefault(rule, OrderedDict())
        known = seen.setdefault(key, value)
        if len(seen) > REMEMBERED:
            seen.popitem(last=False)
        return known
