"""Azure's error codes for blobs: the status of each, and what its document tells beside it. Data."""

from __future__ import annotations

_RECORDED = {
    400: """
        AccessTierNotSupportedForBlobType AllBatchSubRequestsShouldBeSameApi AuthenticationFailed
        BothCrc64AndMd5RangeHeaderPresent Crc64Mismatch
        HierarchicalNamespaceNotEnabled InvalidAuthenticationInfo InvalidBlobOrBlock InvalidBlobTier
        InvalidBlockList InvalidHeaderValue InvalidInput InvalidQueryParameterValue InvalidResourceName
        InvalidXmlDocument Md5Mismatch MissingRequiredHeader MissingRequiredQueryParameter
        MutuallyExclusiveQueryParameters OutOfRangeInput UnsatisfiableCondition
        """,
    401: "InvalidAuthenticationInfo NoAuthenticationInformation",
    403: """
        AuthenticationFailed AuthorizationPermissionMismatch AuthorizationResourceTypeMismatch
        AuthorizationServiceMismatch InsufficientAccountPermissions OperationNotAllowedOnRootBlob
        RequestForbiddenByContainerEncryptionPolicy
        """,
    404: "BlobNotFound ContainerNotFound ResourceNotFound",
    405: "UnsupportedHttpVerb",
    409: """
        BlobAlreadyExists BlobBeingRehydrated BlobCustomerSpecifiedEncryptionMismatch
        BlobDoesNotUseCustomerSpecifiedEncryption BlobImmutableDueToLegalHold BlobImmutableDueToPolicy
        BlobIsSealed BlobOperationNotSupported BlobTierInadequateForContentLength
        BlobUsesCustomerSpecifiedEncryption CannotChangeToLowerTier ContainerAlreadyExists
        ContainerBeingDeleted EncryptionScopeNotAvailable HierarchicalNamespaceNotEnabled InvalidBlobType
        LeaseAlreadyPresent LeaseNotPresentWithLeaseOperation NoPendingCopyOperation PermanentDeleteIsOff
        SnapshotsPresent
        """,
    412: """
        AppendPositionConditionNotMet ConditionNotMet LeaseIdMismatchWithBlobOperation
        LeaseIdMismatchWithContainerOperation LeaseIdMissing LeaseLost LeaseNotPresentWithBlobOperation
        LeaseNotPresentWithContainerOperation MaxBlobSizeConditionNotMet SequenceNumberConditionNotMet
        SourceConditionNotMet TargetConditionNotMet
        """,
    413: "RequestBodyTooLarge",
    416: "InvalidRange",
    500: "InternalError OperationTimedOut",
}
_DOCUMENTED = {
    400: """
        BlockListTooLong BothCrc64AndMd5HeaderPresent BothUserTagsAndSourceTagsCopyPresentException
        ConditionHeadersNotSupported CopyAcrossAccountsNotSupported DuplicateTagNames EmptyMetadataKey
        EmptyTagName ExceedsMaxBatchRequestCount InvalidBlockId InvalidHttpVerb InvalidMd5 InvalidMetadata
        InvalidOperation InvalidUri InvalidVersionForPageBlobOperation InvalidXmlNodeValue MetadataTooLarge
        MissingRequiredXmlNode MultipleConditionHeadersNotSupported OutOfRangeQueryParameterValue
        PreviousSnapshotCannotBeNewer RequestUrlFailedToParse TagsTooLarge UnsupportedHeader
        UnsupportedQueryParameter UnsupportedXmlNode
        """,
    403: """
        AccountIsDisabled AuthorizationFailure AuthorizationProtocolMismatch AuthorizationSourceIPMismatch
        CorsPreflightFailure KeyBasedAuthenticationNotPermitted UnauthorizedBlobOverwrite
        """,
    409: """
        AccountAlreadyExists AccountBeingCreated BlobArchived BlobNotArchived BlobOverwritten
        BlockCountExceedsLimit ContainerDisabled ContentLengthLargerThanTierLimit CopyIdMismatch
        FeatureVersionMismatch IncrementalCopyBlobMismatch IncrementalCopyOfEarlierVersionSnapshotNotAllowed
        IncrementalCopyOfEarlierSnapshotNotAllowed IncrementalCopySourceMustBeSnapshot InvalidSourceBlobType
        InvalidSourceBlobUrl LeaseAlreadyBroken LeaseIdMismatchWithLeaseOperation
        LeaseIsBreakingAndCannotBeAcquired LeaseIsBreakingAndCannotBeChanged LeaseIsBrokenAndCannotBeRenewed
        OperationNotAllowedOnIncrementalCopyBlob PendingCopyOperation PreviousSnapshotNotFound
        PreviousSnapshotOperationNotSupported PublicAccessNotPermitted ResourceAlreadyExists
        ResourceTypeMismatch SequenceNumberIncrementTooLarge SnapshotCountExceeded
        SnapshotOperationRateExceeded SystemInUse BlobAccessTierNotSupportedForAccountType
        """,
    411: "MissingContentLengthHeader",
    412: "InfiniteLeaseDurationRequired",
    416: "InvalidPageRange",
    501: "NotImplemented",
    503: "ServerBusy OperationTimedOut",
}
ANY_STATUS = frozenset({"CannotVerifyCopySource"})
"""Codes whose status is that of somebody else: the source of a copy."""


def _by_code(table: dict[int, str]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for status, codes in table.items():
        for code in codes.split():
            found.setdefault(code, set()).add(status)
    return {code: frozenset(statuses) for code, statuses in found.items()}


RECORDED = _by_code(_RECORDED)
"""Statuses of codes that the real service was seen to answer with."""

DOCUMENTED = {code: statuses for code, statuses in _by_code(_DOCUMENTED).items() if code not in RECORDED}
"""Statuses of codes that are known from documentation, SDKs and reports alone."""

KNOWN = RECORDED.keys() | DOCUMENTED.keys() | ANY_STATUS

ELEMENTS = {
    "Crc64Mismatch": ("UserSpecifiedCrc", "ServerCalculatedCrc"),
    "InvalidHeaderValue": ("HeaderName", "HeaderValue"),
    "InvalidQueryParameterValue": ("QueryParameterName", "QueryParameterValue"),
    "InvalidXmlDocument": ("LineNumber", "LinePosition", "Reason"),
    "Md5Mismatch": ("UserSpecifiedMd5", "ServerCalculatedMd5"),
    "MissingRequiredHeader": ("HeaderName",),
    "MissingRequiredQueryParameter": ("QueryParameterName",),
    "OutOfRangeQueryParameterValue": (
        "QueryParameterName",
        "QueryParameterValue",
        "MinimumAllowed",
        "MaximumAllowed",
    ),
    "RequestBodyTooLarge": ("MaxLimit",),
}
"""What the document of an error tells beside Code and Message."""
