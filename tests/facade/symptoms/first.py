"""Symptoms of the oldest mutants: conditions, blocks, errors, lists, reads and writes."""

from __future__ import annotations

from tests.facade.client import Client, block_id
from tests.facade.symptoms.registry import symptom


@symptom("etag-never-changes")
def _(client: Client) -> object:
    return client.put("/cont/b", b"1")["ETag"] == client.put("/cont/b", b"2")["ETag"]


@symptom("if-match-ignored")
def _(client: Client) -> object:
    return client.put("/cont/b", b"1", {"If-Match": '"0x1"'}).status


@symptom("if-none-match-ignored")
def _(client: Client) -> object:
    return client.put("/cont/kept", b"1", {"If-None-Match": "*"}).status


@symptom("if-unmodified-since-ignored")
def _(client: Client) -> object:
    return client.get("/cont/kept", {"If-Unmodified-Since": "Wed, 01 Jan 2020 00:00:00 GMT"}).status


@symptom("unmet-read-answers-412")
def _(client: Client) -> object:
    return client.get("/cont/kept", {"If-None-Match": client.head("/cont/kept")["ETag"]}).status


@symptom("create-only-answers-412")
def _(client: Client) -> object:
    return client.put("/cont/kept", b"1", {"If-None-Match": "*"}).code


@symptom("block-list-order-ignored")
def _(client: Client) -> object:
    for number in (0, 1):
        client.block("/cont/b", number, b"%d" % number)
    client.commit("/cont/b", [block_id(1), block_id(0)])
    return client.get("/cont/b").body


@symptom("unknown-block-accepted")
def _(client: Client) -> object:
    return client.commit("/cont/b", [block_id(404)]).status


@symptom("uncommitted-visible")
@symptom("list-skips-last")
def _(client: Client) -> object:
    client.block("/cont/staged", 0, b"x")
    return [n.text for n in client.get("/cont?restype=container&comp=list").xml.iterfind("Blobs/Blob/Name")]


@symptom("list-delimiter-ignored")
def _(client: Client) -> object:
    client.put("/cont/d/e", b"x")
    return client.get("/cont?restype=container&comp=list&delimiter=/").xml.find("Blobs/BlobPrefix") is None


@symptom("list-marker-exclusive")
def _(client: Client) -> object:
    client.put("/cont/a", b"x")
    marker = client.get("/cont?restype=container&comp=list&maxresults=1").xml.findtext("NextMarker", "")
    page = client.get(f"/cont?restype=container&comp=list&marker={marker.replace('+', '%2B')}")
    return page.xml.findtext("Blobs/Blob/Name")


@symptom("list-includes-rejected")
def _(client: Client) -> object:
    return client.get("/cont?restype=container&comp=list&include=metadata").status


@symptom("error-code-header-missing")
@symptom("missing-container-is-missing-blob")
def _(client: Client) -> object:
    return client.get("/nothing/b").code


@symptom("error-body-empty")
def _(client: Client) -> object:
    return len(client.get("/nothing/b").body)


@symptom("head-error-has-body-type")
def _(client: Client) -> object:
    return client.head("/cont/none").get("Content-Type")


@symptom("range-ignored")
@symptom("range-end-exclusive")
def _(client: Client) -> object:
    return client.get("/cont/kept", {"x-ms-range": "bytes=1-2"}).body


@symptom("whole-range-answers-200")
def _(client: Client) -> object:
    return client.get("/cont/kept", {"x-ms-range": "bytes=0-"}).status


@symptom("last-modified-missing")
@symptom("content-md5-not-kept")
@symptom("metadata-lowercased")
def _(client: Client) -> object:
    return [name for name in client.head("/cont/kept").names if name != "Date"]


@symptom("content-md5-unchecked")
def _(client: Client) -> object:
    return client.put("/cont/b", b"1", {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}).status


@symptom("delete-answers-204")
@symptom("delete-does-nothing")
def _(client: Client) -> object:
    client.put("/cont/b", b"1")
    return client.send("DELETE", "/cont/b").status, client.head("/cont/b").status


@symptom("put-blob-crc-missing")
def _(client: Client) -> object:
    return client.put("/cont/b", b"1").get("x-ms-content-crc64")


@symptom("copy-answers-201")
def _(client: Client) -> object:
    source = f"http://127.0.0.1:{client.port}/{client.account}/cont/kept"
    return client.send("PUT", "/cont/copy", {"x-ms-copy-source": source}).status
