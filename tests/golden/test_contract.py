"""The contract model: documented outcomes of short conversations, written down by hand."""

from __future__ import annotations

import pytest

from harness.cases import case as c
from harness.vocabulary import Level
from tests.golden.contracts import (
    BLOCK,
    HERE,
    block,
    commit,
    error,
    get,
    head,
    headers,
    last,
    level,
    listing,
    put,
    status,
    step,
    told,
    xml,
)

MD5_OF_HELLO = "XUFAKrxLKna5cZ2REBfFkg=="
BIG = c.Random(20 << 20, 11)
EIGHT = 8 << 20


# --- writing and reading ---


def test_a_read_has_what_the_write_made() -> None:
    given = {"x-ms-blob-content-type": "text/plain", "x-ms-meta-Day": "monday morning"}
    said = told(put(headers=given), get())
    write, read = said.expects
    assert status(write) == (201,)
    assert status(read) == (200,)
    assert headers(read) == {
        "x-ms-blob-type": "BlockBlob",
        "Content-Type": "text/plain",
        "x-ms-meta-Day": "monday morning",
        "Content-Length": "5",
        "Content-MD5": MD5_OF_HELLO,
        "ETag": "{etag-of-put}",
        "Last-Modified": "{modified-of-put}",
    }
    assert read.body == c.Graded(c.Text("hello"))
    assert said.saves == {
        0: (
            c.Save("etag-of-put", "header", "ETag"),
            c.Save("modified-of-put", "header", "Last-Modified"),
        )
    }
    assert said.unknown == ()


def test_a_name_that_the_client_saves_is_used() -> None:
    said = told(put(save={"etag-1": "ETag"}), head())
    assert headers(said.expects[1])["ETag"] == "{etag-1}"
    assert [one.name for one in said.saves[0]] == ["modified-of-put"]


def test_premises_save_what_is_needed_of_them() -> None:
    premise = c.Step("PUT", f"{HERE}/a", tuple(BLOCK.items()), c.Text("hello"))
    said = told(head(), given=[premise])
    assert headers(said.expects[0])["ETag"] == "{etag-of-given-1}"
    assert {one.name for one in said.given_saves[0]} == {"etag-of-given-1", "modified-of-given-1"}
    assert said.saves == {}


def test_what_is_not_there() -> None:
    assert error(last(get())) == ("BlobNotFound",)
    assert status(last(head())) == (404,)
    assert error(last(step("get", "GET /{new-container}/a"))) == ("ContainerNotFound",)
    assert status(last(put(), step("delete", f"DELETE {HERE}/a"), get())) == (404,)


def test_an_overwrite_leaves_nothing_of_the_old_blob() -> None:
    old = {"x-ms-meta-old": "1", "x-ms-blob-content-encoding": "gzip"}
    said = told(put(headers=old, save={"etag-1": "ETag"}), put("again", body=c.Zeros(3)), head())
    assert headers(said.expects[1]) == {"ETag": c.Not("{etag-1}")}
    read = headers(said.expects[2])
    assert read["x-ms-meta-old"] is None
    assert read["Content-Encoding"] is None
    assert read["Content-Length"] == "3"
    assert read["ETag"] == "{etag-of-again}"


def test_an_empty_header_is_no_property() -> None:
    said = last(put(headers={"x-ms-blob-content-type": "", "x-ms-blob-cache-control": ""}), head())
    assert "Content-Type" not in headers(said) or headers(said)["Content-Type"] == "application/octet-stream"
    assert headers(said).get("Cache-Control") is None


@pytest.mark.parametrize(
    ("asked", "bounds"),
    [("bytes=0-4", (0, 4)), ("bytes=90-", (90, 99)), ("bytes=10-500", (10, 99)), ("bytes=0-", (0, 99))],
)
def test_ranges(asked: str, bounds: tuple[int, int]) -> None:
    content = c.Random(100, 1)
    read = last(put(body=content), get(headers={"x-ms-range": asked}))
    first, end = bounds
    assert status(read) == (206,)
    assert headers(read)["Content-Range"] == f"bytes {first}-{end}/100"
    assert headers(read)["Content-Length"] == str(end - first + 1)
    assert read.body is not None
    assert read.body.value == (content if bounds == (0, 99) else c.Slice(content, first, end))


