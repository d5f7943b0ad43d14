"""Staging blocks and committing lists."""

from __future__ import annotations

import base64

import pytest

from tests.facade.client import Client, block_id, quoted_id


def test_blocks_commit_in_the_order_of_the_list(client: Client, container: str) -> None:
    for number in (2, 0, 1):
        answer = client.block(f"/{container}/b", number, b"%d" % number * 3)
        assert answer.status == 201
        assert answer.names[:1] == ["Content-Length"]
        assert not {"ETag", "Last-Modified", "Content-MD5"} & set(answer.names)
        assert answer.get("x-ms-content-crc64")
    assert client.head(f"/{container}/b").code == "BlobNotFound"
    committed = client.commit(f"/{container}/b", [block_id(n) for n in (1, 2, 0)])
    assert committed.status == 201
    assert committed.get("x-ms-content-crc64")
    assert client.get(f"/{container}/b").body == b"111222000"


def test_put_block_answers_md5_when_asked_by_md5(client: Client, container: str) -> None:
    target = f"/{container}/b?comp=block&blockid={quoted_id(0)}"
    answer = client.send("PUT", target, {"Content-MD5": "sQqNsWTgdUEFt6mb5y4/5Q=="}, b"Hello World")
    assert answer["Content-MD5"] == "sQqNsWTgdUEFt6mb5y4/5Q=="
    assert answer.get("x-ms-content-crc64") is None


def test_block_list_answers(client: Client, container: str) -> None:
    target = f"/{container}/b?comp=blocklist"
    assert client.get(target).code == "BlobNotFound"
    client.block(f"/{container}/b", 1, b"x" * 100)
    staged = client.get(target + "&blocklisttype=all")
    name = block_id(1)
    head = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><BlockList>'
    entry = f"<Block><Name>{name}</Name><Size>100</Size></Block>".encode()
    assert staged.body == (
        head + b"<CommittedBlocks /><UncommittedBlocks>" + entry + b"</UncommittedBlocks></BlockList>"
    )
    assert not {"ETag", "Last-Modified", "x-ms-blob-content-length"} & set(staged.names)
    assert staged["Transfer-Encoding"] == "chunked"
    client.commit(f"/{container}/b", [name])
    committed = client.get(target)
    assert committed.body == head + b"<CommittedBlocks>" + entry + b"</CommittedBlocks></BlockList>"
    assert committed["x-ms-blob-content-length"] == "100"
    assert (
        client.get(target + "&blocklisttype=uncommitted").body == head + b"<UncommittedBlocks /></BlockList>"
    )
    client.put(f"/{container}/b", b"one piece")
    assert client.get(target).body == head + b"<CommittedBlocks /></BlockList>"
    assert client.get(target + "&blocklisttype=some").code == "InvalidQueryParameterValue"


def test_unknown_id_commits_nothing(client: Client, container: str) -> None:
    client.block(f"/{container}/b", 1, b"x")
    refused = client.commit(f"/{container}/b", [block_id(1), block_id(404)])
    assert (refused.status, refused.code, len(refused.body)) == (400, "InvalidBlockList", 221)
    assert client.head(f"/{container}/b").code == "BlobNotFound"
    assert client.commit(f"/{container}/b", [block_id(1)], "Committed").code == "InvalidBlockList"
    assert client.commit(f"/{container}/b", [block_id(1)], "Uncommitted").status == 201
    assert client.commit(f"/{container}/b", [block_id(1)] * 3, "Committed").status == 201
    assert client.get(f"/{container}/b").body == b"xxx"


def test_empty_list_makes_an_empty_blob(client: Client, container: str) -> None:
    assert client.commit(f"/{container}/b", []).status == 201
    head = client.head(f"/{container}/b")
    assert (head["Content-Length"], head.get("Content-MD5")) == ("0", None)


def test_list_replaces_properties(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x", {"x-ms-meta-a": "1", "x-ms-blob-cache-control": "no-store"})
    client.block(f"/{container}/b", 1, b"y")
    client.commit(
        f"/{container}/b",
        [block_id(1)],
        headers={"x-ms-blob-content-md5": "AQIDBA==", "x-ms-meta-B": "2", "Content-Type": "application/xml"},
    )
    head = client.head(f"/{container}/b")
    assert head["Content-Type"] == "application/octet-stream"
    assert head["Content-MD5"] == "AQIDBA=="
    assert (head.get("x-ms-meta-a"), head["x-ms-meta-B"], head.get("Cache-Control")) == (None, "2", None)


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        ("comp=block", b"x", "MissingRequiredQueryParameter"),
        ("comp=block&blockid=!!!!", b"x", "InvalidQueryParameterValue"),
        ("comp=block&blockid=" + base64.urlsafe_b64encode(b"a" * 65).decode(), b"x", "OutOfRangeInput"),
        (f"comp=block&blockid={quoted_id(1)}", b"", "InvalidHeaderValue"),
    ],
)
def test_blocks_that_are_refused(client: Client, container: str, query: str, body: bytes, code: str) -> None:
    assert client.send("PUT", f"/{container}/b?{query}", {}, body).code == code


def test_ids_have_one_length(client: Client, container: str) -> None:
    client.block(f"/{container}/b", 1, b"x")
    answer = client.send("PUT", f"/{container}/b?comp=block&blockid=YQ%3D%3D", {}, b"x")
    assert (answer.status, answer.code) == (400, "InvalidBlobOrBlock")


def test_malformed_list_says_where(client: Client, container: str) -> None:
    answer = client.send("PUT", f"/{container}/b?comp=blocklist", {}, b"<BlockList><Latest>")
    assert (answer.status, answer.code) == (400, "InvalidXmlDocument")
    assert answer.xml.findtext("LineNumber") == "1"


def test_missing_container(client: Client) -> None:
    answer = client.block("/no-such-container/b", 1, b"x")
    assert (answer.status, answer.code, len(answer.body)) == (404, "ContainerNotFound", 225)


def test_delete_removes_staged_blocks(client: Client, container: str) -> None:
    client.block(f"/{container}/b", 1, b"x")
    assert client.send("DELETE", f"/{container}/b").status == 202
    assert client.get(f"/{container}/b?comp=blocklist&blocklisttype=all").code == "BlobNotFound"
    client.block(f"/{container}/b", 1, b"x")
    client.put(f"/{container}/b", b"whole")
    assert client.commit(f"/{container}/b", [block_id(1)]).code == "InvalidBlockList"
