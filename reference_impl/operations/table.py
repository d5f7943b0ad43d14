"""The operation table: (method, level, restype, comp) and the deciding headers lead to one operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from reference_impl.auth import permissions as may
from reference_impl.auth.permissions import Needs
from reference_impl.http.message import Response
from reference_impl.operations import (
    account,
    append,
    batch,
    blocks,
    changing,
    containers,
    copies,
    from_url,
    leases,
    lists,
    put,
    reading,
    service_properties,
    snapshots,
)
from reference_impl.operations.call import Call, Operation
from reference_impl.protocol.errors import BlobError, invalid_query

Key = tuple[str, str, str, str]
Run = Callable[[Call], Awaitable[Response]]


class Table:
    """The operations of one façade. Made when it starts, so that it holds whatever a mutant put in place."""

    def __init__(self) -> None:
        self._rows = _rows()
        self._put_blob = Operation("Put Blob", may.CREATE_BLOB, put.put_blob, framed=True)
        self._put_append_blob = Operation("Put Blob", may.CREATE_BLOB, append.create)
        self._put_blob_from_url = Operation("Put Blob From URL", may.CREATE_BLOB, from_url.put_blob_from_url)
        self._put_block_from_url = Operation(
            "Put Block From URL", may.WRITE_BLOB, from_url.put_block_from_url
        )
        self._append_from_url = Operation(
            "Append Block From URL", may.APPEND_BLOB, append.append_block_from_url, newer=True
        )
        self._copy_blob = Operation("Copy Blob", may.CREATE_BLOB, copies.copy_blob)
        self._copy_from_url = Operation("Copy Blob From URL", may.CREATE_BLOB, copies.copy_blob_from_url)

    def find(self, call: Call) -> Operation:
        """The operation of an addressed request. Raises 400 for one that is none, 405 for an unknown verb."""
        method = call.request.method
        if method not in _METHODS:
            raise BlobError("UnsupportedHttpVerb")
        if "action" in call.query or "resource" in call.query or method == "PATCH":
            # Asked by clients that probe for a hierarchical namespace.
            raise BlobError("HierarchicalNamespaceNotEnabled")
        restype = (call.query.get("restype") or "").lower()
        comp = (call.query.get("comp") or "").lower()
        key = (method, _level(call), restype, comp)
        copying = call.header("x-ms-copy-source") is not None
        if key == ("PUT", "blob", "", ""):
            return self._put(call, copying=copying)
        if key == ("PUT", "blob", "", "block") and copying:
            return self._put_block_from_url
        if key == ("PUT", "blob", "", "appendblock") and copying:
            return self._append_from_url
        found = self._rows.get(key)
        if found is None:
            raise self._no_operation(call, key)
        if comp == "lease" and (call.header("x-ms-lease-action") or "").lower() == "break":
            return replace(found, needs=_BREAKING[key[1]])
        return found

    def _put(self, call: Call, *, copying: bool) -> Operation:
        """A bare PUT of a blob: headers say which of the operations it is."""
        kind = call.header("x-ms-blob-type")
        if not copying:
            return self._put_append_blob if kind == "AppendBlob" else self._put_blob
        if kind is not None:
            return self._put_blob_from_url
        if (call.header("x-ms-requires-sync") or "").lower() == "true":
            return self._copy_from_url
        return self._copy_blob

    def _no_operation(self, call: Call, key: Key) -> BlobError:
        others = {row[0] for row in self._rows if row[1:] == key[1:]}
        if others:
            return BlobError("UnsupportedHttpVerb", headers=(("Allow", ", ".join(sorted(others))),))
        name = "comp" if key[3] or not key[2] else "restype"
        return invalid_query(name, call.query.get(name) or "")


def _level(call: Call) -> str:
    if call.resource.container is None:
        return "account"
    return "container" if call.resource.blob is None else "blob"


def _rows() -> dict[Key, Operation]:
    rows: dict[Key, Operation] = {}

    def add(
        methods: str,
        level: str,
        restype: str,
        comp: str,
        name: str,
        needs: Needs,
        run: Run,
        *,
        newer: bool = False,
        framed: bool = False,
    ) -> None:
        for method in methods.split():
            rows[method, level, restype, comp] = Operation(name, needs, run, newer, framed)

    add("GET", "account", "", "list", "List Containers", may.LIST_CONTAINERS, lists.containers)
    for level in ("account", "container", "blob"):
        add(
            "GET HEAD",
            level,
            "account",
            "properties",
            "Get Account Information",
            may.ANY,
            account.information,
        )
    add(
        "GET",
        "account",
        "service",
        "properties",
        "Get Blob Service Properties",
        may.READ_SERVICE,
        service_properties.get,
    )
    add(
        "PUT",
        "account",
        "service",
        "properties",
        "Set Blob Service Properties",
        may.WRITE_SERVICE,
        service_properties.put,
    )
    add(
        "GET",
        "account",
        "service",
        "stats",
        "Get Blob Service Stats",
        may.READ_SERVICE,
        account.service_stats,
    )
    add(
        "POST",
        "account",
        "service",
        "userdelegationkey",
        "Get User Delegation Key",
        may.DELEGATION_KEY,
        account.user_delegation_key,
    )
    add("POST", "account", "", "batch", "Blob Batch", may.ANY, batch.submit)
    add("POST", "container", "container", "batch", "Blob Batch", may.ANY, batch.submit)
    add("GET", "account", "", "blobs", "Find Blobs by Tags", may.LIST_CONTAINERS, refused)
    add("GET", "container", "container", "blobs", "Find Blobs by Tags in Container", may.LIST_BLOBS, refused)

    add("PUT", "container", "container", "", "Create Container", may.CREATE_CONTAINER, containers.create)
    add(
        "GET HEAD",
        "container",
        "container",
        "",
        "Get Container Properties",
        may.READ_CONTAINER,
        containers.properties,
    )
    add("DELETE", "container", "container", "", "Delete Container", may.DELETE_CONTAINER, containers.delete)
    add(
        "GET HEAD",
        "container",
        "container",
        "metadata",
        "Get Container Metadata",
        may.READ_CONTAINER,
        containers.metadata,
    )
    add(
        "PUT",
        "container",
        "container",
        "metadata",
        "Set Container Metadata",
        may.WRITE_CONTAINER,
        containers.set_metadata,
    )
    add(
        "GET HEAD",
        "container",
        "container",
        "acl",
        "Get Container ACL",
        may.CONTAINER_ACL,
        containers.get_acl,
    )
    add("PUT", "container", "container", "acl", "Set Container ACL", may.CONTAINER_ACL, containers.set_acl)
    add(
        "PUT",
        "container",
        "container",
        "lease",
        "Lease Container",
        may.WRITE_CONTAINER,
        leases.lease_container,
    )
    add("PUT", "container", "container", "undelete", "Restore Container", may.WRITE_CONTAINER, refused)
    add("PUT", "container", "container", "rename", "Rename Container", may.WRITE_CONTAINER, refused)
    add("GET", "container", "container", "list", "List Blobs", may.LIST_BLOBS, lists.blobs)

    add("GET", "blob", "", "", "Get Blob", may.READ_BLOB, reading.get_blob, framed=True)
    add("HEAD", "blob", "", "", "Get Blob Properties", may.READ_BLOB, reading.get_properties)
    add("DELETE", "blob", "", "", "Delete Blob", may.DELETE_BLOB, changing.delete)
    add("GET HEAD", "blob", "", "metadata", "Get Blob Metadata", may.READ_BLOB, reading.get_metadata)
    add("PUT", "blob", "", "metadata", "Set Blob Metadata", may.WRITE_BLOB, changing.set_metadata)
    add("PUT", "blob", "", "properties", "Set Blob Properties", may.WRITE_BLOB, changing.set_properties)
    add("PUT", "blob", "", "tier", "Set Blob Tier", may.WRITE_BLOB, changing.set_tier)
    add("GET", "blob", "", "tags", "Get Blob Tags", may.READ_TAGS, changing.get_tags, newer=True)
    add("PUT", "blob", "", "tags", "Set Blob Tags", may.WRITE_TAGS, changing.set_tags, newer=True)
    add("PUT", "blob", "", "block", "Put Block", may.WRITE_BLOB, blocks.put_block, framed=True)
    add("PUT", "blob", "", "blocklist", "Put Block List", may.WRITE_BLOB, blocks.put_block_list)
    add("GET", "blob", "", "blocklist", "Get Block List", may.READ_BLOB, blocks.get_block_list)
    add("PUT", "blob", "", "appendblock", "Append Block", may.APPEND_BLOB, append.append_block, framed=True)
    add("PUT", "blob", "", "seal", "Append Blob Seal", may.APPEND_BLOB, append.seal, newer=True)
    add("PUT", "blob", "", "snapshot", "Snapshot Blob", may.CREATE_BLOB, snapshots.snapshot_blob)
    add("PUT", "blob", "", "lease", "Lease Blob", may.WRITE_BLOB, leases.lease_blob)
    add("PUT", "blob", "", "copy", "Abort Copy Blob", may.WRITE_BLOB, copies.abort)
    for comp, name, needs in (
        ("undelete", "Undelete Blob", may.WRITE_BLOB),
        ("page", "Put Page", may.WRITE_BLOB),
        ("incrementalcopy", "Incremental Copy Blob", may.WRITE_BLOB),
        ("expiry", "Set Blob Expiry", may.WRITE_BLOB),
        ("immutabilitypolicies", "Set Immutability Policy", may.WRITE_BLOB),
        ("legalhold", "Set Blob Legal Hold", may.WRITE_BLOB),
    ):
        add("PUT", "blob", "", comp, name, needs, refused)
    add("DELETE", "blob", "", "immutabilitypolicies", "Delete Immutability Policy", may.WRITE_BLOB, refused)
    add("GET", "blob", "", "pagelist", "Get Page Ranges", may.READ_BLOB, refused)
    add("POST", "blob", "", "query", "Query Blob Contents", may.READ_BLOB, refused)
    return rows


async def refused(call: Call) -> Response:
    """A known operation that this façade does not do: 501, which no client retries."""
    raise BlobError("NotImplemented")


# Who may delete may break a lease as well.
_BREAKING = {"blob": may.BREAK_BLOB_LEASE, "container": may.BREAK_CONTAINER_LEASE}
_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"})
