"""The operations by name; batches, account information and aborted copies, which have no place elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from harness.cases.case import Batch, Expect, Graded, PartExpect, Present
from harness.golden.contract import (
    blocks,
    changes,
    containers,
    copies,
    inventories,
    leases,
    listing,
    reads,
    writes,
)
from harness.golden.contract.access import barred
from harness.golden.contract.answer import (
    EXPECTED,
    Answer,
    Refusal,
    done,
    nothing,
    refusal,
    refused,
    weakened,
)
from harness.golden.contract.conditions import asking
from harness.golden.contract.gate import NO_BLOB, Stage
from harness.golden.contract.request import parts
from harness.golden.contract.state import UNKNOWN
from harness.golden.contract.text import plain, symbol

_WHOLE = frozenset({"Put Blob", "Put Blob From URL", "Put Block List", "Copy Blob", "Copy Blob From URL"})
_UNCONDITIONAL = frozenset(
    {
        *("Put Block", "Put Block From URL", "Get Block List", "List Blobs", "List Containers"),
        *("Create Container", "Get Container Properties", "Get Container Metadata", "Get Container ACL"),
    }
)
_UNMODELLED = (
    *("x-ms-encryption-", "x-ms-source-encryption-", "x-ms-immutability-", "x-ms-legal-hold"),
    *("x-ms-expiry-", "x-ms-owner", "x-ms-default-encryption-"),
)
Operation = Callable[[Stage], Answer]
_CHANGES_NOTHING = ("GET", "HEAD", "OPTIONS")


def answer(stage: Stage) -> Answer:
    """What the contract says of the answer, and what the request changes."""
    asked = stage.asked
    if asked.depth != "blob":
        return _answer(stage)
    soft = stage.blob.soft
    said = _answer(stage)
    status, changes = said.expect.status, asked.method not in _CHANGES_NOTHING
    if (
        changes
        and asked.operation != "Abort Copy Blob"
        and (soft or (status is not None and status.level is not None))
    ):
        after = stage.blob
        whole = after.current is not None and after.current.state == (asked.index, asked.round)
        if not (whole and asked.operation in _WHOLE and status is not None and status.level is None):
            stage.put(replace(after, soft=True))
    return weakened(said) if soft else said


def _answer(stage: Stage) -> Answer:
    asked = stage.asked
    if asked.method == "HEAD" and asked.query.get("action", "").lower() == "getaccesscontrol":
        return done(200, 400, 404, 409)  # a client asks whether names are folders, and survives these
    if (why := _odd(stage)) is not None:
        if asked.method not in _CHANGES_NOTHING:
            _lose(stage)
        return nothing(why)
    if (stopped := barred(stage)) is not None:
        if stopped.expect == Expect() and asked.method not in _CHANGES_NOTHING:
            _lose(stage)
        return stopped
    operation = OPERATIONS.get(asked.operation)
    if operation is None:
        if asked.method not in _CHANGES_NOTHING:
            _lose(stage)
        return nothing(f"{asked.operation} is not part of the model")
    return operation(stage)


def _odd(stage: Stage) -> str | None:
    """Why nothing can be said of a request, whatever its operation."""
    asked = stage.asked
    if asked.depth == "blob" and (asked.container == "$root" or not plain(asked.blob)):
        return "names that are odd or too long are not part of the model"
    if any(name.lower().startswith(_UNMODELLED) for name, _ in asked.headers):
        return "encryption with keys of one's own, and immutability, are not part of the model"
    if asked.operation in _UNCONDITIONAL and not asking(asked).none:
        return f"{asked.operation} takes no conditions: it is served, or refused"
    if (asked.header("authorization") or "{authorization}") != "{authorization}":
        return "what stands in Authorization is the client's own"
    if any(asked.header(name) not in (None, "{now}") for name in ("date", "x-ms-date")):
        return "the date of the request is the client's own"
    return None


def _lose(stage: Stage) -> None:
    """What the request may have changed is not known any more."""
    asked = stage.asked
    container = stage.world.container(asked.container) if asked.depth != "account" else None
    if asked.depth == "blob":
        stage.lose()
    elif container is not None and asked.depth == "container":
        container.exists = UNKNOWN


def account_information(stage: Stage) -> Answer:
    """Get Account Information."""
    return done(200).saying(x_ms_sku_name=Graded(Present()), x_ms_account_kind=Graded(Present()))


def batch(stage: Stage) -> Answer:
    """Blob Batch: each part by itself."""
    asked = stage.asked
    if asked.depth == "container" and (stopped := stage.container()) is not None:
        return stopped
    if not isinstance(asked.body, Batch):
        return nothing("what is in the batch is not known")
    wishes = list(parts(asked, asked.body.parts))
    kinds = {part.operation for part in wishes}
    inside = asked.depth == "account" or all(part.container == asked.container for part in wishes)
    if not kinds <= {"Delete Blob", "Set Blob Tier"} or len(kinds) != 1 or len(wishes) > 256 or not inside:
        for part in wishes:
            _lose(replace(stage, asked=part))
        return nothing("how a batch is refused as a whole is not part of the model")
    answers = [answer(replace(stage, asked=part)) for part in wishes]
    said = tuple(PartExpect(one.expect.status, one.expect.error) for one in answers)
    whole = done(202, 200) if asked.depth == "account" else done(202)
    unknown = tuple(why for one in answers for why in one.unknown)
    return Answer(replace(whole.expect, parts=said), unknown=unknown)


def abort_copy(stage: Stage) -> Answer:
    """Abort Copy Blob: a copy within the account is done by now, and what is done cannot be aborted."""
    asked = stage.asked
    if (stopped := stage.container() or stage.lost()) is not None:
        return stopped
    if (asked.said("x-ms-copy-action") or "").lower() != "abort" or not asked.query.get("copyid"):
        return refusal([Refusal((400,), (), EXPECTED)])
    if symbol(asked.query["copyid"]) is None:
        return nothing("which copy is meant is not known")
    if stage.current is None:
        return weakened(refusal([NO_BLOB]))
    return refusal([refused(409, "NoPendingCopyOperation", level=EXPECTED)])


def _served(stage: Stage) -> Answer:
    return done(200)


OPERATIONS: MappingProxyType[str, Operation] = MappingProxyType(
    {
        "Put Blob": writes.put_blob,
        "Append Block": writes.append_block,
        "Append Blob Seal": writes.seal,
        "Put Block": blocks.put_block,
        "Put Block List": blocks.put_block_list,
        "Get Blob": reads.get_blob,
        "Get Blob Properties": reads.get_properties,
        "Get Blob Metadata": reads.get_metadata,
        "Get Block List": inventories.get_block_list,
        "Get Blob Tags": inventories.get_tags,
        "Set Blob Tags": inventories.set_tags,
        "Set Blob Metadata": changes.set_metadata,
        "Set Blob Properties": changes.set_properties,
        "Set Blob Tier": changes.set_tier,
        "Delete Blob": changes.delete_blob,
        "Snapshot Blob": changes.snapshot,
        "Put Blob From URL": copies.put_from_url,
        "Put Block From URL": copies.block_from_url,
        "Append Block From URL": copies.append_from_url,
        "Copy Blob": copies.copy_blob,
        "Copy Blob From URL": copies.copy_blob,
        "Abort Copy Blob": abort_copy,
        "Lease Blob": leases.lease_blob,
        "Lease Container": leases.lease_container,
        "Create Container": containers.create,
        "Delete Container": containers.delete,
        "Get Container Properties": containers.get_properties,
        "Get Container Metadata": containers.get_metadata,
        "Set Container Metadata": containers.set_metadata,
        "Get Container ACL": containers.get_acl,
        "Set Container ACL": containers.set_acl,
        "List Blobs": listing.list_blobs,
        "List Containers": listing.list_containers,
        "Get Account Information": account_information,
        "Get Blob Service Properties": _served,
        "Blob Batch": batch,
    }
)
"""What the model knows. All else gets no expectation but that of the wire rules."""
