"""The elements of every XML answer: their order, and those that no reader can do without. Data.

A path is the names from the root down. Elements that are not listed may stand anywhere: newer versions add
some.
"""

from __future__ import annotations

from dataclasses import dataclass

_BLOB_PROPERTIES = (
    "Creation-Time Last-Modified Expiry-Time Etag ResourceType Content-Length Content-Type "
    "Content-Encoding Content-Language Content-CRC64 Content-MD5 Cache-Control Content-Disposition "
    "LastAccessTime x-ms-blob-sequence-number BlobType AccessTier AccessTierInferred ArchiveStatus "
    "RehydratePriority AccessTierChangeTime LeaseStatus LeaseState LeaseDuration CopyId CopySource "
    "CopyStatus CopyProgress CopyCompletionTime CopyStatusDescription IncrementalCopy "
    "CopyDestinationSnapshot ServerEncrypted CustomerProvidedKeySha256 EncryptionScope DeletedTime "
    "RemainingRetentionDays TagCount Sealed"
)
_CONTAINER_PROPERTIES = (
    "Last-Modified Etag LeaseStatus LeaseState LeaseDuration PublicAccess DefaultEncryptionScope "
    "DenyEncryptionScopeOverride HasImmutabilityPolicy HasLegalHold ImmutableStorageWithVersioningEnabled "
    "DeletedTime RemainingRetentionDays"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The children of an element, in their order; those in `must` are always there."""

    order: tuple[str, ...]
    must: frozenset[str] = frozenset()


def _shape(order: str, must: str = "") -> Shape:
    return Shape(tuple(order.split()), frozenset(must.split()))


_TAGS = {
    "Tags": _shape("TagSet", "TagSet"),
    "Tags/TagSet/Tag": _shape("Key Value", "Key Value"),
}
_RETENTION = _shape("Enabled Days AllowPermanentDelete", "Enabled")
_METRICS = _shape("Version Enabled IncludeAPIs RetentionPolicy", "Version Enabled")

SHAPES: dict[str, dict[str, Shape]] = {
    "List Blobs": {
        "EnumerationResults": _shape(
            "Prefix Marker MaxResults Delimiter Blobs NextMarker", "Blobs NextMarker"
        ),
        "EnumerationResults/Blobs/Blob": _shape(
            "Name Snapshot VersionId IsCurrentVersion DeletionId HasVersionsOnly Deleted Properties Metadata "
            "Tags OrMetadata",
            "Name Properties",
        ),
        "EnumerationResults/Blobs/BlobPrefix": _shape("Name Properties", "Name"),
        "EnumerationResults/Blobs/Blob/Properties": _shape(_BLOB_PROPERTIES, "Content-Length BlobType"),
        **{f"EnumerationResults/Blobs/Blob/{path}": shape for path, shape in _TAGS.items()},
    },
    "List Containers": {
        "EnumerationResults": _shape(
            "Prefix Marker MaxResults Containers NextMarker", "Containers NextMarker"
        ),
        "EnumerationResults/Containers/Container": _shape(
            "Name Deleted Version Properties Metadata", "Name Properties"
        ),
        "EnumerationResults/Containers/Container/Properties": _shape(
            _CONTAINER_PROPERTIES, "Last-Modified Etag"
        ),
    },
    "Find Blobs by Tags": {
        "EnumerationResults": _shape("Where Blobs NextMarker", "Where Blobs NextMarker"),
        "EnumerationResults/Blobs/Blob": _shape("Name ContainerName Tags", "Name ContainerName"),
    },
    "Get Block List": {
        "BlockList": _shape("CommittedBlocks UncommittedBlocks"),
        "BlockList/CommittedBlocks/Block": _shape("Name Size", "Name Size"),
        "BlockList/UncommittedBlocks/Block": _shape("Name Size", "Name Size"),
    },
    "Get Blob Tags": _TAGS,
    "Get User Delegation Key": {
        "UserDelegationKey": _shape(
            "SignedOid SignedTid SignedStart SignedExpiry SignedService SignedVersion "
            "SignedDelegatedUserTid Value",
            "SignedOid SignedTid SignedStart SignedExpiry SignedService SignedVersion Value",
        ),
    },
    "Get Container ACL": {
        "SignedIdentifiers/SignedIdentifier": _shape("Id AccessPolicy", "Id"),
        "SignedIdentifiers/SignedIdentifier/AccessPolicy": _shape("Start Expiry Permission"),
    },
    "Get Blob Service Properties": {
        "StorageServiceProperties": _shape(
            "Logging HourMetrics MinuteMetrics Cors DeleteRetentionPolicy StaticWebsite "
            "DefaultServiceVersion",
            "Logging HourMetrics MinuteMetrics Cors",
        ),
        "StorageServiceProperties/Logging": _shape(
            "Version Read Write Delete RetentionPolicy", "Version Read Write Delete RetentionPolicy"
        ),
        "StorageServiceProperties/HourMetrics": _METRICS,
        "StorageServiceProperties/MinuteMetrics": _METRICS,
        "StorageServiceProperties/DeleteRetentionPolicy": _RETENTION,
        "StorageServiceProperties/Logging/RetentionPolicy": _RETENTION,
        "StorageServiceProperties/Cors/CorsRule": _shape(
            "AllowedMethods AllowedOrigins AllowedHeaders ExposedHeaders MaxAgeInSeconds",
            "AllowedMethods AllowedOrigins AllowedHeaders ExposedHeaders MaxAgeInSeconds",
        ),
        "StorageServiceProperties/StaticWebsite": _shape(
            "Enabled IndexDocument DefaultIndexDocumentPath ErrorDocument404Path", "Enabled"
        ),
    },
    "Get Blob Service Stats": {
        "StorageServiceStats/GeoReplication": _shape("Status LastSyncTime", "Status LastSyncTime"),
    },
}
"""By operation and path from the root."""
