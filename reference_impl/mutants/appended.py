"""Mutants of append blobs, batches, limits and the service itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, drop, mutant, put
from reference_impl.operations import account, answering, append, batch, service_properties, writing
from reference_impl.operations.call import Call, Operation
from reference_impl.protocol import names
from reference_impl.protocol import service_properties as properties
from reference_impl.protocol.errors import BlobError
from reference_impl.store import BlobProps, BlobRecord, Store


@mutant("append-position-ignored", breaks="append-blob.position")
def append_position_ignored(patch: Patch) -> None:
    """x-ms-blob-condition-appendpos is not looked at: two writers of one log repeat each other's lines."""
    blind(patch, "x-ms-blob-condition-appendpos")


@mutant("append-size-ignored", breaks="append-blob.max-size")
def append_size_ignored(patch: Patch) -> None:
    """x-ms-blob-condition-maxsize is not looked at: logs grow beyond what their readers can take."""
    blind(patch, "x-ms-blob-condition-maxsize")


def blind(patch: Patch, header: str) -> None:
    """Overlook one condition of an append."""
    patch.wrap(
        append, "_number", lambda right: lambda call, name: None if name == header else right(call, name)
    )


@mutant("append-offset-is-the-end", breaks="append-blob.appends")
def append_offset_is_the_end(patch: Patch) -> None:
    """Append Block answers with the offset behind its bytes: writers that index their records are wrong."""

    def edit(call: Call, response: Response) -> None:
        at = int(dict(response.headers)["x-ms-blob-append-offset"])
        put(response, "x-ms-blob-append-offset", str(at + (call.request.body.length or 0)))

    patch.answers(append, "append_block", edit)


@mutant("append-keeps-etag", breaks="append-blob.etag")
def append_keeps_etag(patch: Patch) -> None:
    """Appending leaves the ETag as it was: caches never see the new lines."""
    right = BlobRecord.etag.fget  # type: ignore[attr-defined]
    patch.replace(
        BlobRecord,
        "etag",
        property(
            lambda record: right(record) if record.props.appended is None else f"0x{record.created_ticks:X}"
        ),
    )


@mutant("append-to-a-block-blob", breaks="append-blob.other-type")
def append_to_a_block_blob(patch: Patch) -> None:
    """Append Block takes a block blob: what works here is refused by the service."""
    patch.replace(append, "require_append_blob", lambda _record: None)


@mutant("sealed-blob-takes-more", breaks="append-blob.seal")
def sealed_blob_takes_more(patch: Patch) -> None:
    """A sealed append blob takes more blocks: evidence that was closed can be changed."""

    def make(right: Callable[[Call], Any]) -> Callable[[Call], Any]:
        def wrong(call: Call) -> Any:
            check = right(call)

            def open_again(record: BlobRecord, size: int) -> None:
                check(replace(record, props=replace(record.props, sealed=False)), size)

            return open_again

        return wrong

    patch.wrap(append, "_checks", make)


@mutant("append-drops-metadata", breaks="append-blob.properties")
def append_drops_metadata(patch: Patch) -> None:
    """The first append clears the blob's metadata."""
    right = Store.append

    def wrong(self: Store, upload: Any, name: str, change: Any) -> Any:
        def cleared(record: BlobRecord) -> BlobProps:
            new: BlobProps = change(record)
            return replace(new, metadata=())

        return right(self, upload, name, cleared)

    patch.replace(Store, "append", wrong)


@mutant("batch-stops-at-a-failure", breaks="blob-batch.independent")
def batch_stops_at_a_failure(patch: Patch) -> None:
    """After a part that fails the others are not done: one missing file, and nothing is cleaned up."""
    failed: set[int] = set()

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(call: Call, part: Any, operation: Operation) -> bytes:
            if id(call) in failed:
                inner = batch._sub_call(call, part)
                return batch._write(part.content_id, inner.refuse(BlobError("InternalError")))
            answer: bytes = await right(call, part, operation)
            if b"HTTP/1.1 4" in answer:
                failed.add(id(call))
            return answer

        return wrong

    patch.wrap(batch, "_answer", make)


