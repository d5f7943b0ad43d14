"""Symptoms of what goes wrong only after certain requests, or when a value comes back."""

from __future__ import annotations

from tests.facade.client import Client, block_id
from tests.facade.symptoms.registry import symptom

LEASES = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")
PAGE = "/cont?restype=container&comp=list"


def source(client: Client, path: str) -> str:
    return f"http://127.0.0.1:{client.port}/{client.account}{path}"


def names(client: Client, marker: str = "") -> tuple[list[str | None], str]:
    """A page of one name, and the marker of the next, as it stands in a query."""
    page = client.get(f"{PAGE}&maxresults=1{f'&marker={marker}' if marker else ''}").xml
    following = page.findtext("NextMarker", "")
    return [one.text for one in page.iterfind("Blobs/Blob/Name")], following.replace("+", "%2B")


def public(client: Client, container: str) -> None:
    client.create(container, {"x-ms-blob-public-access": "blob"})


@symptom("blocks-join-as-they-came")
def _(client: Client) -> object:
    for number in (1, 0):
        client.block("/cont/b", number, b"%d" % number)
    client.commit("/cont/b", [block_id(0), block_id(1)])
    return client.get("/cont/b").body


@symptom("commit-knows-its-own-connection")
def _(client: Client) -> object:
    client.block("/cont/b", 0, b"0")
    return client.commit("/cont/b", [block_id(0)]).code


@symptom("empty-blob-counts-as-none")
def _(client: Client) -> object:
    client.put("/cont/b")
    client.block("/cont/b", 0, b"0")
    return client.commit("/cont/b", [block_id(0)]).code


@symptom("deleted-metadata-comes-back")
def _(client: Client) -> object:
    client.put("/cont/b", b"1", {"x-ms-meta-old": "1"})
    client.send("DELETE", "/cont/b")
    client.block("/cont/b", 0, b"0")
    client.commit("/cont/b", [block_id(0)])
    return client.head("/cont/b").get("x-ms-meta-old")


@symptom("next-page-is-old")
def _(client: Client) -> object:
    client.put("/cont/a", b"1")
    first, marker = names(client)
    client.send("DELETE", "/cont/kept")
    return first, names(client, marker)[0]


@symptom("later-markers-skip")
def _(client: Client) -> object:
    for number in range(4):
        client.put(f"/cont/{number}", b"x")
    found, marker = names(client)
    while marker:
        page, marker = names(client, marker)
        found += page
    return found


@symptom("copy-hangs-on-its-source")
def _(client: Client) -> object:
    client.send("PUT", "/cont/moved", {"x-ms-copy-source": source(client, "/cont/kept")})
    client.send("DELETE", "/cont/kept")
    return client.get("/cont/moved").body


@symptom("old-etag-still-matches")
def _(client: Client) -> object:
    old = client.put("/cont/b", b"1")["ETag"]
    client.put("/cont/b", b"2")
    return client.get("/cont/b", {"If-Match": old, "x-ms-range": "bytes=0-0"}).status


@symptom("listed-etag-is-older")
def _(client: Client) -> object:
    client.send("PUT", "/cont/kept?comp=metadata", {"x-ms-meta-new": "1"})
    listed = client.get(PAGE).xml.findtext("Blobs/Blob/Properties/Etag")
    return client.head("/cont/kept")["ETag"] == f'"{listed}"'


@symptom("head-rounds-dates-up")
def _(client: Client) -> object:
    return client.head("/cont/kept")["Last-Modified"] == client.get("/cont/kept")["Last-Modified"]


@symptom("copy-id-is-another")
def _(client: Client) -> object:
    made = client.send("PUT", "/cont/b", {"x-ms-copy-source": source(client, "/cont/kept")})
    return made["x-ms-copy-id"] == client.head("/cont/b")["x-ms-copy-id"]


@symptom("changed-lease-has-two-ids")
def _(client: Client) -> object:
    old, new = LEASES
    acquire = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1", "x-ms-proposed-lease-id": old}
    change = {"x-ms-lease-action": "change", "x-ms-lease-id": old, "x-ms-proposed-lease-id": new}
    for headers in (acquire, change):
        client.send("PUT", "/cont/kept?comp=lease", headers)
    return [client.put("/cont/kept", b"1", {"x-ms-lease-id": one}).status for one in LEASES]


@symptom("range-of-a-snapshot-is-the-blobs")
def _(client: Client) -> object:
    moment = client.send("PUT", "/cont/kept?comp=snapshot")["x-ms-snapshot"]
    client.put("/cont/kept", b"anew")
    return client.get(f"/cont/kept?snapshot={moment}", {"x-ms-range": "bytes=0-3"}).body


@symptom("block-ids-are-cut")
def _(client: Client) -> object:
    ids = [f"{'A' * 36}{number:03d}A{'A' * 8}" for number in range(2)]
    for number, one in enumerate(ids):
        client.send("PUT", f"/cont/b?comp=block&blockid={one}", {}, b"%d" % number)
    client.commit("/cont/b", ids)
    return client.get("/cont/b").body


@symptom("copy-source-unread")
@symptom("source-is-in-the-same-container")
def _(client: Client) -> object:
    public(client, "from")
    client.put("/from/kept", b"1")
    made = client.put("/cont/b", b"", {"x-ms-copy-source": source(client, "/from/kept")})
    return made.status, client.get("/cont/b").body


@symptom("second-source-is-the-first")
def _(client: Client) -> object:
    public(client, "from")
    for number in range(2):
        client.put(f"/from/{number}", b"%d" % number)
        headers = {"x-ms-copy-source": source(client, f"/from/{number}")}
        client.send("PUT", f"/cont/b?comp=block&blockid={block_id(number).replace('=', '%3D')}", headers)
    client.commit("/cont/b", [block_id(0), block_id(1)])
    return client.get("/cont/b").body
