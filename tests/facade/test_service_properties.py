"""Service properties: what is set is read back, what is wrong is refused as the service does, CORS works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.facade.client import Answer, Client, facade

TARGET = "/?restype=service&comp=properties"
RULE = (
    "<CorsRule><AllowedOrigins>http://one.example,http://two.example</AllowedOrigins>"
    "<AllowedMethods>GET,PUT</AllowedMethods><MaxAgeInSeconds>60</MaxAgeInSeconds>"
    "<ExposedHeaders>x-ms-meta-*,etag</ExposedHeaders><AllowedHeaders>x-ms-*,Range</AllowedHeaders></CorsRule>"
)


@pytest.fixture
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A façade of its own: service properties hold for a whole account."""
    with facade(tmp_path_factory.mktemp("service")) as running:
        yield running


def put(client: Client, inner: str) -> Answer:
    root = f"<StorageServiceProperties>{inner}</StorageServiceProperties>"
    body = f"<?xml version='1.0' encoding='utf-8'?>\n{root}"
    return client.send("PUT", TARGET, {}, body.encode())


def read(client: Client, version: str = "2018-11-09") -> str:
    return client.send("GET", TARGET, {"x-ms-version": version}).body.decode("utf-8-sig")


def test_parts_are_kept_and_the_others_stay(alone: Client) -> None:
    unset = read(alone)
    assert put(
        alone, "<DeleteRetentionPolicy><Enabled>True</Enabled><Days>365</Days></DeleteRetentionPolicy>"
    )
    answer = put(
        alone,
        "<Logging><Version>1.0</Version><Delete>True</Delete><Read>True</Read><Write>false</Write>"
        "<RetentionPolicy><Enabled>True</Enabled><Days>5</Days></RetentionPolicy></Logging>"
        f"<Cors>{RULE}</Cors><DefaultServiceVersion>2014-02-14</DefaultServiceVersion>",
    )
    assert (answer.status, answer["Content-Length"]) == (202, "0")
    text = read(alone)
    assert (
        "<Logging><Version>1.0</Version><Read>true</Read><Write>false</Write><Delete>true</Delete>"
        "<RetentionPolicy><Enabled>true</Enabled><Days>5</Days></RetentionPolicy></Logging><HourMetrics>"
        in text
    )
    assert "<DeleteRetentionPolicy><Enabled>true</Enabled><Days>365</Days></DeleteRetentionPolicy>" in text
    assert (
        "<Cors><CorsRule><AllowedMethods>GET,PUT</AllowedMethods>"
        "<AllowedOrigins>http://one.example,http://two.example</AllowedOrigins>"
        "<AllowedHeaders>x-ms-*,Range</AllowedHeaders><ExposedHeaders>x-ms-meta-*,etag</ExposedHeaders>"
        "<MaxAgeInSeconds>60</MaxAgeInSeconds></CorsRule></Cors>" in text
    )
    assert text.endswith(
        "</StaticWebsite><DefaultServiceVersion>2014-02-14</DefaultServiceVersion></StorageServiceProperties>"
    )
    assert "<AllowPermanentDelete>false</AllowPermanentDelete>" in read(alone, "2020-10-02")
    put(alone, "<Cors />")
    assert "<Cors />" in read(alone) != unset


