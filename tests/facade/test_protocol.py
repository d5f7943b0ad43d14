"""Names, versions, metadata, checksums, times and XML, as pure functions."""

from __future__ import annotations

import pytest

from reference_impl.operations.lists import decode_marker, encode_marker
from reference_impl.protocol import checksums, metadata, names, times, versions, xml_in, xml_out
from reference_impl.protocol.errors import CODES, BlobError
from reference_impl.protocol.names import Resource
from reference_impl.protocol.query import Query


@pytest.mark.parametrize(
    ("path", "level", "expected"),
    [
        ("/acct", False, Resource("acct", None, None)),
        ("/acct/", False, Resource("acct", None, None)),
        ("/acct/cont", True, Resource("acct", "cont", None)),
        ("/acct/cont/", True, Resource("acct", "cont", None)),
        ("/acct/cont", False, Resource("acct", "$root", "cont")),
        ("/acct/cont/a/b", False, Resource("acct", "cont", "a/b")),
        ("/acct/cont/a%2Fb", False, Resource("acct", "cont", "a/b")),
        ("/acct/cont////Upper/b", False, Resource("acct", "cont", "///Upper/b")),
        ("/acct/cont/a+b%25%20%C3%A9", False, Resource("acct", "cont", "a+b% é")),
        ("/acct/cont/a.", False, Resource("acct", "cont", "a")),
        ("/acct/cont/a/..", False, Resource("acct", "cont", "a/..")),
        ("/acct/cont/.", False, Resource("acct", "cont", ".")),
        ("/acct/cont/dir/", False, Resource("acct", "cont", "dir/")),
        ("/acct/%24root/r.txt", False, Resource("acct", "$root", "r.txt")),
    ],
)
def test_paths(path: str, level: bool, expected: Resource) -> None:
    assert names.parse(path, None, container_level=level) == expected


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/acct/Cont/b", "InvalidResourceName"),
        ("/acct/co--nt/b", "InvalidResourceName"),
        ("/acct/-cont/b", "InvalidResourceName"),
        ("/acct/ab/b", "OutOfRangeInput"),
        ("/acct/" + "a" * 64 + "/b", "OutOfRangeInput"),
        ("/acct/cont/" + "b" * 1025, "OutOfRangeInput"),
        ("/acct/cont/%zz", "InvalidUri"),
        ("/acct/cont/%ff", "InvalidUri"),
        ("/acct/cont/", "InvalidUri"),
    ],
)
def test_paths_that_are_refused(path: str, code: str) -> None:
    with pytest.raises(BlobError, match=code):
        names.parse(path, None, container_level=False)


def test_host_style() -> None:
    accounts = frozenset({"acct"})
    assert names.host_account("acct.blob.localhost:1", accounts) == "acct"
    assert names.host_account("other.blob.localhost", accounts) is None
    assert names.host_account("acct.example.net", accounts) is None
    assert names.host_account("127.0.0.1:1", accounts) is None
    assert names.parse("/cont/b", "acct", container_level=False) == Resource("acct", "cont", "b")


def test_versions() -> None:
    assert versions.effective("2025-07-05", Query("")) == "2025-07-05"
    assert versions.effective(None, Query("api-version=2020-10-02&sv=2019-02-02")) == "2020-10-02"
    assert versions.effective(None, Query("sv=2015-04-05")) == "2015-04-05"
    assert versions.effective(None, Query("")) is None
    for unknown in ("2099-11-05", "2015-04-05", "", "latest"):
        with pytest.raises(BlobError) as refused:
            versions.effective(unknown, Query(""))
        assert refused.value.elements == (("HeaderName", "x-ms-version"), ("HeaderValue", unknown))
        assert not refused.value.versioned
        assert refused.value.newer
    assert sorted(versions.ACCEPTED) == list(versions.ACCEPTED)


def test_metadata() -> None:
    assert metadata.collect([("X-Ms-Meta-Foo", "bar"), ("x-ms-meta-_b1", ""), ("other", "x")]) == (
        ("Foo", "bar"),
        ("_b1", ""),
    )
    for pairs, code in (
        ([("x-ms-meta-", "x")], "EmptyMetadataKey"),
        ([("x-ms-meta-1a", "x")], "InvalidMetadata"),
        ([("x-ms-meta-a-b", "x")], "InvalidMetadata"),
        ([("x-ms-meta-a", "x"), ("x-ms-meta-A", "y")], "InvalidMetadata"),
        ([("x-ms-meta-a", "x" * 8192)], "MetadataTooLarge"),
    ):
        with pytest.raises(BlobError, match=code):
            metadata.collect(pairs)
    assert metadata.collect([("x-ms-meta-a", "x" * 8191)])


@pytest.mark.parametrize(
    ("data", "crc64"),
    [
        (b"", "AAAAAAAAAAA="),
        (b"Hello World", "YeJLfssylmU="),
        (b"abc123", "hEhcBzKmAIM="),
        (b"123456789", "iJh5CoYUi64="),
    ],
)
def test_crc64(data: bytes, crc64: str) -> None:
    assert checksums.of(data).crc64 == crc64


