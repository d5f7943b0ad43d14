"""Drift: what a client sends otherwise than before, from two golden specs of one scenario. Pure."""

from __future__ import annotations

import enum
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.cases import case as c
from harness.cases.recipes import size
from harness.golden import dump
from harness.golden.align import Pair, Texts, align, labels, normal
from harness.golden.reliance import bindings
from harness.golden.spec import GoldenSpec, GoldenStep

INCIDENTAL = frozenset(
    {"user-agent", "x-ms-client-request-id", "x-ms-useragent", "traceparent", "tracestate"}
)
"""Headers that say who asks; no answer depends on them."""

VERSION = "x-ms-version"


class Kind(enum.StrEnum):
    """What a difference is about."""

    STEPS = "steps"  # requests that are new or gone
    REQUEST = "request"  # method and path
    QUERY = "query"
    HEADER = "header"
    VERSION = "version"
    BODY = "body"
    ORDER = "order"
    FAULT = "fault"  # what the recorder answered in the server's place
    ANSWER = "answer"  # what is due
    RELIANCE = "reliance"  # values of answers that the client sends back
    SIGNING = "signing"
    SCENARIO = "scenario"  # what the client was given; no doing of the client
    INCIDENTAL = "incidental"  # no drift


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is otherwise, for every step of an operation that shares it."""

    kind: Kind
    says: str  # a clause behind the operation: "now sends x-ms-content-crc64"
    operation: str = ""  # empty: about the scenario as a whole
    count: int = 1  # steps that share it
    of: int = 1  # steps of this operation that both have, or that one has
    steps: tuple[str, ...] = ()  # their names: in the new spec, of what is gone in the old one

    def __str__(self) -> str:
        if not self.operation:
            return self.says
        times = f" ×{self.count}" if self.count > 1 else ""
        some = f"{self.count} of {self.of} " if 0 < self.count < self.of else ""
        return f"{some}{self.operation}{'' if some else times} {self.says}"


@dataclass(frozen=True, slots=True)
class Drift:
    """What became of one scenario."""

    name: str
    old: GoldenSpec | None
    new: GoldenSpec | None
    differences: tuple[Difference, ...] = ()
    incidentals: tuple[Difference, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the client does what it did."""
        return self.old is not None and self.new is not None and not self.differences


def drifts(old: Mapping[str, GoldenSpec], new: Mapping[str, GoldenSpec]) -> tuple[Drift, ...]:
    """Every scenario of two sets of specs, by name."""
    return tuple(_drift(name, old.get(name), new.get(name)) for name in sorted({*old, *new}))


def _drift(name: str, old: GoldenSpec | None, new: GoldenSpec | None) -> Drift:
    if old is None or new is None:
        return Drift(name, old, new)
    found = tuple(compare(old, new))
    return Drift(
        name,
        old,
        new,
        tuple(one for one in found if one.kind is not Kind.INCIDENTAL),
        tuple(one for one in found if one.kind is Kind.INCIDENTAL),
    )


def compare(old: GoldenSpec, new: GoldenSpec) -> Iterator[Difference]:
    """What is otherwise in the new spec, the same change of several steps once."""
    pairs = align(old, new)
    before, after = labels(pairs)
    there, here = normal(old, before), normal(new, after)
    yield from _of_scenario(old, new, there, here)
    yield from _of_sets(pairs)
    both = [(pair.old, pair.new) for pair in pairs if pair.old is not None and pair.new is not None]
    made = [
        (change, theirs)
        for ours, theirs in both
        for change in (*_of_step(ours, theirs, there, here), *_of_order(ours, theirs, before, after))
    ]
    totals = Counter(theirs.operation for _, theirs in both)
    yield from _folded(made, totals)
    yield from _of_reliance(old, new)


Change = tuple[Kind, str]


def _folded(made: Sequence[tuple[Change, GoldenStep]], totals: Mapping[str, int]) -> Iterator[Difference]:
    groups: dict[tuple[Kind, str, str], list[str]] = {}
    for (kind, says), step in made:
        # All requests of a client say one version: that is one change, not one for each operation.
        operation = "" if kind in (Kind.VERSION, Kind.INCIDENTAL) else step.operation
        groups.setdefault((kind, says, operation), []).append(step.name)
    for (kind, says, operation), steps in groups.items():
        if kind is Kind.VERSION:
            whole = len(steps) == sum(totals.values())
            says = (
                f"{'every request' if whole else f'{len(steps)} of {sum(totals.values())} requests'} {says}"
            )
        yield Difference(kind, says, operation, len(steps), totals.get(operation, 0), tuple(steps))


# --- the scenario as a whole ---


