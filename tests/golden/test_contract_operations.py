"""The contract model: listings, snapshots, leases, copies, containers, batches, and how a spec ends."""

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
