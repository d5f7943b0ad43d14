"""Names for what servers choose: which answers carry an ETag, and under which name it is saved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.cases.case import Save
from harness.golden.contract.state import State

What = Literal["ETag", "Last-Modified", "x-ms-copy-id", "x-ms-snapshot", "x-ms-lease-id"]
_OWN: Mapping[What, str] = {
    "ETag": "etag-of",
    "Last-Modified": "modified-of",
    "x-ms-copy-id": "copy-id-of",
    "x-ms-snapshot": "snapshot-of",
    "x-ms-lease-id": "lease-of",
}
_USED = re.compile(r"\{([a-z][a-z0-9_-]*)\}")


@dataclass(slots=True)
class Names:
    """Finds or makes the saved name of a value, where it is known before the step that asks for it."""

    steps: Sequence[str]  # their names
    saves: Sequence[tuple[Save, ...]]  # what each saves already
    repeated: frozenset[int]  # steps whose answers are several
    before: Sequence[int]  # for each step, the steps that are answered before it, as bits
    at: int = 0  # the step that asks; as many as there are steps: after all of them
    carriers: dict[State, list[int]] = field(default_factory=dict)
    added: dict[tuple[int, What], Save] = field(default_factory=dict)

    def known(self, index: int) -> bool:
        """Whether the answer of a step has come before the asking step is sent."""
        return self.at >= len(self.steps) or bool(self.before[self.at] >> index & 1)

    def carry(self, index: int, state: State) -> None:
        """Keep that the answer of a step carries the ETag and Last-Modified of a state."""
        if index not in self.repeated and index not in self.carriers.setdefault(state, []):
            self.carriers[state].append(index)

    def of(self, state: State, what: Literal["ETag", "Last-Modified"], *, make: bool = True) -> str | None:
        """A template that gives the ETag or date of a state; None where no earlier answer has it."""
        able = [index for index in self.carriers.get(state, ()) if self.known(index)]
        named = next((index for index in able if self._existing(index, what)), None)
        if named is not None:
            return self.value(named, what)
        return self.value(able[0], what) if able and make else None

    def value(self, index: int, what: What) -> str | None:
        """A template that gives a header of an earlier answer; None where that has not come."""
        if not self.known(index) or index in self.repeated:
            return None
        if (name := self._existing(index, what)) is not None:
            return f"{{{name}}}"
        save = Save(f"{_OWN[what]}-{self.steps[index]}", "header", what)
        self.added[index, what] = save
        return f"{{{save.name}}}"

    def _existing(self, index: int, what: What) -> str | None:
        own = (s.name for s in self.saves[index] if s.source == "header" and s.path.lower() == what.lower())
        added = self.added.get((index, what))
        return next(own, added.name if added else None)

    def used(self, said: object) -> dict[int, tuple[Save, ...]]:
        """The saves that were added and are needed: their names stand in what is expected."""
        wanted = frozenset(_USED.findall(repr(said)))
        out: dict[int, list[Save]] = {}
        for (index, _), save in sorted(self.added.items(), key=lambda item: (item[0][0], item[1].name)):
            if save.name in wanted:
                out.setdefault(index, []).append(save)
        return {index: tuple(saves) for index, saves in out.items()}
