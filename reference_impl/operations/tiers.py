"""Access tiers: which one a request names, how a blob shows its own, and the way out of Archive.

Nothing here is ever really archived, so coming back takes a moment instead of hours: long enough to be seen.
A blob on its way stays in Archive; it is found to have arrived when somebody looks after that moment.
"""

from __future__ import annotations

import time
from dataclasses import replace

from reference_impl.operations.call import Call
from reference_impl.protocol import times
from reference_impl.protocol.errors import BlobError, invalid_header, missing_header
from reference_impl.protocol.headers_out import Fields
from reference_impl.store import BlobProps, BlobRecord

TIERS = ("Hot", "Cool", "Cold", "Archive")
REHYDRATION = {"Standard": 60, "High": 15}
"""Seconds that a blob needs to leave Archive, by priority."""
SNAPSHOTS_SINCE = "2019-12-12"
"""From this version on snapshots have tiers of their own."""
_CHANGED, _TO, _AT, _PRIORITY = "tier-changed", "rehydrate-to", "rehydrate-at", "rehydrate-priority"


def chosen(call: Call, *, required: bool = False) -> str | None:
    """The x-ms-access-tier of a request, spelt as the service spells it; 400 for one that is none."""
    text = call.header("x-ms-access-tier")
    if not text:
        if required:
            raise missing_header("x-ms-access-tier")
        return None
    found = next((name for name in TIERS if name.lower() == text.lower()), None)
    if found is None or (found == "Cold" and call.version < "2021-12-02"):
        raise invalid_header("x-ms-access-tier", text)
    return found


def history(tier: str | None) -> dict[str, str]:
    """What is kept of a tier that somebody chose: when."""
    if tier is None:
        return {}
    return {_CHANGED: times.http_date(times.unix_seconds(times.now_ticks()))}


def settled(props: BlobProps) -> BlobProps:
    """The properties as they are now: of a blob that has left Archive since, the tier that it went to."""
    until = props.extra.get(_AT)
    if until is None or time.time() < float(until):
        return props
    kept = {name: text for name, text in props.extra.items() if name not in (_TO, _AT, _PRIORITY)}
    return replace(props, tier=props.extra[_TO], extra=kept)


def refuse_archived(record: BlobRecord) -> None:
    """The content of an archived blob cannot be read: 409."""
    if settled(record.props).tier == "Archive":
        raise BlobError("BlobArchived")


def shown(record: BlobRecord, version: str) -> list[tuple[str, str]]:
    """What is told of a block blob's tier, by the names of list elements and in their order."""
    props = settled(record.props)
    if props.appended is not None or (record.snapshot and version < SNAPSHOTS_SINCE):
        return []
    if props.tier is None:
        return [("AccessTier", "Hot"), ("AccessTierInferred", "true")]
    found = [("AccessTier", props.tier)]
    if _TO in props.extra:
        found.append(("ArchiveStatus", f"rehydrate-pending-to-{props.extra[_TO].lower()}"))
        found.append(("RehydratePriority", props.extra[_PRIORITY]))
    if _CHANGED in props.extra:
        found.append(("AccessTierChangeTime", props.extra[_CHANGED]))
    return found


def fields(record: BlobRecord, version: str) -> Fields:
    """The same as response headers."""
    return [(_HEADERS[name], text) for name, text in shown(record, version)]


_HEADERS = {
    "AccessTier": "x-ms-access-tier",
    "AccessTierInferred": "x-ms-access-tier-inferred",
    "ArchiveStatus": "x-ms-archive-status",
    "RehydratePriority": "x-ms-rehydrate-priority",
    "AccessTierChangeTime": "x-ms-access-tier-change-time",
}


def changed(props: BlobProps, wanted: str, priority: str) -> BlobProps:
    """Settled properties with another tier. Raises 409 for a blob that is on its way out of Archive; only
    its priority may be raised."""
    on_its_way = props.extra.get(_TO)
    if on_its_way is not None and (wanted, priority) != (on_its_way, "High"):
        raise BlobError("BlobBeingRehydrated")
    extra = {**props.extra, **history(wanted)}
    if props.tier != "Archive" or wanted == "Archive":
        return replace(props, tier=wanted, extra=extra)
    extra[_TO], extra[_PRIORITY] = wanted, priority
    extra[_AT] = str(time.time() + REHYDRATION[priority])
    return replace(props, extra=extra)


def priority(call: Call) -> str:
    """The x-ms-rehydrate-priority of a request; 400 for one that is none."""
    text = call.header("x-ms-rehydrate-priority") or "Standard"
    found = next((name for name in REHYDRATION if name.lower() == text.lower()), None)
    if found is None:
        raise invalid_header("x-ms-rehydrate-priority", text)
    return found
