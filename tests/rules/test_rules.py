"""Every wire rule holds for a right answer and breaks for a wrong one; none speaks of what was not kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.cases.recipes import crc64_base64, md5_base64
from harness.catalogue import requirements
from harness.data import folder
from harness.exchange import Body, Exchange, Fidelity
from harness.rules.check import RULES, check, outcomes
from harness.rules.identify import identify
from harness.vocabulary import Level, Verdict
from tests.judge.made import BOM, REQUEST_ID, error, error_xml, exchange

PREFIX = "/acct"
DATE = "Sun, 22 Nov 2026 00:00:00 GMT"
ECHO = "feede690-2f09-4ef5-9db9-2af18c4d3705"
ASKED = {"x-ms-version": "2025-07-05", "x-ms-client-request-id": ECHO}
COMMON: Mapping[str, str | None] = {
    "x-ms-request-id": REQUEST_ID,
    "x-ms-version": "2025-07-05",
    "x-ms-client-request-id": ECHO,
    "Date": DATE,
}
VALIDATORS = {"ETag": '"0x8D"', "Last-Modified": DATE}
READ = {
    **VALIDATORS,
    "x-ms-blob-type": "BlockBlob",
    "x-ms-creation-time": DATE,
    "x-ms-lease-status": "unlocked",
    "x-ms-lease-state": "available",
    "Accept-Ranges": "bytes",
}
DATA = b"0123456789"


def good(name: str, headers: Mapping[str, str | None] | None = None, **rest: Any) -> Exchange:
    """A right answer of this kind, with these headers changed (None: dropped)."""
    asked = dict(ASKED)
    match name:
        case "put":
            said = {
                **VALIDATORS,
                "Content-Length": "0",
                "Content-MD5": md5_base64(DATA),
                "x-ms-content-crc64": crc64_base64(DATA),
                "x-ms-request-server-encrypted": "true",
            }
            asked["x-ms-blob-type"] = "BlockBlob"
            line, status, body, sent = "PUT /acct/c/b", 201, b"", DATA
        case "block":
            said = {"Content-Length": "0", "x-ms-content-crc64": crc64_base64(DATA)}
            said["x-ms-request-server-encrypted"] = "true"
            line, status, body, sent = "PUT /acct/c/b?comp=block&blockid=YQ%3D%3D", 201, b"", DATA
        case "get":
            said = {**READ, "Content-Length": "10"}
            line, status, body, sent = "GET /acct/c/b", 200, DATA, b""
        case "range":
            said = {**READ, "Content-Length": "4", "Content-Range": "bytes 2-5/10"}
            said["Content-MD5"] = md5_base64(DATA[2:6])
            asked["x-ms-range"] = "bytes=2-5"
            line, status, body, sent = "GET /acct/c/b", 206, DATA[2:6], b""
        case "head":
            said = {**READ, "Content-Length": "10"}
            line, status, body, sent = "HEAD /acct/c/b", 200, b"", b""
        case "list":
            said = {"Content-Type": "application/xml"}
            line, status, sent = "GET /acct/c?restype=container&comp=list&maxresults=2&prefix=a", 200, b""
            body = rest.pop("xml", listing("a", "a/b"))
        case _:
            raise AssertionError(name)
    return exchange(
        rest.pop("line", line),
        rest.pop("status", status),
        {**COMMON, **said, **(headers or {})},
        rest.pop("body", body),
        sent=rest.pop("sent", sent),
        asked={**asked, **rest.pop("asked", {})},
        **rest,
    )


def listing(
    *names: str, head: str = "<Prefix>a</Prefix><MaxResults>2</MaxResults>", mark: bytes = BOM
) -> bytes:
    """A page of List Blobs."""
    blobs = "".join(f"<Blob><Name>{name}</Name></Blob>" for name in names)
    text = f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults>{head}<Blobs>{blobs}</Blobs>'
    return mark + f"{text}<NextMarker /></EnumerationResults>".encode()


def refusal(**headers: str | None) -> Exchange:
    """A right refusal, with these headers changed; underscores stand for dashes."""
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return error(headers={"x-ms-client-request-id": ECHO, **changed})


NOT_MODIFIED = {**COMMON, "x-ms-error-code": "ConditionNotMet", "Content-Length": "0"}
UNASKED = "<Prefix>a</Prefix><MaxResults>2</MaxResults><Delimiter>/</Delimiter>"
CHALLENGE = "Bearer authorization_uri=https://h/t/oauth2/authorize resource_id=https://storage.azure.com"


def challenged(value: str | None) -> Exchange:
    """A 401 with this challenge."""
    return error("GET /acct/c/b", 401, "NoAuthenticationInformation", headers={"WWW-Authenticate": value})


RIGHT = {
    "put": good("put"),
    "block": good("block"),
    "get": good("get"),
    "range": good("range"),
    "head": good("head"),
    "list": good("list"),
    "refusal": refusal(),
    "head refusal": error("HEAD /acct/c/b", 404, "BlobNotFound", body=b"", headers={"Content-Type": None}),
    "not modified": exchange("GET /acct/c/b", 304, NOT_MODIFIED, asked=ASKED),
    "challenge": challenged(CHALLENGE),
    "behind the end": error("GET /acct/c/b", 416, "InvalidRange", headers={"Content-Range": "bytes */10"}),
    "clamped": good("range", asked={"x-ms-range": "bytes=2-99"}, headers={"Content-Range": "bytes 2-5/6"}),
    "open": good("range", asked={"x-ms-range": "bytes=2-"}, headers={"Content-Range": "bytes 2-5/6"}),
    "front end": error("GET /acct/c/b", 403, "AuthenticationFailed", headers={"x-ms-version": None}),
}

WRONG: list[tuple[str, Exchange]] = [
    ("success-status", good("put", status=200)),
    ("request-id", good("get", {"x-ms-request-id": None})),
    ("version-echo", good("get", {"x-ms-version": "2020-10-02"})),
    ("version-echo", good("get", {"x-ms-version": None})),
    ("client-request-id-echo", good("get", {"x-ms-client-request-id": None})),
    ("client-request-id-echo", good("get", {"x-ms-client-request-id": "another"})),
    ("date", good("get", {"Date": None})),
    ("date", good("get", {"Date": "2026-11-22"})),
    ("http", good("get", anomalies=("bare-lf: in the head",))),
    ("no-body", good("head", extra=10)),
    ("no-body", exchange("GET /acct/c/b", 304, NOT_MODIFIED, asked=ASKED, extra=3)),
    ("empty-length", good("put", {"Content-Length": None})),
    ("no-empty-property", good("get", {"Content-Encoding": ""})),
    ("error-code", refusal(x_ms_error_code=None)),
    ("error-code", exchange("GET /acct/c/b", 304, {**NOT_MODIFIED, "x-ms-error-code": None}, asked=ASKED)),
    ("error-body", error(body=b"")),
    ("error-body", error(body=BOM + b"<html><body>No</body></html>")),
    ("error-body", error(body=BOM + b"<Error><Code>Other</Code></Error>")),
    ("error-message", error(body=BOM + b"<Error><Code>InvalidBlockList</Code><Message>x</Message></Error>")),
    ("error-type", refusal(Content_Type="text/html")),
    ("xml-bom", error(body=error_xml("InvalidBlockList"))),
    ("head-error-type", error("HEAD /acct/c/b", 404, "BlobNotFound", body=b"")),
    ("challenge", challenged(None)),
    ("challenge", challenged("Basic realm=x")),
    ("not-modified", exchange("GET /acct/c/b", 304, {**NOT_MODIFIED, "ETag": '"0x8D"'}, asked=ASKED)),
    ("validators", good("put", {"ETag": None})),
    ("validators", good("head", {"Last-Modified": None})),
    ("no-validators", good("block", {"ETag": '"0x8D"'})),
    ("etag-quoted", good("get", {"ETag": "0x8D"})),
    ("last-modified", good("get", {"Last-Modified": "yesterday"})),
    ("partial-range", good("range", {"Content-Range": None})),
    ("partial-range", good("range", {"Content-Range": "bytes 2-6/10"})),
    ("partial-range", good("range", {"Content-Range": "bytes 5-2/10"})),
    ("partial-range", good("range", {"Content-Length": "5"})),
    ("partial-range", good("range", body=DATA[2:5])),
    ("partial-range", good("range", asked={"x-ms-range": "bytes=3-6"})),
    ("partial-range", good("range", asked={"x-ms-range": "bytes=2-"})),
    ("unsatisfied-range", error("GET /acct/c/b", 416, "InvalidRange")),
    ("put-blob-md5", good("put", {"Content-MD5": None})),
    ("put-blob-crc64", good("put", {"x-ms-content-crc64": None})),
    ("sent-md5", good("put", {"Content-MD5": md5_base64(b"other")})),
    ("sent-crc64", good("block", {"x-ms-content-crc64": crc64_base64(b"other")})),
    ("block-hash", good("block", {"x-ms-content-crc64": None})),
    ("block-hash", good("block", {"Content-MD5": md5_base64(DATA)})),
    ("content-md5", good("range", {"Content-MD5": md5_base64(DATA)})),
    ("blob-type", good("head", {"x-ms-blob-type": None})),
    ("accept-ranges", good("head", {"Accept-Ranges": None})),
    ("creation-time", good("head", {"x-ms-creation-time": None})),
    ("lease-headers", good("head", {"x-ms-lease-state": None})),
    ("request-encrypted", good("put", {"x-ms-request-server-encrypted": None})),
    ("xml-root", good("list", xml=b"<html/>")),
    ("xml-root", good("list", xml=listing("a")[:-4])),
    ("xml-type", good("list", {"Content-Type": "text/xml"})),
    ("list-bom", good("list", xml=listing("a", mark=b""))),
    ("next-marker", good("list", xml=listing("a").replace(b"<NextMarker />", b""))),
    ("max-results", good("list", xml=listing("a", "b", "c"))),
    ("list-echo", good("list", xml=listing("a", head="<Prefix>a</Prefix>"))),
    ("list-echo", good("list", xml=listing("a", head=UNASKED))),
    ("list-order", good("list", xml=listing("b", "a"))),
]  # fmt: skip


def broken(one: Exchange) -> set[str]:
    """The rules that an exchange breaks."""
    return {outcome.rule.id for outcome in outcomes(one, PREFIX) if outcome.broken is not None}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_break_no_rule(name: str) -> None:
    assert broken(RIGHT[name]) == set()


@pytest.mark.parametrize(("rule", "one"), WRONG, ids=[f"{rule}-{at}" for at, (rule, _) in enumerate(WRONG)])
def test_a_wrong_answer_breaks_its_rule(rule: str, one: Exchange) -> None:
    assert rule in broken(one)


def test_every_rule_has_a_wrong_answer_and_a_name_of_its_own() -> None:
    names = [rule.id for rule in RULES]
    assert set(names) == {rule for rule, _ in WRONG}
    assert len(names) == len(set(names))
    assert all(rule.says.endswith(".") and rule.source for rule in RULES)


def test_every_rule_tests_requirements_that_exist_and_every_wire_requirement_has_a_rule() -> None:
    listed = requirements(folder("suites"))
    tested = {test for rule in RULES for test in rule.tests}
    assert all(rule.tests for rule in RULES)
    assert tested - listed.keys() == set()
    assert {name for name, one in listed.items() if one.area == "wire" and not one.untestable} <= tested


def test_a_rule_says_nothing_of_what_a_recording_lacks() -> None:
    wrong = good("head", extra=10, fidelity=Fidelity.SDK_RECORDING, anomalies=("bare-lf",))
    said = check([wrong], PREFIX)
    assert {finding.rule for finding in said.findings if not finding.held} == set()
    assert said.not_evaluated["no-body"] == said.not_evaluated["http"] == 1


def test_a_body_that_was_not_kept_is_not_judged() -> None:
    whole = good("list", xml=listing("b", "a"))
    assert whole.response is not None
    body = whole.response.body
    kept = replace(whole, response=replace(whole.response, body=Body(body.length, body.sha256, None)))
    said = check([kept], PREFIX)
    assert {finding.rule for finding in said.findings if not finding.held} == set()
    assert {"xml-root", "list-order", "list-bom"} <= said.not_evaluated.keys()


def test_no_rule_speaks_of_half_an_answer() -> None:
    assert list(outcomes(good("get", failure="closed-early: 3 of 10 bytes"), PREFIX)) == []


def test_many_exchanges_become_one_finding_for_each_rule() -> None:
    wrong = good("put", {"ETag": None})
    said = check([good("put"), wrong, good("put"), wrong], PREFIX)
    (finding,) = [one for one in said.findings if one.rule == "validators"]
    assert (finding.verdict, finding.level, finding.exchange, finding.count) == (
        Verdict.DIFFERS,
        Level.REQUIRED,
        1,
        4,
    )
    assert finding.observed.endswith("(2 of 4 exchanges)")
    held = [one for one in said.findings if one.rule == "sent-md5"]
    assert [(one.verdict, one.count) for one in held] == [(Verdict.PASS, 4)]


OPERATIONS = [
    ("GET /acct/?comp=list", {}, "List Containers"),
    ("GET /acct?comp=list", {}, "List Containers"),
    ("PUT /acct/c?restype=container", {}, "Create Container"),
    ("GET /acct/c?restype=container&comp=list", {}, "List Blobs"),
    ("HEAD /acct/c?restype=container&comp=metadata", {}, "Get Container Metadata"),
    ("DELETE /acct/c?restype=container", {}, "Delete Container"),
    ("PUT /acct/c/b", {}, "Put Blob"),
    ("PUT /acct/c/b", {"x-ms-copy-source": "u", "x-ms-blob-type": "BlockBlob"}, "Put Blob From URL"),
    ("PUT /acct/c/b", {"x-ms-copy-source": "u", "x-ms-requires-sync": "True"}, "Copy Blob From URL"),
    ("PUT /acct/c/b", {"x-ms-copy-source": "u"}, "Copy Blob"),
    ("PUT /acct/c/b?comp=block&blockid=x", {}, "Put Block"),
    ("PUT /acct/c/b?comp=block&blockid=x", {"x-ms-copy-source": "u"}, "Put Block From URL"),
    ("PUT /acct/c/b?COMP=BlockList", {}, "Put Block List"),
    ("GET /acct/c/b/d?comp=blocklist", {}, "Get Block List"),
    ("GET /acct/c/b?restype=account&comp=properties", {}, "Get Account Information"),
    ("POST /acct/?restype=service&comp=userdelegationkey", {}, "Get User Delegation Key"),
    ("POST /acct/c?restype=container&comp=batch", {}, "Blob Batch"),
    ("PUT /acct/rootblob", {}, "Put Blob"),
    ("PUT /acct/c/b?comp=nonsense", {}, "Made-up operation"),
    ("PATCH /acct/c/b", {}, "Made-up operation"),
]


@pytest.mark.parametrize(("line", "asked", "operation"), OPERATIONS)
def test_requests_are_recognised_in_both_styles(line: str, asked: dict[str, str], operation: str) -> None:
    method, _, target = line.partition(" ")
    headers = tuple(asked.items())
    assert identify(method, target, headers, PREFIX).operation == operation
    assert identify(method, target.removeprefix(PREFIX), headers).operation == operation


def test_names_are_decoded_and_a_container_named_like_the_account_is_none_of_it() -> None:
    who = identify("GET", "/acct/c%20d/x%2Fy/z", (), PREFIX)
    assert (who.container, who.blob) == ("c d", "x/y/z")
    assert identify("GET", "/acctother/b", (), PREFIX).container == "acctother"
