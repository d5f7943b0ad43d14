"""Faults as a report groups them: what each does, under a heading for its kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.faults.catalogue import catalogue
from harness.faults.fault import Kind


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `says` is empty where the catalogue does not know it (any more)."""

    id: str
    says: str


@dataclass(frozen=True, slots=True)
class Family:
    """Faults of one kind."""

    name: str
    faults: tuple[Fault, ...]


_OTHER = "others"
_FAMILY = {
    Kind.ANSWER: "refusals",
    Kind.REFUSED: "lost connections",
    Kind.RESET_BEFORE: "lost connections",
    Kind.RESET_INSIDE_REQUEST: "lost connections",
    Kind.LOST_ANSWER: "lost connections",
    Kind.RESET_INSIDE_RESPONSE: "lost connections",
    Kind.CUT_RESPONSE: "damaged answers",
    Kind.SHORT_BODY: "damaged answers",
    Kind.FLIPPED_BYTE: "damaged answers",
    Kind.STALL: "slowness",
    Kind.SLOW_DRIP: "slowness",
}


def families(ids: Iterable[str]) -> tuple[Family, ...]:
    """The faults with these ids by kind, in the order of the catalogue; unknown ones at the end."""
    known, left = catalogue(), set(ids)
    found: dict[str, list[Fault]] = {name: [] for name in (*dict.fromkeys(_FAMILY.values()), _OTHER)}
    for named in known.values():
        if named.id in left:
            found[_FAMILY.get(named.fault.kind, _OTHER)].append(Fault(named.id, named.what))
    found[_OTHER] += [Fault(one, "") for one in sorted(left - known.keys())]
    return tuple(Family(name, tuple(faults)) for name, faults in found.items() if faults)
