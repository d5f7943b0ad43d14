"""A checker that is too simple to be wrong: it tries every order of a handful of operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.history.values import Kind, Operation, Outcome

Blob = tuple[str, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]
"""The version ("" for none), its blocks by id and tag, and what is staged."""

NOTHING: Blob = ("", (), ())


def explains(operations: Sequence[Operation], maybes: Sequence[Operation] = ()) -> bool:
    """Whether some order of the operations on one blob explains all that they were told.

    Each of the maybes has happened between its call and its return, or never.
    """
    return any(True for _ in _orders(tuple(operations), tuple(maybes), NOTHING))


def _orders(left: tuple[Operation, ...], maybes: tuple[Operation, ...], blob: Blob) -> Iterator[None]:
    if not any(_must(one) for one in left):
        yield None
        return
    for one in (*left, *maybes):
        others = tuple(other for other in left if other is not one)
        if any(_before(other, one) for other in others):
            continue
        after = then(blob, one)
        if after is not None:
            still = tuple(other for other in maybes if other is not one and not _before(other, one))
            yield from _orders(others, still, after)


def _must(one: Operation) -> bool:
    return one.outcome is not Outcome.UNKNOWN and one.returned is not None


def _before(one: Operation, other: Operation) -> bool:
    return one.outcome is not Outcome.UNKNOWN and one.returned is not None and one.returned < other.called


def then(blob: Blob, one: Operation) -> Blob | None:
    """The blob after an operation, or None when it could not have been told what it was."""
    version, blocks, staged = blob
    condition = not version if one.create_only else not one.if_match or one.if_match == f"e-{version}"
    happens = one.outcome in (Outcome.DONE, Outcome.UNKNOWN)
    if one.outcome is Outcome.UNMET:
        return blob if not condition else None
    if one.outcome is Outcome.ABSENT:
        return blob if not version else None
    if one.outcome is Outcome.NO_BLOCK:
        return blob if _list(one, blocks, staged) is None else None
    if not condition:
        return None
    if one.kind is Kind.PUT and happens:
        return one.tag, (), ()
    if one.kind is Kind.STAGE and happens:
        kept = [pair for pair in staged if pair[0] != one.block]
        return version, blocks, tuple(sorted([*kept, (one.block, one.tag)]))
    if one.kind is Kind.COMMIT and happens:
        chosen = _list(one, blocks, staged)
        return None if chosen is None else (one.tag, chosen, ())
    if one.kind is Kind.DELETE and happens:
        return NOTHING if version or (staged and not one.if_match) else None
    assert one.seen is not None
    if one.seen.tag != version:
        return None
    if blocks and one.seen.runs is not None:
        return blob if [run.tag for run in one.seen.runs] == [tag for _, tag in blocks] else None
    return blob


def _list(
    one: Operation, blocks: tuple[tuple[str, str], ...], staged: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...] | None:
    latest = {**dict(blocks), **dict(staged)}
    if not all(block in latest for block in one.blocks):
        return None
    return tuple((block, latest[block]) for block in one.blocks)
