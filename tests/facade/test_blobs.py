"""Put, get, head, change and delete blobs: answers of a real process, down to header order."""

from __future__ import annotations

import base64
import hashlib
import re
import socket

import pytest

from tests.facade.client import ACCOUNT, Client, shared_key

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{6}000000")
COMMON = ["Server", "x-ms-request-id", "x-ms-client-request-id", "x-ms-version"]


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def test_put_blob_answers_in_the_recorded_order(client: Client, container: str) -> None:
    answer = client.put(f"/{container}/b", b"Hello World")
    assert (answer.status, answer.reason, answer.body) == (201, "Created", b"")
    assert answer.names == [
        "Content-Length",
        "Content-MD5",
        "Last-Modified",
        "ETag",
        *COMMON,
        "x-ms-content-crc64",
        "x-ms-request-server-encrypted",
        "Date",
    ]
    assert answer["Content-MD5"] == "sQqNsWTgdUEFt6mb5y4/5Q=="
    assert answer["x-ms-content-crc64"] == "YeJLfssylmU="
    assert GUID.fullmatch(answer["x-ms-request-id"])
    assert answer["x-ms-client-request-id"] == "test-id"
    assert re.fullmatch(r'"0x[0-9A-F]+"', answer["ETag"])


def test_get_and_head_answer_in_the_recorded_order(client: Client, container: str) -> None:
    sent = {
        "x-ms-blob-cache-control": "cc",
        "x-ms-blob-content-type": "ct",
        "x-ms-blob-content-encoding": "ce",
        "x-ms-blob-content-language": "cl",
        "x-ms-blob-content-disposition": "cd",
        "x-ms-meta-KeyA": "vala",
    }
    client.put(f"/{container}/b", b"data", sent)
    expected = [
        "Cache-Control",
        "Content-Length",
        "Content-Type",
        "Content-Encoding",
        "Content-Language",
        "Content-MD5",
        "Last-Modified",
        "Accept-Ranges",
        "ETag",
        *COMMON,
        "x-ms-meta-KeyA",
        "x-ms-creation-time",
        "x-ms-lease-status",
        "x-ms-lease-state",
        "x-ms-blob-type",
        "Content-Disposition",
        "x-ms-server-encrypted",
    ]
    got = client.get(f"/{container}/b")
    assert got.names == [*expected, "Date"]
    assert (got.status, got.body, got["Content-Type"]) == (200, b"data", "ct")
    head = client.head(f"/{container}/b")
    assert head.names == [*expected, "x-ms-access-tier", "x-ms-access-tier-inferred", "Date"]
    assert (head.body, head["Content-Length"]) == (b"", "4")


def test_unset_properties_are_absent(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"data", {"x-ms-blob-content-encoding": ""})
    got = client.get(f"/{container}/b")
    assert got["Content-Type"] == "application/octet-stream"
    assert not {"Cache-Control", "Content-Encoding", "Content-Language", "Content-Disposition"} & set(
        got.names
    )


def test_ranges(client: Client, container: str) -> None:
    data = bytes(range(256)) * 64
    client.put(f"/{container}/b", data)
    part = client.get(f"/{container}/b", {"x-ms-range": "bytes=10-12", "x-ms-range-get-content-md5": "true"})
    assert (part.status, part.reason, part.body) == (206, "Partial Content", data[10:13])
    assert part["Content-Range"] == f"bytes 10-12/{len(data)}"
    assert part["Content-MD5"] == md5(data[10:13])
    assert part["x-ms-blob-content-md5"] == md5(data)
    whole = client.get(f"/{container}/b", {"Range": "bytes=0-"})
    assert (whole.status, whole["Content-Range"]) == (206, f"bytes 0-{len(data) - 1}/{len(data)}")
    assert whole.get("Content-MD5") is None
    suffix = client.get(f"/{container}/b", {"Range": "bytes=-5"})
    assert (suffix.status, suffix.body) == (200, data)
    assert suffix.get("x-ms-blob-content-md5") is None
    beyond = client.get(f"/{container}/b", {"x-ms-range": f"bytes={len(data)}-"})
    assert (beyond.status, beyond.code, len(beyond.body)) == (416, "InvalidRange", 249)
    assert beyond["Content-Range"] == f"bytes */{len(data)}"


