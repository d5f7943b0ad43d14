"""What a lease does to all other operations: its header, its checks, and how it is shown."""

from __future__ import annotations

import re
import uuid

from reference_impl.operations.call import Call
from reference_impl.protocol import lease, times
from reference_impl.protocol.errors import invalid_header, missing_header
from reference_impl.protocol.headers_out import Fields
from reference_impl.protocol.lease import Lease, State
from reference_impl.store import BlobRecord, ContainerRecord

LEASE_ID = "x-ms-lease-id"
_GUID = re.compile(r"\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.ASCII | re.IGNORECASE)
_TAGS_SINCE = "2020-04-08"


def guid(call: Call, name: str) -> str | None:
    """The GUID in a header, in its usual form; None when it was not sent, 400 when it is none."""
    text = call.header(name)
    if text is None:
        return None
    if not _GUID.fullmatch(text):
        raise invalid_header(name, text)
    return str(uuid.UUID(text))


def required_guid(call: Call, name: str) -> str:
    """The same, but 400 when it was not sent."""
    found = guid(call, name)
    if found is None:
        raise missing_header(name)
    return found


def of_blob(record: BlobRecord, now: int) -> tuple[Lease | None, State]:
    """The lease of a blob and its state at a time."""
    held = lease.decode(record.props.lease)
    return held, lease.state(held, now, record.ticks)


def of_container(record: ContainerRecord, now: int) -> tuple[Lease | None, State]:
    """The lease of a container and its state at a time."""
    held = lease.decode(record.props.lease)
    return held, lease.state(held, now)


def check_read(call: Call, record: BlobRecord | None) -> None:
    """Reads go on without a lease id; one that is sent must be that of an active lease."""
    _check_blob(call, record, locks=False)


def check_write(call: Call, record: BlobRecord | None) -> None:
    """Writes to a leased blob need its lease id; where there is no blob there is no lease either."""
    _check_blob(call, record, locks=True)


def check_tags(call: Call, record: BlobRecord, *, locks: bool) -> None:
    """Operations on tags heed leases from 2020-04-08 on."""
    if call.version >= _TAGS_SINCE:
        _check_blob(call, record, locks=locks)


def _check_blob(call: Call, record: BlobRecord | None, *, locks: bool) -> None:
    sent = guid(call, LEASE_ID)
    if record is None:
        lease.check_use(None, "available", sent, "blob", locks=locks)
    elif sent is not None or record.props.lease:
        lease.check_use(*of_blob(record, times.now_ticks()), sent, "blob", locks=locks)


def check_container(call: Call, record: ContainerRecord, *, locks: bool = False) -> None:
    """A container's lease reserves nothing but its deletion (`locks`); an id that is sent must be right."""
    sent = guid(call, LEASE_ID)
    lease.check_use(*of_container(record, times.now_ticks()), sent, "container", locks=locks)


def blob_lease(record: BlobRecord) -> list[str | None]:
    """Status, state and duration of a blob's lease, as headers and lists show them."""
    return _shown(*of_blob(record, times.now_ticks()))


def container_lease(record: ContainerRecord) -> list[str | None]:
    """The same of a container's."""
    return _shown(*of_container(record, times.now_ticks()))


def _shown(held: Lease | None, found: State) -> list[str | None]:
    status = "locked" if lease.is_locked(found) else "unlocked"
    return [status, found, lease.duration_name(held, found)]


_HEADERS = ("x-ms-lease-status", "x-ms-lease-state", "x-ms-lease-duration")
_ELEMENTS = ("LeaseStatus", "LeaseState", "LeaseDuration")


def headers(shown: list[str | None]) -> Fields:
    """What is shown of a lease, as headers."""
    return [(name, value) for name, value in zip(_HEADERS, shown, strict=True) if value is not None]


def elements(shown: list[str | None]) -> list[tuple[str, str | None]]:
    """What is shown of a lease, as children of `Properties`; None is left out."""
    return list(zip(_ELEMENTS, shown, strict=True))