@mutant("batch-parts-unauthorised", breaks=("blob-batch.authorised", "sas.batch"))
def batch_parts_unauthorised(patch: Patch) -> None:
    """Parts of a batch are not authorised: whoever may read anything may delete everything."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(outer: Call, call: Call, operation: Operation) -> Any:
            path = batch._relative(outer, call.request.path)
            call.resource = names.parse(path, outer.account, container_level=False)
            call.principal, call.operation = outer.principal, operation
            return await operation.run(call)

        return wrong

    patch.wrap(batch, "_perform", make)


@mutant("batch-parts-not-named", breaks="blob-batch.parts")
def batch_parts_not_named(patch: Patch) -> None:
    """The parts of an answer have no Content-ID: clients cannot tell which blob failed."""
    patch.wrap(batch, "_write", lambda right: lambda _content_id, response: right(None, response))


@mutant("batch-without-limit", breaks="blob-batch.limit")
def batch_without_limit(patch: Patch) -> None:
    """A batch may have any number of parts: what works here is refused by the service."""
    patch.replace(batch, "MAX_PARTS", 10**6)


@mutant("batch-mixes-operations", breaks="blob-batch.one-kind")
def batch_mixes_operations(patch: Patch) -> None:
    """A batch may mix deletes and tier changes; all is done as the first part says."""
    patch.replace(batch, "_operation", lambda parts: batch._operation_of(parts[0]))


@mutant("batch-answers-200", breaks=("blob-batch.deletes", "wire.success-status"))
def batch_answers_200(patch: Patch) -> None:
    """A batch is 200, as an interface file once had it: SDKs that wait for 202 raise an error."""

    def edit(_call: Call, response: Response) -> None:
        response.status = 200

    patch.answers(batch, "submit", edit)


@mutant("bodies-without-limit", breaks=("limits.put-blob", "limits.put-block", "limits.error"))
def bodies_without_limit(patch: Patch) -> None:
    """Bodies of any size are taken: what is stored here cannot be moved to the service."""
    patch.replace(writing, "put_limit", lambda _version: 2**60)
    patch.replace(writing, "block_limit", lambda _version: 2**60)


@mutant("old-limits-for-all", breaks="limits.put-block")
def old_limits_for_all(patch: Patch) -> None:
    """A block may have 4 MiB whatever the version: AzCopy's have 8."""
    patch.replace(writing, "block_limit", lambda _version: 4 * writing.MIB)


@mutant("too-large-without-limit", breaks="limits.error")
def too_large_without_limit(patch: Patch) -> None:
    """A body that is too large is refused without the limit: clients cannot adapt their blocks."""
    patch.replace(writing, "too_large", lambda _limit: BlobError("RequestBodyTooLarge"))


@mutant("account-kind-missing", breaks="get-account-information.headers")
def account_kind_missing(patch: Patch) -> None:
    """Account information lacks the kind: tools that choose a way of copying by it stop."""
    patch.answers(account, "information", lambda _call, response: drop(response, "x-ms-account-kind"))


@mutant("account-information-refused-to-sas", breaks="get-account-information.any-path")
def account_information_refused_to_sas(patch: Patch) -> None:
    """Account information is given to keys alone: AzCopy with a SAS stops before it begins."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(call: Call, operation: Operation) -> Response:
            response: Response = await right(call, operation)
            if operation.name == "Get Account Information" and call.principal.kind.endswith("sas"):
                raise BlobError("AuthorizationPermissionMismatch")
            return response

        return wrong

    patch.wrap(answering, "perform", make)


@mutant("service-properties-forgotten", breaks="set-blob-service-properties.kept")
def service_properties_forgotten(patch: Patch) -> None:
    """Service properties are acknowledged and forgotten."""

    async def wrong(call: Call) -> Response:
        properties.parse(await call.request.body.read(64 * 1024))
        return call.respond(202, "Accepted")

    patch.replace(service_properties, "put", wrong)


@mutant("service-properties-replaced", breaks="set-blob-service-properties.partial")
def service_properties_replaced(patch: Patch) -> None:
    """A part of the service properties that a request leaves out is reset: setting CORS ends the logging."""
    right = Store.update_service_properties

    def wrong(self: Store, name: str, change: Any) -> None:
        right(self, name, lambda _parts: change({}))

    patch.replace(Store, "update_service_properties", wrong)
