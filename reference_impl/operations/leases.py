"""Lease Blob and Lease Container: acquire, renew, change, release and break."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from reference_impl.http.message import Response
from reference_impl.operations import leasing, writing
from reference_impl.operations.call import Call, stamp
from reference_impl.protocol import conditions, lease, times
from reference_impl.protocol.conditions import Conditions, State
from reference_impl.protocol.errors import invalid_header, missing_header
from reference_impl.protocol.headers_out import Fields
from reference_impl.protocol.lease import Kind, Lease
from reference_impl.store import BlobProps, BlobRecord, ContainerProps, ContainerRecord

_SHORTEST, _LONGEST = 15, 60  # seconds
_LONGEST_BREAK = 60
_STATUS = {
    "acquire": (201, "Created"),
    "renew": (200, "OK"),
    "change": (200, "OK"),
    "release": (200, "OK"),
    "break": (202, "Accepted"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action leaves of a lease (None: nothing), and the headers that tell it."""

    kept: Lease | None
    fields: Fields


Step = Callable[[Lease | None, lease.State, int], Outcome]
"""An action with all that its request said: lease, state and time give the outcome, or an error."""


async def lease_blob(call: Call) -> Response:
    """Lease Blob; ETag and Last-Modified stay."""
    writing.refuse_snapshot(call)
    step = _step(call, "blob")
    found = writing.own_conditions(call)
    done: list[Outcome] = []

    def change(record: BlobRecord) -> BlobProps:
        conditions.check_write(found, writing.state(record))
        now = times.now_ticks()
        done.append(step(*leasing.of_blob(record, now), now))
        return replace(record.props, lease=_encode(done[-1].kept))

    store = call.service.store
    record = await call.service.change_small(
        call.turn, store.update_blob, call.account, call.container, call.blob, change, touch=False
    )
    return _answer(call, record, done[-1])


async def lease_container(call: Call) -> Response:
    """Lease Container; dates are its only conditions."""
    step = _step(call, "container")
    asked = conditions.parse(call.request.headers)
    dates = Conditions(
        if_modified_since=asked.if_modified_since, if_unmodified_since=asked.if_unmodified_since
    )
    done: list[Outcome] = []

    def change(record: ContainerRecord) -> ContainerProps:
        conditions.check_write(dates, State(record.etag, times.unix_seconds(record.ticks)))
        now = times.now_ticks()
        done.append(step(*leasing.of_container(record, now), now))
        return replace(record.props, lease=_encode(done[-1].kept))

    store = call.service.store
    record = await call.service.change_small(
        call.turn, store.update_container, call.account, call.container, change, touch=False
    )
    return _answer(call, record, done[-1])


def action(call: Call) -> str:
    """What the request wants of a lease; 400 when it does not say, or says something else."""
    text = call.header("x-ms-lease-action")
    if text is None:
        raise missing_header("x-ms-lease-action")
    if text.lower() not in _STATUS:
        raise invalid_header("x-ms-lease-action", text)
    return text.lower()


def _step(call: Call, kind: Kind) -> Step:
    """The action of a request; everything that is wrong with its headers is refused here."""
    match action(call):
        case "acquire":
            return _acquire(call)
        case "renew":
            sent = leasing.required_guid(call, leasing.LEASE_ID)
            return lambda held, found, now: _holding(lease.renew(held, found, sent, now, kind))
        case "change":
            sent = leasing.required_guid(call, leasing.LEASE_ID)
            wanted = leasing.required_guid(call, "x-ms-proposed-lease-id")
            return lambda held, found, now: _holding(lease.change(held, found, sent, wanted, kind))
        case "release":
            return _release(call, kind)
        case _:
            return _break(call, kind)


def _acquire(call: Call) -> Step:
    duration = _duration(call)
    wanted = leasing.guid(call, "x-ms-proposed-lease-id") or str(uuid.uuid4())
    return lambda held, found, now: _holding(lease.acquire(held, found, wanted, duration, now))


def _release(call: Call, kind: Kind) -> Step:
    sent = leasing.required_guid(call, leasing.LEASE_ID)

    def step(held: Lease | None, found: lease.State, now: int) -> Outcome:
        lease.check_release(held, found, sent, kind)
        return Outcome(None, [])

    return step


def _break(call: Call, kind: Kind) -> Step:
    period = _seconds(call, "x-ms-lease-break-period")
    if period is not None and not 0 <= period <= _LONGEST_BREAK:
        raise invalid_header("x-ms-lease-break-period", str(period))

    def step(held: Lease | None, found: lease.State, now: int) -> Outcome:
        kept, left = lease.break_off(held, found, period, now, kind)
        return Outcome(kept, [("x-ms-lease-time", str(left))])

    return step


def _duration(call: Call) -> int:
    found = _seconds(call, "x-ms-lease-duration")
    if found is None:
        raise missing_header("x-ms-lease-duration")
    if found != lease.FOREVER and not _SHORTEST <= found <= _LONGEST:
        raise invalid_header("x-ms-lease-duration", str(found))
    return found


def _seconds(call: Call, name: str) -> int | None:
    text = call.header(name)
    if text is None:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise invalid_header(name, text)
    return int(text)


def _holding(kept: Lease) -> Outcome:
    return Outcome(kept, [(leasing.LEASE_ID, kept.id)])


def _encode(kept: Lease | None) -> str:
    return "" if kept is None else kept.encode()


def _answer(call: Call, record: BlobRecord | ContainerRecord, outcome: Outcome) -> Response:
    status, reason = _STATUS[action(call)]
    return call.respond(status, reason, [*stamp(record.etag, record.ticks), *outcome.fields])