def test_empty_blob(client: Client, container: str) -> None:
    assert client.put(f"/{container}/b")["Content-MD5"] == "1B2M2Y8AsgTpgAmY7PhCfg=="
    assert client.get(f"/{container}/b").body == b""
    refused = client.get(f"/{container}/b", {"x-ms-range": "bytes=0-33554431"})
    assert (refused.status, refused["Content-Range"]) == (416, "bytes */0")


def test_conditions_over_the_wire(client: Client, container: str) -> None:
    etag = client.put(f"/{container}/b", b"1")["ETag"]
    later = "Fri, 01 Jan 2100 00:00:00 GMT"
    unchanged = client.get(f"/{container}/b", {"If-None-Match": etag})
    assert (unchanged.status, unchanged.code, unchanged.body) == (304, "ConditionNotMet", b"")
    assert unchanged["Content-Length"] == "0"
    assert not {"ETag", "Last-Modified", "Content-Type"} & set(unchanged.names)
    unmet = client.get(f"/{container}/b", {"If-Match": '"0x1"'})
    assert (unmet.status, unmet.code, len(unmet.body)) == (412, "ConditionNotMet", 252)
    assert client.get(f"/{container}/b", {"If-None-Match": "*"}).code == "UnsatisfiableCondition"
    assert client.get(f"/{container}/no", {"If-Match": etag}).code == "BlobNotFound"
    exists = client.put(f"/{container}/b", b"2", {"If-None-Match": "*"})
    assert (exists.status, exists.code, len(exists.body)) == (409, "BlobAlreadyExists", 220)
    assert client.put(f"/{container}/b", b"2", {"If-Match": '"0x1"'}).status == 412
    assert client.put(f"/{container}/no", b"2", {"If-Match": etag}).status == 412
    assert client.put(f"/{container}/b", b"2", {"If-Modified-Since": later}).status == 412
    assert client.send("DELETE", f"/{container}/b", {"If-Match": '"0x1"'}).code == "ConditionNotMet"
    both = {"If-Match": etag, "If-None-Match": etag}
    assert client.put(f"/{container}/b", b"2", both).code == "MultipleConditionHeadersNotSupported"
    assert client.get(f"/{container}/b").body == b"1"
    assert client.put(f"/{container}/b", b"2", {"If-Match": etag}).status == 201


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-ms-blob-type": None}, "MissingRequiredHeader"),
        ({"x-ms-blob-type": "PageBlob"}, "NotImplemented"),
        ({"x-ms-blob-type": "Nonsense"}, "InvalidHeaderValue"),
        ({"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, "Md5Mismatch"),
        ({"Content-MD5": "AAAA"}, "InvalidMd5"),
        ({"x-ms-blob-content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="}, "Md5Mismatch"),
        ({"x-ms-content-crc64": "AAAAAAAAAAE="}, "Crc64Mismatch"),
        ({"x-ms-content-crc64": "AAAA"}, "InvalidHeaderValue"),
        ({"Content-MD5": md5(b"x"), "x-ms-content-crc64": "AAAAAAAAAAA="}, "BothCrc64AndMd5HeaderPresent"),
        ({"x-ms-meta-1": "x"}, "InvalidMetadata"),
        ({"x-ms-access-tier": "Lukewarm"}, "InvalidHeaderValue"),
        ({"x-ms-structured-body": "XSM/1.0; properties=md5"}, "InvalidHeaderValue"),
        ({"x-ms-encryption-key": "k"}, "UnsupportedHeader"),
        ({"x-ms-lease-id": "nonsense"}, "InvalidHeaderValue"),
        ({"x-ms-lease-id": "00000000-0000-0000-0000-000000000000"}, "LeaseNotPresentWithBlobOperation"),
        ({"x-ms-tags": "a=1&a=2"}, "DuplicateTagNames"),
    ],
)
def test_puts_that_are_refused_leave_nothing(
    client: Client, container: str, headers: dict[str, str | None], code: str
) -> None:
    answer = client.put(f"/{container}/b", b"data", headers)
    assert answer.code == code
    assert client.head(f"/{container}/b").code == "BlobNotFound"


