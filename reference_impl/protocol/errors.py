"""The error codes of the service: status and message of each, and the exception that carries one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

_TABLE: Final[dict[str, tuple[int, str]]] = {
    "AccessTierNotSupportedForBlobType": (400, "The access tier is not supported for this blob type."),
    "AllBatchSubRequestsShouldBeSameApi": (400, "All batch subrequests should be the same api."),
    "AppendPositionConditionNotMet": (412, "The append position condition specified was not met."),
    "AuthenticationFailed": (
        403,
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
        "correctly including the signature.",
    ),
    "AuthorizationFailure": (403, "This request is not authorized to perform this operation."),
    "AuthorizationPermissionMismatch": (
        403,
        "This request is not authorized to perform this operation using this permission.",
    ),
    "AuthorizationProtocolMismatch": (
        403,
        "This request is not authorized to perform this operation using this protocol.",
    ),
    "AuthorizationResourceTypeMismatch": (
        403,
        "This request is not authorized to perform this operation using this resource type.",
    ),
    "AuthorizationServiceMismatch": (
        403,
        "This request is not authorized to perform this operation using this service.",
    ),
    "AuthorizationSourceIPMismatch": (
        403,
        "This request is not authorized to perform this operation using this source IP.",
    ),
    "BlobAlreadyExists": (409, "The specified blob already exists."),
    "BlobArchived": (409, "This operation is not permitted on an archived blob."),
    "BlobBeingRehydrated": (
        409,
        "This operation is not permitted because the blob is being rehydrated.",
    ),
    "BlobIsSealed": (409, "The blob is sealed and its contents cannot be modified."),
    "BlobNotFound": (404, "The specified blob does not exist."),
    "BlobOperationNotSupported": (409, "Blob operation is not supported."),
    "BlockCountExceedsLimit": (
        409,
        "The uncommitted block count cannot exceed the maximum limit of 100,000 blocks.",
    ),
    "BlockListTooLong": (400, "The block list may not contain more than 50,000 blocks."),
    "BothCrc64AndMd5HeaderPresent": (
        400,
        "Both x-ms-content-crc64 header and Content-MD5 header are present.",
    ),
    "BothCrc64AndMd5RangeHeaderPresent": (
        400,
        "Both x-ms-range-get-content-crc64 header and x-ms-range-get-content-md5 header are present.",
    ),
    "BothUserTagsAndSourceTagsCopyPresentException": (
        400,
        "x-ms-tags header must not be present with x-ms-copy-source-tag-option as COPY.",
    ),
    "CannotVerifyCopySource": (500, "Could not verify the copy source within the specified time."),
    "ConditionNotMet": (412, "The condition specified using HTTP conditional header(s) is not met."),
    "ContainerAlreadyExists": (409, "The specified container already exists."),
    "ContainerBeingDeleted": (
        409,
        "The specified container is being deleted. Try operation later.",
    ),
    "ContainerNotFound": (404, "The specified container does not exist."),
    "CopyIdMismatch": (
        409,
        "The specified copy ID did not match the copy ID for the pending copy operation.",
    ),
    "CorsPreflightFailure": (403, "CORS not enabled or no matching rule found for this request."),
    "Crc64Mismatch": (
        400,
        "The CRC64 value specified in the request did not match with the CRC64 value calculated by the "
        "server.",
    ),
    "DuplicateTagNames": (400, "The tags specified contain duplicate names."),
    "EmptyMetadataKey": (400, "The key for one of the metadata key-value pairs is empty."),
    "EmptyTagName": (400, "The name of one of the tag key-value pairs is empty."),
    "ExceedsMaxBatchRequestCount": (
        400,
        "The batch operation exceeds maximum number of allowed subrequests.",
    ),
    "FeatureVersionMismatch": (409, "The type of blob in the container is unrecognized by this version."),
    "HierarchicalNamespaceNotEnabled": (
        400,
        "This operation is only supported on a hierarchical namespace account.",
    ),
    "InternalError": (500, "Server encountered an internal error. Please try again after some time."),
    "InvalidAuthenticationInfo": (
        400,
        "Authentication information is not given in the correct format. Check the value of Authorization "
        "header.",
    ),
    "InvalidBlobOrBlock": (400, "The specified blob or block content is invalid."),
    "InvalidBlobTier": (400, "The specified blob tier is invalid."),
    "InvalidBlobType": (409, "The blob type is invalid for this operation."),
    "InvalidBlockList": (400, "The specified block list is invalid."),
    "InvalidHeaderValue": (400, "The value for one of the HTTP headers is not in the correct format."),
    "InvalidInput": (400, "One of the request inputs is not valid."),
    "InvalidMd5": (
        400,
        "The MD5 value specified in the request is invalid. The MD5 value must be 128 bits and "
        "Base64-encoded.",
    ),
    "InvalidMetadata": (
        400,
        "The metadata specified is invalid. It has characters that are not permitted.",
    ),
    "InvalidQueryParameterValue": (
        400,
        "Value for one of the query parameters specified in the request URI is invalid.",
    ),
    "InvalidRange": (416, "The range specified is invalid for the current size of the resource."),
    # The service's own spelling, recorded.
    "InvalidResourceName": (400, "The specifed resource name contains invalid characters."),
    "InvalidUri": (400, "The requested URI does not represent any resource on the server."),
    "InvalidXmlDocument": (400, "XML specified is not syntactically valid."),
    "KeyBasedAuthenticationNotPermitted": (
        403,
        "Key based authentication is not permitted on this storage account.",
    ),
    "LeaseAlreadyPresent": (409, "There is already a lease present."),
    "LeaseIdMismatchWithBlobOperation": (
        412,
        "The lease ID specified did not match the lease ID for the blob.",
    ),
    "LeaseIdMismatchWithContainerOperation": (
        412,
        "The lease ID specified did not match the lease ID for the container.",
    ),
    "LeaseIdMismatchWithLeaseOperation": (
        409,
        "The lease ID specified did not match the lease ID for the blob.",
    ),
    "LeaseIdMissing": (
        412,
        "There is currently a lease on the blob and no lease ID was specified in the request.",
    ),
    "LeaseIsBreakingAndCannotBeAcquired": (
        409,
        "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it "
        "is broken.",
    ),
    "LeaseIsBreakingAndCannotBeChanged": (
        409,
        "The lease ID matched, but the lease is currently in breaking state and cannot be changed.",
    ),
    "LeaseIsBrokenAndCannotBeRenewed": (
        409,
        "The lease ID matched, but the lease has been broken explicitly and cannot be renewed.",
    ),
    "LeaseLost": (412, "A lease ID was specified, but the lease for the blob has expired."),
    "LeaseNotPresentWithBlobOperation": (412, "There is currently no lease on the blob."),
    "LeaseNotPresentWithContainerOperation": (412, "There is currently no lease on the container."),
    "LeaseNotPresentWithLeaseOperation": (409, "There is currently no lease on the blob."),
    "MaxBlobSizeConditionNotMet": (412, "The max blob size condition specified was not met."),
    "Md5Mismatch": (
        400,
        "The MD5 value specified in the request did not match with the MD5 value calculated by the server.",
    ),
    "MetadataTooLarge": (400, "The size of the specified metadata exceeds the maximum size permitted."),
    "MissingContentLengthHeader": (411, "The Content-Length header was not specified."),
    "MissingRequiredHeader": (400, "An HTTP header that's mandatory for this request is not specified."),
    "MissingRequiredQueryParameter": (
        400,
        "A query parameter that's mandatory for this request is not specified.",
    ),
    "MissingRequiredXmlNode": (400, "A required XML node was not specified in the request body."),
    "MultipleConditionHeadersNotSupported": (400, "Multiple condition headers are not supported."),
    "NoAuthenticationInformation": (
        401,
        "Server failed to authenticate the request. Please refer to the information in the www-authenticate "
        "header.",
    ),
    "NoPendingCopyOperation": (409, "There is currently no pending copy operation."),
    "NotImplemented": (501, "The requested operation is not implemented on the specified resource."),
    "OperationTimedOut": (500, "Operation could not be completed within the specified time."),
    "OutOfRangeInput": (400, "One of the request inputs is out of range."),
    "OutOfRangeQueryParameterValue": (
        400,
        "A query parameter specified in the request URI is outside the permissible range.",
    ),
    "PermanentDeleteIsOff": (409, "Permanent delete is off on the storage account."),
    "PublicAccessNotPermitted": (409, "Public access is not permitted on this storage account."),
    "RequestBodyTooLarge": (
        413,
        "The request body is too large and exceeds the maximum permissible limit.",
    ),
    "ResourceNotFound": (404, "The specified resource does not exist."),
    "ServerBusy": (503, "The server is currently unable to receive requests. Please retry your request."),
    "SnapshotsPresent": (
        409,
        "This operation is not permitted because the blob has snapshots.",
    ),
    "SourceConditionNotMet": (
        412,
        "The source condition specified using HTTP conditional header(s) is not met.",
    ),
    "TagsTooLarge": (400, "The tags specified exceed the maximum permissible limit."),
    "TargetConditionNotMet": (
        412,
        "The target condition specified using HTTP conditional header(s) is not met.",
    ),
    "UnauthorizedBlobOverwrite": (403, "This request is not authorized to perform blob overwrites."),
    "UnsatisfiableCondition": (
        400,
        "The request includes an unsatisfiable condition for this operation.",
    ),
    "UnsupportedHeader": (400, "One of the HTTP headers specified in the request is not supported."),
    "UnsupportedHttpVerb": (405, "The resource doesn't support specified Http Verb."),
    "UnsupportedQueryParameter": (
        400,
        "One of the query parameters specified in the request URI is not supported.",
    ),
    "UnsupportedXmlNode": (400, "One of the XML nodes specified in the request body is not supported."),
}
CODES: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(_TABLE)


class BlobError(Exception):
    """An answer of the service that says no: a code of the table, and what goes with it on the wire.

    `elements` follow `Message` in the body. `headers` are extra response headers. `edge` marks what the
    front end of the service refuses itself (short Server value, no x-ms-version). `versioned` False drops
    x-ms-version only. `newer` selects the body with a line feed after the XML declaration.
    """

    def __init__(
        self,
        code: str,
        *,
        status: int | None = None,
        message: str | None = None,
        elements: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        edge: bool = False,
        versioned: bool = True,
        newer: bool = False,
    ) -> None:
        known_status, known_message = CODES[code]
        super().__init__(code)
        self.code = code
        self.status = known_status if status is None else status
        self.message = known_message if message is None else message
        self.elements = tuple(elements)
        self.headers = tuple(headers)
        self.edge = edge
        self.versioned = versioned and not edge
        self.newer = newer


def invalid_header(name: str, value: str) -> BlobError:
    """400 InvalidHeaderValue that names the header and its value."""
    return BlobError("InvalidHeaderValue", elements=(("HeaderName", name), ("HeaderValue", value)))


def missing_header(name: str) -> BlobError:
    """400 MissingRequiredHeader that names the header."""
    return BlobError("MissingRequiredHeader", elements=(("HeaderName", name),))


def invalid_query(name: str, value: str, reason: str = "") -> BlobError:
    """400 InvalidQueryParameterValue with name, value and reason."""
    return BlobError(
        "InvalidQueryParameterValue",
        elements=(("QueryParameterName", name), ("QueryParameterValue", value), ("Reason", reason)),
    )


def missing_query(name: str) -> BlobError:
    """400 MissingRequiredQueryParameter that names the parameter."""
    return BlobError("MissingRequiredQueryParameter", elements=(("QueryParameterName", name),))


def query_out_of_range(name: str, value: str, low: int, high: int) -> BlobError:
    """400 OutOfRangeQueryParameterValue with the permitted range."""
    return BlobError(
        "OutOfRangeQueryParameterValue",
        elements=(
            ("QueryParameterName", name),
            ("QueryParameterValue", value),
            ("MinimumAllowed", str(low)),
            ("MaximumAllowed", str(high)),
        ),
    )


def too_large(limit: int) -> BlobError:
    """413 RequestBodyTooLarge with the limit in bytes."""
    return BlobError("RequestBodyTooLarge", elements=(("MaxLimit", str(limit)),))
