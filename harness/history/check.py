"""Checking a history: each blob alone, first each answer by itself, then the order of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.history.contradiction import Anomaly, Checked, Contradiction, about, deletions, named
from harness.history.evidence import Writers, odd, writers
from harness.history.linear import TooMuchError, item, stuck
from harness.history.models import Blocks, Contents, Register, State
from harness.history.shrink import ModelOf, Part, blocks_for, register_for, shrunk
from harness.history.values import EFFECTS, History, Kind, Operation, Outcome

_SAID = {
    Anomaly.LOST: "Each was told that it alone replaced, or made, this version.",
    Anomaly.LISTING: "What the listing shows was not there at any moment while it ran.",
    Anomaly.RESURRECTED: "The version was gone, and is there again.",
    Anomaly.STALE: "What was read was not there at any moment while it was read.",
    Anomaly.ORDER: "Whatever their order, one of them was told something else.",
}


def check(history: History) -> Checked:
    """Whether every answer has an explanation, blob by blob; at most one contradiction of each."""
    contradictions: list[Contradiction] = []
    undecided: list[str] = []
    for blob in history.blobs:
        try:
            found = of_blob(on_blob(history, blob))
        except TooMuchError:
            undecided.append(blob)
        else:
            if found is not None:
                contradictions.append(found)
    contradictions.sort(key=lambda one: (len(one.operations), len(one.shown), one.blob))
    return Checked(history, tuple(contradictions), tuple(undecided))


def on_blob(history: History, blob: str) -> tuple[Operation, ...]:
    """The operations that say something about a blob. Of a listing, it is what it says of this one."""
    return tuple(
        _listed(one, blob) if one.kind is Kind.LIST else one
        for one in history.operations
        if one.covers(blob) and _speaks(one)
    )


def _speaks(one: Operation) -> bool:
    """Whether an operation says or does anything; a question without an answer does not."""
    if one.outcome is Outcome.UNKNOWN:
        return one.kind in EFFECTS
    return one.outcome is not Outcome.REFUSED


def _listed(one: Operation, blob: str) -> Operation:
    seen = one.listed.get(blob)
    return replace(one, blob=blob, seen=seen, outcome=Outcome.ABSENT if seen is None else Outcome.DONE)


def of_blob(operations: Sequence[Operation]) -> Contradiction | None:
    """The contradiction in the operations on one blob; None: there is none. Raises TooMuchError."""
    known = writers(operations)
    whole = odd(operations, known)
    if whole is not None:
        return whole
    staging = any(one.kind in (Kind.STAGE, Kind.COMMIT) for one in operations)
    plain = [one for one in operations if one.kind is not Kind.STAGE and one.outcome is not Outcome.NO_BLOCK]
    found = stuck([item(one) for one in plain], Register(known.etags, None, staging))
    if found is not None:
        return _explained(plain, shrunk(plain, found, register_for(known, staging=staging)), known)
    if not staging:
        return None
    found = stuck([item(one) for one in operations], Blocks(known.etags, known.sizes))
    if found is None:
        return None
    model: ModelOf = blocks_for(known)
    return _explained(operations, shrunk(operations, found, model), known)


def _explained(operations: Sequence[Operation], part: Part, known: Writers) -> Contradiction:
    at, kept = part.at, part.kept
    anomaly = named(at, kept, operations)
    context = about(kept, known.named)
    made = {one.number: one for one in _made(part.before, known)}
    context += tuple(one for one in made.values() if one not in (*kept, *context))
    gone = deletions((*kept, *context), operations) if any(_needs_none(one) for one in kept) else ()
    context += tuple(one for one in gone if one not in kept)
    return Contradiction(anomaly, at.blob, at, kept, context, _SAID[anomaly])


def _made(states: Sequence[State], known: Writers) -> Iterator[Operation]:
    """The writes that made the states of a blob what they are."""
    for state in states:
        if isinstance(state, Contents):
            tags = [state.version, *(tag for _, tag in (*state.blocks, *sorted(state.staged)))]
            yield from (known.named[tag] for tag in tags if tag in known.named)


def _needs_none(one: Operation) -> bool:
    """Whether an operation tells that there was no blob."""
    return one.outcome is Outcome.ABSENT or (one.create_only and one.outcome is Outcome.DONE)
