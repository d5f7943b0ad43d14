"""Snapshots over the wire: taking, reading, listing, copying, changing and deleting them, and who may."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.facade.client import ACCOUNT, Answer, Client, block_id, facade, iso, quoted_id, sas
from tests.facade.test_blobs import COMMON
from tests.facade.test_leases import HELD, OTHER, A, acquire

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


def take(client: Client, blob: str, headers: Mapping[str, str] | None = None) -> str:
    answer = client.send("PUT", f"{blob}?comp=snapshot", headers)
    assert (answer.status, answer.code) == (201, None)
    return answer["x-ms-snapshot"]


def at(blob: str, moment: str) -> str:
    return f"{blob}?snapshot={moment}"


def entries(answer: Answer) -> list[tuple[str | None, str | None]]:
    return [(blob.findtext("Name"), blob.findtext("Snapshot")) for blob in answer.xml.iter("Blob")]


def listing(client: Client, container: str, more: str = "") -> Answer:
    return client.get(f"/{container}?restype=container&comp=list&include=snapshots{more}")


@pytest.fixture
def blob(client: Client, container: str) -> str:
    client.put(
        f"/{container}/b",
        b"first",
        {"x-ms-blob-content-type": "a/b", "x-ms-meta-Key": "value", "x-ms-tags": "t=1"},
    )
    return f"/{container}/b"


def test_a_snapshot_is_answered_as_recorded(client: Client, blob: str) -> None:
    base = client.head(blob)
    answer = client.send("PUT", f"{blob}?comp=snapshot")
    assert (answer.status, answer.reason, answer.body) == (201, "Created", b"")
    assert answer.names == [
        "Content-Length",
        "Last-Modified",
        "ETag",
        *COMMON,
        "x-ms-snapshot",
        "x-ms-request-server-encrypted",
        "Date",
    ]
    assert TIME.fullmatch(answer["x-ms-snapshot"])
    assert answer["x-ms-request-server-encrypted"] == "false"
    for name in ("ETag", "Last-Modified"):
        assert answer[name] == base[name] == client.head(blob)[name]


def test_a_snapshot_reads_as_the_blob_was(client: Client, blob: str) -> None:
    moment = take(client, blob)
    was = client.get(at(blob, moment))
    client.put(blob, b"second, longer", {"x-ms-meta-Key": "other"})
    got, head = client.get(at(blob, moment)), client.head(at(blob, moment))
    assert (got.status, got.body) == (200, b"first")
    assert (got["x-ms-meta-Key"], got["Content-Type"]) == ("value", "a/b")
    assert (got["ETag"], got["Last-Modified"], got["Content-MD5"]) == (
        was["ETag"],
        was["Last-Modified"],
        was["Content-MD5"],
    )
    assert (head["Content-Length"], head["x-ms-access-tier"], head["x-ms-tag-count"]) == ("5", "Hot", "1")
    for answer in (got, head):
        assert not [name for name in answer.names if "lease" in name]
    part = client.get(at(blob, moment), {"Range": "bytes=1-2"})
    assert (part.status, part.body, part["Content-Range"]) == (206, b"ir", "bytes 1-2/5")
    assert client.get(at(blob, moment), {"If-None-Match": got["ETag"]}).status == 304
    metadata = client.get(f"{at(blob, moment)}&comp=metadata")
    assert metadata["x-ms-meta-Key"] == "value"
    tags = client.get(f"{at(blob, moment)}&comp=tags")
    assert tags.xml.findtext(".//Key") == "t"
    assert client.get(blob).body == b"second, longer"


def test_old_versions_say_which_snapshot_it_is_and_know_no_tier_of_it(client: Client, blob: str) -> None:
    moment = take(client, blob)
    for version, said in (("2018-11-09", moment), ("2019-12-12", None)):
        head = client.head(at(blob, moment), {"x-ms-version": version})
        assert head.get("x-ms-snapshot") == said
        assert (head.get("x-ms-access-tier") is None) == (said is not None)
    answer = client.send(
        "PUT", f"{at(blob, moment)}&comp=tier", {"x-ms-version": "2019-07-07", "x-ms-access-tier": "Cool"}
    )
    assert (answer.status, answer.code) == (409, "BlobOperationNotSupported")


def test_metadata_of_its_own_makes_an_etag_of_its_own(client: Client, blob: str) -> None:
    base = client.head(blob)
    time.sleep(0.01)
    answer = client.send("PUT", f"{blob}?comp=snapshot", {"x-ms-meta-Mine": "1"})
    assert answer["ETag"] != base["ETag"]
    assert answer["x-ms-request-server-encrypted"] == "true"
    head = client.head(at(blob, answer["x-ms-snapshot"]))
    assert (head["ETag"], head["x-ms-meta-Mine"], head.get("x-ms-meta-Key")) == (answer["ETag"], "1", None)
    again = client.head(blob)
    assert (again["ETag"], again["x-ms-meta-Key"], again.get("x-ms-meta-Mine")) == (
        base["ETag"],
        "value",
        None,
    )


def test_snapshots_have_conditions(client: Client, blob: str) -> None:
    etag = client.head(blob)["ETag"]
    for headers, status in (
        ({"If-Match": '"0x1"'}, 412),
        ({"If-None-Match": etag}, 412),
        ({"If-Match": etag}, 201),
        ({"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 412),
    ):
        assert client.send("PUT", f"{blob}?comp=snapshot", headers).status == status


def test_a_lease_keeps_nobody_from_a_snapshot(client: Client, blob: str) -> None:
    assert client.send("PUT", f"{blob}?comp=snapshot", HELD).code == "LeaseNotPresentWithBlobOperation"
    acquire(client, blob)
    moment = take(client, blob)
    take(client, blob, HELD)
    assert client.send("PUT", f"{blob}?comp=snapshot", OTHER).code == "LeaseIdMismatchWithBlobOperation"
    assert client.head(blob)["x-ms-lease-state"] == "leased"
    assert client.get(at(blob, moment), {"x-ms-lease-id": A}).code == "LeaseNotPresentWithBlobOperation"
    assert client.send("DELETE", at(blob, moment)).status == 202
    assert client.send("DELETE", blob, {"x-ms-delete-snapshots": "only"}).code == "LeaseIdMissing"
    assert client.send("DELETE", blob, {"x-ms-delete-snapshots": "include", **HELD}).status == 202


def test_what_is_no_snapshot_is_refused(client: Client, container: str, blob: str) -> None:
    moment = take(client, blob)
    assert client.send("PUT", f"/{container}/none?comp=snapshot").code == "BlobNotFound"
    client.block(f"/{container}/staged", 1, b"x")
    assert client.send("PUT", f"/{container}/staged?comp=snapshot").code == "BlobNotFound"
    assert client.send("PUT", "/no-such/b?comp=snapshot").code == "ContainerNotFound"
    for method in ("GET", "HEAD", "DELETE"):
        missing = client.send(method, at(blob, moment[:-2] + ("1Z" if moment[-2] != "1" else "2Z")))
        assert (missing.status, missing.code) == (404, "BlobNotFound")
        assert client.send(method, at(f"/{container}/none", moment)).code == "BlobNotFound"
    bad = client.get(f"{blob}?snapshot=1&comp=metadata")
    assert (bad.status, bad.xml.findtext("Code")) == (400, "InvalidQueryParameterValue")
    assert (bad.xml.findtext("QueryParameterName"), bad.xml.find("Reason")) == ("snapshot", None)
    assert bad.get("x-ms-version") is None


@pytest.mark.parametrize(
    "query", ["", "&comp=metadata", "&comp=properties", "&comp=blocklist", "&comp=lease"]
)
def test_nothing_writes_to_a_snapshot(client: Client, blob: str, query: str) -> None:
    moment = take(client, blob)
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1"}
    answer = client.send("PUT", at(blob, moment) + query, headers, b"<BlockList/>")
    assert (answer.status, answer.code) == (400, "InvalidQueryParameterValue")
    assert answer.xml.findtext("Reason") == (
        "This operation is only allowed on the root blob. Snapshot should not be provided."
    )
    assert client.get(at(blob, moment)).body == client.get(blob).body == b"first"


def test_the_tier_of_a_snapshot_is_its_own(client: Client, blob: str) -> None:
    moment = take(client, blob)
    etag = client.head(at(blob, moment))["ETag"]
    answer = client.send("PUT", f"{at(blob, moment)}&comp=tier", {"x-ms-access-tier": "Cool"})
    assert answer.status == 200
    head = client.head(at(blob, moment))
    assert (head["x-ms-access-tier"], head.get("x-ms-access-tier-inferred"), head["ETag"]) == (
        "Cool",
        None,
        etag,
    )
    assert client.head(blob)["x-ms-access-tier"] == "Hot"


def test_blocks_of_a_snapshot(client: Client, container: str) -> None:
    blob = f"/{container}/blocks"
    for number in (1, 2):
        client.block(blob, number, b"x" * number)
    client.commit(blob, [block_id(2), block_id(1)])
    client.block(blob, 3, b"staged")
    moment = take(client, blob)
    client.commit(blob, [block_id(3)])
    answer = client.get(f"{at(blob, moment)}&comp=blocklist&blocklisttype=all")
    assert [node.text for node in answer.xml.iter("Name")] == [block_id(2), block_id(1)]
    assert answer.xml.find("UncommittedBlocks") is not None
    assert answer["x-ms-blob-content-length"] == "3"


def test_lists_show_snapshots_before_their_blob(client: Client, container: str, blob: str) -> None:
    moments = [take(client, blob) for _ in range(3)]
    client.put(f"/{container}/a", b"x")
    client.put(f"/{container}/c", b"x")
    expected = [("a", None), *[("b", moment) for moment in moments], ("b", None), ("c", None)]
    answer = listing(client, container)
    assert entries(answer) == expected
    first = answer.xml.findall("Blobs/Blob")[1]
    assert [child.tag for child in first] == ["Name", "Snapshot", "Properties", "OrMetadata"]
    tags = [child.tag for child in first.find("Properties") or ()]
    assert "AccessTier" in tags
    assert not [tag for tag in tags if tag.startswith("Lease")]
    assert entries(client.get(f"/{container}?restype=container&comp=list")) == [
        ("a", None),
        ("b", None),
        ("c", None),
    ]
    old = client.send(
        "GET", f"/{container}?restype=container&comp=list&include=snapshots", {"x-ms-version": "2018-11-09"}
    )
    assert "AccessTier" not in [child.tag for child in old.xml.findall(".//Properties")[1]]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_pages_go_on_amid_snapshots(client: Client, container: str, blob: str, size: int) -> None:
    moments = [take(client, blob) for _ in range(4)]
    client.put(f"/{container}/c", b"x")
    found: list[tuple[str | None, str | None]] = []
    marker = ""
    while True:
        answer = listing(client, container, f"&maxresults={size}{marker}")
        page = entries(answer)
        assert len(page) <= size
        found += page
        following = answer.xml.findtext("NextMarker")
        if not following:
            break
        marker = f"&marker={following}"
    assert found == [*[("b", moment) for moment in moments], ("b", None), ("c", None)]


def test_a_delimiter_and_snapshots_do_not_go_together(client: Client, container: str) -> None:
    answer = listing(client, container, "&delimiter=/")
    assert (answer.status, answer.code) == (400, "InvalidQueryParameterValue")


def test_a_blob_with_snapshots_is_not_deleted_by_chance(client: Client, container: str, blob: str) -> None:
    moments = [take(client, blob) for _ in range(2)]
    refused = client.send("DELETE", blob)
    assert (refused.status, refused.code) == (409, "SnapshotsPresent")
    assert refused.reason == "This operation is not permitted because the blob has snapshots."
    assert client.send("DELETE", at(blob, moments[0]), {"x-ms-delete-snapshots": "include"}).status == 400
    assert client.send("DELETE", blob, {"x-ms-delete-snapshots": "all"}).code == "InvalidHeaderValue"
    one = client.send("DELETE", at(blob, moments[0]))
    assert (one.status, one["x-ms-delete-type-permanent"]) == (202, "true")
    assert entries(listing(client, container)) == [("b", moments[1]), ("b", None)]
    assert client.send("DELETE", at(blob, moments[0])).code == "BlobNotFound"
    assert client.send("DELETE", blob, {"x-ms-delete-snapshots": "only"}).status == 202
    assert entries(listing(client, container)) == [("b", None)]
    take(client, blob)
    wrong = client.send("DELETE", blob, {"x-ms-delete-snapshots": "include", "If-Match": '"0x1"'})
    assert (wrong.status, wrong.code) == (412, "ConditionNotMet")
    assert len(entries(listing(client, container))) == 2
    assert client.send("DELETE", blob, {"x-ms-delete-snapshots": "include"}).status == 202
    assert entries(listing(client, container)) == []
    gone = client.send("DELETE", blob, {"x-ms-delete-snapshots": "only"})
    assert (gone.status, gone.code) == (404, "BlobNotFound")


def test_overwriting_keeps_snapshots(client: Client, container: str, blob: str) -> None:
    moment = take(client, blob)
    client.put(blob, b"put")
    client.block(blob, 1, b"committed")
    client.commit(blob, [block_id(1)])
    client.put(f"/{container}/other", b"copied")
    source = {"x-ms-copy-source": f"http://127.0.0.1:{client.port}/{ACCOUNT}/{container}/other"}
    assert client.send("PUT", blob, source).status == 202
    assert client.get(at(blob, moment)).body == b"first"
    assert entries(listing(client, container, "&prefix=b")) == [("b", moment), ("b", None)]


def test_a_snapshot_is_a_copy_source(client: Client, container: str, blob: str) -> None:
    moment = take(client, blob)
    client.put(blob, b"second")
    expiry = iso(600)
    lines = ["r", "", expiry, f"/blob/{ACCOUNT}{blob}", "", "", "", "2020-10-02", "bs", moment]
    token = sas({"sv": "2020-10-02", "sr": "bs", "sp": "r", "se": expiry}, "\n".join(lines + [""] * 5))
    url = f"http://127.0.0.1:{client.port}/{ACCOUNT}{at(blob, moment)}"
    source = {"x-ms-copy-source": f"{url}&{token}"}
    block = f"/{container}/three?comp=block&blockid={quoted_id(1)}"
    for target, headers, status in (
        (f"/{container}/one", {**source, "x-ms-requires-sync": "true"}, 202),
        (f"/{container}/two", {**source, "x-ms-blob-type": "BlockBlob"}, 201),
        (block, source, 201),
        (blob, {"x-ms-copy-source": url}, 202),
    ):
        assert client.send("PUT", target, headers).status == status
    client.commit(f"/{container}/three", [block_id(1)])
    for name in ("one", "two", "three", "b"):
        assert client.get(f"/{container}/{name}").body == b"first"
    missing = client.send("PUT", f"/{container}/no", {"x-ms-copy-source": url[:-2] + "xZ"})
    assert missing.status in (400, 404)
    assert client.get(f"/{container}/no").code == "BlobNotFound"


@pytest.mark.parametrize(
    ("letters", "method", "query", "status"),
    [
        ("r", "GET", "", 200),
        ("w", "PUT", "comp=snapshot", 201),
        ("c", "PUT", "comp=snapshot", 201),
        ("r", "PUT", "comp=snapshot", 403),
        ("d", "DELETE", "", 202),
        ("w", "DELETE", "", 403),
    ],
)
def test_who_may(client: Client, blob: str, letters: str, method: str, query: str, status: int) -> None:
    moment = take(client, blob)
    expiry = iso(600)
    kind, signed, shown = ("b", "", query) if query else ("bs", moment, f"snapshot={moment}")
    lines = [letters, "", expiry, f"/blob/{ACCOUNT}{blob}", "", "", "", "2020-10-02", kind, signed]
    token = sas({"sv": "2020-10-02", "sr": kind, "sp": letters, "se": expiry}, "\n".join(lines + [""] * 5))
    assert client.send(method, f"{blob}?{shown}&{token}", sign=False).status == status
    if kind == "bs":
        assert client.send(method, f"{blob}?{token}", sign=False).status == 403


def test_a_snapshot_outlives_the_process(tmp_path: Path) -> None:
    with facade(tmp_path) as client:
        client.create("cont")
        client.put("/cont/b", b"first")
        moment = take(client, "/cont/b")
        client.put("/cont/b", b"second")
        assert client.process is not None
        client.process.kill()
        client.process.wait(10)
    with facade(tmp_path) as client:
        assert client.get(at("/cont/b", moment)).body == b"first"
        assert client.get("/cont/b").body == b"second"
        assert client.send("DELETE", "/cont/b").code == "SnapshotsPresent"


def test_all_processes_see_a_snapshot(tmp_path: Path) -> None:
    with facade(tmp_path) as one, facade(tmp_path) as two:
        one.create("cont")
        one.put("/cont/b", b"first")
        moment = take(one, "/cont/b")
        assert two.get(at("/cont/b", moment)).body == b"first"
        assert two.send("DELETE", at("/cont/b", moment)).status == 202
        assert one.get(at("/cont/b", moment)).code == "BlobNotFound"
