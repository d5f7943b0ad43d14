"""List Blobs: exact XML, paging, delimiters, includes."""

from __future__ import annotations

import re

import pytest

from tests.facade.client import Answer, Client

HEAD = '\ufeff<?xml version="1.0" encoding="utf-8"?>'


def names(answer: Answer) -> list[str]:
    blobs = answer.xml.find("Blobs")
    assert blobs is not None
    return [f"{child.tag}:{child.findtext('Name')}" for child in blobs]


def listing(client: Client, container: str, query: str = "") -> Answer:
    answer = client.get(f"/{container}?restype=container&comp=list{query}")
    assert answer.status == 200, answer.body
    return answer


def test_exact_body(client: Client, container: str) -> None:
    put = client.put(f"/{container}/a&b", b"Hello World", {"x-ms-meta-Foo": "<1>"})
    answer = listing(client, container, "&prefix=a&include=metadata&maxresults=4&delimiter=/")
    modified, etag = put["Last-Modified"], put["ETag"].strip('"')
    assert answer.body.decode() == (
        f'{HEAD}<EnumerationResults ServiceEndpoint="http://127.0.0.1:{client.port}/acct/" '
        f'ContainerName="{container}">'
        "<Prefix>a</Prefix><MaxResults>4</MaxResults><Delimiter>/</Delimiter><Blobs><Blob><Name>a&amp;b</Name>"
        f"<Properties><Creation-Time>{modified}</Creation-Time><Last-Modified>{modified}</Last-Modified>"
        f"<Etag>{etag}</Etag><Content-Length>11</Content-Length>"
        "<Content-Type>application/octet-stream</Content-Type><Content-Encoding /><Content-Language />"
        "<Content-CRC64 /><Content-MD5>sQqNsWTgdUEFt6mb5y4/5Q==</Content-MD5>"
        "<Cache-Control /><Content-Disposition /><BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>"
        "<AccessTierInferred>true</AccessTierInferred><LeaseStatus>unlocked</LeaseStatus>"
        "<LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties>"
        "<Metadata><Foo>&lt;1&gt;</Foo></Metadata><OrMetadata /></Blob></Blobs><NextMarker />"
        "</EnumerationResults>"
    )
    assert answer.names[:2] == ["Transfer-Encoding", "Content-Type"]
    assert "ETag" not in answer.names


def test_empty(client: Client, container: str) -> None:
    body = listing(client, container).body.decode()
    assert body.endswith(f'ContainerName="{container}"><Blobs /><NextMarker /></EnumerationResults>')
    sent_empty = listing(client, container, "&prefix=&delimiter=").body.decode()
    assert "<Blobs /><NextMarker />" in sent_empty


def test_old_version(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x")
    target = f"/{container}?restype=container&comp=list"
    body = client.get(target, {"x-ms-version": "2018-11-09"}).body
    assert b"OrMetadata" not in body
    assert b"Content-CRC64" not in body


def test_delimiter_interleaves(client: Client, container: str) -> None:
    for name in ("a", "a/1", "a/2", "a0", "b", "c/d/e"):
        client.put(f"/{container}/{name}", b"x")
    assert names(listing(client, container, "&delimiter=/")) == [
        "Blob:a",
        "BlobPrefix:a/",
        "Blob:a0",
        "Blob:b",
        "BlobPrefix:c/",
    ]
    assert names(listing(client, container, "&delimiter=/&prefix=c/")) == ["BlobPrefix:c/d/"]
    assert names(listing(client, container, "&prefix=a")) == ["Blob:a", "Blob:a/1", "Blob:a/2", "Blob:a0"]


@pytest.mark.parametrize("delimiter", ["", "&delimiter=/"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_paging_loses_and_repeats_nothing(client: Client, container: str, delimiter: str, size: int) -> None:
    for name in ("a", "a/1", "a/2", "b", "c/1", "%EF%BF%BF"):
        client.put(f"/{container}/{name}", b"x")
    whole = names(listing(client, container, delimiter))
    found: list[str] = []
    marker = ""
    for _ in range(20):
        answer = listing(client, container, f"{delimiter}&maxresults={size}&marker={marker}")
        page = names(answer)
        assert len(page) <= size
        found += page
        marker = answer.xml.findtext("NextMarker") or ""
        if not marker:
            break
        assert re.fullmatch(r"2![0-9]+![A-Za-z0-9+/-]+", marker)
        marker = marker.replace("+", "%2B").replace("/", "%2F")
    assert found == whole


def test_uncommitted(client: Client, container: str) -> None:
    client.block(f"/{container}/b", 1, b"x")
    assert names(listing(client, container)) == []
    body = listing(client, container, "&include=uncommittedblobs").body
    assert (
        b"<Blob><Name>b</Name><Properties><Content-Length>0</Content-Length><BlobType>BlockBlob</BlobType>"
        b"<AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred>"
        b"<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>"
        b"<ServerEncrypted>false</ServerEncrypted></Properties><OrMetadata /></Blob>"
    ) in body


def test_includes(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x", {"x-ms-tags": "k=v", "x-ms-access-tier": "Cool"})
    body = listing(client, container, "&include=metadata,tags%2Ccopy").body
    assert (
        b"<Metadata /><Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tags><OrMetadata />"
        in body
    )
    assert b"<AccessTier>Cool</AccessTier><AccessTierChangeTime>" in body
    assert b"<TagCount>1</TagCount></Properties>" in body
    assert (
        client.get(f"/{container}?restype=container&comp=list&include=all").code
        == "InvalidQueryParameterValue"
    )


def test_counts_out_of_range(client: Client, container: str) -> None:
    answer = client.get(f"/{container}?restype=container&comp=list&maxresults=0")
    assert (answer.status, answer.code) == (400, "OutOfRangeQueryParameterValue")
    assert answer.xml.findtext("MaximumAllowed") == "5000"
    assert (
        client.get(f"/{container}?restype=container&comp=list&maxresults=x").code
        == "InvalidQueryParameterValue"
    )
    assert (
        client.get(f"/{container}?restype=container&comp=list&marker=x").code == "InvalidQueryParameterValue"
    )
    assert listing(client, container, "&maxresults=9999").xml.findtext("MaxResults") == "9999"


def test_encoded_names(client: Client, container: str) -> None:
    client.put(f"/{container}/aaaaa%EF%BF%BFbbb%2Fccc", b"x")
    body = listing(client, container).body
    assert b'<Name Encoded="true">aaaaa%EF%BF%BFbbb%2Fccc</Name>' in body


def test_start_from(client: Client, container: str) -> None:
    for name in ("a", "b", "c"):
        client.put(f"/{container}/{name}", b"x")
    target = f"/{container}?restype=container&comp=list&startFrom=b"
    for version in ("2023-11-03", "2026-02-06"):
        assert names(client.get(target, {"x-ms-version": version})) == ["Blob:b", "Blob:c"]


def test_nothing_is_soft_deleted(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x")
    assert names(listing(client, container, "&include=deleted&showonly=deleted")) == []


def test_missing_container(client: Client) -> None:
    answer = client.get("/no-such-container?restype=container&comp=list")
    assert (answer.status, answer.code) == (404, "ContainerNotFound")
