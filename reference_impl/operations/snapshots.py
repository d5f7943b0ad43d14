"""Snapshot Blob, and the deletion of one snapshot."""

from __future__ import annotations

from dataclasses import replace

from reference_impl.http.message import Response
from reference_impl.operations import leasing, tiers, writing
from reference_impl.operations.call import Call, stamp
from reference_impl.protocol import conditions, times
from reference_impl.protocol.conditions import Conditions
from reference_impl.protocol.headers_out import Fields
from reference_impl.store import BlobProps, BlobRecord


async def snapshot_blob(call: Call) -> Response:
    """Snapshot Blob. With metadata of its own the snapshot has an ETag and Last-Modified of its own too."""
    writing.refuse_snapshot(call)
    own = call.metadata()
    found = writing.own_conditions(call)

    def change(record: BlobRecord) -> BlobProps:
        conditions.check_write(found, writing.state(record))
        # A snapshot changes nothing of the blob, so a lease keeps nobody from taking one.
        leasing.check_read(call, record)
        tiers.refuse_archived(record)
        props = tiers.settled(record.props)
        return replace(props, metadata=own or props.metadata, lease="")

    service = call.service
    record = await service.change(
        call.turn,
        service.store.take_snapshot,
        call.account,
        call.container,
        call.blob,
        change,
        touch=bool(own),
    )
    fields: Fields = [
        *stamp(record.etag, record.ticks),
        ("x-ms-snapshot", times.iso_ticks(record.snapshot)),
        # Recorded: true only when the request brought something to encrypt.
        ("x-ms-request-server-encrypted", "true" if own else "false"),
    ]
    return call.respond(201, "Created", fields)


async def delete_one(call: Call, moment: int, found: Conditions) -> None:
    """Remove a snapshot. Leases are the blob's, so they do not protect it."""

    def check(record: BlobRecord) -> None:
        conditions.check_write(found, writing.state(record))
        leasing.check_write(call, record)

    service = call.service
    await service.change(
        call.turn, service.store.delete_snapshot, call.account, call.container, call.blob, moment, check
    )
