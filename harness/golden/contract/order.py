"""Which steps come before which, and whose order matters: what each one reads and writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.cases.case import Batch
from harness.golden.contract.request import Asked, parts
from harness.golden.contract.sources import source_of
from harness.golden.contract.text import begins
from harness.golden.spec import GoldenStep

Place = tuple[str, ...]
"""A thing that is read or written. A place holds all places that begin with it."""

_STAGES = frozenset({"Put Block", "Put Block From URL"})
_WHOLE = frozenset({"Put Blob", "Put Blob From URL", "Copy Blob", "Copy Blob From URL"})
_READS = frozenset(
    {"Get Blob", "Get Blob Properties", "Get Blob Metadata", "Get Blob Tags", "Get Page Ranges"}
)
_CONTAINER_READS = frozenset({"Get Container Properties", "Get Container Metadata", "Get Container ACL"})
_NEUTRAL = frozenset({"Get Account Information", "Get User Delegation Key", "Preflight Blob Request"})


@dataclass(frozen=True, slots=True)
class Touch:
    """What a step writes, and what it reads or writes. A listing reads names that begin with its prefix."""

    sees: frozenset[Place] = frozenset()
    writes: frozenset[Place] = frozenset()
    lists: frozenset[tuple[str, str]] = frozenset()
    around_sees: frozenset[Place] = field(init=False)  # with the places that hold them
    around_writes: frozenset[Place] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "around_sees", _around(self.sees))
        object.__setattr__(self, "around_writes", _around(self.writes))

    def disturbs(self, other: Touch) -> bool:
        """Whether this one writes what the other reads or writes: the same place, or one inside the other."""
        if not self.writes.isdisjoint(other.around_sees) or not self.around_writes.isdisjoint(other.sees):
            return True
        return any(
            mine[0] in ("blob", "snapshots") and _listed(mine, container, prefix)
            for container, prefix in other.lists
            for mine in self.writes
        )


def _around(places: frozenset[Place]) -> frozenset[Place]:
    return frozenset(place[:size] for place in places for size in range(1, len(place) + 1))


def _listed(place: Place, container: str, prefix: str) -> bool:
    return place[1:2] == (container,) and (len(place) < 3 or begins(place[2], prefix) is not False)


def union(touches: Iterable[Touch]) -> Touch:
    """What several requests touch together."""
    out = Touch()
    for one in touches:
        out = Touch(out.sees | one.sees | one.writes, out.writes | one.writes, out.lists | one.lists)
    return out


def touch(asked: Asked) -> Touch:
    """What a request touches."""
    if asked.operation == "Blob Batch" and isinstance(asked.body, Batch):
        return union(touch(part) for part in parts(asked, asked.body.parts))
    if asked.operation in _NEUTRAL:
        return Touch()
    if asked.depth == "account":
        return Touch(sees=frozenset({("container",)})) if asked.operation == "List Containers" else Touch()
    here = ("container", asked.container)
    if asked.depth == "container":
        return _of_container(asked, here)
    return _of_blob(asked, here)


def _of_container(asked: Asked, here: Place) -> Touch:
    container = asked.container
    if asked.operation == "List Blobs":
        include = asked.query.get("include", "")
        staged = {("staged", container)} if "uncommitted" in include else set()
        return Touch(
            frozenset({(*here, "there"), *staged}),
            lists=frozenset({(container, asked.query.get("prefix", ""))}),
        )
    if asked.operation in _CONTAINER_READS:
        return Touch(sees=frozenset({here}))
    if asked.operation == "Create Container":
        return Touch(writes=frozenset({here}))
    if asked.operation == "Delete Container":
        return Touch(writes=frozenset({here, ("blob", container), ("staged", container)}))
    return Touch(sees=frozenset({here}), writes=frozenset({(*here, "properties")}))


def _of_blob(asked: Asked, here: Place) -> Touch:
    container, name = asked.container, asked.blob
    blob, staged = ("blob", container, name), ("staged", container, name)
    lease, snapshots = ("lease", container, name), ("snapshots", container, name)
    reads: set[Place] = {(*here, "there"), lease}
    source = source_of(asked)
    if source is not None and source.place is not None:
        reads |= {("container", source.place[0], "there"), ("blob", *source.place)}
    if asked.operation in _STAGES:
        return Touch(frozenset(reads), frozenset({(*staged, asked.query.get("blockid", ""))}))
    if asked.operation in _READS:
        return Touch(frozenset(reads | {snapshots if "snapshot" in asked.query else blob}))
    if asked.operation == "Get Block List":
        return Touch(frozenset(reads | {blob, staged}))
    if asked.operation == "Lease Blob":
        return Touch(frozenset(reads | {blob}), frozenset({lease}))
    if asked.operation == "Snapshot Blob":
        return Touch(frozenset(reads | {blob}), frozenset({snapshots}))
    if asked.operation == "Delete Blob":
        gone = {blob, staged, lease, snapshots} if "snapshot" not in asked.query else {snapshots}
        return Touch(frozenset(reads), frozenset(gone))
    if asked.operation in _WHOLE or asked.operation == "Put Block List":
        return Touch(frozenset(reads), frozenset({blob, staged}))
    return Touch(frozenset(reads), frozenset({blob}))


def ancestors(given: int, steps: Sequence[GoldenStep]) -> tuple[int, ...]:
    """For each step, given ones first, the steps that are answered before it is sent, as bits."""
    out = [(1 << number) - 1 for number in range(given)]
    place = {step.name: given + number for number, step in enumerate(steps)}
    for step in steps:
        bits = (1 << given) - 1
        for name in step.after:
            bits |= out[place[name]] | 1 << place[name]
        out.append(bits)
    return tuple(out)


def numbers(bits: int) -> Iterator[int]:
    """The places of the bits that are set, lowest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
