"""Every operation is recognised from its request line and headers, in host style and in path style."""

from __future__ import annotations

import pytest

from harness.cases.operations import MADE_UP, OPERATIONS
from harness.rules.identify import identify

PREFIX = "/acct"
COPY = {"X-MS-Copy-Source": "https://h/c/b"}

TABLE: list[tuple[str, dict[str, str], str]] = [
    # account
    ("GET /?comp=list", {}, "List Containers"),
    ("GET /?restype=service&comp=properties", {}, "Get Blob Service Properties"),
    ("PUT /?restype=service&comp=properties", {}, "Set Blob Service Properties"),
    ("GET /?restype=service&comp=stats", {}, "Get Blob Service Stats"),
    ("GET /?restype=account&comp=properties", {}, "Get Account Information"),
    ("HEAD /c?restype=account&comp=properties", {}, "Get Account Information"),
    ("GET /c/b?restype=account&comp=properties", {}, "Get Account Information"),
    ("POST /?restype=service&comp=userdelegationkey", {}, "Get User Delegation Key"),
    ("POST /?comp=batch", {}, "Blob Batch"),
    ("POST /c?restype=container&comp=batch", {}, "Blob Batch"),
    ("GET /?comp=blobs&where=x", {}, "Find Blobs by Tags"),
    ("GET /c?restype=container&comp=blobs&where=x", {}, "Find Blobs by Tags"),
    ("OPTIONS /", {}, "Preflight Blob Request"),
    ("OPTIONS /c/b?comp=block", {}, "Preflight Blob Request"),
    # container
    ("PUT /c?restype=container", {}, "Create Container"),
    ("GET /c?restype=container", {}, "Get Container Properties"),
    ("HEAD /c?restype=container", {}, "Get Container Properties"),
    ("GET /c?restype=container&comp=metadata", {}, "Get Container Metadata"),
    ("HEAD /c?restype=container&comp=metadata", {}, "Get Container Metadata"),
    ("PUT /c?restype=container&comp=metadata", {}, "Set Container Metadata"),
    ("GET /c?restype=container&comp=acl", {}, "Get Container ACL"),
    ("HEAD /c?restype=container&comp=acl", {}, "Get Container ACL"),
    ("PUT /c?restype=container&comp=acl", {}, "Set Container ACL"),
    ("DELETE /c?restype=container", {}, "Delete Container"),
    ("PUT /c?restype=container&comp=lease", {}, "Lease Container"),
    ("PUT /c?restype=container&comp=undelete", {}, "Restore Container"),
    ("GET /c?restype=container&comp=list&prefix=a%2Fb", {}, "List Blobs"),
    ("GET /c?comp=list&restype=container", {}, "List Blobs"),
    # blob
    ("PUT /c/b", {"x-ms-blob-type": "BlockBlob"}, "Put Blob"),
    ("PUT /c/b", {}, "Put Blob"),
    ("PUT /c/b", {**COPY, "x-ms-blob-type": "BlockBlob"}, "Put Blob From URL"),
    ("PUT /c/b", COPY, "Copy Blob"),
    ("PUT /c/b", {**COPY, "x-ms-requires-sync": "false"}, "Copy Blob"),
    ("PUT /c/b", {**COPY, "x-ms-requires-sync": "True"}, "Copy Blob From URL"),
    ("GET /c/b", {}, "Get Blob"),
    ("GET /c/b?snapshot=2022-09-29T05:35:35.1876922Z", {}, "Get Blob"),
    ("HEAD /c/b", {}, "Get Blob Properties"),
    ("PUT /c/b?comp=properties", {}, "Set Blob Properties"),
    ("GET /c/b?comp=metadata", {}, "Get Blob Metadata"),
    ("HEAD /c/b?comp=metadata", {}, "Get Blob Metadata"),
    ("PUT /c/b?comp=metadata", {}, "Set Blob Metadata"),
    ("GET /c/b?comp=tags", {}, "Get Blob Tags"),
    ("PUT /c/b?comp=tags", {}, "Set Blob Tags"),
    ("PUT /c/b?comp=lease", {}, "Lease Blob"),
    ("PUT /c/b?comp=snapshot", {}, "Snapshot Blob"),
    ("PUT /c/b?comp=copy&copyid=x", {}, "Abort Copy Blob"),
    ("DELETE /c/b", {}, "Delete Blob"),
    ("DELETE /c/b?deletetype=permanent", {}, "Delete Blob"),
    ("PUT /c/b?comp=undelete", {}, "Undelete Blob"),
    ("PUT /c/b?comp=tier", {}, "Set Blob Tier"),
    ("POST /c/b?comp=query", {}, "Query Blob Contents"),
    ("PUT /c/b?comp=immutabilityPolicies", {}, "Set Blob Immutability Policy"),
    ("DELETE /c/b?comp=immutabilityPolicies", {}, "Delete Blob Immutability Policy"),
    ("PUT /c/b?comp=legalhold", {}, "Set Blob Legal Hold"),
    ("PUT /c/b?comp=expiry", {}, "Set Blob Expiry"),
    ("PUT /c/b?comp=block&blockid=YQ%3D%3D", {}, "Put Block"),
    ("PUT /c/b?comp=block&blockid=YQ%3D%3D", COPY, "Put Block From URL"),
    ("PUT /c/b?comp=blocklist", {}, "Put Block List"),
    ("GET /c/b?comp=blocklist&blocklisttype=all", {}, "Get Block List"),
    ("PUT /c/b?comp=page", {}, "Put Page"),
    ("PUT /c/b?comp=page", COPY, "Put Page From URL"),
    ("GET /c/b?comp=pagelist", {}, "Get Page Ranges"),
    ("PUT /c/b?comp=incrementalcopy", COPY, "Incremental Copy Blob"),
    ("PUT /c/b?comp=appendblock", {}, "Append Block"),
    ("PUT /c/b?comp=appendblock", COPY, "Append Block From URL"),
    ("PUT /c/b?comp=seal", {}, "Append Blob Seal"),
    # what nobody documents
    ("GET /", {}, MADE_UP),
    ("PUT /?comp=list", {}, MADE_UP),
    ("DELETE /", {}, MADE_UP),
    ("PATCH /c/b", {}, MADE_UP),
    ("POST /c/b", {}, MADE_UP),
    ("GET /c?restype=bucket", {}, MADE_UP),
    ("GET /c?comp=list", {}, MADE_UP),  # without restype this is a blob of the root container
    ("POST /c?comp=batch", {}, MADE_UP),
    ("GET /c/b?comp=list&restype=container", {}, MADE_UP),
    ("PUT /c/b?comp=nonsense", {}, MADE_UP),
    ("DELETE /c?restype=container&comp=nonsense", {}, MADE_UP),
    ("HEAD /c/b?comp=blocklist", {}, MADE_UP),
]


