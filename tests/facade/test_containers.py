"""Containers: create, properties, metadata, policies, delete, and the listing of them."""

from __future__ import annotations

import pytest

from tests.facade.client import Client

COMMON = ["Server", "x-ms-request-id", "x-ms-client-request-id", "x-ms-version"]
HEAD = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>'


def test_create(client: Client) -> None:
    made = client.create("made", {"x-ms-meta-Key": "v"})
    assert made.names == ["Content-Length", "Last-Modified", "ETag", *COMMON, "Date"]
    again = client.create("made")
    assert (again.status, again.code, again.reason) == (
        409,
        "ContainerAlreadyExists",
        "The specified container already exists.",
    )
    assert client.create("Made").code == "InvalidResourceName"
    assert client.create("ab").code == "OutOfRangeInput"


def test_properties(client: Client, container: str) -> None:
    for method in ("GET", "HEAD"):
        got = client.send(method, f"/{container}?restype=container")
        assert got.names == [
            "Content-Length",
            "Last-Modified",
            "ETag",
            *COMMON,
            "x-ms-lease-status",
            "x-ms-lease-state",
            "x-ms-has-immutability-policy",
            "x-ms-has-legal-hold",
            "x-ms-immutable-storage-with-versioning-enabled",
            "x-ms-default-encryption-scope",
            "x-ms-deny-encryption-scope-override",
            "Date",
        ]
    assert client.get("/nothing?restype=container").code == "ContainerNotFound"


def test_metadata(client: Client, container: str) -> None:
    assert (
        client.send("PUT", f"/{container}?restype=container&comp=metadata", {"x-ms-meta-Aa": "1"}).status
        == 200
    )
    got = client.get(f"/{container}?restype=container&comp=metadata")
    assert got["x-ms-meta-Aa"] == "1"
    assert got.get("x-ms-lease-status") is None
    late = {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    assert client.send("PUT", f"/{container}?restype=container&comp=metadata", late).code == "ConditionNotMet"


def test_policies(client: Client, container: str) -> None:
    target = f"/{container}?restype=container&comp=acl"
    assert client.get(target).body == HEAD + b"<SignedIdentifiers />"
    body = (
        b"<SignedIdentifiers><SignedIdentifier><Id>0000</Id><AccessPolicy><Start>2021-06-11T20:00:00Z</Start>"
        b"<Expiry>2021-06-11T20:05:00Z</Expiry><Permission>rw</Permission></AccessPolicy></SignedIdentifier>"
        b"</SignedIdentifiers>"
    )
    assert client.send("PUT", target, {}, body).status == 200
    assert client.get(target).body == HEAD + body.replace(b"0Z<", b"0.0000000Z<")
    entry = b"<SignedIdentifier><Id>x</Id></SignedIdentifier>"
    six = b"<SignedIdentifiers>" + entry * 6 + b"</SignedIdentifiers>"
    assert client.send("PUT", target, {}, six).code == "InvalidXmlDocument"


def test_public_container(client: Client) -> None:
    client.create("public", {"x-ms-blob-public-access": "blob"})
    client.put("/public/b", b"x")
    assert client.send("GET", "/public/b", sign=False).body == b"x"
    assert client.send("GET", "/public?restype=container&comp=list", sign=False).status == 401
    assert client.send("PUT", "/public/b", {"x-ms-blob-type": "BlockBlob"}, b"y", sign=False).status == 401
    assert client.create("other", {"x-ms-blob-public-access": "everybody"}).code == "InvalidHeaderValue"


def test_delete(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x")
    gone = client.send("DELETE", f"/{container}?restype=container")
    assert gone.names == ["Content-Length", *COMMON, "Date"]
    assert gone.status == 202
    assert client.send("DELETE", f"/{container}?restype=container").code == "ContainerNotFound"
    assert client.head(f"/{container}/b").code == "ContainerNotFound"
    assert client.put(f"/{container}/b", b"x").code == "ContainerNotFound"


def test_listing(client: Client) -> None:
    for number in range(3):
        client.create(f"listed-{number}", {"x-ms-meta-N": str(number)})
    first = client.get("/?comp=list&prefix=listed-&maxresults=2&include=metadata")
    assert [n.text for n in first.xml.iterfind("Containers/Container/Name")] == ["listed-0", "listed-1"]
    assert first.xml.findtext("Containers/Container/Metadata/N") == "0"
    assert first.xml.findtext("Containers/Container/Properties/Etag", "").startswith('"0x')
    marker = first.xml.findtext("NextMarker")
    assert marker == f"/{client.account}/listed-2"
    second = client.get(f"/?comp=list&prefix=listed-&maxresults=2&marker={marker}")
    assert [n.text for n in second.xml.iterfind("Containers/Container/Name")] == ["listed-2"]
    assert second.body.endswith(b"<NextMarker /></EnumerationResults>")


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("PUT", "/?restype=container", 400, "InvalidQueryParameterValue"),
        ("PUT", "/cont?restype=container&comp=nonsense", 400, "InvalidQueryParameterValue"),
        ("PATCH", "/cont?restype=container", 400, "HierarchicalNamespaceNotEnabled"),
        ("POST", "/cont?restype=container", 405, "UnsupportedHttpVerb"),
        ("GET", "/?restype=service&comp=stats", 400, "InvalidQueryParameterValue"),
        ("PUT", "/?restype=service&comp=properties", 400, "InvalidXmlDocument"),
        ("PUT", "/cont/b?comp=page", 501, "NotImplemented"),
        ("PUT", "/cont/b?comp=undelete", 501, "NotImplemented"),
        ("PUT", "/cont/b?comp=immutabilityPolicies", 501, "NotImplemented"),
        ("POST", "/cont/b?comp=query", 501, "NotImplemented"),
        ("GET", "/cont/b?comp=pagelist", 501, "NotImplemented"),
        ("GET", "/cont/b?snapshot=nonsense", 400, "InvalidQueryParameterValue"),
        ("GET", "/cont/b?snapshot=2026-01-01T00:00:00.0000000Z", 404, "ContainerNotFound"),
        ("GET", "/cont/b?timeout=soon", 400, "InvalidQueryParameterValue"),
    ],
)
def test_what_is_not_done_is_refused(
    client: Client, method: str, target: str, status: int, code: str
) -> None:
    answer = client.send(method, target)
    assert (answer.status, answer.code) == (status, code)
    assert answer.xml.findtext("Code") == code


def test_probes_for_a_hierarchical_namespace(client: Client, container: str) -> None:
    for target in (
        f"/{container}/?action=getAccessControl",
        f"/{container}?action=getAccessControl&upn=false",
    ):
        answer = client.head(target)
        assert answer.status == 400
        assert answer.names[0] == "Transfer-Encoding"
        assert "Content-Type" not in answer.names


def test_account_information(client: Client, container: str) -> None:
    for target in ("/", f"/{container}", f"/{container}/any"):
        answer = client.get(f"{target}?comp=properties&restype=account")
        assert (answer.status, answer["x-ms-sku-name"], answer["x-ms-account-kind"]) == (
            200,
            "Standard_LRS",
            "StorageV2",
        )
        assert answer["x-ms-is-hns-enabled"] == "false"


def test_service_properties(client: Client) -> None:
    answer = client.get("/?restype=service&comp=properties")
    assert [child.tag for child in answer.xml] == [
        "Logging",
        "HourMetrics",
        "MinuteMetrics",
        "Cors",
        "DeleteRetentionPolicy",
        "StaticWebsite",
    ]
