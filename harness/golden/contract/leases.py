"""Lease Blob and Lease Container: acquire, renew, change, release and break, by the state of the lease."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from harness.cases.case import Absent, Graded
from harness.golden.contract.answer import (
    EXPECTED,
    Answer,
    Refusal,
    done,
    exactly,
    nothing,
    refused,
    weakened,
)
from harness.golden.contract.conditions import asking
from harness.golden.contract.gate import NO_BLOB, Checks, Stage
from harness.golden.contract.state import UNKNOWN, Lease

_A_WHILE = 30  # seconds in which a replay is over
_OTHER = refused(409, "LeaseIdMismatchWithLeaseOperation")
_NONE = refused(409, "LeaseNotPresentWithLeaseOperation", level=EXPECTED)
_NONE_OR_OTHER = Refusal(
    (409,), ("LeaseNotPresentWithLeaseOperation", "LeaseIdMismatchWithLeaseOperation"), EXPECTED
)
_BROKEN = Refusal(
    (409,),
    (
        "LeaseIsBrokenAndCannotBeRenewed",
        "LeaseIdMismatchWithLeaseOperation",
        "LeaseNotPresentWithLeaseOperation",
    ),
    EXPECTED,
)
_BREAKING_ACQUIRED = Refusal((409,), ("LeaseIsBreakingAndCannotBeAcquired", "LeaseAlreadyPresent"), EXPECTED)
_BREAKING_CHANGED = Refusal(
    (409,),
    (
        "LeaseIsBreakingAndCannotBeChanged",
        "LeaseIdMismatchWithLeaseOperation",
        "LeaseIsBrokenAndCannotBeRenewed",
    ),
    EXPECTED,
)
_BREAKING_RENEWED = Refusal(
    (409,),
    (
        "LeaseIsBrokenAndCannotBeRenewed",
        "LeaseIsBreakingAndCannotBeChanged",
        "LeaseIsBreakingAndCannotBeAcquired",
        "LeaseIdMismatchWithLeaseOperation",
    ),
    EXPECTED,
)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a lease operation asks for."""

    id: str | None
    proposed: str | None
    duration: str | None
    period: str | None


@dataclass(frozen=True, slots=True)
class _Done:
    """The lease after it, and what the answer says."""

    lease: Lease
    status: int
    level: Any = None
    headers: tuple[tuple[str, Graded[Any]], ...] = ()


def lease_blob(stage: Stage) -> Answer:
    """Lease Blob."""
    if (answer := stage.container() or stage.lost()) is not None:
        return answer
    checks = Checks()
    version = stage.current
    if version is None:
        checks.add(NO_BLOB if asking(stage.asked).none else stage.missing())
    else:
        stage.archived(checks)
        stage.conditions(checks)
    shows = version.state if version is not None and version.settled else None
    answer, lease = _operation(stage, stage.blob.lease, checks, shows)
    stage.put(replace(stage.blob, lease=lease))
    return answer


def lease_container(stage: Stage) -> Answer:
    """Lease Container."""
    if (answer := stage.container()) is not None:
        return answer
    container = stage.world.container(stage.asked.container)
    answer, lease = _operation(stage, container.lease, Checks(), container.state)
    container.lease = lease
    said = answer.expect.error.value if answer.expect.error is not None else ()
    return answer if said == ("LeaseAlreadyPresent",) else weakened(answer)


def _operation(
    stage: Stage, lease: Lease, checks: Checks, shows: tuple[int, int] | None
) -> tuple[Answer, Lease]:
    asked = stage.asked
    action = (asked.said("x-ms-lease-action") or "").lower()
    held, proposed = stage.lease_id(), stage.lease_id("x-ms-proposed-lease-id")
    touched = replace(lease, untouched=False)
    if lease.state is UNKNOWN or held is UNKNOWN or proposed is UNKNOWN:
        return nothing("the state of the lease, or the id, is not known"), Lease(UNKNOWN, untouched=False)
    if action not in _ACTIONS or (checks.maybe and not checks.sure):
        return nothing(f"what {asked.name} does to the lease is not known"), Lease(UNKNOWN, untouched=False)
    duration, period = asked.said("x-ms-lease-duration"), asked.said("x-ms-lease-break-period")
    wish = _Wish(held, proposed, duration, period)
    outcome = _ACTIONS[action](stage, lease, wish)
    missing = any(404 in one.statuses for one in checks.sure)
    if isinstance(outcome, Refusal) and (not missing or outcome.statuses == (400,)):
        checks.add(outcome)
    if (answer := checks.answer) is not None:
        return answer, touched
    assert isinstance(outcome, _Done)
    answer = done(outcome.status, level=outcome.level, shows=shows).with_headers(outcome.headers)
    return answer, replace(outcome.lease, untouched=False)


