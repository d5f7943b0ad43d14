"""What one answer says by itself: its bytes, properties, ETag and length must be those of one write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.history.bodies import RECORD, cut
from harness.history.contradiction import Anomaly, Contradiction, about
from harness.history.values import VERSIONS, Kind, Operation, Outcome, Seen, run_text


@dataclass(frozen=True, slots=True)
class Writers:
    """The writes to one blob: by the tag of the version or block that they wrote."""

    versions: Mapping[str, Operation]
    blocks: Mapping[str, Operation]
    etags: Mapping[str, str]  # the tag of the version that has an ETag

    @property
    def named(self) -> Mapping[str, Operation]:
        """All of them, by tag and by ETag."""
        by_etag = {etag: self.versions[tag] for etag, tag in self.etags.items() if tag in self.versions}
        return {**by_etag, **self.versions, **self.blocks}

    @property
    def sizes(self) -> Mapping[str, int]:
        """The records of every tag."""
        return {tag: one.size for tag, one in {**self.versions, **self.blocks}.items()}


def writers(operations: Sequence[Operation]) -> Writers:
    """The writes to a blob. Whose an ETag is, who did not hear the answer learns from those who saw it."""
    versions = {one.tag: one for one in operations if one.kind in VERSIONS}
    blocks = {one.tag: one for one in operations if one.kind is Kind.STAGE}
    etags: dict[str, str] = {}
    for one in operations:
        if one.kind in VERSIONS and one.outcome is Outcome.DONE:
            etags.setdefault(one.etag, one.tag)
    for one in operations:
        if one.seen is not None and one.seen.etag:
            etags.setdefault(one.seen.etag, one.seen.tag)
    return Writers(versions, blocks, etags)


def odd(operations: Sequence[Operation], known: Writers) -> Contradiction | None:
    """The first contradiction that needs no order of operations; None: every answer is whole."""
    ended = sorted((one for one in operations if one.returned is not None), key=_return)
    for one in ended:
        for anomaly, said, others in _told(one, known):
            return Contradiction(
                anomaly, one.blob, one, (one, *others), about((one, *others), known.named), said
            )
    return None


def _return(one: Operation) -> int:
    return one.returned or 0


_Odd = tuple[Anomaly, str, tuple[Operation, ...]]


def _told(one: Operation, known: Writers) -> Iterator[_Odd]:
    if one.kind in VERSIONS and one.outcome is Outcome.DONE:
        if not one.etag:
            yield Anomaly.MIXED, "The answer to a write has no ETag.", ()
        elif (tag := known.etags[one.etag]) != one.tag and tag in known.versions:
            said = f"Two writes, of {tag} and of {one.tag}, were answered with one ETag, {one.etag}."
            yield Anomaly.TWINS, said, (known.versions[tag],)
    if one.seen is not None and one.outcome is Outcome.DONE:
        yield from _shown(one, one.seen, known)


def _shown(one: Operation, seen: Seen, known: Writers) -> Iterator[_Odd]:
    torn = [
        run.tag for run in seen.runs or () if run.tag not in known.versions and run.tag not in known.blocks
    ]
    if torn:
        yield Anomaly.TORN, f"The body holds bytes that nobody wrote to this blob: {torn[0]}.", ()
    made = known.versions.get(seen.tag)
    if made is None:
        if seen.tag:
            yield Anomaly.GHOST, f"The metadata is that of {seen.tag!r}: no write to this blob had it.", ()
        else:
            yield Anomaly.MIXED, "The blob is shown without the metadata that every write gave it.", ()
        return
    if made.outcome not in (Outcome.DONE, Outcome.UNKNOWN):
        yield Anomaly.GHOST, f"The version {seen.tag} is shown, and its write was refused.", (made,)
    if seen.runs is not None and (said := _wrong_bytes(one, seen, made, known)):
        yield said[0], said[1], ()
    if seen.kind != seen.tag:
        said_kind = f"the content type of {seen.kind}" if seen.kind else "no content type of any write"
        yield Anomaly.MIXED, f"The metadata is that of {seen.tag}, with {said_kind}.", ()
    acknowledged = made.outcome is Outcome.DONE
    if (acknowledged and seen.etag != made.etag) or known.etags.get(seen.etag) != seen.tag:
        yield Anomaly.MIXED, f"The metadata is that of {seen.tag}, with the ETag {_whose(seen, known)}.", ()
    if made.kind is Kind.PUT and seen.length != made.size * RECORD:
        said_length = f"{seen.length} bytes where {made.size * RECORD} were written"
        yield Anomaly.MIXED, f"The metadata is that of {seen.tag}, with {said_length}.", ()


def _whose(seen: Seen, known: Writers) -> str:
    tag = known.etags.get(seen.etag)
    return f"{seen.etag} of {tag}" if tag is not None and tag != seen.tag else f"{seen.etag or '(none)'}"


def _wrong_bytes(one: Operation, seen: Seen, made: Operation, known: Writers) -> tuple[Anomaly, str] | None:
    """What is wrong with the bytes of an answer that shows a version."""
    assert seen.runs is not None
    parts = " + ".join(run_text(run) for run in seen.runs) or "nothing"
    whose = {run.tag for run in seen.runs}
    if made.kind is Kind.PUT:
        wanted = cut([(made.tag, made.size)], one.first or 0, made.size if one.count is None else one.count)
        if seen.runs == wanted:
            return None
        if whose == {made.tag}:
            return Anomaly.TORN, f"The body of {made.tag} is not whole: it is {parts}."
        if len(whose) == 1:
            return Anomaly.MIXED, f"The properties are those of {made.tag}, the bytes are {parts}."
        return Anomaly.TORN, f"The properties are those of {made.tag}, the bytes are {parts}."
    if whose.isdisjoint(known.blocks) and whose:
        return Anomaly.MIXED, f"The properties are those of the commit {made.tag}, the bytes are {parts}."
    if not whose <= known.blocks.keys():
        return Anomaly.TORN, f"The bytes are of a commit and of another write: {parts}."
    if stray := [tag for tag in whose if known.blocks[tag].block not in made.blocks]:
        said = f"The commit {made.tag} does not name the block of {stray[0]}; the bytes are {parts}."
        return Anomaly.MIXED, said
    if one.first is not None:
        return None  # which blocks a range shows is for the model to say
    order = tuple(known.blocks[run.tag].block for run in seen.runs)
    if order != made.blocks:
        return Anomaly.MIXED, f"The commit {made.tag} names {len(made.blocks)} blocks; the bytes are {parts}."
    if any(run.first or run.count != known.blocks[run.tag].size for run in seen.runs):
        return Anomaly.TORN, f"A block of {made.tag} is not whole: {parts}."
    return None