def _of_scenario(old: GoldenSpec, new: GoldenSpec, there: Texts, here: Texts) -> Iterator[Difference]:
    if old.signed != new.signed:
        yield Difference(Kind.SIGNING, f"signs with {new.signed} instead of {old.signed}")
    if old.sas != new.sas:
        yield Difference(Kind.SIGNING, f"puts its SAS {_place(new.sas)} instead of {_place(old.sas)}")
    for what, ours, theirs in (
        ("payloads", old.payloads, new.payloads),
        ("premises", _text(old.given, there), _text(new.given, here)),
        ("needs", old.needs, new.needs),
    ):
        if ours != theirs:
            yield Difference(Kind.SCENARIO, f"the scenario itself has changed: it has other {what}")
    if _text(old.then, there) != _text(new.then, here):
        yield Difference(Kind.ANSWER, "something else is due at the end")


def _place(said: str) -> str:
    return {"sorted": "among its own parameters", "first": "before its own parameters"}.get(
        said, "behind its own parameters"
    )


def _text(steps: Sequence[c.Step], texts: Texts) -> str:
    return texts(json.dumps([dump.step(step, {}) for step in steps]))


def _of_sets(pairs: Sequence[Pair]) -> Iterator[Difference]:
    added = [pair.new for pair in pairs if pair.old is None and pair.new is not None]
    gone = [pair.old for pair in pairs if pair.new is None and pair.old is not None]
    for steps, says in ((added, "is new"), (gone, "is gone")):
        for operation, count in Counter(step.operation for step in steps).items():
            names = tuple(step.name for step in steps if step.operation == operation)
            yield Difference(Kind.STEPS, says, operation, count, count, names)


def _of_reliance(old: GoldenSpec, new: GoldenSpec) -> Iterator[Difference]:
    """Which values of answers the client sends back: a field that it newly needs can break it."""
    before = {(one.operation, one.field, one.place) for one in bindings(old)}
    after = {(one.operation, one.field, one.place) for one in bindings(new)}
    for operation, field, place in sorted(after - before):
        says = f"is now relied upon for {_field(field)}, which is sent back in {place}"
        yield Difference(Kind.RELIANCE, says, operation)
    for operation, field, place in sorted(before - after):
        says = f"is no longer relied upon for {_field(field)}, which was sent back in {place}"
        yield Difference(Kind.RELIANCE, says, operation)


def _field(said: str) -> str:
    kind, _, path = said.partition(" ")
    return path if kind == "header" else f"<{path.rpartition('/')[2]}>"


# --- one step ---


def _of_step(old: GoldenStep, new: GoldenStep, there: Texts, here: Texts) -> Iterator[Change]:
    before, after = old.step, new.step
    path, wanted = (text.partition("?")[0] for text in (there(before.target), here(after.target)))
    if (before.method, path) != (after.method, wanted):
        yield Kind.REQUEST, f"asks {after.method} {wanted} instead of {before.method} {path}"
    yield from _of_query(_query(there(before.target)), _query(here(after.target)))
    yield from _of_headers(_headers(before, there), _headers(after, here))
    if before.auth != after.auth:
        yield Kind.SIGNING, f"is authorised by {_auth(after.auth)} instead of {_auth(before.auth)}"
    if before.chunked != after.chunked:
        yield Kind.BODY, "is now sent in chunks" if after.chunked else "is no longer sent in chunks"
    yield from _of_body(before.body, after.body, there, here)
    if old.injected != new.injected:
        yield Kind.FAULT, f"meets {_fault(new)} instead of {_fault(old)}"
    yield from _of_answer(before.expect, after.expect, there, here)


def _auth(said: object) -> str:
    return "the usual credential" if said == "default" else str(said)


def _fault(step: GoldenStep) -> str:
    return f"the fault {step.injected.fault}" if step.injected else "no fault"


def _query(target: str) -> list[tuple[str, str]]:
    return [
        (name, _block(value) if name == "blockid" else value)
        for name, _, value in (item.partition("=") for item in target.partition("?")[2].split("&") if item)
    ]


def _block(said: str) -> str:
    """A block id: which one it is says the list; what a client may change is how it makes them up."""
    return f"(made up anew: {said})" if said.startswith("{") else "(always the same)"