def test_ranges_that_are_not_served() -> None:
    beyond = last(put(), get(headers={"Range": "bytes=5-"}))
    assert (status(beyond), error(beyond)) == ((416,), ("InvalidRange",))
    assert headers(beyond) == {"Content-Range": "bytes */5"}
    ignored = last(put(), get(headers={"Range": "bytes=-2"}))
    assert status(ignored) == (200,)
    assert level(ignored.status) is Level.EXPECTED
    assert status(last(put(body=c.Zeros(0)), get(headers={"Range": "bytes=0-9"}))) == (416,)
    assert status(last(put(body=c.Zeros(0)), get(headers={"Range": "bytes=0-"}))) is None


def test_a_hash_of_a_range() -> None:
    asked = {"x-ms-range": "bytes=1-3", "x-ms-range-get-content-md5": "true"}
    assert headers(last(put(), get(headers=asked)))["Content-MD5"] == c.Md5Of(c.Slice(c.Text("hello"), 1, 3))
    without = last(put(), get(headers={"x-ms-range-get-content-md5": "true"}))
    assert (status(without), level(without.status)) == ((400,), Level.EXPECTED)


def test_claims_about_the_body_are_held_against_it() -> None:
    right = {"x-ms-blob-content-md5": MD5_OF_HELLO}
    assert status(last(put(headers=right))) == (201,)
    wrong = told(put(headers={"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}), head())
    assert (status(wrong.expects[0]), error(wrong.expects[0])) == ((400,), ("Md5Mismatch",))
    assert status(wrong.expects[1]) == (404,)


# --- blocks ---


def test_blocks_become_the_blob_in_the_order_of_the_list() -> None:
    parts = [
        c.Slice(BIG, 0, EIGHT - 1),
        c.Slice(BIG, EIGHT, 2 * EIGHT - 1),
        c.Slice(BIG, 2 * EIGHT, BIG.size - 1),
    ]
    staged = [block(number, part) for number, part in enumerate(parts, 1)]
    whole = told(*staged, commit(1, 2, 3), head(), payloads={"big.bin": BIG})
    assert [status(one) for one in whole.expects] == [(201,), (201,), (201,), (201,), (200,)]
    assert headers(whole.expects[-1])["Content-Length"] == str(BIG.size)
    assert whole.then[0].expect.body == c.Graded(BIG)
    mixed = told(*staged, commit(3, 1), head())
    assert mixed.then[0].expect.body == c.Graded(c.Join((parts[2], parts[0])))


def test_a_committed_blob_has_the_md5_that_it_was_given() -> None:
    given = {"x-ms-blob-content-md5": MD5_OF_HELLO, "Content-Type": "application/xml"}
    with_md5 = headers(last(block(1, c.Zeros(9)), commit(1, headers=given), head()))
    assert with_md5["Content-MD5"] == MD5_OF_HELLO
    assert with_md5["Content-Type"] == "application/octet-stream"
    assert headers(last(block(1, c.Zeros(9)), commit(1), head()))["Content-MD5"] is None


def test_unknown_blocks_are_refused_and_the_old_blob_stays() -> None:
    said = told(put(save={"etag-1": "ETag"}), block(1, c.Zeros(9)), commit(1, 2), get())
    assert (status(said.expects[2]), error(said.expects[2])) == ((400,), ("InvalidBlockList",))
    assert level(said.expects[2].status) is Level.REQUIRED
    assert headers(said.expects[3])["ETag"] == "{etag-1}"


def test_blocks_that_were_thrown_away_are_unknown() -> None:
    refused = last(block(1, c.Zeros(9)), put(), commit(1))
    assert (status(refused), level(refused.status)) == ((400,), Level.EXPECTED)


def test_the_same_block_twice_and_a_second_commit() -> None:
    again = (block(1, c.Zeros(9)), block(1, c.Hex(b"ab"), name="block-again"), commit(1, 1))
    assert headers(last(*again, head()))["Content-Length"] == "4"
    assert headers(last(*again, commit(1, name="commit-2"), head()))["Content-Length"] == "2"


def test_staged_blocks_make_no_blob_but_have_a_list() -> None:
    staged = (block(1, c.Zeros(100)), block(2, c.Zeros(50)))
    assert status(last(*staged, head())) == (404,)
    blocks = last(block(1, c.Zeros(100)), step("blocks", f"GET {HERE}/a?comp=blocklist&blocklisttype=all"))
    assert xml(blocks) == {
        "BlockList/*": ["CommittedBlocks", "UncommittedBlocks"],
        "BlockList/CommittedBlocks/Block": None,
        "BlockList/UncommittedBlocks/Block/Name": ["{block:1/36}"],
        "BlockList/UncommittedBlocks/Block/Size": ["100"],
    }
    assert headers(blocks) == {"ETag": None}
    assert status(last(*staged, step("delete", f"DELETE {HERE}/a"))) == (202,)
    committed = last(*staged, commit(2, 1), step("blocks", f"GET {HERE}/a?comp=blocklist"))
    assert xml(committed)["BlockList/CommittedBlocks/Block/Name"] == ["{block:2/36}", "{block:1/36}"]
    assert headers(committed)["x-ms-blob-content-length"] == "150"


# --- conditions ---


@pytest.mark.parametrize(
    ("condition", "read", "write"),
    [
        ({"If-Match": "{etag-1}"}, 200, 201),
        ({"If-Match": '"{etag-1}"'}, 200, 201),
        ({"If-Match": '"0x1"'}, 412, 412),
        ({"If-Match": "*"}, 200, 201),
        ({"If-None-Match": "{etag-1}"}, 304, 412),
        ({"If-None-Match": '"0x1"'}, 200, 201),
        ({"If-None-Match": "*"}, 400, 409),
        ({"If-Unmodified-Since": "{modified-1}"}, 200, 201),
        ({"If-Modified-Since": "{modified-1}"}, 304, 412),
        ({"If-Modified-Since": "{now-1h}"}, 200, 201),
        ({"If-Unmodified-Since": "{now-1h}"}, 412, 412),
        ({"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}, 412, 412),
    ],
)
def test_conditions_on_the_blob_as_it_is(condition: dict[str, str], read: int, write: int) -> None:
    first = put(save={"etag-1": "ETag", "modified-1": "Last-Modified"})
    assert status(last(first, get(headers=condition))) == (read,)
    assert status(last(first, put("again", headers=condition))) == (write,)


def test_the_etag_of_an_older_version_is_another_one() -> None:
    first = put(save={"etag-1": "ETag", "modified-1": "Last-Modified"})
    stale = last(first, put("again"), get(headers={"If-Match": "{etag-1}"}))
    assert (status(stale), error(stale)) == ((412,), ("ConditionNotMet",))


def test_the_date_of_an_older_version_may_be_the_same_second() -> None:
    first = put(save={"etag-1": "ETag", "modified-1": "Last-Modified"})
    said = told(first, put("again"), get(headers={"If-Unmodified-Since": "{modified-1}"}))
    assert status(said.expects[-1]) == (200, 206, 412)
    assert said.unknown == ("get: whether get is served is not sure",)


def test_a_date_that_a_listing_gave() -> None:
    path = "EnumerationResults/Blobs/Blob[Name=dir/a]/Properties/Last-Modified"
    read = get(blob="dir%2Fa", headers={"If-Unmodified-Since": "{modified-1}"})
    assert status(last(put(blob="dir%2Fa"), listing(save={"modified-1": path}), read)) == (200,)


def test_what_an_unsure_write_touched_is_not_read() -> None:
    first = put(save={"modified-1": "Last-Modified"})
    unsure = put("unsure", headers={"If-Unmodified-Since": "{modified-1}"})
    said = told(first, put("again"), unsure, get())
    assert status(said.expects[2]) == (201, 412)
    assert said.expects[3] == c.Expect()
    assert said.then == ()
    assert said.unknown[-1] == "at the end: nothing is known of a in {own-container}"


# --- listings ---


def test_a_listing_has_names_in_order() -> None:
    read = last(put("one", "dir%2Fb"), put("two", "a"), put("three", "dir-a"), listing())
    assert xml(read)["Blobs/Blob/Name"] == ["a", "dir-a", "dir/b"]
    assert xml(read)["Blobs/Blob/Properties/Content-Length"] == ["5", "5", "5"]
    assert xml(read)["Blobs/Blob/Properties/Last-Modified"] == [
        f"{{modified-of-{name}}}" for name in ("two", "three", "one")
    ]
    assert xml(read)["NextMarker"] == ""


def test_a_delimiter_makes_prefixes() -> None:
    puts = (put("one", "dir/b"), put("two", "dir/c"), put("three", "a"))
    read = xml(last(*puts, listing(query="&delimiter=%2F&prefix=")))
    assert read["Blobs/Blob/Name"] == ["a"]
    assert read["Blobs/BlobPrefix/Name"] == ["dir/"]
    within = xml(last(*puts, listing(query="&delimiter=/&prefix=dir/")))
    assert within["Blobs/Blob/Name"] == ["dir/b", "dir/c"]
    assert within["Blobs/BlobPrefix/Name"] is None


def test_pages_follow_each_other() -> None:
    puts = (put("one", "a"), put("two", "b"), put("three", "c"))
    first = listing("first", "&maxresults=2", save={"marker-1": "EnumerationResults/NextMarker"})
    said = told(*puts, first, listing("second", "&maxresults=2&marker={marker-1}"))
    assert xml(said.expects[3])["Blobs/Blob/Name"] == ["a", "b"]
    assert xml(said.expects[3])["NextMarker"] == c.Matches(".+")
    assert xml(said.expects[4])["Blobs/Blob/Name"] == ["c"]
    assert xml(said.expects[4])["NextMarker"] == ""


def test_names_that_are_chosen_at_the_replay() -> None:
    puts = (put("one", "bench-{guid:1}/f2"), put("two", "bench-{guid:1}/f1"))
    said = told(*puts, listing())
    assert xml(said.expects[2])["Blobs/Blob/Name"] == ["bench-{guid:1}/f1", "bench-{guid:1}/f2"]
    mixed = told(put("one", "{guid:1}"), put("two", "{guid:2}"), listing())
    assert xml(mixed.expects[2]) == {}
    assert mixed.unknown[0].startswith("list: the order of names")


def test_what_a_listing_includes() -> None:
    puts = (
        put("one", "a", headers={"x-ms-meta-age": "old", "x-ms-tags": "k=v+1"}),
        step("snapshot", f"PUT {HERE}/a?comp=snapshot", save={"snapshot-1": "x-ms-snapshot"}),
        block(1, c.Zeros(9), blob="staged"),
    )
    read = xml(last(*puts, listing(query="&include=metadata,tags,snapshots,uncommittedblobs")))
    assert read["Blobs/Blob/Name"] == ["a", "a", "staged"]
    assert read["Blobs/Blob/Properties/Content-Length"] == ["5", "5", "0"]
    assert read["Blobs/Blob/Snapshot"] == ["{snapshot-1}"]
    assert read["Blobs/Blob/Metadata/age"] == ["old", "old"]
    plain = xml(last(*puts, listing()))
    assert plain["Blobs/Blob/Name"] == ["a"]
    tagged = xml(last(puts[0], listing(query="&include=tags")))
    assert tagged["Blobs/Blob/Tags/TagSet/Tag/Value"] == ["v 1"]


# --- snapshots, leases, tags, tiers ---


def test_a_snapshot_stays_as_it_was() -> None:
    taken = step("snapshot", f"PUT {HERE}/a?comp=snapshot", save={"snapshot-1": "x-ms-snapshot"})
    read = get(blob="a?snapshot={snapshot-1}")
    said = told(put(), taken, put("again", body=c.Zeros(3)), read)
    assert headers(said.expects[1])["ETag"] == "{etag-of-put}"
    assert said.expects[3].body == c.Graded(c.Text("hello"))
    refused = last(put(), taken, step("delete", f"DELETE {HERE}/a"))
    assert (status(refused), error(refused)) == ((409,), ("SnapshotsPresent",))
    both = {"x-ms-delete-snapshots": "include"}
    assert status(last(put(), taken, step("delete", f"DELETE {HERE}/a", both), read)) == (404,)
    only = {"x-ms-delete-snapshots": "only"}
    assert status(last(put(), taken, step("delete", f"DELETE {HERE}/a", only), get())) == (200,)


def _lease(name: str, action: str, **more: str) -> dict[str, str]:
    return {"x-ms-lease-action": action, **{key.replace("_", "-"): value for key, value in more.items()}}


def test_a_lease_keeps_others_out() -> None:
    acquire = step(
        "acquire",
        f"PUT {HERE}/a?comp=lease",
        _lease("acquire", "acquire", x_ms_lease_duration="-1"),
        save={"lease-1": "x-ms-lease-id"},
    )
    assert status(last(put(), acquire)) == (201,)
    assert error(last(put(), acquire, put("again"))) == ("LeaseIdMissing",)
    assert status(last(put(), acquire, put("again", headers={"x-ms-lease-id": "{lease-1}"}))) == (201,)
    other = {"x-ms-lease-id": "{guid:9}"}
    assert error(last(put(), acquire, put("again", headers=other))) == ("LeaseIdMismatchWithBlobOperation",)
    shown = headers(last(put(), acquire, head()))
    assert shown["x-ms-lease-state"] == "leased"
    assert shown["x-ms-lease-duration"] == "infinite"
    release = step("release", f"PUT {HERE}/a?comp=lease", _lease("r", "release", x_ms_lease_id="{lease-1}"))
    assert status(last(put(), acquire, release, put("again"))) == (201,)
    broken = step("break", f"PUT {HERE}/a?comp=lease", _lease("b", "break"))
    assert headers(last(put(), acquire, broken))["x-ms-lease-time"] == "0"


def test_tags_and_tiers_leave_the_blob_alone() -> None:
    tags = c.Xml("<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tags>")
    set_tags = step("set-tags", f"PUT {HERE}/a?comp=tags", body=tags)
    said = told(put(), set_tags, step("tags", f"GET {HERE}/a?comp=tags"), head())
    assert status(said.expects[1]) == (204,)
    assert xml(said.expects[2]) == {"Tags/TagSet/Tag/Key": ["a"], "Tags/TagSet/Tag/Value": ["b"]}
    assert headers(said.expects[3])["ETag"] == "{etag-of-put}"
    assert headers(said.expects[3])["x-ms-tag-count"] == "1"
    tier = step("tier", f"PUT {HERE}/a?comp=tier", {"x-ms-access-tier": "Cool"})
    assert headers(last(put(), tier, head()))["x-ms-access-tier"] == "Cool"
    archive = step("tier", f"PUT {HERE}/a?comp=tier", {"x-ms-access-tier": "Archive"})
    assert error(last(put(), archive, get())) == ("BlobArchived",)


def test_changes_of_metadata_and_properties() -> None:
    first = put(headers={"x-ms-meta-a": "1", "x-ms-blob-content-language": "en"})
    said = told(first, step("meta", f"PUT {HERE}/a?comp=metadata", {"x-ms-meta-b": "2"}), head())
    read = headers(said.expects[2])
    assert (read["x-ms-meta-a"], read["x-ms-meta-b"], read["Content-Language"]) == (None, "2", "en")
    assert read["ETag"] == "{etag-of-meta}"
    changed = step("properties", f"PUT {HERE}/a?comp=properties", {"x-ms-blob-content-type": "text/html"})
    after = headers(last(first, changed, head()))
    assert (after["Content-Type"], after["Content-Language"]) == ("text/html", None)
    assert (after["x-ms-meta-a"], after["Content-MD5"]) == ("1", None)


def test_append_blobs_grow() -> None:
    made = step("make", f"PUT {HERE}/a", {"x-ms-blob-type": "AppendBlob"})
    one = step("one", f"PUT {HERE}/a?comp=appendblock", body=c.Zeros(7))
    two = step("two", f"PUT {HERE}/a?comp=appendblock", {"x-ms-blob-condition-appendpos": "7"}, c.Hex(b"ab"))
    said = told(made, one, two, get())
    assert headers(said.expects[2])["x-ms-blob-append-offset"] == "7"
    assert headers(said.expects[2])["x-ms-blob-committed-block-count"] == "2"
    assert said.expects[3].body == c.Graded(c.Join((c.Zeros(7), c.Hex(b"ab"))))
    wrong = step(
        "wrong", f"PUT {HERE}/a?comp=appendblock", {"x-ms-blob-condition-appendpos": "1"}, c.Zeros(1)
    )
    assert error(last(made, one, wrong)) == ("AppendPositionConditionNotMet",)


# --- copies ---

SOURCE = {"x-ms-copy-source": f"{{url}}{HERE}/a?{{source-sas}}"}


def test_a_copy_has_the_bytes_of_its_source() -> None:
    from_url = step("copy", f"PUT {HERE}/b", {**BLOCK, **SOURCE, "x-ms-blob-content-type": "text/html"})
    said = told(put(headers={"x-ms-meta-day": "monday"}), from_url, get(blob="b"))
    assert status(said.expects[1]) == (201,)
    assert headers(said.expects[1])["Content-MD5"] == c.Md5Of(c.Text("hello"))
    assert said.expects[2].body == c.Graded(c.Text("hello"))
    assert headers(said.expects[2])["Content-Type"] == "text/html"
    assert headers(said.expects[2])["ETag"] == "{etag-of-copy}"
    assert "x-ms-meta-day" not in headers(said.expects[2])


def test_copy_blob_takes_everything_along_and_says_so() -> None:
    copied = step("copy", f"PUT {HERE}/b", {"x-ms-copy-source": f"{{url}}{HERE}/a"})
    said = told(put(headers={"x-ms-meta-day": "monday"}), copied, get(blob="b"))
    assert status(said.expects[1]) == (202,)
    assert headers(said.expects[1])["x-ms-copy-status"] == c.OneOf(("success", "pending"))
    read = headers(said.expects[2])
    assert read["x-ms-meta-day"] == "monday"
    assert read["x-ms-copy-id"] == "{copy-id-of-copy}"
    assert read["Content-MD5"] == MD5_OF_HELLO
    assert "ETag" not in read  # a copy that was still pending has another one when it is done


def test_blocks_of_another_blob() -> None:
    part = block(1, c.Zeros(0), blob="b", headers={**SOURCE, "x-ms-source-range": "bytes=1-3"})
    said = told(put(), part, commit(1, blob="b"), get(blob="b"))
    assert said.expects[3].body == c.Graded(c.Slice(c.Text("hello"), 1, 3))


def test_sources_that_are_refused() -> None:
    missing = last(step("copy", f"PUT {HERE}/b", {**BLOCK, **SOURCE}))
    assert (status(missing), level(missing.error)) == ((404,), Level.EXPECTED)
    private = last(put(), step("copy", f"PUT {HERE}/b", {**BLOCK, "x-ms-copy-source": f"{{url}}{HERE}/a"}))
    assert error(private) == ("CannotVerifyCopySource",)
    stale = {**BLOCK, **SOURCE, "x-ms-source-if-match": '"0x1"'}
    assert status(last(put(), step("copy", f"PUT {HERE}/b", stale))) == (412,)
    elsewhere = {**BLOCK, "x-ms-copy-source": "https://example.com/a"}
    said = told(step("copy", f"PUT {HERE}/b", elsewhere), get(blob="b"))
    assert said.expects == (c.Expect(), c.Expect())
    assert len(said.unknown) == 3


# --- containers, accounts, batches ---


def test_containers_come_and_go() -> None:
    made = step("make", "PUT /{new-container}?restype=container", {"x-ms-meta-run": "42"})
    seen = step("see", "GET /{new-container}?restype=container")
    said = told(seen, made, step("again", made.step.method + " " + made.step.target), SEE_AGAIN)
    assert [status(one) for one in said.expects] == [(404,), (201,), (409,), (200,)]
    assert error(said.expects[2]) == ("ContainerAlreadyExists",)
    assert headers(said.expects[3]) == {
        "x-ms-meta-run": "42",
        "ETag": "{etag-of-make}",
        "Last-Modified": "{modified-of-make}",
    }
    gone = told(step("delete", f"DELETE {HERE}?restype=container"), get())
    assert [status(one) for one in gone.expects] == [(202,), (404,)]
    assert error(gone.expects[1]) == ("ContainerNotFound",)
    assert [one.method for one in gone.then] == ["HEAD"]


SEE_AGAIN = step("see-again", "GET /{new-container}?restype=container")


def test_batches_are_answered_part_by_part() -> None:
    parts = c.Batch(tuple(c.BatchPart("DELETE", f"{HERE}/{name}") for name in ("a", "b")))
    said = told(put(), step("batch", "POST /?comp=batch", body=parts), get())
    batch = said.expects[1]
    assert batch.parts is not None
    assert [part.status and part.status.value for part in batch.parts] == [(202,), (404,)]
    assert [part.error and part.error.value for part in batch.parts] == [None, ("BlobNotFound",)]
    assert status(said.expects[2]) == (404,)


def test_account_information_and_lists_of_containers() -> None:
    info = headers(last(step("info", f"GET {HERE}/a?comp=properties&restype=account")))
    assert info == {"x-ms-sku-name": c.Present(), "x-ms-account-kind": c.Present()}
    listed = last(put(), step("containers", "GET /?comp=list&prefix={own-container}"))
    assert xml(listed) == {"Containers/Container/Name": c.Contains("{own-container}")}


# --- who may do what ---


@pytest.mark.parametrize(
    ("auth", "wanted"),
    [
        ({"account-sas": {"permissions": "r"}}, (403, "AuthorizationPermissionMismatch")),
        ({"account-sas": {"permissions": "w", "resources": "c"}}, (403, "AuthorizationResourceTypeMismatch")),
        ({"account-sas": {"permissions": "w", "services": "q"}}, (403, "AuthorizationServiceMismatch")),
        ({"account-sas": {"permissions": "w", "expiry": "-1h"}}, (403, "AuthenticationFailed")),
        ({"shared-key": {"tamper": "signature"}}, (403, "AuthenticationFailed")),
        ("anonymous", (401, "NoAuthenticationInformation")),
        ({"account-sas": {"permissions": "w"}}, (201, None)),
    ],
)
def test_weak_and_wrong_credentials(auth: object, wanted: tuple[int, str | None]) -> None:
    said = last(put(auth=auth))
    assert (status(said), error(said)) == ((wanted[0],), None if wanted[1] is None else (wanted[1],))


def test_a_create_only_sas_does_not_overwrite() -> None:
    weak = {"account-sas": {"permissions": "c"}}
    assert status(last(put(auth=weak))) == (201,)
    assert error(last(put(), put("again", auth=weak))) == ("UnauthorizedBlobOverwrite",)


# --- faults, silence, the end ---


def test_requests_that_never_arrived_change_nothing() -> None:
    said = told(put(fault="503"), head(), put("again"), head("head-2"))
    assert said.expects[0] == c.Expect()
    assert [status(one) for one in said.expects[1:]] == [(404,), (201,), (200,)]
    reached = told(put(fault="reset-response"), head())
    assert [status(one) for one in reached.expects] == [(201,), (200,)]


def test_what_is_not_known_is_said() -> None:
    said = told(step("undelete", f"PUT {HERE}/a?comp=undelete"), get(), put(), get("get-2"))
    assert said.expects[0] == said.expects[1] == c.Expect()
    assert said.unknown == (
        "undelete: Undelete Blob is not part of the model",
        "get: nothing is known of a at this moment",
    )
    assert status(said.expects[3]) == (200,)


def test_odd_names_are_left_to_the_wire_rules() -> None:
    said = told(put(blob="dir/."), put("two", blob="a%5Cb"))
    assert said.expects == (c.Expect(), c.Expect())


def test_what_rests_on_documentation_alone_is_expected_at_most() -> None:
    said = told(put(headers={"x-ms-access-tier": "Lukewarm"}), head())
    assert level(said.expects[0].status) is Level.EXPECTED
    assert (status(said.expects[1]), level(said.expects[1].status)) == ((404,), Level.EXPECTED)


def test_the_final_state_is_read() -> None:
    said = told(put(), put("two", "b"), step("delete", f"DELETE {HERE}/b"), put("three", "c%20%23"))
    assert [(one.method, one.target, status(one.expect)) for one in said.then] == [
        ("GET", f"{HERE}/a", (200,)),
        ("HEAD", f"{HERE}/b", (404,)),
        ("GET", f"{HERE}/c%20%23", (200,)),
        ("GET", f"{HERE}?restype=container&comp=list", (200,)),
    ]
    assert xml(said.then[-1].expect)["Blobs/Blob/Name"] == ["a", "c #"]
    assert headers(said.then[0].expect)["ETag"] == "{etag-of-put}"


def test_reads_leave_nothing_to_read_at_the_end() -> None:
    assert told(get(), listing()).then == ()
