"""What of an answer is younger than some versions: response headers and list elements, by their first."""

from __future__ import annotations

from collections.abc import Iterable

from reference_impl.protocol.headers_out import Fields

HEADERS = {
    "x-ms-server-encrypted": "2015-12-11",
    "x-ms-request-server-encrypted": "2015-12-11",
    "x-ms-blob-content-md5": "2016-05-31",
    "x-ms-blob-public-access": "2016-05-31",
    "x-ms-access-tier": "2017-04-17",
    "x-ms-access-tier-inferred": "2017-04-17",
    "x-ms-access-tier-change-time": "2017-04-17",
    "x-ms-archive-status": "2017-04-17",
    "x-ms-creation-time": "2017-11-09",
    "x-ms-delete-type-permanent": "2017-11-09",
    "x-ms-has-immutability-policy": "2017-11-09",
    "x-ms-has-legal-hold": "2017-11-09",
    "x-ms-default-encryption-scope": "2019-02-02",
    "x-ms-deny-encryption-scope-override": "2019-02-02",
    "x-ms-blob-sealed": "2019-12-12",
    "x-ms-rehydrate-priority": "2019-12-12",
    "x-ms-is-hns-enabled": "2020-02-10",
    "x-ms-immutable-storage-with-versioning-enabled": "2020-10-02",
}
ELEMENTS = {
    "ServerEncrypted": "2015-12-11",
    "PublicAccess": "2016-05-31",
    "AccessTier": "2017-04-17",
    "AccessTierInferred": "2017-04-17",
    "AccessTierChangeTime": "2017-04-17",
    "ArchiveStatus": "2017-04-17",
    "Creation-Time": "2017-11-09",
    "HasImmutabilityPolicy": "2017-11-09",
    "HasLegalHold": "2017-11-09",
    "Content-CRC64": "2019-02-02",
    "DefaultEncryptionScope": "2019-02-02",
    "DenyEncryptionScopeOverride": "2019-02-02",
    "Sealed": "2019-12-12",
    "RehydratePriority": "2019-12-12",
    "ImmutableStorageWithVersioningEnabled": "2020-10-02",
}
_ALL = max(*HEADERS.values(), *ELEMENTS.values())


def headers(fields: Fields, version: str) -> Fields:
    """The headers that a version knows. No version at all is taken for the newest."""
    if not version or version >= _ALL:
        return fields
    return [field for field in fields if HEADERS.get(field[0], "") <= version]


def elements(pairs: Iterable[tuple[str, str | None]], version: str) -> list[tuple[str, str | None]]:
    """The list elements that a version knows."""
    if version >= _ALL:
        return list(pairs)
    return [pair for pair in pairs if ELEMENTS.get(pair[0], "") <= version]
