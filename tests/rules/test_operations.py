"""Requests are recognised in both addressing styles, whatever else is in them."""

from __future__ import annotations

import pytest

from harness.rules.identify import identify
from tests.rules.answers import PREFIX

OPERATIONS = [
    ("GET /acct/?comp=list", {}, "List Containers"),
    ("GET /acct?comp=list", {}, "List Containers"),
    ("PUT /acct/c?restype=container", {}, "Create Container"),
    ("GET /acct/c?restype=container&comp=list", {}, "List Blobs"),
    ("HEAD /acct/c?restype=container&comp=metadata", {}, "Get Container Metadata"),
    ("DELETE /acct/c?restype=container", {}, "Delete Container"),
    ("PUT /acct/c/b", {}, "Put Blob"),
    ("PUT /acct/c/b", {"x-ms-copy-source": "u", "x-ms-blob-type": "BlockBlob"}, "Put Blob From URL"),
    ("PUT /acct/c/b", {"x-ms-copy-source": "u", "x-ms-requires-sync": "True"}, "Copy Blob From URL"),
    ("PUT /acct/c/b", {"x-ms-copy-source": "u"}, "Copy Blob"),
    ("PUT /acct/c/b?comp=block&blockid=x", {}, "Put Block"),
    ("PUT /acct/c/b?comp=block&blockid=x", {"x-ms-copy-source": "u"}, "Put Block From URL"),
    ("PUT /acct/c/b?COMP=BlockList", {}, "Put Block List"),
    ("GET /acct/c/b/d?comp=blocklist", {}, "Get Block List"),
    ("GET /acct/c/b?restype=account&comp=properties", {}, "Get Account Information"),
    ("POST /acct/?restype=service&comp=userdelegationkey", {}, "Get User Delegation Key"),
    ("POST /acct/c?restype=container&comp=batch", {}, "Blob Batch"),
    ("PUT /acct/rootblob", {}, "Put Blob"),
    ("PUT /acct/c/b?comp=nonsense", {}, "Made-up operation"),
    ("PATCH /acct/c/b", {}, "Made-up operation"),
]


@pytest.mark.parametrize(("line", "asked", "operation"), OPERATIONS)
def test_requests_are_recognised_in_both_styles(line: str, asked: dict[str, str], operation: str) -> None:
    method, _, target = line.partition(" ")
    headers = tuple(asked.items())
    assert identify(method, target, headers, PREFIX).operation == operation
    assert identify(method, target.removeprefix(PREFIX), headers).operation == operation


def test_names_are_decoded_and_a_container_named_like_the_account_is_none_of_it() -> None:
    who = identify("GET", "/acct/c%20d/x%2Fy/z", (), PREFIX)
    assert (who.container, who.blob) == ("c d", "x/y/z")
    assert identify("GET", "/acctother/b", (), PREFIX).container == "acctother"
