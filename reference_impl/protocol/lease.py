"""Leases as a pure state machine: what is kept of a lease, an action and a time give what is kept next.

A time is a tick (100 ns since 0001-01-01). A lease ends by the time that is written in it, never by a timer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.times import TICKS_PER_SECOND

State = Literal["available", "leased", "breaking", "broken", "expired"]
Kind = Literal["blob", "container"]

FOREVER = -1
"""The duration of a lease that never ends."""
_NEVER = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """What is kept of a lease.

    `duration` is in seconds, as asked for. `ends` is the tick at which it expires; once somebody broke it,
    the tick at which it is broken. 0: it never ends.
    """

    id: str
    duration: int
    ends: int
    broken: bool = False

    def encode(self) -> str:
        """One word per field; `decode` reads it."""
        return f"{self.id} {self.duration} {self.ends} {int(self.broken)}"


def decode(text: str) -> Lease | None:
    """The lease that a text keeps; None for the empty text."""
    if not text:
        return None
    identity, duration, ends, broken = text.split(" ")
    return Lease(identity, int(duration), int(ends), broken == "1")


def state(lease: Lease | None, now: int, modified: int = 0) -> State:
    """The state at a time. `modified` is when the blob last changed: a change after its end forgets a lease.

    Containers leave `modified` out: a lease of theirs can be renewed whatever happened since.
    """
    if lease is None:
        return "available"
    if lease.ends == _NEVER or now < lease.ends:
        return "breaking" if lease.broken else "leased"
    if modified >= lease.ends:
        return "available"
    return "broken" if lease.broken else "expired"


def is_locked(found: State) -> bool:
    """Whether the lease keeps others from writing."""
    return found in ("leased", "breaking")


def duration_name(lease: Lease | None, found: State) -> str | None:
    """`infinite` or `fixed` while leased, else None."""
    if lease is None or found != "leased":
        return None
    return "infinite" if lease.duration == FOREVER else "fixed"


def acquire(lease: Lease | None, found: State, wanted: str, duration: int, now: int) -> Lease:
    """A new lease, or the same one with a new duration."""
    if lease is not None and is_locked(found):
        if wanted != lease.id:
            raise BlobError("LeaseAlreadyPresent")
        if found == "breaking":
            raise BlobError("LeaseIsBreakingAndCannotBeAcquired")
    return Lease(wanted, duration, _end(duration, now))


def renew(lease: Lease | None, found: State, sent: str, now: int, kind: Kind) -> Lease:
    """The clock starts again; also after the end, as long as nobody changed the blob or leased it."""
    held = _present(lease, found, kind)
    if sent != held.id:
        raise _mismatch(kind)
    if held.broken:
        raise BlobError("LeaseIsBrokenAndCannotBeRenewed")
    return replace(held, ends=_end(held.duration, now))


def change(lease: Lease | None, found: State, sent: str, wanted: str, kind: Kind) -> Lease:
    """Another id for an active lease; asking twice for the same id does no harm."""
    held = _present(lease, found, kind)
    if not is_locked(found):
        raise _absent(kind)
    if held.id not in (sent, wanted):
        raise _mismatch(kind)
    if found == "breaking":
        raise BlobError("LeaseIsBreakingAndCannotBeChanged")
    return replace(held, id=wanted)


def check_release(lease: Lease | None, found: State, sent: str, kind: Kind) -> None:
    """Return when the lease may be given up: then nothing of it is kept."""
    if sent != _present(lease, found, kind).id:
        raise _mismatch(kind)


def break_off(
    lease: Lease | None, found: State, period: int | None, now: int, kind: Kind
) -> tuple[Lease, int]:
    """A lease that breaks after the period, or earlier when it ends earlier; and the seconds until then.

    Without a period a lease breaks at its own end, and one without an end at once.
    """
    held = _present(lease, found, kind)
    if not is_locked(found):
        return (held if held.broken else replace(held, broken=True, ends=now)), 0
    remaining = None if held.ends == _NEVER else held.ends - now
    if period is None:
        left = remaining or 0
    else:
        asked = period * TICKS_PER_SECOND
        left = asked if remaining is None else min(asked, remaining)
    return replace(held, broken=True, ends=now + left), left // TICKS_PER_SECOND


def check_use(lease: Lease | None, found: State, sent: str | None, kind: Kind, *, locks: bool) -> None:
    """Return when an operation may go on; `locks` marks one that a lease reserves to its holder."""
    operation = f"With{kind.capitalize()}Operation"
    if sent is None:
        if locks and is_locked(found):
            message = (
                f"There is currently a lease on the {kind} and no lease ID was specified in the request."
            )
            raise BlobError("LeaseIdMissing", message=message)
        return
    if lease is None or found == "available":
        raise BlobError(f"LeaseNotPresent{operation}")
    if sent != lease.id:
        raise BlobError(f"LeaseIdMismatch{operation}")
    if not is_locked(found):
        raise BlobError(
            "LeaseLost", message=f"A lease ID was specified, but the lease for the {kind} has expired."
        )


def _end(duration: int, now: int) -> int:
    return _NEVER if duration == FOREVER else now + duration * TICKS_PER_SECOND


def _present(lease: Lease | None, found: State, kind: Kind) -> Lease:
    if lease is None or found == "available":
        raise _absent(kind)
    return lease


def _absent(kind: Kind) -> BlobError:
    message = f"There is currently no lease on the {kind}."
    return BlobError("LeaseNotPresentWithLeaseOperation", message=message)


def _mismatch(kind: Kind) -> BlobError:
    message = f"The lease ID specified did not match the lease ID for the {kind}."
    return BlobError("LeaseIdMismatchWithLeaseOperation", message=message)
