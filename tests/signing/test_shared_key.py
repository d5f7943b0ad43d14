"""Shared Key: every signature of the SDKs is reproduced, and covers what it should."""

from __future__ import annotations

from typing import Any

import pytest

from harness.exchange import Headers
from harness.signing.canonical import canonical_headers, canonical_resource, canonical_resource_lite
from harness.signing.shared_key import Parts, authorization, string_to_sign, string_to_sign_lite
from tests.signing.alterations import (
    SHARED_KEY_ALTERATIONS,
    UNSIGNED_HEADERS,
    of_shared_key,
    unsigned_of_shared_key,
)
from tests.signing.vectors import altered, lines, vectors

KEY = "a2V5"


def parts_of(vector: dict[str, Any]) -> tuple[Parts, str]:
    headers = tuple((name, value) for name, value in vector["headers"].items() if name != "Authorization")
    headers = tuple(pair for pair in headers if pair[0].lower() != "authorization")
    target = "/" + vector["url"].partition("://")[2].partition("/")[2]
    account = vector["authorization"].split()[1].partition(":")[0]
    return Parts(vector["method"], target, headers), account


@pytest.mark.parametrize("vector", vectors("sharedkey_vectors.jsonl"))
def test_the_sdk_signature_is_reproduced(vector: dict[str, Any]) -> None:
    parts, account = parts_of(vector)
    if "string_to_sign" in vector:
        assert string_to_sign(parts, account) == vector["string_to_sign"]
    assert authorization(parts, account, vector["key"]) == vector["authorization"]


@pytest.mark.parametrize(("vector", "altered"), altered("sharedkey_vectors.jsonl", of_shared_key))
def test_altering_anything_signed_changes_the_signature(
    vector: dict[str, Any], altered: dict[str, Any]
) -> None:
    parts, account = parts_of(altered)
    for ordinal in (False, True):
        assert authorization(parts, account, vector["key"], ordinal=ordinal) != altered["authorization"]


@pytest.mark.parametrize("vector", vectors("sharedkey_vectors.jsonl"))
def test_what_is_not_signed_changes_nothing(vector: dict[str, Any]) -> None:
    for _, other in unsigned_of_shared_key(vector):
        parts, account = parts_of(other)
        assert authorization(parts, account, vector["key"]) == vector["authorization"]
    parts, account = parts_of(vector)
    assert authorization(parts, account, KEY) != vector["authorization"]


def test_every_vector_is_used_and_everything_signed_in_it_is_altered() -> None:
    records = lines("sharedkey_vectors.jsonl")
    if not records:
        pytest.skip("the vectors are not here")
    assert len(records) == 50
    for record in records:
        names = {name for name, _ in of_shared_key(record)}
        assert {"method", "path", "scheme", "account", "signature", "query: added"} <= names
        said = {name.lower() for name in record["headers"]} - UNSIGNED_HEADERS - {"authorization"}
        assert {f"header {name}: value" for name in said} <= names
    assert sum(1 for record in records for _ in of_shared_key(record)) == SHARED_KEY_ALTERATIONS


def test_headers_sort_in_the_order_of_the_service() -> None:
    names = ["a-b", "ab", "aa", "a1", "a_b", "a"]
    headers = tuple((f"x-ms-meta-{name}", "v") for name in names)
    lines = canonical_headers(headers).split("\n")[:-1]
    assert [line.removeprefix("x-ms-meta-").removesuffix(":v") for line in lines] == [
        *("a", "a_b", "a1", "aa", "ab", "a-b")
    ]
    lines = canonical_headers(headers, ordinal=True).split("\n")[:-1]
    assert [line.removeprefix("x-ms-meta-").removesuffix(":v") for line in lines] == [
        *("a", "a-b", "a1", "a_b", "aa", "ab")
    ]


def test_header_values_are_unfolded_trimmed_and_joined() -> None:
    headers = (("X-Ms-B", " 1\r\n  2 "), ("x-ms-a", ""), ("Other", "x"), ("x-ms-b", "3"))
    assert canonical_headers(headers) == "x-ms-a:\nx-ms-b:1 2,3\n"


@pytest.mark.parametrize(
    ("target", "resource"),
    [
        ("/", "/acct/"),
        ("/?comp=list", "/acct/\ncomp:list"),
        ("/c/dir/a%20b%2Bc.txt", "/acct/c/dir/a%20b%2Bc.txt"),
        ("/acct/c/b", "/acct/acct/c/b"),
        (
            "/c?restype=container&Comp=list&prefix=a%2Fb+c",
            "/acct/c\ncomp:list\nprefix:a/b+c\nrestype:container",
        ),
        ("/c?include=b&include=a", "/acct/c\ninclude:a,b"),
        ("/c?marker", "/acct/c\nmarker:"),
    ],
)
def test_the_resource(target: str, resource: str) -> None:
    assert canonical_resource("acct", target) == resource


def test_the_resource_of_shared_key_lite_has_only_comp() -> None:
    assert canonical_resource_lite("acct", "/c?restype=container&comp=list") == "/acct/c?comp=list"
    assert canonical_resource_lite("acct", "/c?restype=container") == "/acct/c"


def test_lite_signs_the_date_header_only_without_x_ms_date() -> None:
    dated: Headers = (("Date", "D"), ("Content-Type", "T"), ("Content-MD5", "M"))
    assert string_to_sign_lite(Parts("PUT", "/c", dated), "acct") == "PUT\nM\nT\nD\n/acct/c"
    both: Headers = (*dated, ("x-ms-date", "E"))
    assert string_to_sign_lite(Parts("PUT", "/c", both), "acct") == "PUT\nM\nT\n\nx-ms-date:E\n/acct/c"


@pytest.mark.parametrize(("version", "line"), [("2014-02-14", "0"), ("2015-02-21", ""), ("2025-07-05", "")])
def test_a_length_of_zero_is_signed_by_old_versions_only(version: str, line: str) -> None:
    headers = (("Content-Length", "0"), ("x-ms-version", version))
    assert string_to_sign(Parts("PUT", "/c", headers), "acct").split("\n")[3] == line
