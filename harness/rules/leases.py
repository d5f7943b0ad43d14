"""Wire rules for leases: what an answer says of one, and that its words agree."""

from __future__ import annotations

from harness.judge.matching import GUID
from harness.rules.rule import Broken, Fact, Rule, View
from harness.rules.table import LEASES, READS
from harness.vocabulary import Level

_STATES = {
    "leased": "locked",
    "breaking": "locked",
    "available": "unlocked",
    "expired": "unlocked",
    "broken": "unlocked",
}
"""The status that goes with each state."""

_SHOWING = READS | {"Get Container Properties"}


def _no_lease(view: View) -> Broken | None:
    status, state = view.get("x-ms-lease-status"), view.get("x-ms-lease-state")
    if status in ("locked", "unlocked") and state in _STATES:
        return None
    return Broken("x-ms-lease-status and x-ms-lease-state", f"{status or 'absent'}, {state or 'absent'}")


def _at_odds(view: View) -> Broken | None:
    status, state = view.get("x-ms-lease-status"), view.get("x-ms-lease-state") or ""
    duration = view.get("x-ms-lease-duration")
    if status != _STATES[state]:
        return Broken(f"{_STATES[state]} with {state}", str(status))
    if state == "leased" and duration not in ("infinite", "fixed"):
        return Broken("x-ms-lease-duration: infinite or fixed", duration or "absent")
    if state != "leased" and duration is not None:
        return Broken(f"no x-ms-lease-duration with {state}", duration)
    return None


def _is_now(view: View) -> bool:
    return view.done(_SHOWING) and not {"snapshot", "versionid"} & view.who.query.keys()


def _action(view: View) -> str:
    return (view.asked("x-ms-lease-action") or "").lower()


def _no_id(view: View) -> Broken | None:
    said, asked = view.get("x-ms-lease-id"), view.asked("x-ms-proposed-lease-id")
    if said is None:
        return Broken("x-ms-lease-id", "absent")
    wanted = {"acquire": asked, "change": asked, "renew": view.asked("x-ms-lease-id")}[_action(view)]
    if wanted is not None and said.lower() != wanted.lower():
        return Broken(f"x-ms-lease-id: {wanted}", said)
    return None if wanted is not None or GUID.fullmatch(said) else Broken("x-ms-lease-id: a GUID", said)


def _no_time(view: View) -> Broken | None:
    said = view.get("x-ms-lease-time") or ""
    return None if said.isdecimal() and int(said) <= 60 else Broken("0 to 60 seconds", said or "absent")


def _an_id(view: View) -> Broken | None:
    said = view.get("x-ms-lease-id")
    return None if said is None else Broken("no x-ms-lease-id", said)


RULES = (
    Rule(
        "lease-headers",
        Level.EXPECTED,
        "Reading a blob, its properties or a container's says whether it is leased.",
        ("reference/1.5",),
        ("wire.read-headers", "get-blob.lease-free", "get-container-properties.headers"),
        _is_now,
        _no_lease,
    ),
    Rule(
        "lease-words",
        Level.EXPECTED,
        "Lease status, state and duration agree: locked while leased or breaking, a duration while leased.",
        ("reference/1.8",),
        ("lease-blob.shown", "get-blob.lease-free"),
        lambda view: view.done(_SHOWING) and view.get("x-ms-lease-state") in _STATES,
        _at_odds,
    ),
    Rule(
        "lease-id",
        Level.REQUIRED,
        "Acquire, renew and change answer with the lease's ID: the proposed one if there was one.",
        ("reference/1.8",),
        ("lease-blob.acquire", "lease-blob.renew", "lease-blob.change"),
        lambda view: view.done(LEASES) and _action(view) in ("acquire", "renew", "change"),
        _no_id,
    ),
    Rule(
        "lease-time",
        Level.EXPECTED,
        "Break answers with the seconds that are left, 0 to 60.",
        ("reference/1.8",),
        ("lease-blob.break-now", "lease-blob.break-later"),
        lambda view: view.done(LEASES) and view.status == 202,
        _no_time,
    ),
    Rule(
        "lease-released",
        Level.EXPECTED,
        "Release and break answer without an ID.",
        ("reference/1.8",),
        ("lease-blob.release",),
        lambda view: view.done(LEASES) and _action(view) in ("release", "break"),
        _an_id,
        frozenset({Fact.REQUEST_HEADERS}),
    ),
)
