"""Wire rules for ETag and Last-Modified, and the times beside them."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

from harness.judge.matching import ETAG, is_date
from harness.rules.rule import Broken, Fact, Rule, View
from harness.rules.table import UNVALIDATED, VALIDATED
from harness.vocabulary import Level

_NAMES = ("ETag", "Last-Modified")
_SLACK = timedelta(seconds=2)  # recorded: up to one second, when a second ends between the two stamps


def _no_validators(view: View) -> Broken | None:
    missing = [name for name in _NAMES if len(view.all(name)) != 1]
    return Broken("one ETag and one Last-Modified", f"no single {' and '.join(missing)}") if missing else None


def _unwanted_validators(view: View) -> Broken | None:
    found = [name for name in _NAMES if view.get(name) is not None]
    return Broken("neither ETag nor Last-Modified", ", ".join(found)) if found else None


def _bad_etag(view: View) -> Broken | None:
    said = view.get("ETag") or ""
    return None if ETAG.fullmatch(said) else Broken('in double quotes, such as "0x8D…"', said or "empty")


def _bad_modified(view: View) -> Broken | None:
    said = view.get("Last-Modified") or ""
    return None if is_date(said) else Broken("an RFC 1123 date", said or "empty")


def _both_dates(view: View, first: str, second: str) -> bool:
    return is_date(view.get(first) or "") and is_date(view.get(second) or "")


def _in_the_future(view: View) -> Broken | None:
    modified, date = view.get("Last-Modified") or "", view.get("Date") or ""
    if parsedate_to_datetime(modified) <= parsedate_to_datetime(date) + _SLACK:
        return None
    return Broken(f"not after the Date, {date}", modified)


def _made_later(view: View) -> Broken | None:
    made, modified = view.get("x-ms-creation-time") or "", view.get("Last-Modified") or ""
    if parsedate_to_datetime(made) <= parsedate_to_datetime(modified):
        return None
    return Broken(f"not after Last-Modified, {modified}", made)


RULES = (
    Rule(
        "validators",
        Level.REQUIRED,
        "What creates, changes or reads a container or blob answers with its ETag and Last-Modified.",
        ("reference/1.1",),
        ("wire.validators",),
        lambda view: view.done(VALIDATED),
        _no_validators,
        frozenset({Fact.OPERATION}),
    ),
    Rule(
        "no-validators",
        Level.EXPECTED,
        "Blocks, tags, tiers, deletions and lists have no ETag and no Last-Modified.",
        ("reference/1.1",),
        ("wire.no-validators", "put-block.stages"),
        lambda view: view.done(UNVALIDATED),
        _unwanted_validators,
        frozenset({Fact.OPERATION}),
    ),
    Rule(
        "error-validators",
        Level.EXPECTED,
        "A refusal has no ETag and no Last-Modified.",
        ("reference/4.1",),
        ("wire.error-validators", "get-blob.missing"),
        lambda view: view.refused,
        _unwanted_validators,
    ),
    Rule(
        "etag-quoted",
        Level.EXPECTED,
        "An ETag header is in double quotes.",
        ("reference/1.0",),
        ("wire.etag-quoted", "properties.etag-quoted"),
        lambda view: view.get("ETag") is not None,
        _bad_etag,
    ),
    Rule(
        "last-modified",
        Level.REQUIRED,
        "Last-Modified is an RFC 1123 date.",
        ("reference/1.0",),
        ("wire.last-modified", "properties.last-modified"),
        lambda view: view.get("Last-Modified") is not None,
        _bad_modified,
    ),
    Rule(
        "modified-before-date",
        Level.EXPECTED,
        "Last-Modified is not after the Date of the answer.",
        ("reference/1.0",),
        ("wire.modified-before-date",),
        lambda view: _both_dates(view, "Last-Modified", "Date"),
        _in_the_future,
    ),
    Rule(
        "created-before-modified",
        Level.EXPECTED,
        "A blob was not made after its last change.",
        ("reference/1.5",),
        ("wire.created-before-modified",),
        lambda view: _both_dates(view, "x-ms-creation-time", "Last-Modified"),
        _made_later,
    ),
)