def _of_query(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> Iterator[Change]:
    before, after = dict(old), dict(new)
    for name in after:
        if name not in before:
            yield Kind.QUERY, f"now asks for {name}={after[name]}"
        elif before[name] != after[name]:
            yield Kind.QUERY, f"asks for {name}={after[name]} instead of {name}={before[name]}"
    for name in before:
        if name not in after:
            yield Kind.QUERY, f"no longer asks for {name}={before[name]}"
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield Kind.INCIDENTAL, "parameters of the query stand in another order"


_Headers = dict[str, tuple[str, str]]


def _headers(step: c.Step, texts: Texts) -> _Headers:
    """By lower-case name: the name as sent, and its value."""
    return {name.lower(): (name, texts(value)) for name, value in step.headers if value is not None}


def _of_headers(old: _Headers, new: _Headers) -> Iterator[Change]:
    for lower in (*new, *(name for name in old if name not in new)):
        before, after = old.get(lower), new.get(lower)
        if before is not None and after is not None and before[1] == after[1]:
            if before[0] != after[0]:
                yield Kind.INCIDENTAL, f"{after[0]} was spelt {before[0]}"
            continue
        if lower == VERSION and before and after:
            yield Kind.VERSION, f"says {VERSION} {after[1]} instead of {before[1]}"
            continue
        yield _header_change(lower, before, after)
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield Kind.INCIDENTAL, "headers stand in another order"


def _header_change(lower: str, before: tuple[str, str] | None, after: tuple[str, str] | None) -> Change:
    if after is None:
        assert before is not None
        says = f"no longer sends {before[0]}"
    elif before is None:
        says = f"now sends {after[0]}"
    else:
        says = f"sends {after[0]}: {_value(after[1])} instead of {_value(before[1])}"
    return (Kind.INCIDENTAL, says) if lower in INCIDENTAL else (Kind.HEADER, says)


def _value(text: str) -> str:
    return text or "nothing"


def _of_body(old: c.Recipe | None, new: c.Recipe | None, there: Texts, here: Texts) -> Iterator[Change]:
    if old is None or new is None:
        if old is not new:
            yield Kind.BODY, "no longer has a body" if new is None else f"now has a body of {amount(new)}"
        return
    if there(repr(old)) == here(repr(new)):
        return
    if isinstance(old, c.BlockListXml) and isinstance(new, c.BlockListXml):
        yield from _of_lists(old, new)
    elif size(old) != size(new):
        yield Kind.BODY, f"sends {amount(new)} instead of {amount(old)}"
    else:
        yield Kind.BODY, "sends other bytes"


def _of_lists(old: c.BlockListXml, new: c.BlockListXml) -> Iterator[Change]:
    before, after = (tuple(dict.fromkeys(entry.which for entry in one.entries)) for one in (old, new))
    counts = [sum(entry.count for entry in one.entries) for one in (old, new)]
    if before != after:
        yield Kind.BODY, f"names blocks as {_tags(after)} instead of {_tags(before)}"
    if counts[0] != counts[1]:
        yield Kind.BODY, f"lists {counts[1]} blocks instead of {counts[0]}"
    if before == after and counts[0] == counts[1]:
        yield Kind.BODY, "writes its list otherwise"


def _tags(kinds: Sequence[str]) -> str:
    return " and ".join(f"<{kind}>" for kind in kinds) or "nothing"


def amount(recipe: c.Recipe) -> str:
    """How long a body is, in words."""
    length = size(recipe)
    if length is None:
        return "some bytes"
    said = dump.size(length)
    return f"{said:,} bytes" if isinstance(said, int) else said.replace("KiB", " KiB").replace("MiB", " MiB")


def _of_answer(old: c.Expect, new: c.Expect, there: Texts, here: Texts) -> Iterator[Change]:
    for what, ours, theirs in (("status", old.status, new.status), ("code", old.error, new.error)):
        before, after = (one.value if one else () for one in (ours, theirs))
        if before != after:
            yield Kind.ANSWER, f"is due the {what} {_either(after)} instead of {_either(before)}"
    rest, wanted = _rest(old, there), _rest(new, here)
    for name in sorted({*rest, *wanted}):
        if rest.get(name) != wanted.get(name):
            yield Kind.ANSWER, f"is due another {name}"


def _rest(of: c.Expect, texts: Texts) -> dict[str, str]:
    """What is due beside status and code, by its name: a header, an element, the body."""
    said = dump.expect(of, {})
    parts = {**said.pop("headers", {}), **said.pop("xml", {}), **said}
    return {
        name: texts(json.dumps(value)) for name, value in parts.items() if name not in ("status", "error")
    }


def _either(values: Sequence[object]) -> str:
    return " or ".join(map(str, values)) or "nothing"


def _of_order(
    old: GoldenStep, new: GoldenStep, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[Change]:
    ours, theirs = {before[name] for name in old.after}, {after[name] for name in new.after}
    common = {*before.values()} & {*after.values()}
    for label in sorted((theirs - ours) & common):
        yield Kind.ORDER, f"now waits for {_operation(label)}"
    for label in sorted((ours - theirs) & common):
        yield Kind.ORDER, f"no longer waits for {_operation(label)}"


def _operation(label: str) -> str:
    return label.rpartition(" ")[0]


def numbers(found: Sequence[Drift]) -> dict[str, int]:
    """How many scenarios are the same, differ, are new and are gone."""
    return {
        "same": sum(one.same for one in found),
        "different": sum(bool(one.old and one.new and one.differences) for one in found),
        "new": sum(one.old is None for one in found),
        "gone": sum(one.new is None for one in found),
    }
