"""What a checker found: the operations that contradict each other, and what to call that."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.history.values import VERSIONS, History, Kind, Operation, Outcome


class Anomaly(enum.StrEnum):
    """What went wrong, in the words of those whom it hurts."""

    TORN = "torn read"  # bytes of several writes, or of none, in one answer
    MIXED = "mixed version"  # bytes, properties, ETag and length are not of one write
    GHOST = "version of no write"  # shown, though no acknowledged or unanswered write made it
    TWINS = "one ETag, two versions"
    LOST = "lost update"  # two writers replaced, or made, one and the same version
    LISTING = "stale listing"
    RESURRECTED = "resurrected blob"
    STALE = "stale read"
    ORDER = "no order"  # anything else that no order explains


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Operations on one blob that cannot all have happened as they are told.

    None of `operations` can be left out. `context` are writes that explain what they saw, for the reader.
    """

    anomaly: Anomaly
    blob: str
    at: Operation  # the one that finds no place
    operations: tuple[Operation, ...]
    context: tuple[Operation, ...]
    said: str

    @property
    def shown(self) -> tuple[Operation, ...]:
        """All of them in the order of their calls."""
        return tuple(sorted((*self.operations, *self.context), key=lambda one: (one.called, one.number)))


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a history said."""

    history: History
    contradictions: tuple[Contradiction, ...]
    undecided: tuple[str, ...] = ()  # blobs whose search was given up

    @property
    def holds(self) -> bool:
        """Whether every answer has been explained."""
        return not self.contradictions and not self.undecided


def named(at: Operation, kept: Sequence[Operation], known: Sequence[Operation]) -> Anomaly:
    """What to call a contradiction; `known` are all operations on the blob."""
    done = [one for one in kept if one.outcome is Outcome.DONE]
    conditions = [(one.if_match, one.create_only) for one in done if one.kind in VERSIONS and one.conditional]
    deleted = any(one.kind is Kind.DELETE for one in done)
    if len(conditions) > len(set(conditions)) and not deleted:
        return Anomaly.LOST
    looks = [one for one in kept if one.kind in (Kind.READ, Kind.STAT, Kind.LIST)]
    if any(one.kind is Kind.LIST for one in looks):
        return Anomaly.LISTING
    if any(_back(look, gone, known) for look in looks for gone in kept):
        return Anomaly.RESURRECTED
    return Anomaly.STALE if looks else Anomaly.ORDER


def _back(look: Operation, gone: Operation, known: Sequence[Operation]) -> bool:
    """Whether a look shows a version from before a deletion, or from before somebody found no blob."""
    if look.seen is None or gone.returned is None:
        return False
    wrote = [one for one in known if one.kind in VERSIONS and one.tag == look.seen.tag]
    if gone.outcome is Outcome.ABSENT:
        return any(one.returned is not None and one.returned < gone.called for one in wrote)
    deleted = gone.kind is Kind.DELETE and gone.outcome is Outcome.DONE and gone.returned < look.called
    return deleted and any(one.called < gone.returned for one in wrote)


def about(operations: Sequence[Operation], writers: Mapping[str, Operation]) -> tuple[Operation, ...]:
    """The writes of what these operations saw or asked for, as far as they are not among them.

    `writers` are the writes by the tags and ETags of what they wrote.
    """
    tags: dict[str, None] = {}
    for one in operations:
        tags[one.if_match] = None
        if one.seen is not None:
            tags |= dict.fromkeys((one.seen.tag, one.seen.etag, *(run.tag for run in one.seen.runs or ())))
    found = {writers[tag].number: writers[tag] for tag in tags if tag in writers}
    return tuple(one for number, one in found.items() if number not in {own.number for own in operations})


def deletions(shown: Sequence[Operation], known: Sequence[Operation]) -> tuple[Operation, ...]:
    """The deletions among these, or under way while they were: who reads of a blob that is not there asks."""
    begin = min(one.called for one in shown)
    end = max(one.returned if one.returned is not None else one.called for one in shown)
    found = [one for one in known if one.kind is Kind.DELETE and one.changes]
    return tuple(
        one for one in found if one.called <= end and (one.returned is None or one.returned >= begin)
    )
