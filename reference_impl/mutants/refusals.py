"""Mutants of errors, request ids and versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, drop, mutant, put
from reference_impl.operations import lists
from reference_impl.operations.call import Call
from reference_impl.protocol import headers_out, versions, xml_out
from reference_impl.protocol.errors import BlobError

Refuse = Callable[[Call, BlobError], Response]


def refusing(patch: Patch, edit: Callable[[Call, BlobError, Response], object]) -> None:
    """Change the answer to every error."""

    def make(right: Refuse) -> Refuse:
        def wrong(self: Call, error: BlobError) -> Response:
            response = right(self, error)
            edit(self, error, response)
            return response

        return wrong

    patch.wrap(Call, "refuse", make)


@mutant("client-request-id-lost-on-errors", breaks="errors.client-request-id")
def client_request_id_lost_on_errors(patch: Patch) -> None:
    """The client's request id is echoed on success only: SDKs that match answers by it fail on errors."""
    refusing(patch, lambda _call, _error, response: drop(response, "x-ms-client-request-id"))


@mutant("client-request-id-for-everybody", breaks="versions.client-request-id")
def client_request_id_for_everybody(patch: Patch) -> None:
    """The client's request id is echoed to versions that never had it."""
    patch.replace(headers_out, "echoable", lambda said, _version: said)


@mutant("newest-version-echoed", breaks="wire.version-echo")
def newest_version_echoed(patch: Patch) -> None:
    """Answers name the newest version, not the one that was asked for: SDKs parse them by the wrong rules."""

    def make(right: Callable[..., Any]) -> Callable[..., Any]:
        return lambda fields, **rest: right(
            fields, **{**rest, "version": rest["version"] and versions.ACCEPTED[-1]}
        )

    patch.wrap(headers_out, "compose", make)


@mutant("any-version-accepted", breaks="versions.unknown")
def any_version_accepted(patch: Patch) -> None:
    """A version that was never released is accepted: a client believes in features that are not there."""

    class Everything(frozenset[str]):
        def __contains__(self, _item: object) -> bool:
            return True

    patch.replace(versions, "_ACCEPTED", Everything())


@mutant("new-versions-refused", breaks="versions.accepted")
def new_versions_refused(patch: Patch) -> None:
    """Versions after 2025-07-05 are refused: a client stops working with its next update."""
    patch.replace(versions, "_ACCEPTED", frozenset(one for one in versions.ACCEPTED if one <= "2025-07-05"))


@mutant("one-request-id-for-all", breaks="errors.request-id")
def one_request_id_for_all(patch: Patch) -> None:
    """Every answer has the same request id: nobody finds a request in a log."""
    patch.replace(headers_out, "new_request_id", lambda: "00000000-0000-0000-0000-000000000000")


@mutant("unsatisfied-range-is-400", breaks=("errors.status-of-code", "get-blob.range-refused"))
def unsatisfied_range_is_400(patch: Patch) -> None:
    """A range behind the end is 400, not 416: SDKs that retry without the range for an empty blob fail."""

    def edit(_call: Call, error: BlobError, response: Response) -> None:
        if error.code == "InvalidRange":
            response.status = 400

    refusing(patch, edit)


@mutant("errors-are-text", breaks="errors.content-type")
def errors_are_text(patch: Patch) -> None:
    """Error documents are text/plain: SDKs that look at the type do not read the code."""

    def edit(_call: Call, _error: BlobError, response: Response) -> None:
        if dict(response.headers).get("Content-Type"):
            put(response, "Content-Type", "text/plain")

    refusing(patch, edit)


@mutant("conflicts-are-503", breaks="errors.final")
def conflicts_are_503(patch: Patch) -> None:
    """What is refused with 409 elsewhere is 503 here: clients try again for minutes, in vain."""

    def edit(_call: Call, error: BlobError, response: Response) -> None:
        if error.status == 409:
            response.status = 503

    refusing(patch, edit)


@mutant("error-without-request-id", breaks="errors.shape")
def error_without_request_id(patch: Patch) -> None:
    """The message of an error does not name the request: support cannot find it."""
    patch.wrap(
        xml_out,
        "error",
        lambda right: (
            lambda code, message, **rest: right(code, message, **rest).replace(
                f"\nRequestId:{rest['request_id']}".encode(), b""
            )
        ),
    )


@mutant("error-without-elements", breaks=("errors.invalid-header-value", "errors.invalid-query"))
def error_without_elements(patch: Patch) -> None:
    """Errors do not say which header or parameter was wrong."""
    patch.wrap(
        xml_out,
        "error",
        lambda right: lambda code, message, **rest: right(code, message, **{**rest, "elements": ()}),
    )


@mutant("missing-blob-is-resource", breaks=("errors.blob-not-found", "get-blob.missing"))
def missing_blob_is_resource(patch: Patch) -> None:
    """A missing blob is ResourceNotFound: clients that look for BlobNotFound raise another error."""

    def make(right: Refuse) -> Refuse:
        return lambda self, error: right(
            self, BlobError("ResourceNotFound") if error.code == "BlobNotFound" else error
        )

    patch.wrap(Call, "refuse", make)


@mutant("date-missing", breaks="wire.date")
def date_missing(patch: Patch) -> None:
    """Answers have no Date: clients cannot tell that their clock is wrong."""
    patch.wrap(
        headers_out,
        "compose",
        lambda right: lambda fields, **rest: [field for field in right(fields, **rest) if field[0] != "Date"],
    )


@mutant("error-code-for-old-versions", breaks="versions.error-code-header")
def error_code_for_old_versions(patch: Patch) -> None:
    """x-ms-error-code is sent to versions that did not have it."""

    def edit(_call: Call, error: BlobError, response: Response) -> None:
        put(response, "x-ms-error-code", error.code)

    refusing(patch, edit)


@mutant("or-metadata-for-old-versions", breaks="versions.list-shape")
def or_metadata_for_old_versions(patch: Patch) -> None:
    """Listings look like the newest to every version: old strict readers stop at what they do not know."""
    patch.wrap(
        lists,
        "blob_xml",
        lambda right: lambda record, _version, *rest: right(record, versions.ACCEPTED[-1], *rest),
    )
