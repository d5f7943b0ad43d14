"""The heads of requests: every kind, every way to authorise, against what the harness would sign."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.endpoint import Endpoint, Secret, Style
from harness.exchange import Headers, header
from harness.signing import shared_key
from harness.signing.canonical import http_date
from loadgen.client import Target, TargetError
from loadgen.client.pads import Pads
from loadgen.work.listing import next_marker
from loadgen.work.op import Blob, Kind, Op

KEY = base64.b64encode(b"not a secret, and just as long as an account key is, 64 bytes").decode()
NOW = 1_767_225_600.25
PATH = Endpoint("path", "http://127.0.0.1:10000/acct", "acct", Style.PATH, key=Secret(KEY))
HOST = Endpoint("host", "https://acct.blob.example.net", "acct", Style.HOST, key=Secret(KEY))
NAMES = ("a", "run 1/a+b&c=d%20e?f#g", "ü/文件/~x", "a//b/", "100%\x01name\x02", "'\"<&>")


class Tokens:
    """A source of one token."""

    def token(self) -> Secret:
        return Secret("a.b.c")


def op(kind: Kind, name: str = "a", *, length: int = 4096, marker: str = "") -> Op:
    blob = Blob(name, 1 << 30, "r", 1)
    return Op(kind, 7, "l", blob, 8192, length, 3, source=f"from {name}", marker=marker, limit=5000)


def taken_apart(head: bytes) -> tuple[str, str, Headers]:
    """Method, target and headers; what every head must be like is checked."""
    assert head.endswith(b"\r\n\r\n")
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, target, version = first.split(" ")
    assert version == "HTTP/1.1"
    headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
    assert len({name.lower() for name, _ in headers}) == len(headers)
    assert all(31 < ord(char) < 127 for char in first)
    return method, target, headers


def signature(method: str, target: str, headers: Headers) -> str:
    rest = tuple(pair for pair in headers if pair[0] != "Authorization")
    return shared_key.authorization(shared_key.Parts(method, target, rest), "acct", KEY)


@pytest.mark.parametrize("endpoint", [PATH, HOST], ids=["path", "host"])
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("name", NAMES)
def test_signed_as_the_harness_signs(endpoint: Endpoint, kind: Kind, name: str) -> None:
    target = Target.build(endpoint, None, "con-1", clock=lambda: NOW)
    for wanted in (op(kind, name), op(kind, name, length=0), op(kind, name, marker="2!72!a+/= b&<")):
        method, path, headers = taken_apart(target.head(wanted))
        assert header(headers, "Authorization") == signature(method, path, headers)
        assert header(headers, "x-ms-date") == http_date(datetime.fromtimestamp(NOW, UTC))
        assert header(headers, "x-ms-version") == endpoint.version
        assert header(headers, "Host") == endpoint.face().authority
        where = unquote(urlsplit(path).path)
        place = f"{endpoint.face().prefix}/con-1"
        assert where == (place if kind is Kind.LIST_BLOBS else f"{place}/{name}")


@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), marker=st.text("aZ09!-/+=& ü"))
def test_any_name_is_signed(name: str, marker: str) -> None:
    target = Target.build(PATH, None, "con", clock=lambda: NOW)
    for kind in (Kind.PUT_BLOCK_FROM_URL, Kind.LIST_BLOBS):
        method, path, headers = taken_apart(target.head(op(kind, name, marker=marker)))
        assert header(headers, "Authorization") == signature(method, path, headers)


@given(key=st.binary(max_size=200), text=st.binary())
def test_pads(key: bytes, text: bytes) -> None:
    wanted = base64.b64encode(hmac.digest(key, text, hashlib.sha256))
    assert Pads(base64.b64encode(key).decode()).sign(text) == wanted


def query(target: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(target).query, keep_blank_values=True, strict_parsing=True)


def test_what_each_kind_says() -> None:
    target = Target.build(PATH, None, "con", clock=lambda: NOW)

    def said(kind: Kind, **more: object) -> tuple[str, dict[str, list[str]], dict[str, str]]:
        wanted = op(kind, "a", **more)  # type: ignore[arg-type]
        method, path, headers = taken_apart(target.head(wanted))
        return method, query(path) if "?" in path else {}, dict(headers)

    method, asked, headers = said(Kind.PUT_BLOB)
    assert (method, asked, headers["x-ms-blob-type"]) == ("PUT", {}, "BlockBlob")
    assert headers["Content-Length"] == "4096"
    method, asked, headers = said(Kind.GET_BLOB)
    assert (method, asked, headers["Range"]) == ("GET", {}, "bytes=8192-12287")
    method, asked, headers = said(Kind.PUT_BLOCK)
    assert (method, asked["comp"], headers["Content-Length"]) == ("PUT", ["block"], "4096")
    assert base64.b64decode(asked["blockid"][0]) == b"000000003"
    method, asked, headers = said(Kind.PUT_BLOCK_FROM_URL)
    assert (method, asked["comp"], headers["Content-Length"]) == ("PUT", ["block"], "0")
    assert headers["x-ms-source-range"] == "bytes=8192-12287"
    assert said(Kind.GET_PROPERTIES)[:2] == ("HEAD", {})
    assert said(Kind.DELETE_BLOB)[:2] == ("DELETE", {})
    method, asked, headers = said(Kind.SET_METADATA)
    assert (method, asked, headers["Content-Length"]) == ("PUT", {"comp": ["metadata"]}, "0")
    listed = {"restype": ["container"], "comp": ["list"], "prefix": ["a"], "maxresults": ["5000"]}
    assert said(Kind.LIST_BLOBS)[:2] == ("GET", listed)
    assert said(Kind.LIST_BLOBS, marker="a+/&")[:2] == ("GET", {**listed, "marker": ["a+/&"]})


def test_block_list() -> None:
    """Blocks 0 to n-1 as Latest; ids of one length, as long as there can be blocks."""
    target = Target.build(PATH, None, "con")
    three, most = op(Kind.PUT_BLOCK_LIST), op(Kind.PUT_BLOCK_LIST)
    most.block = 50_000
    body = target.body(three).decode()
    ids = [base64.b64decode(part.partition("<")[0]) for part in body.split("<Latest>")[1:]]
    assert ids == [b"000000000", b"000000001", b"000000002"]
    assert header(taken_apart(target.head(three))[2], "Content-Length") == str(len(body))
    assert len(target.body(most)) - target.body(most).index(b"<Latest>") == 50_000 * 29 + len("</BlockList>")
    assert target.body(op(Kind.PUT_BLOB)) == b""


def test_source_has_a_signature_of_its_own() -> None:
    """One that may read this one blob; it outlives the run, and is not made for every block."""
    target = Target.build(PATH, None, "con", clock=lambda: NOW)
    wanted = op(Kind.PUT_BLOCK_FROM_URL, "ü b")
    url = header(taken_apart(target.head(wanted))[2], "x-ms-copy-source")
    assert url is not None
    assert url.startswith("http://127.0.0.1:10000/acct/con/from%20%C3%BC%20b?")
    assert query(url)["sp"] == ["r"]
    assert query(url)["sr"] == ["b"]
    until = datetime.strptime(query(url)["se"][0], "%Y-%m-%dT%H:%M:%S%z")
    assert until - datetime.fromtimestamp(NOW, UTC) > timedelta(hours=24)
    again = header(taken_apart(target.head(wanted))[2], "x-ms-copy-source")
    assert again == url


def test_sas() -> None:
    """The configured SAS ends every query, that of a source too; nothing is signed."""
    endpoint = Endpoint("n", "http://127.0.0.1:1/acct", "acct", Style.PATH, sas=Secret("?sv=1&sig=a%2Bb%3D"))
    target = Target.build(endpoint, None, "con")
    for kind in Kind:
        _, path, headers = taken_apart(target.head(op(kind, marker="m")))
        assert path.endswith(("?sv=1&sig=a%2Bb%3D", "&sv=1&sig=a%2Bb%3D"))
        assert header(headers, "Authorization") is None
        if kind is Kind.PUT_BLOCK_FROM_URL:
            source = header(headers, "x-ms-copy-source") or ""
            assert source.endswith("/acct/con/from%20a?sv=1&sig=a%2Bb%3D")


def test_bearer_and_nobody() -> None:
    endpoint = Endpoint("n", "https://a.example", "acct", Style.HOST, tokens=Tokens())
    target = Target.build(endpoint, None, "con")
    _, path, headers = taken_apart(target.head(op(Kind.PUT_BLOCK_FROM_URL)))
    assert header(headers, "Authorization") == "Bearer a.b.c"
    assert header(headers, "x-ms-copy-source-authorization") == "Bearer a.b.c"
    assert path.startswith("/con/a?")
    nobody = Target.build(endpoint, None, "con", auth="anonymous")
    assert b"Authorization" not in nobody.head(op(Kind.GET_BLOB))


def test_the_date_goes_on() -> None:
    seconds = [NOW]
    target = Target.build(PATH, None, "con", clock=lambda: seconds[0])
    first = target.head(op(Kind.GET_BLOB))
    assert target.head(op(Kind.GET_BLOB)) == first
    seconds[0] += 1
    method, path, headers = taken_apart(target.head(op(Kind.GET_BLOB)))
    assert header(headers, "x-ms-date") == http_date(datetime.fromtimestamp(NOW + 1, UTC))
    assert header(headers, "Authorization") == signature(method, path, headers)


def test_bad_input(tmp_path: Path) -> None:
    bare = Endpoint("bare", "http://127.0.0.1:1/acct", "acct", Style.PATH)
    broken = Endpoint("broken", "http://127.0.0.1:1/a", "a", Style.PATH, key=Secret("no base64!"))
    for endpoint, face, auth in (
        (bare, None, "shared-key"),
        (bare, None, "sas"),
        (bare, None, "bearer"),
        (bare, "https", None),
        (broken, None, None),
    ):
        with pytest.raises(TargetError) as raised:
            Target.build(endpoint, face, "con", auth=auth)  # type: ignore[arg-type]
        assert raised.value.hint
        assert raised.value.exit_code == 2
        assert endpoint.name in str(raised.value)
        assert "no base64!" not in str(raised.value)


def test_listing() -> None:
    page = b"<EnumerationResults><Blobs><Blob><Name>a</Name></Blob><Blob></Blob></Blobs>"
    assert page.count(b"<Blob>") == 2
    assert next_marker(page + b"<NextMarker>2!8&amp;&lt;</NextMarker></EnumerationResults>") == "2!8&<"
    for last in (b"<NextMarker />", b"<NextMarker/>", b"<NextMarker></NextMarker>", b""):
        assert next_marker(page + last + b"</EnumerationResults>") == ""
    for cut in (page, page + b"<NextMarker>2!8", b""):
        with pytest.raises(ValueError, match="whole"):
            next_marker(cut)
