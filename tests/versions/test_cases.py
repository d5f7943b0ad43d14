"""What came with a service version is not asked of older ones: no case uses it without saying since when."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from harness.cases.case import Case, Step
from harness.cases.load import load_tree
from harness.data import folder
from harness.exchange import header

CASES = load_tree(folder("suites"))
OLDEST = "2018-03-28"
"""The oldest version that a known client sends; cases say nothing about older ones."""

SURVIVES = {
    "copy-source/token-of-an-old-version": "it is about the version before",
    "get-blob/exactly-4-mib-are-hashed": "only the hash of the answer waits for the version",
    "get-blob/range-hash-on-request": "only the hash of the answer waits for the version",
    "list-blobs/start-from-is-survivable": "whoever does not know the parameter passes over it",
}
"""Cases that may use what is too young, with the reason."""

Uses = Callable[[Step], object]


def in_target(pattern: str) -> Uses:
    """Steps whose target has this in it."""
    return lambda step: re.search(pattern, step.target, re.IGNORECASE)


def with_header(*names: str) -> Uses:
    """Steps that send one of these headers."""
    return lambda step: any(header(_sent(step), name) is not None for name in names)


def put_blob_from_url(step: Step) -> object:
    """Steps that make a block blob of a source."""
    names = ("x-ms-blob-type", "x-ms-copy-source")
    return step.method == "PUT" and all(header(_sent(step), name) is not None for name in names)


def _sent(step: Step) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in step.headers if value is not None)


YOUNG: tuple[tuple[str, str, Uses], ...] = (
    ("batches", "2018-11-09", in_target(r"comp=batch")),
    ("delegation keys", "2018-11-09", in_target(r"comp=userdelegationkey")),
    (
        "tiers of writes",
        "2018-11-09",
        lambda s: with_header("x-ms-access-tier")(s) and "comp=tier" not in s.target,
    ),
    ("SAS of snapshots", "2018-11-09", lambda s: "'resource': 'snapshot'" in repr(s.auth)),
    (
        "CRC-64",
        "2019-02-02",
        with_header("x-ms-content-crc64", "x-ms-source-content-crc64", "x-ms-range-get-content-crc64"),
    ),
    ("tags", "2019-12-12", in_target(r"comp=tags")),
    ("tags of writes and conditions on them", "2019-12-12", with_header("x-ms-tags", "x-ms-if-tags")),
    ("tags and versions in listings", "2019-12-12", in_target(r"include=[^&]*(tags|versions)")),
    ("tiers of snapshots", "2019-12-12", in_target(r"comp=tier.*snapshot=|snapshot=.*comp=tier")),
    ("sealing", "2019-12-12", in_target(r"comp=seal")),
    ("restoring containers", "2020-02-10", in_target(r"restype=container.*comp=undelete")),
    ("Put Blob From URL", "2020-04-08", put_blob_from_url),
    ("batches of a container", "2020-04-08", in_target(r"restype=container.*comp=batch")),
    ("tokens for sources", "2020-10-02", with_header("x-ms-copy-source-authorization")),
    ("tags of sources", "2021-04-10", with_header("x-ms-copy-source-tag-option")),
    ("the tier Cold", "2021-12-02", lambda s: header(_sent(s), "x-ms-access-tier") == "Cold"),
    ("structured bodies", "2025-01-05", with_header("x-ms-structured-body")),
    ("startFrom", "2026-02-06", in_target(r"startfrom=")),
)
"""What is younger than the oldest version, since when (reference/2.2), and which steps use it."""


def spoken(case: Case, step: Step) -> str:
    """The oldest version in which this step may be sent."""
    own = header(_sent(step), "x-ms-version") or _api_version(step.target)
    return own or max(case.since or "", OLDEST)


def _api_version(target: str) -> str:
    found = re.search(r"[?&]api-version=([\d-]+)", target)
    return found[1] if found else ""


@pytest.mark.parametrize(("what", "since", "uses"), YOUNG, ids=[what for what, _, _ in YOUNG])
def test_no_case_asks_an_old_version_for_what_came_later(what: str, since: str, uses: Uses) -> None:
    using = [(case, step) for case in CASES for step in (*case.given, *case.steps) if uses(step)]
    assert using, f"no case uses {what}; the table is out of date"
    early = sorted(
        {
            f"{case.file}:{step.line}"
            for case, step in using
            if spoken(case, step) < since and case.id.partition("[")[0] not in SURVIVES
        }
    )
    assert early == [], f"{what} came with {since}: say `since: {since}` in the case"


def test_the_exceptions_are_cases() -> None:
    assert SURVIVES.keys() <= {case.id.partition("[")[0] for case in CASES}
