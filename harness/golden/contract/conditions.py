"""Conditional headers: what a request asks for, and whether a state meets it, as far as that is sure."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from harness.cases.template import Placeholder, parts
from harness.golden.contract.answer import EXPECTED, Refusal, refused
from harness.golden.contract.request import Asked
from harness.golden.contract.state import State, Version, World
from harness.golden.contract.text import literal, symbol

_PAST = datetime(2026, 6, 1, tzinfo=UTC)
"""Whatever a replay writes is younger than this."""
_CLOCKS = timedelta(minutes=10)
"""How far apart the clocks of both sides may be."""
_OFFSET = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Truth(enum.Enum):
    """What can be said."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the conditions stop a request: for sure, perhaps, or not."""

    stops: Truth = Truth.NO
    refusals: tuple[Refusal, ...] = ()


GO = Verdict()


@dataclass(frozen=True, slots=True)
class Asking:
    """The conditions of a request, for its target or for the source of a copy."""

    match: str | None
    none_match: str | None
    modified: str | None
    unmodified: str | None
    repeated: bool = False  # a date came twice

    @property
    def several(self) -> bool:
        """Whether it asks for more than one thing."""
        said = (self.match, self.none_match, self.modified, self.unmodified)
        return sum(one is not None for one in said) > 1

    @property
    def none(self) -> bool:
        """Whether it asks for nothing."""
        return (self.match, self.none_match, self.modified, self.unmodified) == (None, None, None, None)


def asking(asked: Asked, prefix: Literal["", "x-ms-source-"] = "") -> Asking:
    """The conditions that a request has."""
    dates = [asked.all(f"{prefix}if-{kind}-since") for kind in ("modified", "unmodified")]
    etags = [", ".join(asked.all(f"{prefix}if-{kind}")) or None for kind in ("match", "none-match")]
    modified, unmodified = (found[0] if found else None for found in dates)
    return Asking(etags[0], etags[1], modified, unmodified, any(len(found) > 1 for found in dates))


# --- each condition by itself ---


def _entries(header: str) -> list[str]:
    return [entry.strip() for entry in header.split(",") if entry.strip()]


def _same(entry: str, state: State | None, world: World) -> Truth:
    """Whether an ETag is that of a state; no state: of nothing."""
    if state is None:
        return Truth.NO
    if entry == "*":
        return Truth.YES
    name = symbol(entry)
    if name is None:
        return Truth.NO if literal(entry) is not None else Truth.MAYBE
    bound = world.symbols.get(name)
    if bound is None or bound.kind != "etag":
        return Truth.MAYBE
    return Truth.YES if bound.of == state else Truth.NO


def matches(header: str, state: State | None, world: World) -> Truth:
    """Whether one of the ETags is that of the state."""
    found = [_same(entry, state, world) for entry in _entries(header)]
    if Truth.YES in found:
        return Truth.YES
    return Truth.MAYBE if Truth.MAYBE in found else Truth.NO


def younger(header: str, state: State, world: World) -> Truth | None:
    """Whether a state is younger than a date; None: the date cannot be read, so it does not count."""
    name = symbol(header)
    if name is not None and name in world.symbols:
        bound = world.symbols[name]
        same = bound.kind == "modified" and bound.of == state
        return Truth.NO if same else Truth.MAYBE  # within one second they may have the same date
    said = list(parts(header))
    if len(said) == 3 and isinstance(said[1], Placeholder):  # parts() gives a text before and after
        return _by_offset(said[1])
    text = literal(header)
    if text is None:
        return Truth.MAYBE
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return Truth.YES if date < _PAST else Truth.MAYBE


def _unreadable(header: str) -> bool:
    text = literal(header)
    return text is not None and younger(header, (-9, 0), World()) is None


def _by_offset(now: Placeholder) -> Truth:
    if now.name != "now" or not now.argument:
        return Truth.MAYBE
    sign, count, unit = now.argument[0], now.argument[1:-1], now.argument[-1]
    offset = timedelta(seconds=int(count) * _OFFSET[unit])
    if offset <= _CLOCKS:
        return Truth.MAYBE
    return Truth.NO if sign == "+" else Truth.YES


# --- all of them together ---

_FLIP = {Truth.YES: Truth.NO, Truth.NO: Truth.YES, Truth.MAYBE: Truth.MAYBE}


def _any(found: list[Truth]) -> Truth:
    if Truth.YES in found:
        return Truth.YES
    return Truth.MAYBE if Truth.MAYBE in found else Truth.NO


