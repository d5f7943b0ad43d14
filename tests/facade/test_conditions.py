"""The tables of conditional requests: reads, writes, copies, sources."""

from __future__ import annotations

import pytest

from reference_impl.http.message import Headers
from reference_impl.protocol import conditions
from reference_impl.protocol.conditions import Conditions, State
from reference_impl.protocol.errors import BlobError

STATE = State("0x1", 1000)
SAME, OTHER = ("0x1",), ("0x2",)
BEFORE, AT, AFTER = 999, 1000, 1001


def _outcome(check: conditions.Check, found: Conditions, state: State | None) -> tuple[int, str] | None:
    try:
        check(found, state)
    except BlobError as error:
        return error.status, error.code
    return None


def _read(found: Conditions, state: State | None) -> None:
    assert state is not None
    conditions.check_read(found, state)


UNMET, NOT_MODIFIED = (412, "ConditionNotMet"), (304, "ConditionNotMet")


@pytest.mark.parametrize(
    ("match", "none", "modified", "unmodified", "expected"),
    [
        (SAME, (), None, None, None),
        (OTHER, (), None, None, UNMET),
        (("0x9", "0x1"), (), None, None, None),
        (("*",), (), None, None, None),
        ((), SAME, None, None, NOT_MODIFIED),
        ((), OTHER, None, None, None),
        ((), ("0x9", "0x1"), None, None, NOT_MODIFIED),
        ((), (), BEFORE, None, None),
        ((), (), AT, None, NOT_MODIFIED),
        ((), (), AFTER, None, NOT_MODIFIED),
        ((), (), None, BEFORE, UNMET),
        ((), (), None, AT, None),
        ((), (), None, AFTER, None),
        (SAME, (), AFTER, None, NOT_MODIFIED),
        ((), SAME, BEFORE, None, None),
        ((), SAME, AFTER, None, NOT_MODIFIED),
        ((), OTHER, AFTER, None, None),
        (OTHER, OTHER, BEFORE, AFTER, UNMET),
        ((), (), AFTER, BEFORE, UNMET),
        (SAME, (), None, BEFORE, UNMET),
    ],
)
def test_reads(
    match: tuple[str, ...],
    none: tuple[str, ...],
    modified: int | None,
    unmodified: int | None,
    expected: tuple[int, str] | None,
) -> None:
    assert _outcome(_read, Conditions(match, none, modified, unmodified), STATE) == expected


def test_read_that_nothing_can_satisfy() -> None:
    with pytest.raises(BlobError, match="UnsatisfiableCondition"):
        conditions.refuse_unsatisfiable(Conditions(if_none_match=("*",)))


EXISTS = (409, "BlobAlreadyExists")


@pytest.mark.parametrize(
    ("found", "state", "expected"),
    [
        (Conditions(if_match=SAME), STATE, None),
        (Conditions(if_match=OTHER), STATE, UNMET),
        (Conditions(if_match=SAME), None, UNMET),
        (Conditions(if_match=("*",)), None, UNMET),
        (Conditions(if_match=("*",)), STATE, None),
        (Conditions(if_none_match=("*",)), STATE, EXISTS),
        (Conditions(if_none_match=("*",)), None, None),
        (Conditions(if_none_match=SAME), STATE, UNMET),
        (Conditions(if_none_match=OTHER), STATE, None),
        (Conditions(if_modified_since=AFTER), STATE, UNMET),
        (Conditions(if_modified_since=AFTER), None, None),
        (Conditions(if_unmodified_since=BEFORE), STATE, UNMET),
        (Conditions(if_unmodified_since=BEFORE), None, None),
        (Conditions(if_none_match=OTHER, if_modified_since=AFTER), STATE, None),
        (Conditions(if_match=SAME, if_unmodified_since=BEFORE), STATE, None),
    ],
)
def test_writes(found: Conditions, state: State | None, expected: tuple[int, str] | None) -> None:
    assert _outcome(conditions.check_create, found, state) == expected


@pytest.mark.parametrize(
    "found",
    [
        Conditions(if_match=SAME, if_none_match=OTHER),
        Conditions(if_match=SAME, if_modified_since=AT),
        Conditions(if_none_match=SAME, if_unmodified_since=AT),
        Conditions(if_modified_since=AT, if_unmodified_since=AT),
        Conditions(if_match=("0x1", "0x2")),
        Conditions(if_none_match=("0x1", "0x2")),
    ],
)
def test_writes_refuse_combinations(found: Conditions) -> None:
    with pytest.raises(BlobError, match="MultipleConditionHeadersNotSupported"):
        conditions.refuse_combinations(found)


def test_copies() -> None:
    unmet = Conditions(if_match=OTHER)
    stale = Conditions(if_modified_since=AFTER)
    assert _outcome(conditions.check_target, unmet, STATE) == (412, "TargetConditionNotMet")
    assert _outcome(conditions.check_copy_source, stale, STATE) == (412, "SourceConditionNotMet")  # type: ignore[arg-type]
    assert _outcome(conditions.check_url_source, unmet, STATE) == (412, "CannotVerifyCopySource")  # type: ignore[arg-type]
    assert _outcome(conditions.check_url_source, stale, STATE) == (304, "CannotVerifyCopySource")  # type: ignore[arg-type]


def test_headers_are_read() -> None:
    headers = Headers(
        [
            ("If-Match", '"0x1", 0x2'),
            ("if-modified-since", "Thu, 01 Jan 1970 00:16:40 GMT"),
            ("If-Unmodified-Since", "no date at all"),
            ("x-ms-source-if-none-match", "*"),
        ]
    )
    assert conditions.parse(headers) == Conditions(("0x1", "0x2"), (), 1000, None)
    assert conditions.parse(headers, "x-ms-source-").create_only
    with pytest.raises(BlobError):
        conditions.parse(Headers([("If-Modified-Since", "x"), ("If-Modified-Since", "y")]))
