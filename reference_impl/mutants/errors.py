"""Mutants of error answers."""

from __future__ import annotations

from reference_impl.http.message import Response
from reference_impl.mutants.registry import Patch, mutant
from reference_impl.operations.call import Call
from reference_impl.protocol import xml_out
from reference_impl.protocol.errors import BlobError


@mutant("error-code-header-missing", breaks="errors.document")
def error_code_header_missing(patch: Patch) -> None:
    """Errors lack x-ms-error-code: AzCopy does not retry what it should, SDKs raise untyped errors."""
    refuse = Call.refuse

    def wrong(self: Call, error: BlobError) -> Response:
        response = refuse(self, error)
        response.headers = [pair for pair in response.headers if pair[0] != "x-ms-error-code"]
        return response

    patch.replace(Call, "refuse", wrong)


@mutant("head-error-has-body-type", breaks="errors.head")
def head_error_has_body_type(patch: Patch) -> None:
    """Errors of HEAD announce XML that is not there: the C++ SDK parses the empty body and dies."""
    refuse = Call.refuse

    def wrong(self: Call, error: BlobError) -> Response:
        response = refuse(self, error)
        if self.request.method == "HEAD":
            response.headers.insert(1, ("Content-Type", "application/xml"))
        return response

    patch.replace(Call, "refuse", wrong)


@mutant("error-body-empty", breaks="errors.document")
def error_body_empty(patch: Patch) -> None:
    """Errors have no XML body: clients that read the code from the body see none."""
    patch.replace(xml_out, "error", lambda *_parts, **_named: b"")


@mutant("missing-container-is-missing-blob", breaks="errors.container-not-found")
def missing_container_is_missing_blob(patch: Patch) -> None:
    """A missing container is reported as a missing blob: clients do not create it and give up."""
    refuse = Call.refuse

    def wrong(self: Call, error: BlobError) -> Response:
        return refuse(self, BlobError("BlobNotFound") if error.code == "ContainerNotFound" else error)

    patch.replace(Call, "refuse", wrong)
