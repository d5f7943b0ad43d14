"""Histories written by hand, a line for each operation: `0-10 put a if none -> unmet`.

Moments are tens of nanoseconds, `?` as the end is an answer that nobody heard. `@name` first is another blob.
Versions are called by one letter or a word; the ETag of version a is `e-a`. `stage b0=x` stages block b0 with
bytes x; `commit c=b0+b1` commits. An answer is a version, `none`, `unmet`, `no-block` or `refused`; a version
may be spoilt: `a etag=b type=b length=3 bytes=a.0+b.1`. Every tag is two records long, unless `put a*3` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import MappingProxyType

from harness.history.bodies import RECORD
from harness.history.values import EFFECTS, History, Kind, Operation, Outcome, Run, Seen

SIZE = 2
_OUTCOMES = {
    "none": Outcome.ABSENT,
    "unmet": Outcome.UNMET,
    "no-block": Outcome.NO_BLOCK,
    "refused": Outcome.REFUSED,
}


def history(*lines: str, complete: bool = True) -> History:
    """The history that these lines tell."""
    sizes: dict[str, int] = {}
    commits: dict[str, Sequence[str]] = {}
    operations = [_operation(number, line, sizes) for number, line in enumerate(lines, 1)]
    staged = {one.block: one.tag for one in operations if one.kind is Kind.STAGE}
    for one in operations:
        if one.kind is Kind.COMMIT:
            commits[one.tag] = [staged.get(block, "") for block in one.blocks]
    whole = tuple(_whole(one, line, sizes, commits) for one, line in zip(operations, lines, strict=True))
    return History(MappingProxyType({"workload": "by hand"}), whole, complete)


def _operation(number: int, line: str, sizes: dict[str, int]) -> Operation:
    question = line.partition("->")[0].split()
    blob = question.pop(0)[1:] if question[0].startswith("@") else "blob"
    called, _, returned = question.pop(0).partition("-")
    kind = Kind(question.pop(0))
    one = Operation(
        number,
        f"c{number}",
        kind,
        blob,
        int(called) * 10,
        None if returned == "?" else int(returned) * 10,
        Outcome.UNKNOWN if returned == "?" else Outcome.DONE,
    )
    if kind in (Kind.PUT, Kind.STAGE, Kind.COMMIT):
        what, _, size = question.pop(0).partition("*")
        left, _, right = what.partition("=")
        tag = right if kind is Kind.STAGE else left
        records = 0 if kind is Kind.COMMIT else int(size or SIZE)
        sizes[tag] = records
        one = replace(
            one,
            tag=tag,
            size=records,
            etag=f"e-{tag}" if kind is not Kind.STAGE and returned != "?" else "",
            block=left if kind is Kind.STAGE else "",
            blocks=tuple(right.split("+")) if kind is Kind.COMMIT else (),
        )
    if question[:1] == ["if"]:
        one = replace(one, create_only=question[1] == "none", if_match=_etag(question[1]))
        del question[:2]
    if question[:1] == ["from"]:
        one = replace(one, first=int(question[1]), count=int(question[2]))
    return one


def _etag(version: str) -> str:
    return "" if version == "none" else f"e-{version}"


def _whole(one: Operation, line: str, sizes: dict[str, int], commits: dict[str, Sequence[str]]) -> Operation:
    """With what the answer said."""
    words = line.partition("->")[2].split()
    if one.kind is Kind.LIST and words == ["none"]:
        return one  # it is answered, and does not name the blob
    if words and words[0] in _OUTCOMES:
        outcome = _OUTCOMES[words[0]]
        return replace(one, outcome=outcome, etag="" if one.kind in EFFECTS else one.etag)
    if one.kind not in (Kind.READ, Kind.STAT, Kind.LIST) or not words:
        return one
    tag, spoilt = words[0], dict(word.split("=", 1) for word in words[1:])
    parts = commits.get(tag, [tag])
    length = sum(sizes.get(part, SIZE) for part in parts) * RECORD
    seen = Seen(
        etag=_etag(spoilt.get("etag", tag)),
        tag=tag,
        length=int(spoilt["length"]) if "length" in spoilt else length,
        kind=spoilt.get("type", tag),
        runs=_runs(one, parts, sizes, spoilt.get("bytes")) if one.kind is Kind.READ else None,
    )
    if one.kind is Kind.LIST:
        return replace(one, listed=MappingProxyType({one.blob: seen}))
    return replace(one, seen=seen)


def _runs(one: Operation, parts: Iterable[str], sizes: dict[str, int], said: str | None) -> tuple[Run, ...]:
    if said is not None:
        found = [piece.partition(".") for piece in said.split("+")]
        return tuple(
            Run(tag, int(at), 1) if dot else Run(tag, 0, sizes.get(tag, SIZE)) for tag, dot, at in found
        )
    if one.first is not None and one.count is not None:
        return tuple(Run(part, one.first, one.count) for part in parts)
    return tuple(Run(part, 0, sizes.get(part, SIZE)) for part in parts)
