"""Several recordings of one scenario as one list of steps: what agrees is the client, what varies noise."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.golden.compile.bindings import Origin, Slot, origins, slots
from harness.golden.compile.draft import Draft, joined
from harness.golden.compile.errors import VariesError
from harness.golden.compile.order import Edge, arrange, edges, touch
from harness.golden.compile.tokens import masked
from harness.golden.dump import recipe as plain_recipe

_BEFORE, _BEHIND = 20, 60  # characters of a difference that are shown
_PADDED = re.compile(r"(?<!\d)0{2,11}(?=\d)")

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """A slot of a step, and the answer that gave its value."""

    step: int
    slot: Slot
    origin: Origin  # `draft` is the number of the step


@dataclass(frozen=True, slots=True)
class Merged:
    """The steps of all recordings; numbers are places in `steps`."""

    steps: tuple[Draft, ...]  # of the first recording
    keys: tuple[tuple[Key, int], ...]
    edges: frozenset[Edge]
    racy: frozenset[int]
    bindings: tuple[Binding, ...]


def merge(recordings: Sequence[Sequence[Draft]]) -> Merged:
    """One list of steps of several recordings. Raises VariesError where they disagree."""
    matched = [_matched(drafts) for drafts in recordings]
    _same_steps(matched)
    keys = tuple(sorted(matched[0]))
    place = {key: number for number, key in enumerate(keys)}
    # For each recording the number that each of its drafts has in common with those of the others.
    numbers = [{id(draft): place[key] for key, draft in one.items()} for one in matched]
    found = [_relations(drafts, number) for drafts, number in zip(recordings, numbers, strict=True)]
    kept = frozenset.intersection(*(ordered for ordered, _ in found))
    loose = frozenset.union(*(ordered | at_once for ordered, at_once in found)) - kept
    # A pair may stand in both directions: then no order holds.
    loose = frozenset(pair for pair in loose if (pair[1], pair[0]) not in kept)
    steps = tuple(matched[0][key] for key in keys)
    order = arrange(len(keys), kept, keys)
    when = {number: at for at, number in enumerate(order)}
    bindings = _bindings(recordings, numbers, [[one[key] for one in matched] for key in keys], when)
    value_edges = {(one.origin.draft, one.step) for one in bindings}
    return Merged(
        steps=steps,
        keys=keys,
        edges=kept | value_edges,
        racy=frozenset(number for pair in loose for number in pair),
        bindings=bindings,
    )


def key_of(draft: Draft) -> Key:
    """What a step is, whatever its numbers: equal in two recordings of the same behaviour."""
    bound = {(slot.where, slot.at) for slot in slots(draft)}
    query = tuple(
        (name, "<bound>" if ("query", at) in bound else value) for at, (name, value) in enumerate(draft.query)
    )
    headers = (
        f"{name}: {'<bound>' if ('header', at) in bound else value}"
        for at, (name, value) in enumerate(draft.headers)
    )
    body = "" if draft.body is None else json.dumps(plain_recipe(draft.body, {}), ensure_ascii=False)
    return (
        masked(draft.who.container),
        masked(draft.who.blob),
        masked(draft.path),
        draft.method,
        masked(joined(query)),
        _sortable(body),
        draft.injected.fault if draft.injected else "",
        *(masked(line) for line in headers),
    )


def _sortable(body: str) -> str:
    """A body as text in which numbers sort as numbers: blocks stand in the order of the file."""
    out, digits = [], ""
    for character in masked(body) + " ":
        if character.isdigit():
            digits += character
            continue
        out.append(digits.zfill(12) if digits else "")
        out.append(character)
        digits = ""
    return "".join(out)


def _matched(drafts: Sequence[Draft]) -> dict[tuple[Key, int], Draft]:
    """The drafts by what they are; those that are the same by which came first."""
    seen: Counter[Key] = Counter()
    out: dict[tuple[Key, int], Draft] = {}
    for draft in sorted(drafts, key=lambda one: one.begun):
        key = key_of(draft)
        out[key, seen[key]] = draft
        seen[key] += 1
    return out


def _same_steps(matched: Sequence[dict[tuple[Key, int], Draft]]) -> None:
    first = set(matched[0])
    for other in matched[1:]:
        only = [*((matched[0][key], key) for key in sorted(first - set(other)))]
        extra = [*((other[key], key) for key in sorted(set(other) - first))]
        if not only and not extra:
            continue
        raise VariesError(f"two recordings differ: {_difference(only, extra)}")


def _difference(
    only: Sequence[tuple[Draft, tuple[Key, int]]], extra: Sequence[tuple[Draft, tuple[Key, int]]]
) -> str:
    """What two recordings do not have in common, in a sentence."""
    if only and extra and only[0][0].who.operation == extra[0][0].who.operation:
        one, other = only[0][1][0], extra[0][1][0]
        if len(one) == len(other):
            unlike = [_unlike(a, b) for a, b in zip(one, other, strict=True) if a != b]
            return f"{_shown(only[0][0])} has {'; '.join(unlike[:3]) or 'another number of it'}"
    parts = [f"one has {_shown(draft)}" for draft, _ in only[:3]]
    parts += [f"the other has {_shown(draft)}" for draft, _ in extra[:3]]
    return f"{'; '.join(parts)} ({len(only)} and {len(extra)} such)"


def _unlike(one: str, other: str) -> str:
    """The places at which two texts begin to differ, each with a little around it."""
    one, other = (_PADDED.sub("", text) for text in (one, other))
    same = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    start = max(0, same - _BEFORE)
    shown = (("…" if start else "") + text[start : same + _BEHIND] for text in (one, other))
    return " and ".join(repr(text) for text in shown)


def _shown(draft: Draft) -> str:
    return f"{draft.method} {masked(draft.target)}"


def _relations(drafts: Sequence[Draft], number: Mapping[int, int]) -> tuple[frozenset[Edge], frozenset[Edge]]:
    """The order of one recording, in the numbers that all have in common."""
    touches = [touch(draft) for draft in drafts]
    ordered, at_once = edges(drafts, touches)

    def renamed(pairs: frozenset[Edge]) -> frozenset[Edge]:
        return frozenset((number[id(drafts[i])], number[id(drafts[j])]) for i, j in pairs)

    return renamed(ordered), renamed(at_once)


def _bindings(
    recordings: Sequence[Sequence[Draft]],
    numbers: Sequence[Mapping[int, int]],
    steps: Sequence[Sequence[Draft]],
    when: Mapping[int, int],
) -> tuple[Binding, ...]:
    """Which answer gave each value. Of several the first: the later ones only may have come by then.

    `steps` holds the drafts of each step, one for each recording.
    """
    out: list[Binding] = []
    for step, drafts in enumerate(steps):
        for each in zip(*(slots(draft) for draft in drafts), strict=True):
            slot, values = each[0], {one.value for one in each}
            found = [
                frozenset(
                    Origin(number[id(recording[origin.draft])], origin.source, origin.path, origin.quoted)
                    for origin in origins(one, draft, recording)
                )
                for one, draft, recording, number in zip(each, drafts, recordings, numbers, strict=True)
            ]
            common = frozenset.intersection(*found)
            if common:
                # Who sent the value itself had it from somebody else: requests beside each other, say, one of
                # which happens to have been answered.
                best = min(
                    common,
                    key=lambda origin: (
                        _sent(steps[origin.draft][0], slot.value),
                        when[origin.draft],
                        origin.source,
                        origin.path,
                    ),
                )
                out.append(Binding(step, slot, best))
            elif len(values) > 1:
                raise VariesError(f"{slot.name} of {_shown(drafts[0])} varies, and no answer gave it")
    return tuple(out)


def _sent(draft: Draft, value: str) -> bool:
    """Whether a request holds the value."""
    return any(slot.value == value for slot in slots(draft))
