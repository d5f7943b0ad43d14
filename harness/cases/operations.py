"""The names of the Blob operations, as Azure's documentation spells them."""

from __future__ import annotations

MADE_UP = "Made-up operation"
"""What a request is called that no documentation knows; a case may test how it is refused."""

OPERATIONS = frozenset(
    {
        # account
        "List Containers",
        "Get Blob Service Properties",
        "Set Blob Service Properties",
        "Get Blob Service Stats",
        "Get Account Information",
        "Get User Delegation Key",
        "Blob Batch",
        "Find Blobs by Tags",
        "Preflight Blob Request",
        # container
        "Create Container",
        "Get Container Properties",
        "Get Container Metadata",
        "Set Container Metadata",
        "Get Container ACL",
        "Set Container ACL",
        "Delete Container",
        "Lease Container",
        "Restore Container",
        "List Blobs",
        # blob
        "Put Blob",
        "Put Blob From URL",
        "Get Blob",
        "Get Blob Properties",
        "Set Blob Properties",
        "Get Blob Metadata",
        "Set Blob Metadata",
        "Get Blob Tags",
        "Set Blob Tags",
        "Lease Blob",
        "Snapshot Blob",
        "Copy Blob",
        "Copy Blob From URL",
        "Abort Copy Blob",
        "Delete Blob",
        "Undelete Blob",
        "Set Blob Tier",
        "Query Blob Contents",
        "Set Blob Immutability Policy",
        "Delete Blob Immutability Policy",
        "Set Blob Legal Hold",
        "Set Blob Expiry",
        "Put Block",
        "Put Block From URL",
        "Put Block List",
        "Get Block List",
        "Put Page",
        "Put Page From URL",
        "Get Page Ranges",
        "Incremental Copy Blob",
        "Append Block",
        "Append Block From URL",
        "Append Blob Seal",
        MADE_UP,
    }
)
