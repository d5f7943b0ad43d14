"""The partial order of steps: what each touches, and which pairs may not be sent the other way round."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from harness.cases.case import Batch
from harness.exchange import Headers, header
from harness.golden.compile.draft import Draft
from harness.rules.identify import Identity, identify

_READS = frozenset(
    {
        "Get Blob",
        "Get Blob Properties",
        "Get Blob Metadata",
        "Get Blob Tags",
        "Get Page Ranges",
        "Query Blob Contents",
        "Get Block List",
    }
)
_STAGES = frozenset({"Put Block", "Put Block From URL"})
_CONTAINER_READS = frozenset({"Get Container Properties", "Get Container Metadata", "Get Container ACL"})
_NOTHING = frozenset({"Get Account Information", "Get User Delegation Key", "Preflight Blob Request"})


@dataclass(frozen=True, slots=True)
class Touch:
    """What a step reads and writes. A place is a tuple: container, blob, block id; shorter ones hold more."""

    reads: frozenset[tuple[str, ...]]
    writes: frozenset[tuple[str, ...]]
    lists: frozenset[tuple[str, str]] = frozenset()  # container and prefix of the names that it looks at

    def __or__(self, other: Touch) -> Touch:
        return Touch(self.reads | other.reads, self.writes | other.writes, self.lists | other.lists)

    def conflicts(self, other: Touch) -> bool:
        """Whether the order of two such steps can be seen."""
        return self._disturbs(other) or other._disturbs(self)

    def _disturbs(self, other: Touch) -> bool:
        """Whether this one writes what the other reads or writes."""
        if any(_meet(mine, theirs) for mine in self.writes for theirs in (*other.reads, *other.writes)):
            return True
        return any(
            mine[0] == container and (len(mine) == 1 or mine[1].startswith(prefix))
            for mine in self.writes
            if len(mine) < 3  # a block that is only staged shows in no list
            for container, prefix in other.lists
        )


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def touch(draft: Draft) -> Touch:
    """What a draft touches."""
    if isinstance(draft.body, Batch):
        parts = (
            _touch(identify(part.method, part.target, part.headers), part.headers)
            for part in draft.body.parts
        )
        return _union(parts)
    return _touch(draft.who, draft.headers)


def _union(touches: Iterable[Touch]) -> Touch:
    out = Touch(frozenset(), frozenset())
    for one in touches:
        out |= one
    return out


def _touch(who: Identity, headers: Headers) -> Touch:
    container, blob, operation = who.container, who.blob, who.operation
    none: frozenset[tuple[str, ...]] = frozenset()
    if operation in _NOTHING:
        return Touch(none, none)
    if who.depth == "account":
        everything = frozenset({("",)})
        reads = operation == "List Containers" or who.method in ("GET", "HEAD")
        return Touch(everything, none) if reads else Touch(none, everything)
    if who.depth == "container":
        if operation == "List Blobs":
            prefix = who.query.get("prefix", "")
            return Touch(frozenset({(container, " ")}), none, frozenset({(container, prefix)}))
        # A space begins no blob's name that a client of ours uses: the container's own state.
        here = (container, " ")
        if operation in _CONTAINER_READS:
            return Touch(frozenset({here}), none)
        whole = (
            frozenset({(container,), ("",)})
            if operation in ("Create Container", "Delete Container")
            else None
        )
        return Touch(none, whole or frozenset({here}))
    source = _source(headers)
    if operation in _STAGES:
        staged = (container, blob, who.query.get("blockid", ""))
        return Touch(source | {(container, " ")}, frozenset({staged}))
    if operation in _READS:
        return Touch(frozenset({(container, blob), (container, " ")}), none)
    return Touch(source | {(container, " ")}, frozenset({(container, blob)}))


def _source(headers: Headers) -> frozenset[tuple[str, ...]]:
    """The blob that a copy reads."""
    root, _, path = (header(headers, "x-ms-copy-source") or "").partition("/")
    if root not in ("{url}", "{https-url}"):
        return frozenset()
    container, _, blob = path.partition("?")[0].partition("/")
    return frozenset({(container, unquote(blob))})


# --- the order itself ---

Edge = tuple[int, int]


def edges(drafts: Sequence[Draft], touches: Sequence[Touch]) -> tuple[frozenset[Edge], frozenset[Edge]]:
    """Pairs whose order matters: those that one recording shows in order, and those it shows at once.

    Numbers are places in `drafts`; an edge leads from the earlier to the later one.
    """
    ordered: set[Edge] = set()
    at_once: set[Edge] = set()
    for i, one in enumerate(drafts):
        for j in range(i + 1, len(drafts)):
            other = drafts[j]
            if not touches[i].conflicts(touches[j]):
                continue
            if one.ended <= other.begun:
                ordered.add((i, j))
            elif other.ended <= one.begun:
                ordered.add((j, i))
            else:
                at_once.add((i, j))
    return frozenset(ordered), frozenset(at_once)


def arrange(count: int, edges: Iterable[Edge], keys: Sequence[Any]) -> list[int]:
    """The order of the steps that respects the edges, and the keys wherever it may."""
    after: dict[int, set[int]] = {number: set() for number in range(count)}
    before = [0] * count
    for one, other in set(edges):
        after[one].add(other)
        before[other] += 1
    ready = [(keys[number], number) for number in range(count) if not before[number]]
    heapq.heapify(ready)
    out: list[int] = []
    while ready:
        _, number = heapq.heappop(ready)
        out.append(number)
        for other in after[number]:
            before[other] -= 1
            if not before[other]:
                heapq.heappush(ready, (keys[other], other))
    return out


def reduced(edges: Iterable[Edge], order: Sequence[int]) -> Mapping[int, tuple[int, ...]]:
    """For each step the steps before it that no other one before it stands for, in order."""
    place = {number: at for at, number in enumerate(order)}
    direct: dict[int, set[int]] = {number: set() for number in order}
    for one, other in edges:
        direct[other].add(one)
    above: dict[int, set[int]] = {}
    out: dict[int, tuple[int, ...]] = {}
    for number in order:
        implied: set[int] = set()
        for one in direct[number]:
            implied |= above[one]
        above[number] = implied | direct[number]
        out[number] = tuple(sorted(direct[number] - implied, key=place.__getitem__))
    return out