@pytest.mark.parametrize(
    ("inner", "line", "position", "reason"),
    [
        (
            "<MinuteMetrics><Version>1.0</Version><Enabled>True</Enabled><IncludeAPIs>True</IncludeAPIs>"
            "<RetentionPolicy><Enabled>True</Enabled><Days>366</Days></RetentionPolicy></MinuteMetrics>",
            "2",
            "176",
            "Retention days must be greater than 0 and less than or equal to 365 days.",
        ),
        (
            "<DeleteRetentionPolicy><Enabled>True</Enabled><Days>0</Days></DeleteRetentionPolicy>",
            "2",
            "89",
            "Retention days must be greater than 0 and less than or equal to 365 days.",
        ),
        ("<DeleteRetentionPolicy />", "2", None, "Element is missing: Enabled."),
        (f"<Cors>{RULE * 6}</Cors>", "0", "0", None),
        ("<Unknown />", "2", "28", "Unexpected element: Unknown."),
        ("<DefaultServiceVersion>2014-02-15</DefaultServiceVersion>", "2", None, None),
    ],
)
def test_refusals(alone: Client, inner: str, line: str, position: str | None, reason: str | None) -> None:
    before = read(alone)
    answer = put(alone, inner)
    assert (answer.status, answer.code) == (400, "InvalidXmlDocument")
    assert answer.xml.findtext("LineNumber") == line
    if position is not None:
        assert answer.xml.findtext("LinePosition") == position
    if reason is not None:
        assert answer.xml.findtext("Reason") == reason
    assert read(alone) == before


def test_the_default_version_is_that_of_anonymous_requests(alone: Client) -> None:
    alone.create("open", {"x-ms-blob-public-access": "blob"})
    alone.put("/open/b", b"x")
    before = alone.send("GET", "/open/b", {"x-ms-version": None}, sign=False)
    assert (before.status, before["x-ms-version"]) == (200, "2014-02-14")
    put(alone, "<DefaultServiceVersion>2020-10-02</DefaultServiceVersion>")
    after = alone.send("GET", "/open/b", {"x-ms-version": None}, sign=False)
    assert (after.status, after["x-ms-version"]) == (200, "2020-10-02")
    missing = alone.send("GET", "/open/none", {"x-ms-version": None}, sign=False)
    assert (missing.status, missing.code) == (404, "BlobNotFound")


def ask(client: Client, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.send("OPTIONS", "/open/b", sent, sign=False)


def test_preflight(alone: Client) -> None:
    asked = {"Origin": "http://one.example", "Access_Control_Request_Method": "PUT"}
    refused = ask(alone, **asked)
    assert (refused.status, refused.code) == (403, "CorsPreflightFailure")
    put(alone, f"<Cors>{RULE}</Cors>")
    allowed = ask(alone, **asked, Access_Control_Request_Headers="x-ms-blob-type,range")
    assert allowed.status == 200
    assert allowed["Access-Control-Allow-Origin"] == "http://one.example"
    assert allowed["Access-Control-Allow-Methods"] == "PUT"
    assert allowed["Access-Control-Allow-Headers"] == "x-ms-blob-type,range"
    assert allowed["Access-Control-Max-Age"] == "60"
    for wrong in (
        {"Origin": "http://three.example"},
        {"Access_Control_Request_Method": "DELETE"},
        {"Access_Control_Request_Headers": "authorization"},
    ):
        assert ask(alone, **{**asked, **wrong}).code == "CorsPreflightFailure"
    missing = ask(alone, Origin="http://one.example")
    assert (missing.status, missing.code) == (400, "InvalidHeaderValue")


def test_answers_tell_browsers_and_caches(alone: Client) -> None:
    alone.create("open")
    alone.put("/open/b", b"x", {"x-ms-meta-a": "1"})
    assert alone.get("/open/b").get("Vary") is None
    put(alone, f"<Cors>{RULE}</Cors>")
    assert alone.get("/open/b")["Vary"] == "Origin"
    assert alone.get("/open/none")["Vary"] == "Origin"
    assert alone.put("/open/b", b"x", {"x-ms-meta-a": "1"}).get("Vary") is None
    answer = alone.get("/open/b", {"Origin": "http://two.example"})
    assert answer["Access-Control-Allow-Origin"] == "http://two.example"
    assert answer["Access-Control-Expose-Headers"] == "ETag,x-ms-meta-a"
    assert alone.get("/open/b", {"Origin": "http://x.example"}).get("Access-Control-Allow-Origin") is None
