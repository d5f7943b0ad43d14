"""The contract model: documented outcomes of short conversations, written down by hand."""

from __future__ import annotations

import pytest

from harness.cases import case as c
from harness.vocabulary import Level
from tests.golden.contracts import (
    BLOCK,
    HERE,
    MD5_OF_HELLO,
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
