"""Whether two arms may be compared at all, and whether a verdict may be given. Each difference says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadgen.compare.values import NotComparableError

_MUST_EQUAL = {
    "profile": "another profile is other work",
    "scale": "differently scaled results are never ranked together",
    "ranks": "other numbers of ranks wait for each other differently",
    "workers": "the client set is not the same",
    "block size": "requests of other sizes cost otherwise",
    "range size": "requests of other sizes cost otherwise",
    "files": "other files are other work",
    "lanes": "the same files are worked on in another way",
    "phases": "other phases were measured",
    "payload": "what compresses or repeats otherwise is stored otherwise",
    "machine": "the difference may be the machine's that the load came from",
    "authorisation": "signing costs time",
    "scheme": "encryption costs time",
}
"""What makes two results not comparable, and why; in the order in which they are said."""


@dataclass(frozen=True, slots=True)
class Substrate:
    """What an endpoint runs on, as far as it was stated. None is "not stated"."""

    name: str | None = None
    provenance: str | None = None  # published, user-supplied, calibrated, assumed
    durability: str | None = None  # "EC 8+4", "3 copies", "none"


@dataclass(frozen=True, slots=True)
class Side:
    """One arm: how it is called, what its results rest on."""

    name: str
    facts: Mapping[str, object]  # by the names of `_MUST_EQUAL`; what is missing on both sides is equal
    substrate: Substrate = Substrate()


def refuse(a: Side, b: Side) -> None:
    """Raise `NotComparableError` for the first thing that must be equal and is not; it names all of them."""
    names = [name for name in _MUST_EQUAL if a.facts.get(name) != b.facts.get(name)]
    if not names:
        return
    first = names[0]
    said = f"not comparable: {first}: {_short(a.facts.get(first))} and {_short(b.facts.get(first))}"
    also = f" (and {', '.join(names[1:])})" if names[1:] else ""
    raise NotComparableError(
        f"{said}; {_MUST_EQUAL[first]}{also}", "Compare runs of one plan from one machine."
    )


def held_back(a: Substrate, b: Substrate) -> tuple[str, ...]:
    """Why there can be no verdict, though the figures are shown."""
    said = [
        f"the parameters of {one.name} ({arm}) are assumed: they never lead to a verdict"
        for arm, one in (("A", a), ("B", b))
        if one.provenance == "assumed"
    ]
    if a.durability is not None and b.durability is not None and a.durability != b.durability:
        said.append(
            f"unequal durability, {a.durability} and {b.durability}: the one that keeps less has less to do"
        )
    return tuple(said)


def doubts(a: Substrate, b: Substrate) -> tuple[str, ...]:
    """What a reader must know beside the verdict."""
    open_sides = [arm for arm, one in (("A", a), ("B", b)) if one.durability is None]
    return (f"the durability of {' and '.join(open_sides)} is not stated",) if open_sides else ()


def side(header: Any) -> Side:
    """The side of a load run, from its header (`loadgen.record.lines.Header`)."""
    plan: Mapping[str, Any] = header.plan
    lanes = [lane for phase in plan["phases"] if phase["measured"] for lane in phase["lanes"]]
    facts: dict[str, object] = {
        "profile": header.profile,
        "scale": header.scale,
        "ranks": header.ranks,
        "workers": header.workers,
        "block size": _one([lane["block_bytes"] for lane in lanes]),
        "range size": _one([lane["range_bytes"] for lane in lanes]),
        "files": _without(plan["files"], "pattern", "payload"),
        "lanes": _without(lanes, "block_bytes", "range_bytes"),
        "phases": [[one["name"], one["iteration"]] for one in plan["phases"] if one["measured"]],
        "payload": sorted({one["payload"] for one in plan["files"]}),
        "machine": machine(header.measured_on),
        "authorisation": header.endpoint.get("authorised"),
        "scheme": header.endpoint.get("scheme"),
    }
    durability = header.disclosure.get("durability") or header.disclosure.get("redundancy")
    return Side(
        str(header.endpoint["name"]),
        facts,
        Substrate(header.substrate, header.substrate_provenance, str(durability) if durability else None),
    )


_NO_MACHINE = frozenset(
    {"load", "load_average", "time", "uptime", "uptime_s", "free", "free_bytes", "available"}
)


def machine(measured_on: Mapping[str, object]) -> dict[str, object]:
    """What of a machine's description stays the same from one minute to the next."""
    return {name: value for name, value in measured_on.items() if name not in _NO_MACHINE}


def _one(values: Sequence[object]) -> object:
    distinct = sorted({str(value): value for value in values}.items())
    return distinct[0][1] if len(distinct) == 1 else [value for _, value in distinct]


def _without(rows: Sequence[Mapping[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def _short(value: object) -> str:
    said = "none" if value is None else str(value)
    return said if len(said) <= 60 else said[:57] + "…"