def test_mismatch_tells_both_sums(client: Client, container: str) -> None:
    answer = client.put(f"/{container}/b", b"data", {"Content-MD5": md5(b"other")})
    assert answer.xml.findtext("UserSpecifiedMd5") == md5(b"other")
    assert answer.xml.findtext("ServerCalculatedMd5") == md5(b"data")


def test_limits_follow_the_version(client: Client, container: str) -> None:
    """The size is refused by its declaration: no byte of the body is sent."""
    for version, limit in (("2018-11-09", 256), ("2025-07-05", 5000)):
        declared = str(limit * 1024 * 1024 + 1)
        answer = _declare(client, f"/{container}/b", version, declared)
        assert answer.startswith("HTTP/1.1 413 The request body is too large")
        assert f"<MaxLimit>{limit * 1024 * 1024}</MaxLimit>" in answer


def _declare(client: Client, target: str, version: str, length: str) -> str:
    from email.utils import formatdate

    path = f"/{ACCOUNT}{target}"
    headers = {
        "x-ms-date": formatdate(usegmt=True),
        "x-ms-version": version,
        "x-ms-blob-type": "BlockBlob",
        "Content-Length": length,
    }
    headers["Authorization"] = shared_key("PUT", path, headers)
    head = f"PUT {path} HTTP/1.1\r\nHost: x\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items())
    with socket.create_connection(("127.0.0.1", client.port), 10) as connection:
        connection.sendall((head + "Expect: 100-continue\r\n\r\n").encode())
        connection.settimeout(10)
        answer = b""
        while b"</Error>" not in answer:
            piece = connection.recv(65536)
            if not piece:
                break
            answer += piece
    return answer.decode("utf-8-sig", "replace")


