"""Whether two arms may be compared at all, and whether a verdict may be given. Each difference says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadgen.compare.values import NotComparableError
from loadgen.record.read import LoadRun
from loadgen.validity.world import durability_of

_MUST_EQUAL = {
    "profile": "another profile is other work",
    "scale": "differently scaled results are never ranked together",
    "ranks": "other numbers of ranks wait for each other differently",
    "workers": "the client set is not the same",
    "block size": "requests of other sizes cost otherwise",
    "range size": "requests of other sizes cost otherwise",
    "payload": "what compresses or repeats otherwise is stored otherwise",
    "plan": "other files, or the same ones worked on in another way, are other work",
    "machine": "the difference may be that of the machine which the load came from",
}
"""What makes two results not comparable, and why; in the order in which they are said."""


_DOUBTS = {
    "authorisation": "the difference includes what signing costs",
    "scheme": "the difference includes what encryption costs",
    "version": "the generator is not the same",
}
"""What may differ, and is said."""


@dataclass(frozen=True, slots=True)
class Substrate:
    """What an endpoint runs on, as far as it was stated. None is "not stated"."""

    name: str | None = None
    provenance: str | None = None  # published, user-supplied, calibrated, assumed
    durability: str | None = None  # what a crash leaves: "ec 8+4; flush: before the answer"
    missing: tuple[str, ...] = ()  # parameters that it has to have, and nobody stated


UNSTATED = Substrate()


@dataclass(frozen=True, slots=True)
class Side:
    """One arm: how it is called, what its results rest on."""

    name: str
    facts: Mapping[str, object]  # by the names of `_MUST_EQUAL`; what is missing on both sides is equal
    substrate: Substrate = UNSTATED


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


def held_back(a: Side, b: Side) -> tuple[str, ...]:
    """Why there can be no verdict, though the figures are shown."""
    arms = (("A", a.substrate), ("B", b.substrate))
    said = [
        f"parameters of {one.name} ({arm}) are assumed, and assumptions never lead to a verdict"
        for arm, one in arms
        if one.provenance == "assumed"
    ]
    said += [
        f"{one.name} ({arm}) is not described: {', '.join(one.missing)} missing"
        for arm, one in arms
        if one.missing
    ]
    promises = a.substrate.durability, b.substrate.durability
    if None in promises and a.name != b.name:
        silent = " and ".join(arm for arm, one in arms if one.durability is None)
        said.append(f"what {silent} keeps after a crash is not stated, and less of it is faster")
    elif promises[0] != promises[1]:
        said.append(
            f"unequal durability, {promises[0]} (A) and {promises[1]} (B): "
            "the difference may be the price of the promise"
        )
    return tuple(said)


def doubts(a: Side, b: Side) -> tuple[str, ...]:
    """What a reader must know beside the verdict."""
    names = [name for name in _DOUBTS if a.facts.get(name) != b.facts.get(name)]
    return tuple(
        f"{name}: {_short(a.facts.get(name))} (A) and {_short(b.facts.get(name))} (B): {_DOUBTS[name]}"
        for name in names
    )


def work(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What of a plan, as a document, is work: not where its blobs go, nor which random numbers it takes."""
    return {name: value for name, value in plan.items() if name not in ("container", "prefix", "seed")}


def side(run: LoadRun) -> Side:
    """The side of a load run that exists."""
    header = run.header
    plan: Mapping[str, Any] = header.plan
    lanes = [lane for phase in plan["phases"] if phase["measured"] for lane in phase["lanes"]]
    facts: dict[str, object] = {
        "profile": header.profile,
        "scale": header.scale,
        "ranks": header.ranks,
        "workers": header.workers,
        "block size": _one([lane["block_bytes"] for lane in lanes]),
        "range size": _one([lane["range_bytes"] for lane in lanes]),
        "payload": sorted({one["payload"] for one in plan["files"]}),
        "plan": work(plan),
        "machine": machine(header.measured_on),
        "authorisation": header.endpoint.get("authorised"),
        "scheme": header.endpoint.get("scheme"),
        "version": header.tool,
    }
    return Side(
        str(header.endpoint.get("shown") or header.endpoint["name"]),
        facts,
        Substrate(header.substrate, header.substrate_provenance, promise(durability_of(run))),
    )


def promise(durability: tuple[str, str] | None) -> str | None:
    """Redundancy and flushing in words."""
    return None if durability is None else f"{durability[0]}; flush: {durability[1]}"


_MACHINE = ("host", "cpu", "cores", "memory_bytes", "kernel")


def machine(measured_on: Mapping[str, object]) -> dict[str, object]:
    """What of a machine's description stays the same from one minute to the next."""
    return {name: measured_on.get(name) for name in _MACHINE}


def _one(values: Sequence[object]) -> object:
    distinct = sorted({str(value): value for value in values}.items())
    return distinct[0][1] if len(distinct) == 1 else [value for _, value in distinct]


def _short(value: object) -> str:
    said = "none" if value is None else str(value)
    return said if len(said) <= 60 else said[:57] + "…"
