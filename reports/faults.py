"""Faults as a report groups them: what each does, under a heading for its kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the catalogue; `says` is empty where the catalogue does not know it (any more)."""

    id: str
    says: str


@dataclass(frozen=True, slots=True)
class Family:
    """Faults of one kind."""

    name: str
    faults: tuple[Fault, ...]


_FAMILIES = {
    "refused answers": ("busy", "error", "throttle", "retry-after"),
    "lost connections": ("refused", "reset", "lost"),
    "damaged bytes": ("cut", "short", "flipped"),
    "slowness": ("stall", "slow"),
}
_OTHER = "others"


def families(ids: Iterable[str]) -> tuple[Family, ...]:
    """The faults with these ids, by kind."""
    found: dict[str, list[Fault]] = {name: [] for name in (*_FAMILIES, _OTHER)}
    for one in sorted(set(ids)):
        name = next((name for name, words in _FAMILIES.items() if one.startswith(words)), _OTHER)
        found[name].append(Fault(one, ""))
    return tuple(Family(name, tuple(faults)) for name, faults in found.items() if faults)