def reading(asked: Asked, version: Version, world: World) -> Verdict:
    """A read: If-Match and If-Unmodified-Since and (If-None-Match or If-Modified-Since)."""
    wish = asking(asked)
    if wish.none:
        return GO
    if wish.repeated:
        return Verdict(Truth.MAYBE, (Refusal((304, 400, 412), level=EXPECTED),))
    if wish.none_match is not None and "*" in _entries(wish.none_match):
        return Verdict(Truth.YES, (refused(400, "UnsatisfiableCondition", level=EXPECTED),))
    unmet = refused(412, "ConditionNotMet")
    stale = refused(304, "ConditionNotMet")
    if wish.several or any("," in (said or "") for said in (wish.match, wish.none_match)):
        unmet = refused(412, "ConditionNotMet", level=EXPECTED)
        stale = refused(304, "ConditionNotMet", level=EXPECTED)
    if wish.match is None and wish.none_match is None and symbol(wish.modified or "-") in world.symbols:
        stale = refused(304, "ConditionNotMet", level=EXPECTED)
    fails = _any([_FLIP[one] for one in _demands(wish, version.state, world)])
    kept = _kept(wish, version.state, world)
    if fails is Truth.YES:
        return Verdict(Truth.YES, (unmet,))
    maybe: tuple[Refusal, ...] = (unmet,) if fails is Truth.MAYBE else ()
    if kept is Truth.NO:
        return Verdict(Truth.YES, (stale, *maybe))
    if kept is Truth.MAYBE:
        maybe = (*maybe, stale)
    return Verdict(Truth.MAYBE, maybe) if maybe else GO


def _demands(wish: Asking, state: State, world: World) -> list[Truth]:
    """If-Match and If-Unmodified-Since, as far as they are asked for."""
    out = []
    if wish.match is not None:
        out.append(matches(wish.match, state, world))
    if wish.unmodified is not None and (is_younger := younger(wish.unmodified, state, world)) is not None:
        out.append(_FLIP[is_younger])
    return out


def _kept(wish: Asking, state: State, world: World) -> Truth:
    """Whether If-None-Match or If-Modified-Since lets the read through."""
    found = []
    if wish.none_match is not None:
        found.append(_FLIP[matches(wish.none_match, state, world)])
    if wish.modified is not None and (is_younger := younger(wish.modified, state, world)) is not None:
        found.append(is_younger)
    return _any(found) if found else Truth.YES


Unmet = Callable[[str], Refusal]
"""The refusal for an unmet condition; the argument is its kind: match, none-match, modified, unmodified."""


def writing(
    wish: Asking, state: State | None, world: World, unmet: Unmet, existing: Refusal | None
) -> Verdict:
    """A write: one condition, or an ETag with its date, which then does not count.

    `existing` is the refusal of If-None-Match: * where something is; None: whether it is refused is unknown.
    """
    if wish.none:
        return GO
    several = _too_many(wish)
    if several is not None:
        return several
    if wish.match is not None:
        return _stopped(_FLIP[matches(wish.match, state, world)], _soft(unmet("match"), wish.several))
    if wish.none_match is not None:
        star = _entries(wish.none_match) == ["*"]
        if star and existing is None and state is not None:
            return Verdict(Truth.MAYBE, (_soft(unmet("none-match"), True),))
        how = existing if star and existing is not None else unmet("none-match")
        return _stopped(matches(wish.none_match, state, world), _soft(how, wish.several))
    if state is None:
        return GO  # dates say nothing of what is not there
    date, kind = (wish.modified, "modified") if wish.modified is not None else (wish.unmodified, "unmodified")
    assert date is not None
    is_younger = younger(date, state, world)
    if is_younger is None:
        return GO
    own = kind == "modified" and symbol(date) in world.symbols
    return _stopped(_FLIP[is_younger] if kind == "modified" else is_younger, _soft(unmet(kind), own))


def _soft(refusal: Refusal, soft: bool) -> Refusal:
    return replace(refusal, level=EXPECTED) if soft else refusal


def _too_many(wish: Asking) -> Verdict | None:
    asked_for = {
        name for name in ("match", "none_match", "modified", "unmodified") if getattr(wish, name) is not None
    }
    lists = any(len(_entries(said)) > 1 for said in (wish.match, wish.none_match) if said is not None)
    fits = len(asked_for) == 1 or asked_for in ({"match", "unmodified"}, {"none_match", "modified"})
    if fits and not lists and not wish.repeated:
        return None
    if any(said is not None and _unreadable(said) for said in (wish.modified, wish.unmodified)):
        # Such a date is ignored; whether it counts before that is not known.
        return Verdict(Truth.MAYBE, (Refusal((400, 412), level=EXPECTED),))
    return Verdict(Truth.YES, (refused(400, "MultipleConditionHeadersNotSupported", level=EXPECTED),))


def _stopped(truth: Truth, how: Refusal) -> Verdict:
    return GO if truth is Truth.NO else Verdict(truth, (how,))
