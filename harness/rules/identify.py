"""Which operation a request is: from its method, its path depth, `restype`, `comp` and a few headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from urllib.parse import unquote

from harness.cases.operations import MADE_UP
from harness.exchange import Headers, header

Depth = Literal["account", "container", "blob"]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a request asks for. Names are decoded; query names are in lower case."""

    operation: str
    depth: Depth
    container: str
    blob: str
    query: Mapping[str, str]
    method: str

    @property
    def told_by_headers(self) -> bool:
        """Whether another operation has the same request line: only headers tell them apart."""
        comp = self.query.get("comp", "").lower()
        return self.method == "PUT" and self.depth == "blob" and comp in ("", *_FROM_URL)


def identify(method: str, target: str, headers: Headers, prefix: str = "") -> Identity:
    """The operation of a request.

    `prefix` is what stands in front of the container in the target: "/account" for path style, "" for host
    style. What no documentation knows is called "Made-up operation".
    """
    path, _, raw = target.partition("?")
    query = _query(raw)
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        path = path.removeprefix(prefix)
    container, _, blob = path.removeprefix("/").partition("/")
    container, blob = unquote(container), unquote(blob)
    restype, comp = query.get("restype", "").lower(), query.get("comp", "").lower()
    depth: Depth = "account" if not container else "container" if restype and not blob else "blob"
    if depth == "blob" and not blob:  # one path segment and no restype: a blob of the root container
        container, blob = "$root", container
    name = _name(method.upper(), depth, restype, comp, query, headers)
    return Identity(name, depth, container, blob, MappingProxyType(query), method.upper())


def _query(raw: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for item in raw.split("&"):
        if item:
            name, _, value = item.partition("=")
            out.setdefault(unquote(name).lower(), unquote(value))
    return out


def _name(
    method: str, depth: Depth, restype: str, comp: str, query: Mapping[str, str], headers: Headers
) -> str:
    if method == "OPTIONS":
        return "Preflight Blob Request"
    if restype == "account" and comp == "properties" and method in ("GET", "HEAD"):
        return "Get Account Information"
    if depth == "account":
        return _ACCOUNT.get((method, restype, comp), MADE_UP)
    if depth == "container":
        return _CONTAINER.get((method, comp), MADE_UP) if restype == "container" else MADE_UP
    if restype:
        return MADE_UP
    if comp:
        return _with_comp(method, comp, headers)
    if method == "PUT":
        return _put(headers)
    return _BLOB.get(method, MADE_UP)


_ACCOUNT = {
    ("GET", "", "list"): "List Containers",
    ("GET", "service", "properties"): "Get Blob Service Properties",
    ("PUT", "service", "properties"): "Set Blob Service Properties",
    ("GET", "service", "stats"): "Get Blob Service Stats",
    ("POST", "service", "userdelegationkey"): "Get User Delegation Key",
    ("POST", "", "batch"): "Blob Batch",
    ("GET", "", "blobs"): "Find Blobs by Tags",
}
_CONTAINER = {
    ("PUT", ""): "Create Container",
    ("GET", ""): "Get Container Properties",
    ("HEAD", ""): "Get Container Properties",
    ("DELETE", ""): "Delete Container",
    ("GET", "list"): "List Blobs",
    ("GET", "metadata"): "Get Container Metadata",
    ("HEAD", "metadata"): "Get Container Metadata",
    ("PUT", "metadata"): "Set Container Metadata",
    ("GET", "acl"): "Get Container ACL",
    ("HEAD", "acl"): "Get Container ACL",
    ("PUT", "acl"): "Set Container ACL",
    ("PUT", "lease"): "Lease Container",
    ("PUT", "undelete"): "Restore Container",
    ("POST", "batch"): "Blob Batch",
    ("GET", "blobs"): "Find Blobs by Tags",
}
_BLOB = {"GET": "Get Blob", "HEAD": "Get Blob Properties", "DELETE": "Delete Blob"}
_COMP = {
    ("PUT", "blocklist"): "Put Block List",
    ("GET", "blocklist"): "Get Block List",
    ("GET", "metadata"): "Get Blob Metadata",
    ("HEAD", "metadata"): "Get Blob Metadata",
    ("PUT", "metadata"): "Set Blob Metadata",
    ("PUT", "properties"): "Set Blob Properties",
    ("PUT", "lease"): "Lease Blob",
    ("PUT", "snapshot"): "Snapshot Blob",
    ("PUT", "undelete"): "Undelete Blob",
    ("PUT", "tier"): "Set Blob Tier",
    ("GET", "tags"): "Get Blob Tags",
    ("PUT", "tags"): "Set Blob Tags",
    ("PUT", "copy"): "Abort Copy Blob",
    ("PUT", "immutabilitypolicies"): "Set Blob Immutability Policy",
    ("DELETE", "immutabilitypolicies"): "Delete Blob Immutability Policy",
    ("PUT", "legalhold"): "Set Blob Legal Hold",
    ("PUT", "expiry"): "Set Blob Expiry",
    ("PUT", "incrementalcopy"): "Incremental Copy Blob",
    ("GET", "pagelist"): "Get Page Ranges",
    ("PUT", "seal"): "Append Blob Seal",
    ("POST", "query"): "Query Blob Contents",
}
_FROM_URL = {"block": "Put Block", "page": "Put Page", "appendblock": "Append Block"}


def _with_comp(method: str, comp: str, headers: Headers) -> str:
    if method == "PUT" and comp in _FROM_URL:
        suffix = " From URL" if header(headers, "x-ms-copy-source") is not None else ""
        return _FROM_URL[comp] + suffix
    return _COMP.get((method, comp), MADE_UP)


def _put(headers: Headers) -> str:
    if header(headers, "x-ms-copy-source") is None:
        return "Put Blob"
    if header(headers, "x-ms-blob-type") is not None:
        return "Put Blob From URL"
    if (header(headers, "x-ms-requires-sync") or "").lower() == "true":
        return "Copy Blob From URL"
    return "Copy Blob"
