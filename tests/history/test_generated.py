"""The checker on generated histories: true ones hold, spoilt ones do not, and brute force says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from harness.history.bodies import RECORD
from harness.history.check import check, of_blob, on_blob
from harness.history.values import EFFECTS, VERSIONS, History, Kind, Operation, Outcome, Run, Seen
from tests.history.brute import NOTHING, Blob, explains, then

_QUICK = settings(max_examples=60, deadline=None)
_IDS = ("b0", "b1")
_SIZE = 2


def made(operations: Sequence[Operation]) -> History:
    numbered = sorted(operations, key=lambda one: one.called)
    return History(MappingProxyType({}), tuple(replace(one, number=at) for at, one in enumerate(numbered, 1)))


@st.composite
def executions(draw: st.DrawFn, blocks: bool, most: int = 25) -> list[Operation]:
    """What clients are told when operations happen one after another, between their calls and returns."""
    kinds = [Kind.PUT, Kind.PUT, Kind.READ, Kind.READ, Kind.STAT, Kind.LIST, Kind.DELETE]
    if blocks:
        kinds += [Kind.STAGE, Kind.STAGE, Kind.COMMIT, Kind.COMMIT]
    blob: Blob = NOTHING
    known = ["zz"]
    done: list[Operation] = []
    for at in range(draw(st.integers(1, most))):
        moment = 100 * (at + 1)
        one = _question(draw, at, draw(st.sampled_from(kinds)), known)
        silent = one.kind in EFFECTS and draw(st.integers(0, 5)) == 0
        told, after = _answer(one, blob)
        if not silent or draw(st.booleans()):
            blob = after
        called = moment - draw(st.integers(0, 320))
        told = replace(told, called=max(0, called), returned=moment + draw(st.integers(0, 320)))
        if silent:
            late = told.returned if draw(st.booleans()) else None
            told = replace(told, outcome=Outcome.UNKNOWN, etag="", returned=late)
        done.append(told)
        if told.etag or told.seen is not None:  # nobody can ask for an ETag that nobody has seen
            known.append(told.seen.tag if told.seen is not None else told.tag)
    return done


def _question(draw: st.DrawFn, at: int, kind: Kind, known: Sequence[str]) -> Operation:
    one = Operation(at + 1, f"c{at}", kind, "blob", 0)
    if kind is Kind.STAGE:
        return replace(one, tag=f"t{at}", size=_SIZE, block=draw(st.sampled_from(_IDS)))
    if kind in VERSIONS:
        size = _SIZE if kind is Kind.PUT else 0
        one = replace(one, tag=f"v{at}", size=size, create_only=draw(st.integers(0, 4)) == 0)
    if kind is Kind.COMMIT:
        ids = draw(st.lists(st.sampled_from(_IDS), min_size=1, max_size=2, unique=True))
        one = replace(one, blocks=tuple(ids))
    if kind not in (Kind.STAT, Kind.LIST) and not one.create_only and draw(st.booleans()):
        one = replace(one, if_match=f"e-{draw(st.sampled_from(known))}")
    return one


def _answer(one: Operation, blob: Blob) -> tuple[Operation, Blob]:
    """What the blob says to a question, and the blob afterwards."""
    version, blocks, _ = blob
    if one.kind in EFFECTS:
        for outcome in (Outcome.DONE, Outcome.ABSENT, Outcome.NO_BLOCK, Outcome.UNMET):
            if outcome is Outcome.ABSENT and one.kind is not Kind.DELETE:
                continue
            if outcome is Outcome.NO_BLOCK and one.kind is not Kind.COMMIT:
                continue
            told = replace(one, outcome=outcome)
            after = then(blob, told)
            if after is not None:
                versions = one.kind in VERSIONS and outcome is Outcome.DONE
                return replace(told, etag=f"e-{one.tag}" if versions else ""), after
        raise AssertionError("no outcome fits")
    if not version:
        return replace(one, outcome=Outcome.ABSENT), blob
    if one.if_match and one.if_match != f"e-{version}":
        return replace(one, outcome=Outcome.UNMET), blob
    parts = [tag for _, tag in blocks] or [version]
    runs = tuple(Run(tag, 0, _SIZE) for tag in parts) if one.kind is Kind.READ else None
    seen = Seen(f"e-{version}", version, len(parts) * _SIZE * RECORD, version, runs)
    return replace(one, outcome=Outcome.DONE, seen=seen), blob


def _as_history(operations: Sequence[Operation]) -> History:
    """Listings say by name what they say."""
    return made(
        [
            replace(one, outcome=Outcome.DONE, seen=None, listed=MappingProxyType({"blob": one.seen}))
            if one.kind is Kind.LIST and one.seen is not None
            else replace(one, outcome=Outcome.DONE)
            if one.kind is Kind.LIST
            else one
            for one in operations
        ]
    )


@_QUICK
@given(executions(blocks=False))
def test_what_really_happened_is_explained(operations: list[Operation]) -> None:
    assert check(_as_history(operations)).holds


@_QUICK
@given(executions(blocks=True))
def test_what_really_happened_with_blocks_is_explained(operations: list[Operation]) -> None:
    assert check(_as_history(operations)).holds


@_QUICK
@given(executions(blocks=True), st.data())
def test_what_cannot_have_happened_is_found(operations: list[Operation], data: st.DataObject) -> None:
    spoilt = data.draw(st.sampled_from([_unwritten, _future, _buried, _half]))(operations, data)
    assume(spoilt is not None)
    assert check(_as_history(spoilt)).contradictions


def _pick(data: st.DataObject, found: Sequence[Operation]) -> Operation:
    assume(found)
    return data.draw(st.sampled_from(list(found)))


def _spoilt(operations: Sequence[Operation], one: Operation, by: Operation) -> list[Operation]:
    return [by if other is one else other for other in operations]


def _looks(operations: Sequence[Operation]) -> list[Operation]:
    return [one for one in operations if one.seen is not None]


def _unwritten(operations: Sequence[Operation], data: st.DataObject) -> list[Operation]:
    """A version that nobody wrote."""
    look = _pick(data, _looks(operations))
    assert look.seen is not None
    return _spoilt(operations, look, replace(look, seen=replace(look.seen, tag="never")))


def _future(operations: Sequence[Operation], data: st.DataObject) -> list[Operation]:
    """A version whose write was called after the look was over."""
    writes = [one for one in operations if one.kind is Kind.PUT and one.outcome is Outcome.DONE]
    pairs = [
        (a, b) for a in operations if a.kind is Kind.STAT for b in writes if (a.returned or 0) < b.called
    ]
    assume(pairs)
    look, write = data.draw(st.sampled_from(pairs))
    seen = Seen(write.etag, write.tag, _SIZE * RECORD, write.tag)
    return _spoilt(operations, look, replace(look, outcome=Outcome.DONE, seen=seen))


def _buried(operations: Sequence[Operation], data: st.DataObject) -> list[Operation]:
    """A version that was overwritten by a write that began after it was acknowledged, seen after both."""
    writes = [
        one
        for one in operations
        if one.kind is Kind.PUT and one.outcome is Outcome.DONE and one.returned is not None
    ]
    pairs = [(a, b) for a in writes for b in writes if a.returned is not None and a.returned < b.called]
    assume(pairs)
    old, _ = data.draw(st.sampled_from(pairs))
    end = max(one.returned or one.called for one in operations) + 1
    seen = Seen(old.etag, old.tag, _SIZE * RECORD, old.tag)
    look = Operation(99, "last", Kind.STAT, "blob", end, end + 1, Outcome.DONE, seen=seen)
    return [*operations, look]


def _half(operations: Sequence[Operation], data: st.DataObject) -> list[Operation]:
    """A body of which a half is missing."""
    look = _pick(data, [one for one in _looks(operations) if one.seen and one.seen.runs])
    assert look.seen is not None
    assert look.seen.runs is not None
    short = (*look.seen.runs[:-1], replace(look.seen.runs[-1], count=1))
    return _spoilt(operations, look, replace(look, seen=replace(look.seen, runs=short)))


@st.composite
def anything(draw: st.DrawFn, blocks: bool) -> list[Operation]:
    """A few operations with whatever answers: often nothing explains them."""
    true = draw(executions(blocks=blocks, most=6))
    changed = [_otherwise(draw, one, true) if draw(st.booleans()) else one for one in true]
    # A write that was refused and is seen all the same is found without any order.
    seen = {one.seen.tag for one in changed if one.seen is not None}
    assume(all(one.changes for one in changed if one.kind in VERSIONS and one.tag in seen))
    known = {one.tag for one in changed if one.etag} | seen | {"zz"}
    assume(all(one.if_match.removeprefix("e-") in known for one in changed if one.if_match))
    return changed


def _otherwise(draw: st.DrawFn, one: Operation, true: Sequence[Operation]) -> Operation:
    """The same question with another answer."""
    if one.kind in (Kind.READ, Kind.STAT, Kind.LIST):
        writes = [write for write in true if write.kind is Kind.PUT and write.outcome is Outcome.DONE]
        write = draw(st.sampled_from([None, *writes]))
        if write is None:
            return replace(one, outcome=Outcome.ABSENT, seen=None)
        if one.if_match and one.if_match != write.etag:
            return replace(one, outcome=Outcome.UNMET, seen=None)
        runs = (Run(write.tag, 0, _SIZE),) if one.kind is Kind.READ else None
        seen = Seen(write.etag, write.tag, _SIZE * RECORD, write.tag, runs)
        return replace(one, outcome=Outcome.DONE, seen=seen)
    if one.kind is Kind.STAGE or one.outcome is Outcome.UNKNOWN:
        return one
    other = [Outcome.DONE]
    other += [Outcome.UNMET] if one.conditional else []
    other += [Outcome.ABSENT] if one.kind is Kind.DELETE else []
    other += [Outcome.NO_BLOCK] if one.kind is Kind.COMMIT else []
    outcome = draw(st.sampled_from(other))
    made = outcome is Outcome.DONE and one.kind in VERSIONS
    return replace(one, outcome=outcome, etag=f"e-{one.tag}" if made else "")


@settings(max_examples=150, deadline=None)
@given(st.one_of(anything(blocks=False), anything(blocks=True)))
def test_brute_force_says_the_same(operations: list[Operation]) -> None:
    history = _as_history(operations)
    found = check(history).contradictions
    event(f"found {bool(found)}")
    everything = on_blob(history, "blob") if history.blobs else ()
    assert bool(found) is not explains(everything)
    for one in found:
        _is_a_proof(one.operations, one.shown, everything)


def _is_a_proof(
    kept: Sequence[Operation], shown: Sequence[Operation], everything: Sequence[Operation]
) -> None:
    """What is shown has no explanation, nor with all else that may have happened meanwhile."""
    assert of_blob(shown) is not None or len(kept) == 1
    maybes = [one for one in everything if one not in kept and one.changes]
    assert not explains(kept, [replace(one, if_match="", create_only=False) for one in maybes])


@settings(max_examples=40, deadline=None)
@given(executions(blocks=False, most=12))
def test_nothing_shown_can_be_left_out(operations: list[Operation]) -> None:
    end = max(one.returned or one.called for one in operations)
    old = Operation(97, "w", Kind.PUT, "blob", end + 1, end + 2, Outcome.DONE, "old", _SIZE, etag="e-old")
    new = replace(old, number=98, called=end + 3, returned=end + 4, tag="new", etag="e-new")
    seen = Seen("e-old", "old", _SIZE * RECORD, "old")
    look = Operation(99, "r", Kind.STAT, "blob", end + 5, end + 6, Outcome.DONE, seen=seen)
    history = _as_history([*operations, old, new, look])
    (found,) = check(history).contradictions
    everything = on_blob(history, "blob")
    for one in found.operations:
        fewer = [other for other in found.operations if other is not one]
        maybes = [other for other in everything if other not in fewer and other.changes]
        assert explains(fewer, [replace(other, if_match="", create_only=False) for other in maybes])