def _bad(*codes: str) -> Refusal:
    return Refusal((400,), codes, EXPECTED)


def _chosen(stage: Stage) -> str:
    """The name of an id that the service chooses."""
    return f"chosen by {stage.asked.index}"


def _id_said(stage: Stage, wish_id: str | None, level: Any = None) -> tuple[tuple[str, Graded[Any]], ...]:
    """The id that an answer gives, where the request has it in words."""
    for header in ("x-ms-proposed-lease-id", "x-ms-lease-id"):
        value = stage.asked.said(header)
        if value is not None and stage.lease_id(header) == wish_id:
            return (("x-ms-lease-id", exactly(value, level)),)
    return ()


def _acquire(stage: Stage, lease: Lease, wish: _Wish) -> _Done | Refusal:
    duration = wish.duration or ""
    if duration != "-1" and not (duration.isdecimal() and 15 <= int(duration) <= 60):
        return _bad()
    if lease.state == "breaking":
        return _BREAKING_ACQUIRED
    again = lease.state == "leased"
    if again and (wish.proposed is None or wish.proposed != lease.id):
        return refused(409, "LeaseAlreadyPresent")
    level = EXPECTED if again or lease.state == "broken" else None
    new = wish.proposed or _chosen(stage)
    return _Done(Lease("leased", new, duration == "-1"), 201, level, _id_said(stage, wish.proposed))


def _renew(stage: Stage, lease: Lease, wish: _Wish) -> _Done | Refusal:
    if wish.id is None:
        return _bad()
    if lease.state == "leased":
        return _Done(lease, 200, None, _id_said(stage, lease.id)) if wish.id == lease.id else _OTHER
    return {"available": _NONE_OR_OTHER, "breaking": _BREAKING_RENEWED}.get(str(lease.state), _BROKEN)


def _change(stage: Stage, lease: Lease, wish: _Wish) -> _Done | Refusal:
    if wish.id is None or wish.proposed is None:
        return _bad()
    if lease.state == "leased":
        if lease.id not in (wish.id, wish.proposed):
            return _OTHER
        changed = replace(lease, id=wish.proposed)
        return _Done(changed, 200, EXPECTED, _id_said(stage, wish.proposed, EXPECTED))
    return {"available": _NONE, "breaking": _BREAKING_CHANGED}.get(str(lease.state), _BROKEN)


def _release(stage: Stage, lease: Lease, wish: _Wish) -> _Done | Refusal:
    if wish.id is None:
        return _bad()
    if lease.state == "available":
        return _NONE_OR_OTHER
    if wish.id != lease.id:
        return _OTHER if lease.state == "leased" else Refusal((409,), (), EXPECTED)
    level = None if lease.state == "leased" else EXPECTED
    return _Done(Lease(), 200, level, (("x-ms-lease-id", Graded(Absent(), EXPECTED)),))


def _break(stage: Stage, lease: Lease, wish: _Wish) -> _Done | Refusal:
    if wish.period is not None and not (wish.period.isdecimal() and int(wish.period) <= 60):
        return _bad()
    if lease.state == "available":
        return _NONE
    if lease.state == "broken":
        return _Done(lease, 202, EXPECTED)
    if wish.period == "0" or (wish.period is None and lease.infinite and lease.state == "leased"):
        level = None if lease.state == "leased" else EXPECTED
        return _Done(replace(lease, state="broken"), 202, level, (("x-ms-lease-time", exactly("0", level)),))
    lasting = (wish.period or "").isdecimal() and int(wish.period or 0) >= _A_WHILE and lease.infinite
    return _Done(replace(lease, state="breaking" if lasting else UNKNOWN), 202, EXPECTED)


_ACTIONS = {"acquire": _acquire, "renew": _renew, "change": _change, "release": _release, "break": _break}