@pytest.mark.parametrize(("line", "headers", "operation"), TABLE)
def test_operation(line: str, headers: dict[str, str], operation: str) -> None:
    method, _, target = line.partition(" ")
    pairs = tuple(headers.items())
    host = identify(method, target, pairs)
    path = identify(method, f"{PREFIX}{target}", pairs, PREFIX)
    assert host.operation == operation
    assert path == host
    shouted, _, query = target.partition("?")
    loud = identify(method.lower(), f"{shouted}?{query.upper()}", pairs)
    assert loud.operation == operation, "case means nothing in methods, names and values of comp and restype"


def test_the_table_has_every_operation() -> None:
    assert {operation for _, _, operation in TABLE} == OPERATIONS


@pytest.mark.parametrize(
    ("target", "depth", "container", "blob"),
    [
        ("/", "account", "", ""),
        ("", "account", "", ""),
        ("?comp=list", "account", "", ""),
        ("/c?restype=container", "container", "c", ""),
        ("/$root?restype=container", "container", "$root", ""),
        ("/c/", "blob", "$root", "c"),
        ("/b.txt", "blob", "$root", "b.txt"),
        ("/$root/b.txt", "blob", "$root", "b.txt"),
        ("/c/d/e%2Ff", "blob", "c", "d/e/f"),
        ("/c//d", "blob", "c", "/d"),
        ("/c/a+b%20c", "blob", "c", "a+b c"),
        ("/c/b?restype=container", "blob", "c", "b"),
    ],
)
def test_what_is_named(target: str, depth: str, container: str, blob: str) -> None:
    who = identify("GET", target, ())
    assert (who.depth, who.container, who.blob) == (depth, container, blob)
    assert identify("GET", f"{PREFIX}{target}", (), PREFIX) == who


def test_the_prefix_is_a_whole_segment() -> None:
    assert identify("GET", "/acct", (), PREFIX).depth == "account"
    assert identify("GET", "/account/b", (), PREFIX).container == "account"
    assert identify("GET", "/acct/acct/b", (), PREFIX).container == "acct"


def test_the_query_is_decoded_and_its_first_word_counts() -> None:
    who = identify("GET", "/c?restype=container&COMP=l%69st&comp=acl&Prefix=a%2Fb+c&flag", ())
    assert who.operation == "List Blobs"
    assert dict(who.query) == {"restype": "container", "comp": "list", "prefix": "a/b+c", "flag": ""}
