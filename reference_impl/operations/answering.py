"""From a call to its answer: what goes wrong becomes the service's error, and our own faults are logged."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from reference_impl.auth.bearer import IssuerUnreachable
from reference_impl.http.message import BodyError, BodyTooLarge, Response
from reference_impl.operations import entry
from reference_impl.operations.call import Call, Operation
from reference_impl.protocol.errors import BlobError, too_large
from reference_impl.store import (
    BlobMissing,
    BlockIdLengthMismatch,
    ContainerExists,
    ContainerMissing,
    HasSnapshots,
    InvalidName,
    StoreError,
    StoreFault,
    TooManyBlocks,
    UnknownBlock,
)

log = logging.getLogger("reference_impl")

# What the store refuses, in the service's words.
REFUSALS: dict[type[StoreError], str] = {
    BlobMissing: "BlobNotFound",
    BlockIdLengthMismatch: "InvalidBlobOrBlock",
    ContainerExists: "ContainerAlreadyExists",
    ContainerMissing: "ContainerNotFound",
    HasSnapshots: "SnapshotsPresent",
    InvalidName: "InvalidUri",
    TooManyBlocks: "BlockCountExceedsLimit",
    UnknownBlock: "InvalidBlockList",
}


async def perform(call: Call, operation: Operation) -> Response:
    """Authorise a call for an operation and run it."""
    call.operation = operation
    call.principal = await entry.authorise(call, operation.needs)
    entry.refuse_headers(call)
    return await operation.run(call)


async def answer(call: Call, work: Callable[[], Awaitable[Response]], *, newer: bool = False) -> Response:
    """The response of some work, or of the error it ends in. A client that went away ends it unanswered."""
    try:
        return await work()
    except BlobError as error:
        found = error
    except StoreFault as fault:
        log.error("%s %s: %s; %s", call.request.method, call.request.path, fault, fault.hint)
        found = BlobError("InternalError")
    except StoreError as refusal:
        found = BlobError(REFUSALS[type(refusal)])
    except IssuerUnreachable as fault:
        log.error("%s", fault)
        found = BlobError("InternalError")
    except BodyTooLarge as error:
        found = too_large(error.limit)
    except BodyError:
        raise
    except Exception:
        log.exception("%s %s failed", call.request.method, call.request.path)
        found = BlobError("InternalError")
    if newer or (call.operation is not None and call.operation.newer):
        found.newer = True
    return call.refuse(found)
