"""What the contract says of one answer, and how several possible answers become one expectation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from harness.cases.case import Empty, Equal, Expect, Graded, Matcher, Matches, PartExpect, Recipe
from harness.golden.contract.state import State
from harness.vocabulary import Level

EXPECTED = Level.EXPECTED
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A way in which a request is refused. Level None: required."""

    statuses: tuple[int, ...]
    codes: tuple[str, ...] = ()
    level: Level | None = None
    code_level: Level | None = None  # of the code alone


def refused(status: int, *codes: str, level: Level | None = None) -> Refusal:
    """One status, and the codes that all are right."""
    return Refusal((status,), codes, level)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one answer must be like. Nothing said: the contract does not tell."""

    expect: Expect = field(default_factory=Expect)
    shows: State | None = None  # the answer carries the ETag and Last-Modified of this state
    unknown: tuple[str, ...] = ()

    def saying(self, **headers: Graded[Any] | None) -> Answer:
        """The same with more headers; underscores stand for dashes."""
        more = tuple((name.replace("_", "-"), said) for name, said in headers.items() if said is not None)
        return self.with_headers(more)

    def with_headers(self, more: Sequence[tuple[str, Graded[Any]]]) -> Answer:
        """The same with more headers."""
        return replace(self, expect=replace(self.expect, headers=(*self.expect.headers, *more)))


def nothing(why: str) -> Answer:
    """An answer that cannot be predicted, and the reason."""
    return Answer(unknown=(why,))


def done(*statuses: int, level: Level | None = None, shows: State | None = None) -> Answer:
    """A success."""
    return Answer(Expect(status=Graded(statuses, level)), shows=shows)


def refusal(refusals: Sequence[Refusal]) -> Answer:
    """The answer to a request that is refused for one of these reasons, whichever is found first."""
    statuses = tuple(sorted({status for one in refusals for status in one.statuses}))
    codes = tuple(dict.fromkeys(code for one in refusals for code in one.codes))
    level = _weakest([one.level for one in refusals])
    code_level = _weakest([one.code_level or one.level for one in refusals])
    # 304 and 4xx say their code in a header; a refusal without any code says nothing of it.
    error = Graded(codes, code_level) if codes and all(one.codes for one in refusals) else None
    return Answer(Expect(status=Graded(statuses, level), error=error))


def perhaps(success: Answer, refusals: Sequence[Refusal], why: str) -> Answer:
    """The answer to a request that may be done or refused, as far as the contract tells."""
    assert success.expect.status is not None
    statuses = {*success.expect.status.value, *(status for one in refusals for status in one.statuses)}
    return Answer(Expect(status=Graded(tuple(sorted(statuses)))), unknown=(why,))


def _weakest(levels: Sequence[Level | None]) -> Level | None:
    return next((level for level in levels if level is not None), None)


def weakened(said: Answer) -> Answer:
    """The same, asserted as expected at most: it rests on what is only documented."""
    expect = said.expect
    return replace(
        said,
        expect=Expect(
            status=_weak(expect.status),
            error=_weak(expect.error),
            headers=tuple((name, _weaker(one)) for name, one in expect.headers),
            body=_weak(expect.body),
            xml=tuple((path, _weaker(one)) for path, one in expect.xml),
            parts=None
            if expect.parts is None
            else tuple(PartExpect(_weak(part.status), _weak(part.error)) for part in expect.parts),
        ),
    )


def _weaker(one: Graded[T]) -> Graded[T]:
    return replace(one, level=EXPECTED) if one.level is None else one


def _weak(one: Graded[T] | None) -> Graded[T] | None:
    return None if one is None else _weaker(one)


# --- several answers ---


def common(answers: Sequence[Answer]) -> Answer:
    """What holds whichever of these answers comes."""
    expects = [answer.expect for answer in answers]
    first = expects[0]
    if any(one.status is None for one in expects):
        status = None
    else:
        said = [one.status for one in expects if one.status is not None]
        values = tuple(sorted({value for one in said for value in one.value}))
        status = Graded(values, _weakest([one.level for one in said]))
    return Answer(
        Expect(
            status=status,
            error=first.error if all(one.error == first.error for one in expects) else None,
            headers=_shared([one.headers for one in expects]),
            body=first.body if all(one.body == first.body for one in expects) else None,
            xml=_shared([one.xml for one in expects]),
            parts=_shared_parts([one.parts for one in expects]),
        ),
        shows=answers[0].shows if all(one.shows == answers[0].shows for one in answers) else None,
    )


def _shared(
    tables: Sequence[tuple[tuple[str, Graded[Matcher]], ...]],
) -> tuple[tuple[str, Graded[Matcher]], ...]:
    return tuple(item for item in tables[0] if all(item in table for table in tables[1:]))


def _shared_parts(all_parts: Sequence[tuple[PartExpect, ...] | None]) -> tuple[PartExpect, ...] | None:
    if any(parts is None or len(parts) != len(all_parts[0] or ()) for parts in all_parts):
        return None
    out = []
    for column in zip(*(parts or () for parts in all_parts), strict=True):
        same = all(part == column[0] for part in column)
        out.append(column[0] if same else PartExpect())
    return tuple(out)


def exactly(text: str, level: Level | None = None) -> Graded[Equal]:
    """This text."""
    return Graded(Equal(text), level)


@dataclass(slots=True)
class Reading:
    """Headers of a read in the making."""

    headers: list[tuple[str, Graded[Any]]] = field(default_factory=list)
    body: Graded[Recipe | Empty | Matches] | None = None

    def say(self, name: str, said: Graded[Any] | None) -> None:
        """Add a header, where there is something to say."""
        if said is not None:
            self.headers.append((name, said))
