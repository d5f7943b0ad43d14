"""Append blobs over the wire: creation, blocks and their conditions, sealing, and what other kinds refuse."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.facade.client import Client

APPEND = {"x-ms-blob-type": "AppendBlob"}


def make(client: Client, target: str, **headers: str) -> None:
    made = client.send("PUT", target, {**APPEND, **headers}, b"")
    assert made.status == 201, made
    assert made.get("content-md5") is None
    assert made.get("x-ms-content-crc64") is None
    assert made["x-ms-request-server-encrypted"] == "true"


def test_blocks_are_added_at_the_end(client: Client, container: str) -> None:
    target = f"/{container}/log"
    make(client, target, **{"x-ms-blob-content-type": "text/plain", "x-ms-meta-Kept": "yes"})
    first = client.send("PUT", f"{target}?comp=appendblock", {}, b"one,")
    assert first.status == 201
    assert (first["x-ms-blob-append-offset"], first["x-ms-blob-committed-block-count"]) == ("0", "1")
    assert first.get("x-ms-content-crc64")
    assert first.get("content-md5") is None
    second = client.send("PUT", f"{target}?comp=appendblock", {}, b"two")
    assert (second["x-ms-blob-append-offset"], second["x-ms-blob-committed-block-count"]) == ("4", "2")
    assert second["ETag"] != first["ETag"]
    read = client.get(target)
    assert read.body == b"one,two"
    assert (read["x-ms-blob-type"], read["x-ms-blob-committed-block-count"]) == ("AppendBlob", "2")
    assert read["ETag"] == second["ETag"]
    assert (read["Content-Type"], read["x-ms-meta-Kept"]) == ("text/plain", "yes")
    assert client.head(target).get("x-ms-access-tier") is None
    listed = client.get(f"/{container}?restype=container&comp=list").xml
    assert [node.text for node in listed.iter("BlobType")] == ["AppendBlob"]
    assert list(listed.iter("AccessTier")) == []


def test_conditions_on_position_and_size(client: Client, container: str) -> None:
    target = f"/{container}/log"
    make(client, target)

    def add(**headers: str) -> tuple[int, str | None]:
        answer = client.send("PUT", f"{target}?comp=appendblock", headers, b"12345")
        return answer.status, answer.code

    position, largest = "x-ms-blob-condition-appendpos", "x-ms-blob-condition-maxsize"
    assert add(**{position: "1"}) == (412, "AppendPositionConditionNotMet")
    assert add(**{position: "0", largest: "5"}) == (201, None)
    assert add(**{position: "0"}) == (412, "AppendPositionConditionNotMet")
    assert add(**{largest: "9"}) == (412, "MaxBlobSizeConditionNotMet")
    assert add(**{position: "5", largest: "10"}) == (201, None)
    assert add(**{position: "x"}) == (400, "InvalidHeaderValue")
    assert add(**{"If-Match": '"0x1"'}) == (412, "ConditionNotMet")
    assert client.get(target).body == b"1234512345"


def test_checksums(client: Client, container: str) -> None:
    target = f"/{container}/log"
    make(client, target)
    good = client.send(
        "PUT", f"{target}?comp=appendblock", {"Content-MD5": "XrY7u+Ae7tCTyyK7j1rNww=="}, b"hello world"
    )
    assert good["Content-MD5"] == "XrY7u+Ae7tCTyyK7j1rNww=="
    assert good.get("x-ms-content-crc64") is None
    bad = client.send("PUT", f"{target}?comp=appendblock", {"x-ms-content-crc64": "AAAAAAAAAAA="}, b"x")
    assert (bad.status, bad.code) == (400, "Crc64Mismatch")
    assert client.head(target)["Content-Length"] == "11"


def test_kinds_do_not_mix(client: Client, container: str) -> None:
    log, plain = f"/{container}/log", f"/{container}/plain"
    make(client, log)
    client.put(plain, b"x")
    wrong = [
        client.send("PUT", f"{plain}?comp=appendblock", {}, b"x"),
        client.send("PUT", f"{plain}?comp=seal", {}, b""),
        client.block(log, 1, b"x"),
        client.commit(log, []),
        client.get(f"{log}?comp=blocklist"),
    ]
    assert [(answer.status, answer.code) for answer in wrong] == [(409, "InvalidBlobType")] * 5
    tier = client.send("PUT", f"{log}?comp=tier", {"x-ms-access-tier": "Cool"}, b"")
    assert (tier.status, tier.code) == (400, "AccessTierNotSupportedForBlobType")
    assert client.put(log, b"now a block blob").status == 201
    assert client.head(log)["x-ms-blob-type"] == "BlockBlob"
    missing = client.send("PUT", f"/{container}/none?comp=appendblock", {}, b"x")
    assert (missing.status, missing.code) == (404, "BlobNotFound")


def test_bodies(client: Client, container: str) -> None:
    target = f"/{container}/log"
    body = client.send("PUT", target, APPEND, b"not empty")
    assert (body.status, body.code) == (400, "InvalidHeaderValue")
    make(client, target)
    empty = client.send("PUT", f"{target}?comp=appendblock", {}, b"")
    assert (empty.status, empty.code) == (400, "InvalidHeaderValue")
    assert [node.text for node in empty.xml if node.tag.startswith("Header")] == ["Content-Length", "0"]


@pytest.mark.parametrize(("version", "limit"), [("2021-12-02", 4 << 20), ("2022-11-02", 100 << 20)])
def test_limit_follows_the_version(client: Client, container: str, version: str, limit: int) -> None:
    target = f"/{container}/log"
    make(client, target)
    headers = {"x-ms-version": version, "Content-Length": str(limit + 1), "Expect": "100-continue"}
    refused = client.send("PUT", f"{target}?comp=appendblock", headers)
    assert (refused.status, refused.code) == (413, "RequestBodyTooLarge")
    assert refused.xml.findtext("MaxLimit") == str(limit)


def test_seal(client: Client, container: str) -> None:
    target = f"/{container}/log"
    make(client, target)
    client.send("PUT", f"{target}?comp=appendblock", {}, b"abc")
    early = client.send("PUT", f"{target}?comp=seal", {"x-ms-blob-condition-appendpos": "0"}, b"")
    assert (early.status, early.code) == (412, "AppendPositionConditionNotMet")
    sealed = client.send("PUT", f"{target}?comp=seal", {"x-ms-blob-condition-appendpos": "3"}, b"")
    assert (sealed.status, sealed["x-ms-blob-sealed"]) == (200, "true")
    late = client.send("PUT", f"{target}?comp=appendblock", {}, b"d")
    assert (late.status, late.code) == (409, "BlobIsSealed")
    assert client.get(target)["x-ms-blob-sealed"] == "true"
    url = f"http://127.0.0.1:{client.port}/{client.account}{target}"
    copied = client.send("PUT", f"/{container}/copy", {"x-ms-copy-source": url}, b"")
    assert copied.status == 202
    copy = client.head(f"/{container}/copy")
    assert (copy["x-ms-blob-type"], copy["x-ms-blob-committed-block-count"]) == ("AppendBlob", "1")
    assert copy.get("x-ms-blob-sealed") is None
    assert client.send("PUT", f"/{container}/copy?comp=appendblock", {}, b"d").status == 201


def test_from_url(client: Client, container: str) -> None:
    client.send("PUT", f"/{container}?restype=container&comp=acl", {"x-ms-blob-public-access": "blob"}, b"")
    client.put(f"/{container}/source", b"0123456789")
    target = f"/{container}/log"
    make(client, target)
    url = f"http://127.0.0.1:{client.port}/{client.account}/{container}/source"

    def add(**headers: str) -> tuple[int, str | None]:
        sent = {"x-ms-copy-source": url, "x-ms-source-range": "bytes=2-4", **headers}
        answer = client.send("PUT", f"{target}?comp=appendblock", sent, b"")
        return answer.status, answer.code

    assert add() == (201, None)
    assert add(**{"x-ms-blob-condition-appendpos": "0"}) == (412, "AppendPositionConditionNotMet")
    assert add(**{"x-ms-source-if-match": '"0x1"'}) == (412, "CannotVerifyCopySource")
    assert add(**{"x-ms-source-content-md5": "XrY7u+Ae7tCTyyK7j1rNww=="}) == (400, "Md5Mismatch")
    assert add() == (201, None)
    assert client.get(target).body == b"234234"
    assert client.head(target)["x-ms-blob-committed-block-count"] == "2"


def test_a_snapshot_keeps_what_it_had(client: Client, container: str) -> None:
    target = f"/{container}/log"
    make(client, target)
    client.send("PUT", f"{target}?comp=appendblock", {}, b"first")
    taken = client.send("PUT", f"{target}?comp=snapshot", {}, b"")
    assert taken.status == 201
    for _ in range(2):
        assert client.send("PUT", f"{target}?comp=appendblock", {}, b", more").status == 201
    assert client.get(target).body == b"first, more, more"
    old = client.get(f"{target}?snapshot={taken['x-ms-snapshot']}")
    assert (old.body, old["x-ms-blob-committed-block-count"]) == (b"first", "1")
    assert (
        client.send("PUT", f"{target}?comp=appendblock&snapshot={taken['x-ms-snapshot']}", {}, b"x").status
        == 400
    )


def test_blocks_of_several_writers(client: Client, container: str) -> None:
    target = f"/{container}/log"
    make(client, target)

    def add(number: int) -> int:
        entry = f"{number:03d};".encode()
        return client.send("PUT", f"{target}?comp=appendblock", {}, entry).status

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(add, range(80))) == {201}
    entries = client.get(target).body.decode().split(";")
    assert sorted(entries[:-1]) == [f"{number:03d}" for number in range(80)]
    assert client.head(target)["x-ms-blob-committed-block-count"] == "80"