def test_large_body_streams(client: Client, container: str) -> None:
    data = hashlib.sha256(b"x").digest() * (3 * 1024 * 1024 // 32)
    answer = client.put(f"/{container}/big", data, {"Content-MD5": md5(data)})
    assert (answer.status, answer["Content-MD5"]) == (201, md5(data))
    assert client.get(f"/{container}/big").body == data


def test_metadata_and_properties(client: Client, container: str) -> None:
    first = client.put(f"/{container}/b", b"data", {"x-ms-meta-a": "1", "x-ms-blob-content-language": "de"})
    changed = client.send("PUT", f"/{container}/b?comp=metadata", {"x-ms-meta-New_Name": "2"})
    assert (changed.status, changed["x-ms-request-server-encrypted"]) == (200, "true")
    assert changed["ETag"] != first["ETag"]
    got = client.get(f"/{container}/b?comp=metadata")
    assert (got.body, got["x-ms-meta-New_Name"], got.get("x-ms-meta-a")) == (b"", "2", None)
    assert "x-ms-meta-New_Name" in got.names
    set_properties = client.send(
        "PUT", f"/{container}/b?comp=properties", {"x-ms-blob-content-md5": "AQIDBA=="}
    )
    assert set_properties.status == 200
    head = client.head(f"/{container}/b")
    assert (head["Content-MD5"], head.get("Content-Language")) == ("AQIDBA==", None)
    assert head["x-ms-meta-New_Name"] == "2"
    unforced = client.send("PUT", f"/{container}/b?comp=properties", {"If-None-Match": "*"})
    assert unforced.status == 200
    assert client.head(f"/{container}/b")["Content-MD5"] == "AQIDBA=="


def test_tiers_are_stored_and_reported(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"data", {"x-ms-access-tier": "cool"})
    head = client.head(f"/{container}/b")
    assert (head["x-ms-access-tier"], head.get("x-ms-access-tier-inferred")) == ("Cool", None)
    etag = head["ETag"]
    assert client.send("PUT", f"/{container}/b?comp=tier", {"x-ms-access-tier": "Archive"}).status == 200
    assert client.get(f"/{container}/b").code == "BlobArchived"
    assert client.send("PUT", f"/{container}/b?comp=tier", {"x-ms-access-tier": "Hot"}).status == 202
    head = client.head(f"/{container}/b")
    assert (head["x-ms-access-tier"], head["ETag"]) == ("Archive", etag)
    assert head.get("x-ms-access-tier-change-time")
    assert client.send("PUT", f"/{container}/b?comp=tier").code == "MissingRequiredHeader"


def test_tags_are_stored_and_reported(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"data", {"x-ms-tags": "a=b&c=d+e"})
    got = client.get(f"/{container}/b?comp=tags")
    assert got.body == (
        b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\n'
        b"<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag>"
        b"<Tag><Key>c</Key><Value>d e</Value></Tag></TagSet></Tags>"
    )
    assert client.head(f"/{container}/b")["x-ms-tag-count"] == "2"
    body = b"<Tags><TagSet><Tag><Key>z</Key><Value>1</Value></Tag></TagSet></Tags>"
    answer = client.send("PUT", f"/{container}/b?comp=tags", {}, body)
    assert (answer.status, answer.get("Content-Length")) == (204, None)
    assert client.head(f"/{container}/b")["x-ms-tag-count"] == "1"


def test_delete(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"data")
    gone = client.send("DELETE", f"/{container}/b", {"x-ms-delete-snapshots": "include"})
    assert gone.names == ["Content-Length", *COMMON, "x-ms-delete-type-permanent", "Date"]
    assert gone.status == 202
    again = client.send("DELETE", f"/{container}/b")
    assert (again.status, again.code, len(again.body)) == (404, "BlobNotFound", 215)


def test_deleting_only_snapshots_keeps_the_blob(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"data")
    only = {"x-ms-delete-snapshots": "only"}
    assert client.send("DELETE", f"/{container}/b", only).status == 202
    assert client.send("DELETE", f"/{container}/no", only).code == "BlobNotFound"
    assert client.send("DELETE", f"/{container}/b?deletetype=permanent").code == "PermanentDeleteIsOff"
    assert (
        client.send("DELETE", f"/{container}/b", {"x-ms-delete-snapshots": "x"}).code == "InvalidHeaderValue"
    )
    assert client.get(f"/{container}/b").body == b"data"


@pytest.mark.parametrize(
    "name",
    [
        "a%2Fb",
        "a/b",
        "..",
        ".",
        "a/..",
        "x/",
        "//x",
        "%25",
        "a+b",
        "%E2%82%AC",
        "a%5Cb",
        "n" * 300,
        "%01",
        "q?",
    ],
)
def test_awkward_names(client: Client, container: str, name: str) -> None:
    target = f"/{container}/{name.replace('?', '%3F')}"
    assert client.put(target, name.encode()).status == 201
    assert client.get(target).body == name.encode()
    assert client.send("DELETE", target).status == 202


def test_percent_encoded_slash_is_a_slash(client: Client, container: str) -> None:
    client.put(f"/{container}/a%2Fb", b"1")
    assert client.get(f"/{container}/a/b").body == b"1"


def test_old_version_answers_as_it_did(client: Client, container: str) -> None:
    answer = client.put(f"/{container}/b", b"x", {"x-ms-version": "2018-11-09"})
    assert answer.status == 201
    assert answer.get("x-ms-content-crc64") is None
    assert answer.get("x-ms-client-request-id") is None
    assert answer["x-ms-version"] == "2018-11-09"


def test_host_style(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x")
    host = f"{ACCOUNT}.blob.localhost:{client.port}"
    headers: dict[str, str | None] = {"Host": host}
    path = f"/{container}/b"
    with socket.create_connection(("127.0.0.1", client.port), 10) as connection:
        from email.utils import formatdate

        signed = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2025-07-05"}
        signed["Authorization"] = shared_key("GET", path, signed)
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers | signed).items())
        connection.sendall(f"GET {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"\r\n\r\nx")
