"""The state machine of leases by itself: every action in every state, by time alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reference_impl.protocol import lease
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.lease import FOREVER, Lease

SECOND = 10_000_000
NOW = 1_000_000 * SECOND
A, B, C = (f"{letter * 8}-0000-4000-8000-000000000000" for letter in "abc")

STATES: dict[str, Lease | None] = {
    "available": None,
    "leased": Lease(A, 30, NOW + 20 * SECOND),
    "infinite": Lease(A, FOREVER, 0),
    "breaking": Lease(A, 30, NOW + 20 * SECOND, broken=True),
    "broken": Lease(A, 30, NOW - SECOND, broken=True),
    "expired": Lease(A, 30, NOW - SECOND),
}
KEPT = [name for name in STATES if name != "available"]


def outcome(action: Callable[[Lease | None, lease.State], Lease | None], state: str) -> str:
    """The id and state that an action leaves, or the code it is refused with."""
    held = STATES[state]
    try:
        kept = action(held, lease.state(held, NOW))
    except BlobError as error:
        assert error.status == 409
        return error.code
    return f"{kept.id[0] if kept else '-'} {lease.state(kept, NOW)}"


@pytest.mark.parametrize("state", STATES)
def test_the_state_follows_from_the_time(state: str) -> None:
    assert lease.state(STATES[state], NOW) == ("leased" if state == "infinite" else state)


def test_a_lease_ends_at_its_time_and_not_before() -> None:
    fixed = Lease(A, 15, NOW + 15 * SECOND)
    assert lease.state(fixed, NOW + 15 * SECOND - 1) == "leased"
    assert lease.state(fixed, NOW + 15 * SECOND) == "expired"
    broken = Lease(A, 15, NOW + 5 * SECOND, broken=True)
    assert lease.state(broken, NOW + 5 * SECOND - 1) == "breaking"
    assert lease.state(broken, NOW + 5 * SECOND) == "broken"
    assert lease.state(Lease(A, FOREVER, 0), NOW * 1000) == "leased"


def test_a_change_after_the_end_forgets_the_lease() -> None:
    ended = Lease(A, 15, NOW)
    assert lease.state(ended, NOW + 9, NOW - 1) == "expired"
    assert lease.state(ended, NOW + 9, NOW) == "available"


@pytest.mark.parametrize("kept", [held for held in STATES.values() if held])
def test_what_is_kept_can_be_read_again(kept: Lease) -> None:
    assert lease.decode(kept.encode()) == kept
    assert lease.decode("") is None


ALREADY, MISMATCH = "LeaseAlreadyPresent", "LeaseIdMismatchWithLeaseOperation"
ABSENT, BREAKING = "LeaseNotPresentWithLeaseOperation", "LeaseIsBreakingAndCannotBeChanged"
UNRENEWABLE = "LeaseIsBrokenAndCannotBeRenewed"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (
            A,
            [
                "a leased",
                "a leased",
                "a leased",
                "LeaseIsBreakingAndCannotBeAcquired",
                "a leased",
                "a leased",
            ],
        ),
        (B, ["b leased", ALREADY, ALREADY, ALREADY, "b leased", "b leased"]),
    ],
)
def test_acquire(wanted: str, expected: list[str]) -> None:
    assert [
        outcome(lambda held, found: lease.acquire(held, found, wanted, 60, NOW), state) for state in STATES
    ] == expected
    again = lease.acquire(STATES["leased"], "leased", A, 60, NOW)
    assert (again.duration, again.ends) == (60, NOW + 60 * SECOND)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (A, [ABSENT, "a leased", "a leased", UNRENEWABLE, UNRENEWABLE, "a leased"]),
        (B, [ABSENT] + [MISMATCH] * 5),
    ],
)
def test_renew(sent: str, expected: list[str]) -> None:
    assert [
        outcome(lambda held, found: lease.renew(held, found, sent, NOW, "blob"), state) for state in STATES
    ] == expected
    renewed = lease.renew(STATES["expired"], "expired", A, NOW, "blob")
    assert renewed == Lease(A, 30, NOW + 30 * SECOND)


@pytest.mark.parametrize(
    ("sent", "wanted", "expected"),
    [
        (A, B, [ABSENT, "b leased", "b leased", BREAKING, ABSENT, ABSENT]),
        (B, A, [ABSENT, "a leased", "a leased", BREAKING, ABSENT, ABSENT]),
        (B, C, [ABSENT, MISMATCH, MISMATCH, MISMATCH, ABSENT, ABSENT]),
    ],
)
def test_change(sent: str, wanted: str, expected: list[str]) -> None:
    assert [
        outcome(lambda held, found: lease.change(held, found, sent, wanted, "blob"), state)
        for state in STATES
    ] == expected


@pytest.mark.parametrize(
    ("sent", "expected"), [(A, [ABSENT] + ["- available"] * 5), (B, [ABSENT] + [MISMATCH] * 5)]
)
def test_release(sent: str, expected: list[str]) -> None:
    def release(held: Lease | None, found: lease.State) -> None:
        lease.check_release(held, found, sent, "blob")

    assert [outcome(release, state) for state in STATES] == expected


@pytest.mark.parametrize(
    ("period", "left"),
    [
        (None, {"leased": 20, "infinite": 0, "breaking": 20, "broken": 0, "expired": 0}),
        (0, dict.fromkeys(KEPT, 0)),
        (5, {"leased": 5, "infinite": 5, "breaking": 5, "broken": 0, "expired": 0}),
        (60, {"leased": 20, "infinite": 60, "breaking": 20, "broken": 0, "expired": 0}),
    ],
)
def test_break(period: int | None, left: dict[str, int]) -> None:
    for state in KEPT:
        held = STATES[state]
        kept, seconds = lease.break_off(held, lease.state(held, NOW), period, NOW, "blob")
        assert seconds == left[state]
        assert lease.state(kept, NOW) == ("breaking" if left[state] else "broken")
        assert lease.state(kept, NOW + seconds * SECOND) == "broken"
    with pytest.raises(BlobError, match=ABSENT):
        lease.break_off(None, "available", period, NOW, "blob")


def test_the_rest_of_a_second_is_no_second() -> None:
    held = Lease(A, 20, NOW + 20 * SECOND)
    assert lease.break_off(held, "leased", None, NOW + 1, "blob")[1] == 19


@pytest.mark.parametrize(
    ("sent", "locks", "expected"),
    [
        (None, False, ["", "", "", "", "", ""]),
        (None, True, ["", "LeaseIdMissing", "LeaseIdMissing", "LeaseIdMissing", "", ""]),
        (A, True, ["LeaseNotPresentWithBlobOperation", "", "", "", "LeaseLost", "LeaseLost"]),
        (A, False, ["LeaseNotPresentWithBlobOperation", "", "", "", "LeaseLost", "LeaseLost"]),
        (B, True, ["LeaseNotPresentWithBlobOperation"] + ["LeaseIdMismatchWithBlobOperation"] * 5),
        (B, False, ["LeaseNotPresentWithBlobOperation"] + ["LeaseIdMismatchWithBlobOperation"] * 5),
    ],
)
def test_use(sent: str | None, locks: bool, expected: list[str]) -> None:
    found = []
    for held in STATES.values():
        try:
            lease.check_use(held, lease.state(held, NOW), sent, "blob", locks=locks)
            found.append("")
        except BlobError as error:
            assert error.status == 412
            found.append(error.code)
    assert found == expected
