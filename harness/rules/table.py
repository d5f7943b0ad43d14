"""What an answer of each operation looks like: statuses, bodies, validators. Data, and nothing else."""

from __future__ import annotations

SUCCESS: dict[str, tuple[int, ...]] = {
    "List Containers": (200,),
    "Get Blob Service Properties": (200,),
    "Set Blob Service Properties": (202,),
    "Get Blob Service Stats": (200,),
    "Get Account Information": (200,),
    "Get User Delegation Key": (200,),
    "Blob Batch": (202, 200),
    "Find Blobs by Tags": (200,),
    "Preflight Blob Request": (200,),
    "Create Container": (201,),
    "Get Container Properties": (200,),
    "Get Container Metadata": (200,),
    "Set Container Metadata": (200,),
    "Get Container ACL": (200,),
    "Set Container ACL": (200,),
    "Delete Container": (202,),
    "Restore Container": (201,),
    "List Blobs": (200,),
    "Put Blob": (201,),
    "Put Blob From URL": (201,),
    "Get Blob": (200, 206),
    "Get Blob Properties": (200,),
    "Set Blob Properties": (200,),
    "Get Blob Metadata": (200,),
    "Set Blob Metadata": (200,),
    "Get Blob Tags": (200,),
    "Set Blob Tags": (204,),
    "Snapshot Blob": (201,),
    "Copy Blob": (202,),
    "Copy Blob From URL": (202,),
    "Abort Copy Blob": (204,),
    "Delete Blob": (202,),
    "Undelete Blob": (200,),
    "Set Blob Tier": (200, 202),
    "Put Block": (201,),
    "Put Block From URL": (201,),
    "Put Block List": (201,),
    "Get Block List": (200,),
    "Append Block": (201,),
    "Append Block From URL": (201,),
    "Append Blob Seal": (200,),
    "Put Page": (201,),
    "Put Page From URL": (201,),
    "Get Page Ranges": (200,),
    "Incremental Copy Blob": (202,),
    "Set Blob Expiry": (200,),
}
"""How each operation says that it was done. SDKs compare these numbers."""

LEASES = frozenset({"Lease Blob", "Lease Container"})
LEASE_SUCCESS = {"acquire": 201, "renew": 200, "change": 200, "release": 200, "break": 202}
"""How a lease operation says that it was done, by its action."""

VALIDATED = frozenset(
    {
        "Create Container",
        "Get Container Properties",
        "Get Container Metadata",
        "Set Container Metadata",
        "Get Container ACL",
        "Set Container ACL",
        "Lease Container",
        "Put Blob",
        "Put Blob From URL",
        "Get Blob",
        "Get Blob Properties",
        "Set Blob Properties",
        "Get Blob Metadata",
        "Set Blob Metadata",
        "Lease Blob",
        "Snapshot Blob",
        "Copy Blob",
        "Copy Blob From URL",
        "Put Block List",
        "Append Block",
        "Append Block From URL",
        "Append Blob Seal",
        "Put Page",
        "Put Page From URL",
        "Get Page Ranges",
    }
)
"""Successes that carry one ETag and one Last-Modified. Get Block List does when there is a blob."""

UNVALIDATED = frozenset(
    {
        "Put Block",
        "Put Block From URL",
        "Delete Blob",
        "Delete Container",
        "Restore Container",
        "Undelete Blob",
        "List Blobs",
        "List Containers",
        "Get Account Information",
        "Get User Delegation Key",
        "Get Blob Service Properties",
        "Set Blob Service Properties",
        "Get Blob Service Stats",
        "Get Blob Tags",
        "Set Blob Tags",
        "Set Blob Tier",
        "Abort Copy Blob",
        "Blob Batch",
        "Find Blobs by Tags",
    }
)
"""Successes that carry neither."""

WRITES = frozenset(
    {
        "Create Container",
        "Set Container Metadata",
        "Set Container ACL",
        "Put Blob",
        "Put Blob From URL",
        "Set Blob Properties",
        "Set Blob Metadata",
        "Copy Blob",
        "Copy Blob From URL",
        "Put Block List",
        "Append Block",
        "Append Block From URL",
        "Put Page",
        "Put Page From URL",
    }
)
"""Successes whose ETag is a new one."""

EMPTY = frozenset(
    {
        "Create Container",
        "Delete Container",
        "Set Container Metadata",
        "Set Container ACL",
        "Lease Container",
        "Restore Container",
        "Get Account Information",
        "Set Blob Service Properties",
        "Put Blob",
        "Put Blob From URL",
        "Put Block",
        "Put Block From URL",
        "Put Block List",
        "Get Blob Metadata",
        "Set Blob Metadata",
        "Set Blob Properties",
        "Set Blob Tier",
        "Set Blob Tags",
        "Snapshot Blob",
        "Lease Blob",
        "Delete Blob",
        "Undelete Blob",
        "Copy Blob",
        "Copy Blob From URL",
        "Abort Copy Blob",
        "Append Block",
        "Append Block From URL",
        "Append Blob Seal",
    }
)
"""Successes without a body."""

XML_ROOTS = {
    "List Blobs": "EnumerationResults",
    "List Containers": "EnumerationResults",
    "Find Blobs by Tags": "EnumerationResults",
    "Get Block List": "BlockList",
    "Get User Delegation Key": "UserDelegationKey",
    "Get Blob Service Properties": "StorageServiceProperties",
    "Get Blob Service Stats": "StorageServiceStats",
    "Get Blob Tags": "Tags",
    "Get Container ACL": "SignedIdentifiers",
    "Get Page Ranges": "PageList",
}
"""Successes that are an XML document, and its root element."""

READS = frozenset({"Get Blob", "Get Blob Properties"})
BLOCKS = frozenset({"Put Block", "Put Block From URL"})
APPENDS = frozenset({"Append Block", "Append Block From URL"})
COPIES = frozenset({"Copy Blob", "Copy Blob From URL"})
CRC_SINCE = "2019-02-02"
"""The version from which on answers carry CRC-64."""
