"""Each wire rule is kept by a right answer, and is silent where the service is known to do otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.cases.recipes import md5_base64
from harness.exchange import Body, Exchange
from harness.rules.check import RULES, outcomes
from harness.rules.memory import REMEMBERED, Memory
from harness.rules.rule import Fact
from tests.judge.made import exchange
from tests.rules.answers import (
    DATA,
    DATE,
    FOLDERS,
    GUID,
    PREFIX,
    RIGHT,
    batch,
    block_list,
    challenged,
    detailed,
    good,
    listing,
    said_of,
)
from tests.rules.answers import refused as error

OTHER = {"x-ms-request-id": GUID}
EARLIER = "Sat, 21 Nov 2026 00:00:00 GMT"
OLD = {"x-ms-version": "2017-04-17"}


def rules(one: Exchange) -> dict[str, bool | None]:
    """What applies to an exchange: True kept, False broken, None not evaluated."""
    return {
        outcome.rule.id: outcome.broken is None if outcome.evaluated else None for outcome in said_of(one)
    }


def test_every_rule_is_kept_by_a_right_answer() -> None:
    kept = {rule for one in RIGHT.values() for rule, held in rules(one).items() if held}
    assert kept == {rule.id for rule in RULES}


def old(one: Exchange) -> Exchange:
    """The same exchange of an old version, with nothing in the answer that came later."""
    assert one.response is not None
    later = ("x-ms-version", "x-ms-client-request-id", "x-ms-error-code", "x-ms-content-crc64")
    said = tuple(pair for pair in one.response.headers if pair[0] not in (*later, "x-ms-creation-time"))
    asked = tuple(pair for pair in one.request.headers if pair[0] != "x-ms-version")
    return replace(
        one,
        request=replace(one.request, headers=(*asked, *OLD.items())),
        response=replace(one.response, headers=(*said, *OLD.items())),
    )


MIRRORED = error("PUT /acct/c/b", 401, "CannotVerifyCopySource")
BROKEN_LIST = good("list", xml=listing("b", "a")[:-4])

SILENT = [
    # a rule, and an exchange that it must not speak of
    ("challenge", MIRRORED),
    ("challenge", old(challenged(None))),
    ("client-request-id-echo", old(good("get"))),
    ("client-request-id-echo", good("get", asked={"x-ms-client-request-id": "x" * 1025})),
    ("client-request-id-echo", good("get", asked={"x-ms-client-request-id": "ü"})),
    ("error-code", old(error())),
    ("error-body", error("HEAD /acct/c/b", 404, "BlobNotFound", body=b"")),
    ("error-type", error("HEAD /acct/c/b", 404, "BlobNotFound", body=b"")),
    ("put-blob-crc64", old(good("put"))),
    ("put-blob-crc64", good("put", asked={"x-ms-blob-type": "AppendBlob"})),
    ("block-hash", old(good("block"))),
    ("creation-time", old(good("get"))),
    ("lease-headers", good("get", line="GET /acct/c/b?snapshot=2022-09-29T05:35:35.1876922Z")),
    ("lease-headers", good("head", line="HEAD /acct/c/b?versionid=2022-09-29T05:35:35.1876922Z")),
    ("content-md5", good("get", {"Content-MD5": md5_base64(b"stored, not computed")})),
    ("empty-length", exchange("PUT /acct/c/b?comp=tags", 204, {})),
    ("validators", error("PUT /acct/c/b", 409, "BlobAlreadyExists")),
    ("xml-bom", error(body=b"no XML")),
    ("next-marker", BROKEN_LIST),
    ("list-echo", BROKEN_LIST),
    ("list-order", BROKEN_LIST),
    ("list-order", good("list", xml=listing("\U0001f600", "a"))),
    ("max-results", good("list", line="GET /acct/c?restype=container&comp=list&maxresults=x")),
    ("success-status", error("PUT /acct/c/b", 412, "ConditionNotMet")),
    ("unsatisfied-range", error("PUT /acct/c/b?comp=block&blockid=YQ%3D%3D", 416, "InvalidRange")),
]


@pytest.mark.parametrize(("rule", "one"), SILENT, ids=[f"{row[0]}-{at}" for at, row in enumerate(SILENT)])
def test_silent(rule: str, one: Exchange) -> None:
    assert rule not in rules(one)


STRUCTURED = {"x-ms-structured-body": "XSM/1.0; properties=crc64"}
OLD_STATE = "HEAD /acct/c/b?snapshot=2022-09-29T05:35:35.1876922Z"
SHORT = detailed("InvalidHeaderValue", "").replace(b"?><Error", b"?>\n<Error")
REFUSED = batch("0").replace(b"Content-ID: 0\r\n", b"").replace(b"202", b"400")
VERSIONS = listing("a", "a").replace(b"</Name>", b"</Name><VersionId>1</VersionId>", 1)

IN_HTML = ("error-code", "error-body", "error-type", "request-id")
IMPROPER = ("PUT /acct/c/a%FFb", "PUT /acct/c/a%01b", "GET /acct/c/%2E%2E/b", "GET /acct/c/..%5Cb")


def in_html(status: int, line: str) -> Exchange:
    """What the web server in front of Azure says when the service never sees the request."""
    body = b"<!DOCTYPE HTML><HTML><BODY><h2>Refused</h2></BODY></HTML>"
    return exchange(
        line,
        status,
        {"Content-Type": "text/html; charset=us-ascii"},
        body,
        asked={"x-ms-version": "2025-07-05"},
    )


SILENT_TOO = [
    ("sent-md5", good("put", {"Content-MD5": md5_base64(b"decoded")}, asked=STRUCTURED)),
    ("content-crc64", good("summed", {**STRUCTURED, "x-ms-content-crc64": "AAAAAAAAAAA="})),
    ("etag-bytes", good("get", STRUCTURED)),
    ("error-elements", error("PUT /acct/c/b", 400, "InvalidHeaderValue", SHORT)),
    ("error-elements", error("PUT /acct/c/b", 400, "Md5Mismatch", asked={"x-ms-copy-source": "u"})),
    ("error-phrase", error("PUT /acct/c/b", 412, "CannotVerifyCopySource")),
    ("error-status", error("PUT /acct/c/b", 429, "CannotVerifyCopySource")),
    ("copy-source-details", error("PUT /acct/c/b", 412, "CannotVerifyCopySource")),
    ("copy-source-details", old(error("PUT /acct/c/b", 404, "CannotVerifyCopySource"))),
    ("unique-request-id", good("get", {"x-ms-request-id": "00000000-0000-0000-0000-000000000000"})),
    ("range-answered", good("get", asked={"Range": "bytes=-5"})),
    ("range-answered", good("get", asked={"Range": "bytes=5-2"})),
    ("range-answered", good("get", asked={"Range": "bytes=0-5", "If-Range": '"0x1"'})),
    ("no-tier-of-content", good("get", {"x-ms-version": "2026-02-06", "x-ms-access-tier": "Hot"})),
    ("account-hns", good("account", {"x-ms-version": "2019-12-12"})),
    *((rule, in_html(411, "PUT /acct/c/b")) for rule in IN_HTML),
    *((rule, in_html(400, path)) for rule in IN_HTML for path in IMPROPER),
    ("lease-status", error("PUT /acct/c/b?comp=lease", 409, "LeaseAlreadyPresent")),
    ("xml-root", good("acl", line="HEAD /acct/c?restype=container&comp=acl", body=b"")),
    ("list-delimiter", good("folders", line="GET /acct/c?restype=container&comp=list&delimiter=%2Fb%2F")),
    ("block-list-parts", good("blocks", line="GET /acct/c/b?comp=blocklist&blocklisttype=none")),
]


@pytest.mark.parametrize(
    ("rule", "one"), SILENT_TOO, ids=[f"{row[0]}-{at}" for at, row in enumerate(SILENT_TOO)]
)
def test_silent_where_the_service_does_otherwise(rule: str, one: Exchange) -> None:
    assert rule not in rules(one)


TOGETHER = [
    # a rule, and exchanges that keep it together
    ("unique-request-id", (good("get"), good("head", OTHER))),
    ("etag-of-write", (good("put"), good("put"))),  # one exchange, recorded twice
    ("etag-of-write", (good("put"), good("put", OTHER, line="PUT /acct/c/B"))),
    ("etag-of-write", (good("put"), good("put", {**OTHER, "ETag": '"0x8E"'}))),
    ("etag-date", (good("put"), good("get", {**OTHER, "ETag": '"0x8E"', "Last-Modified": EARLIER}))),
    ("etag-date", (good("head", line=OLD_STATE), good("head", {**OTHER, "Last-Modified": EARLIER}))),
    ("etag-length", (good("head"), good("range", OTHER))),
    ("etag-length", (good("head"), good("head", {**OTHER, "ETag": '"0x8E"', "Content-Length": "11"}))),
    ("etag-bytes", (good("get"), good("get", {**OTHER, "ETag": '"0x8E"'}, body=DATA[::-1]))),
]


@pytest.mark.parametrize(
    ("rule", "made"), TOGETHER, ids=[f"{row[0]}-{at}" for at, row in enumerate(TOGETHER)]
)
def test_kept_together(rule: str, made: tuple[Exchange, ...]) -> None:
    said = [outcome for outcome in said_of(*made) if outcome.rule.id == rule]
    assert said
    assert all(outcome.broken is None for outcome in said)


def test_what_is_remembered_is_bounded() -> None:
    memory = Memory()
    for number in range(REMEMBERED + 10):
        memory.first("a", number, "x")
    assert memory.first("a", REMEMBERED, "y") == "x"
    assert memory.first("a", 0, "y") == "y"


def test_without_a_memory_rules_over_several_exchanges_are_not_evaluated() -> None:
    lacking = {outcome.rule.id: outcome.lacking for outcome in outcomes(good("get"), PREFIX)}
    assert lacking["etag-date"] is Fact.OTHERS


KEPT = [
    # a rule, and an unusual exchange that keeps it
    ("version-echo", error("GET /acct/c/b", 400, "InvalidHeaderValue", headers={"x-ms-version": None})),
    ("version-echo", exchange("GET /acct/c/b", 304, OLD, asked=OLD)),
    ("error-body", old(error())),
    ("block-hash", good("block", {"x-ms-content-crc64": None, "Content-MD5": md5_base64(DATA)})),
    ("success-status", good("list", line="POST /acct/?comp=batch", status=202)),
    ("partial-range", good("range", asked={"x-ms-range": "bytes=-4"})),
    ("partial-range", good("range", asked={"x-ms-range": "bytes=2-5", "Range": "bytes=0-0"})),
    ("list-order", good("list", xml=listing("A", "Z", "a", "a", "a/", "ü"))),
    ("list-echo", good("list", xml=listing("a", head="<Prefix /><MaxResults>2</MaxResults>"))),
    ("error-type", error(headers={"Content-Type": "application/xml; charset=utf-8"})),
    ("list-once", good("list", xml=VERSIONS)),
    ("list-delimiter", good("folders", xml=listing("a", "/ab/", head=FOLDERS))),
    ("lease-words", good("head", {"x-ms-lease-status": "locked", "x-ms-lease-state": "breaking"})),
    ("modified-before-date", good("get", {"Date": DATE, "Last-Modified": "Sun, 22 Nov 2026 00:00:01 GMT"})),
    ("block-list-length", good("blocks", xml=block_list("<CommittedBlocks />"))),
    (
        "batch-answers",
        good("batch", body=batch("0").replace(b"Content-ID: 0\r\n", b"").replace(b"202", b"400")),
    ),
    ("xml-order", good("list", xml=listing("a", extra="<New /><OrMetadata /><Newer />"))),
]


@pytest.mark.parametrize(("rule", "one"), KEPT, ids=[f"{row[0]}-{at}" for at, row in enumerate(KEPT)])
def test_kept(rule: str, one: Exchange) -> None:
    assert rules(one)[rule] is True


@pytest.mark.parametrize("rule", ["xml-root", "next-marker", "max-results", "list-echo", "list-order"])
def test_a_list_that_was_too_long_to_keep_is_counted_as_not_evaluated(rule: str) -> None:
    whole = good("list")
    assert whole.response is not None
    body = whole.response.body
    cut = replace(whole, response=replace(whole.response, body=Body(body.length, body.sha256, None)))
    assert rules(whole)[rule] is True
    assert rules(cut)[rule] is None


@pytest.mark.parametrize("said", ["bytes 2-5/5", "bytes 2-5/*", "bytes=2-5/10", "2-5/10"])
def test_a_range_lies_within_the_blob(said: str) -> None:
    one = good("range", {"Content-Range": said}, asked={"x-ms-range": "bytes=-4"})
    assert rules(one)["partial-range"] is False


def test_a_206_that_nobody_asked_for_is_broken() -> None:
    asked = {"x-ms-version": "2025-07-05"}
    one = good("range")
    one = replace(one, request=replace(one.request, headers=tuple(asked.items())))
    assert rules(one)["partial-range"] is False