def test_promised_checksums() -> None:
    good = checksums.of(b"Hello World")
    assert good.md5 == "sQqNsWTgdUEFt6mb5y4/5Q=="
    checksums.Expected(good.md5, None).check(good)
    checksums.Expected(None, good.crc64).check(good)
    with pytest.raises(BlobError) as refused:
        checksums.Expected(checksums.of(b"x").md5, None).check(good)
    assert [name for name, _ in refused.value.elements] == ["UserSpecifiedMd5", "ServerCalculatedMd5"]
    with pytest.raises(BlobError, match="Crc64Mismatch"):
        checksums.Expected(None, "AAAAAAAAAAA=").check(good)
    with pytest.raises(BlobError, match="BothCrc64AndMd5HeaderPresent"):
        checksums.Expected(good.md5, good.crc64)
    with pytest.raises(BlobError, match="InvalidMd5"):
        checksums.Expected("AQIDBA==", None)
    with pytest.raises(BlobError, match="InvalidHeaderValue"):
        checksums.Expected(None, "AQIDBA==")


def test_times() -> None:
    ticks = 0x8D73_65E7_D350_9DF
    assert times.ticks_date(ticks) == "Wed, 11 Sep 2019 02:19:35 GMT"
    assert times.parse_http_date("Wed, 11 Sep 2019 02:19:35 GMT") == times.unix_seconds(ticks)
    assert times.parse_http_date("Wednesday, 11-Sep-19 02:19:35 GMT") == times.unix_seconds(ticks)
    assert times.iso_ticks(ticks).startswith("2019-09-11T02:19:35.")
    for text in ("2019-09-11T02:19:35Z", "2019-09-11T02:19:35.1234567Z"):
        assert times.parse_iso(text) == times.unix_seconds(ticks)
    assert times.parse_iso("2019-09-11T02:19Z") == times.unix_seconds(ticks) - 35
    assert times.parse_iso("2019-09-11") is not None
    assert times.parse_iso("yesterday") is None


def test_error_bodies_have_the_recorded_lengths() -> None:
    recorded = {
        "BlobNotFound": 215,
        "BlobAlreadyExists": 220,
        "ContainerNotFound": 225,
        "ConditionNotMet": 252,
        "InvalidBlockList": 221,
        "InvalidRange": 249,
        "ResourceNotFound": 223,
        "AuthorizationServiceMismatch": 273,
        "NoAuthenticationInformation": 302,
    }
    for code, length in recorded.items():
        body = xml_out.error(code, CODES[code][1], request_id="0" * 36, time="2020-06-29T07:44:46.1234567Z")
        assert len(body) == length, code
    newer = xml_out.error(
        "ConditionNotMet", CODES["ConditionNotMet"][1], request_id="0" * 36, time="0" * 28, newer=True
    )
    assert len(newer) == 253


def test_names_that_xml_cannot_hold_are_encoded_whole() -> None:
    assert xml_out.name_element("a&b<c>'\"é/d") == "<Name>a&amp;b&lt;c&gt;'\"é/d</Name>"
    assert xml_out.name_element("aaaaa\uffffbbb/ccc") == '<Name Encoded="true">aaaaa%EF%BF%BFbbb%2Fccc</Name>'


def test_block_lists_are_read() -> None:
    head = b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\n"
    body = head + b"<BlockList><Latest>MQ==</Latest><Committed> Mg== </Committed></BlockList>"
    assert xml_in.block_list(body) == [("latest", "MQ=="), ("committed", "Mg==")]
    assert xml_in.block_list(b"<BlockList />") == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<BlockList>",
        b"<Other />",
        b"<BlockList><Unknown>MQ==</Unknown></BlockList>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><BlockList><Latest>&a;</Latest></BlockList>',
        b"<BlockList><Latest>&undefined;</Latest></BlockList>",
        b"<a>" * 50,
    ],
)
def test_bad_xml_says_where(body: bytes) -> None:
    with pytest.raises(BlobError, match="InvalidXmlDocument") as refused:
        xml_in.block_list(body)
    assert [name for name, _ in refused.value.elements] == ["LineNumber", "LinePosition", "Reason"]


def test_too_many_entries() -> None:
    entry = b"<Latest>MQ==</Latest>"
    assert len(xml_in.block_list(b"<BlockList>" + entry * 50_000 + b"</BlockList>")) == 50_000
    with pytest.raises(BlobError, match="BlockListTooLong"):
        xml_in.block_list(b"<BlockList>" + entry * 50_001 + b"</BlockList>")


def test_markers_have_the_recorded_shape() -> None:
    marker = encode_marker("prefix1-blob2")
    assert marker.startswith("2!76!")
    assert "=" not in marker
    for name in ("a", "é/ü", "\uffff", "x!y", "z" * 1024):
        assert decode_marker(encode_marker(name)) == name
    for wrong in ("x", "2!3!abc", "2!76!", "1!" + marker[2:]):
        with pytest.raises(BlobError, match="InvalidQueryParameterValue"):
            decode_marker(wrong)
