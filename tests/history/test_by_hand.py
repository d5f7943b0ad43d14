"""The checker on histories that are known to be good or bad, and why."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from harness.history.check import check
from harness.history.contradiction import Anomaly
from harness.history.values import History, Outcome
from tests.history.made import history

GOOD: dict[str, tuple[str, ...]] = {
    "nothing but a look": ("0-1 read -> none",),
    "a write is read": ("0-1 put a", "2-3 read -> a"),
    "a read beside a write sees the old": ("0-1 put a", "2-9 put b", "3-4 read -> a"),
    "a read beside a write sees the new": ("0-1 put a", "2-9 put b", "3-4 read -> b"),
    "of two writes at once either may win": ("0-5 put a", "1-6 put b", "7-8 read -> a"),
    "or the other": ("0-5 put a", "1-6 put b", "7-8 read -> b"),
    "long reads may see either end": ("0-1 put a", "0-20 read -> none", "2-3 put b", "1-20 read -> b"),
    "touching moments overlap": ("0-1 put a", "1-2 read -> none"),
    "reads of several clients agree": ("0-1 put a", "2-9 put b", "3-4 read -> a", "5-6 read -> b"),
    "a listing beside a write sees the old": ("0-1 put a", "2-9 put b", "3-4 list -> a"),
    "a listing before the write": ("0-1 list -> none", "2-3 put a", "4-5 list -> a"),
    "properties are as good as a read": ("0-1 put a", "2-3 stat -> a"),
    "a range of what was written": ("0-1 put a*5", "2-3 read from 1 2 -> a"),
    "deleted and not there": ("0-1 put a", "2-3 delete", "4-5 read -> none"),
    "deleted and made anew": ("0-1 put a", "2-3 delete", "4-5 put b if none", "6-7 read -> b"),
    "a write beside the deletion may come later": ("0-1 put a", "2-9 delete", "3-8 put b", "10-11 read -> b"),
    "or before it": ("0-1 put a", "2-9 delete", "3-8 put b", "10-11 read -> none"),
    "nothing to delete": ("0-1 delete -> none", "2-3 put a"),
    "two deletions of one blob, one too late": ("0-1 put a", "2-5 delete", "3-6 delete -> none"),
    "an update of what was read": ("0-1 put a", "2-3 put b if a", "4-5 put c if b", "6-7 read -> c"),
    "one of two updates wins": ("0-1 put a", "2-5 put b if a", "3-6 put c if a -> unmet", "7-8 read -> b"),
    "an update of what is gone": ("0-1 put a", "2-3 delete", "4-5 put b if a -> unmet"),
    "one of two creators wins": ("0-5 put a if none", "1-6 put b if none -> unmet", "7-8 read -> a"),
    "a condition of a delete": ("0-1 put a", "2-3 put b", "4-5 delete if a -> unmet", "6-7 delete if b"),
    "a conditional read of the old": ("0-1 put a", "2-3 put b", "4-5 read if a -> unmet"),
    "a conditional read": ("0-1 put a", "2-3 read if a -> a"),
    "no answer, and it was done": ("0-1 put a", "2-? put b", "3-4 read -> b"),
    "no answer, and it was not done": ("0-1 put a", "2-? put b", "3-4 read -> a"),
    "no answer, and it was done much later": (
        "0-1 put a", "2-? put b", "3-4 read -> a", "5-6 put c", "7-8 read -> c", "9-10 read -> b",
    ),
    "a deletion without an answer, done later": (
        "0-1 put a", "2-? delete", "3-4 read -> a", "5-6 read -> none",
    ),
    "an update without an answer explains a refusal": (
        "0-1 put a", "2-? put b if a", "3-4 put c if a -> unmet", "5-6 read -> b",
    ),
    "two writes without an answer, one on the other": (
        "0-1 put a", "2-? put b if a", "3-4 read -> b", "5-? put c if b", "6-7 read -> c",
    ),
    "a read without an answer says nothing": ("0-1 put a", "2-? read"),
    "a refusal that is none of ours changes nothing": ("0-1 put a", "2-3 put b -> refused", "4-5 read -> a"),
    "blobs do not touch each other": (
        "@x 0-1 put a", "@y 2-3 read -> none", "@y 4-5 put b", "@x 6-7 read -> a",
    ),
    "a commit of two blocks": ("0-1 stage b0=x", "2-3 stage b1=y", "4-5 commit c=b0+b1", "6-7 read -> c"),
    "blocks are not seen before the commit": ("0-1 stage b0=x", "2-3 read -> none", "4-5 commit c=b0"),
    "a commit keeps what was committed": (
        "0-1 stage b0=x", "2-3 commit c=b0", "4-5 stage b1=y", "6-7 commit d=b0+b1", "8-9 read -> d",
    ),
    "an unknown block": ("0-1 stage b0=x", "2-3 commit c=b0+b1 -> no-block"),
    "a put takes staged blocks away": ("0-1 stage b0=x", "2-3 put a", "4-5 commit c=b0 -> no-block"),
    "so does a commit": (
        "0-1 stage b0=x", "1-2 stage b1=y", "3-4 commit c=b0", "5-6 commit d=b1 -> no-block",
    ),
    "so does a delete": ("0-1 stage b0=x", "2-3 delete", "4-5 commit c=b0 -> no-block"),
    "a block without an answer was staged": ("0-? stage b0=x", "2-3 commit c=b0", "4-5 read -> c"),
    "or was not": ("0-? stage b0=x", "2-3 commit c=b0 -> no-block"),
    "a commit beside a stage takes the new block": (
        "0-1 stage b0=x", "2-5 stage b0=y", "3-6 commit c=b0", "7-8 read -> c bytes=y",
    ),
    "or the old one": ("0-1 stage b0=x", "2-5 stage b0=y", "3-6 commit c=b0", "7-8 read -> c bytes=x"),
}  # fmt: skip

BAD: dict[str, tuple[Anomaly, tuple[str, ...]]] = {
    "a stale read": (Anomaly.STALE, ("0-1 put a", "2-3 put b", "4-5 read -> a")),
    "a read of the future": (Anomaly.STALE, ("0-1 read -> a", "2-3 put a")),
    "new, then old": (Anomaly.STALE, ("0-1 put a", "2-9 put b", "3-4 read -> b", "5-6 read -> a")),
    "acknowledged and not there": (Anomaly.STALE, ("0-1 put a", "2-3 read -> none")),
    "two readers disagree about two writers": (
        Anomaly.STALE,
        ("0-9 put a", "0-9 put b", "10-11 read -> a", "12-13 read -> b"),
    ),
    "properties are stale": (Anomaly.STALE, ("0-1 put a", "2-3 put b", "4-5 stat -> a")),
    "a lost update": (Anomaly.LOST, ("0-1 put a", "2-5 put b if a", "3-6 put c if a")),
    "a lost update, one after the other": (Anomaly.LOST, ("0-1 put a", "2-3 put b if a", "4-5 put c if a")),
    "a lost update, and one without an answer": (
        Anomaly.LOST,
        ("0-1 put a", "1-? put z", "2-5 put b if a", "3-6 put c if a"),
    ),
    "two creators": (Anomaly.LOST, ("0-5 put a if none", "1-6 put b if none")),
    "two creators, and one who was refused": (
        Anomaly.LOST,
        ("0-1 put a if none", "2-3 put b if none -> unmet", "4-5 put c if none"),
    ),
    "refused, though the condition held": (Anomaly.ORDER, ("0-1 put a", "2-3 put b if a -> unmet")),
    "refused to create what was not there": (
        Anomaly.ORDER,
        ("0-1 put a if none -> unmet", "2-3 put b if none"),
    ),
    "a conditional read of the old": (Anomaly.STALE, ("0-1 put a", "2-3 put b", "4-5 read if a -> a")),
    "a resurrected blob": (Anomaly.RESURRECTED, ("0-1 put a", "2-3 delete", "4-5 read -> a")),
    "resurrected by the end of another write": (
        Anomaly.RESURRECTED,
        ("0-1 put a", "2-3 delete", "4-5 put b", "6-7 delete", "8-9 read -> b"),
    ),
    "deleted twice": (Anomaly.ORDER, ("0-1 put a", "2-3 delete", "4-5 delete")),
    "a deletion that found nothing": (Anomaly.ORDER, ("0-1 put a", "2-3 delete -> none")),
    "a deletion of a version that was replaced": (
        Anomaly.ORDER,
        ("0-1 put a", "2-3 put b", "4-5 delete if a"),
    ),
    "a commit that no listing shows": (Anomaly.LISTING, ("0-1 put a", "2-3 list -> none")),
    "a listing of the old version": (Anomaly.LISTING, ("0-1 put a", "2-3 put b", "4-5 list -> a")),
    "a listing of what was deleted": (Anomaly.LISTING, ("0-1 put a", "2-3 delete", "4-5 list -> a")),
    "a listing that skips what was always there": (
        Anomaly.LISTING,
        ("0-1 put a", "2-9 put b", "3-4 list -> none"),
    ),
    "a write without an answer is done once only": (
        Anomaly.STALE,
        ("0-1 put a", "2-? put b", "3-4 read -> b", "5-6 put c", "7-8 read -> c", "9-10 read -> b"),
    ),
    "not done before it was called": (Anomaly.STALE, ("0-1 put a", "2-3 read -> b", "4-? put b")),
    "a deletion without an answer deletes one version": (
        Anomaly.STALE,
        ("0-1 put a", "2-? delete", "3-4 read -> none", "5-6 put b", "7-8 read -> none"),
    ),
    "bytes of nobody": (Anomaly.TORN, ("0-1 put a", "2-3 read -> a bytes=zz")),
    "half and half": (Anomaly.TORN, ("0-1 put a", "0-1 put b", "2-3 read -> a bytes=a.0+b.1")),
    "half of it": (Anomaly.TORN, ("0-1 put a", "2-3 read -> a bytes=a.0")),
    "the right records in the wrong order": (Anomaly.TORN, ("0-1 put a", "2-3 read -> a bytes=a.1+a.0")),
    "another's bytes": (Anomaly.MIXED, ("0-1 put a", "0-1 put b", "2-3 read -> a bytes=b")),
    "another's type": (Anomaly.MIXED, ("0-1 put a", "0-1 put b", "2-3 read -> a type=b")),
    "another's ETag": (Anomaly.MIXED, ("0-1 put a", "0-1 put b", "2-3 read -> a etag=b")),
    "an ETag of nobody": (Anomaly.MIXED, ("0-1 put a", "2-3 stat -> a etag=zz")),
    "another's length": (Anomaly.MIXED, ("0-1 put a", "0-1 put b*9", "2-3 stat -> a length=288")),
    "a listed length": (Anomaly.MIXED, ("0-1 put a", "2-3 list -> a length=1")),
    "metadata of nobody": (Anomaly.GHOST, ("0-1 put a", "2-3 stat -> zz")),
    "a refused write is seen": (Anomaly.GHOST, ("0-1 put a", "2-3 put b if zz -> unmet", "4-5 read -> b")),
    "blocks of two commits": (
        Anomaly.MIXED,
        ("0-1 stage b0=x", "0-1 stage b1=y", "2-3 commit c=b0", "4-5 read -> c bytes=x+y"),
    ),
    "a block that the list does not name": (
        Anomaly.MIXED,
        ("0-1 stage b0=x", "0-1 stage b1=y", "2-3 commit c=b0", "4-5 read -> c bytes=y"),
    ),
    "half a block": (Anomaly.TORN, ("0-1 stage b0=x", "2-3 commit c=b0", "4-5 read -> c bytes=x.0")),
    "a block and a put": (
        Anomaly.TORN,
        ("0-1 put a", "2-3 stage b0=x", "4-5 commit c=b0", "6-7 read -> c bytes=x.0+a.1"),
    ),
    "data before its properties": (
        Anomaly.MIXED,
        ("0-1 put a", "2-3 stage b0=x", "4-9 commit c=b0", "5-6 read -> a bytes=x"),
    ),
    "properties before their data": (
        Anomaly.MIXED,
        ("0-1 put a", "2-3 stage b0=x", "4-9 commit c=b0", "5-6 read -> c bytes=a"),
    ),
    "the old block of an id": (
        Anomaly.STALE,
        ("0-1 stage b0=x", "2-3 stage b0=y", "4-5 commit c=b0", "6-7 read -> c bytes=x"),
    ),
    "a block that was staged too late": (
        Anomaly.STALE,
        ("0-1 stage b0=x", "2-3 commit c=b0", "4-5 stage b0=y", "6-7 read -> c bytes=y"),
    ),
    "a commit without its block": (Anomaly.ORDER, ("0-1 stage b0=x", "2-3 commit c=b0+b1")),
    "a staged block that is not found": (Anomaly.ORDER, ("0-1 stage b0=x", "2-3 commit c=b0 -> no-block")),
    "a block that a commit had thrown away": (
        Anomaly.ORDER,
        ("0-1 stage b0=x", "1-2 stage b1=y", "3-4 commit c=b0", "5-6 commit d=b1"),
    ),
    "a commit that was acknowledged and not read": (
        Anomaly.STALE,
        ("0-1 put a", "2-3 stage b0=x", "4-5 commit c=b0", "6-7 read -> a"),
    ),
}  # fmt: skip


def test_there_are_enough_of_them() -> None:
    assert len(GOOD) + len(BAD) >= 80


@pytest.mark.parametrize("name", GOOD)
def test_good(name: str) -> None:
    checked = check(history(*GOOD[name]))
    assert checked.holds, checked.contradictions


@pytest.mark.parametrize("name", BAD)
def test_bad(name: str) -> None:
    anomaly, lines = BAD[name]
    found = check(history(*lines)).contradictions
    assert [one.anomaly for one in found] == [anomaly]
    assert found[0].operations
    assert found[0].at in found[0].operations


def test_two_versions_with_one_etag() -> None:
    first, second = history("0-1 put a", "2-3 put b").operations
    made = History(MappingProxyType({}), (first, replace(second, etag="e-a")))
    assert [one.anomaly for one in check(made).contradictions] == [Anomaly.TWINS]


def test_each_blob_is_checked() -> None:
    found = check(
        history(
            "@x 0-1 put a", "@y 0-1 put b", "@z 0-1 put c",
            "@x 2-3 read -> none", "@y 2-3 read -> b", "@z 2-3 list -> none",
        )
    ).contradictions  # fmt: skip
    assert [(one.blob, one.anomaly) for one in found] == [("x", Anomaly.STALE), ("z", Anomaly.LISTING)]


def test_a_listing_of_a_prefix_says_nothing_of_others() -> None:
    first, second = history("@other 0-1 put a", "@x 2-3 list -> none").operations
    listing = replace(second, outcome=Outcome.DONE)
    assert check(History(MappingProxyType({}), (first, listing))).holds
