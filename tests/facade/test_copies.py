"""Copies and From-URL operations: from this server, from another one, and what their failures tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reference_impl.protocol.hosts import Known, own, parse_public_host
from tests.facade.client import Client, block_id, facade, quoted_id
from tests.facade.test_sas import service_sas


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Another façade with the same account: a source behind a socket."""
    root: Path = tmp_path_factory.mktemp("other")
    with facade(root) as running:
        assert running.create("src").status == 201
        headers = {
            "x-ms-meta-Foo": "bar",
            "x-ms-blob-content-type": "text/x",
            "x-ms-blob-cache-control": "cc",
        }
        assert running.put("/src/b", bytes(range(256)), headers).status == 201
        yield running


def url(client: Client, path: str, query: str = "") -> str:
    return f"http://127.0.0.1:{client.port}/{client.account}{path}" + (f"?{query}" if query else "")


def readable(client: Client, path: str = "/src/b") -> str:
    return url(client, path, service_sas(path.removeprefix("/")))


def test_put_blob_from_url(client: Client, container: str, other: Client) -> None:
    headers = {"x-ms-copy-source": readable(other), "x-ms-meta-Own": "1", "x-ms-blob-content-language": "de"}
    made = client.put(f"/{container}/b", b"", headers)
    assert made.status == 201
    assert made.names[:4] == ["Content-Length", "Content-MD5", "Last-Modified", "ETag"]
    got = client.get(f"/{container}/b")
    assert got.body == bytes(range(256))
    assert (got["Content-Type"], got["Cache-Control"], got["Content-Language"]) == ("text/x", "cc", "de")
    assert (got.get("x-ms-meta-Own"), got.get("x-ms-meta-Foo")) == ("1", None)
    assert got["Content-MD5"] == made["Content-MD5"]
    plain = {"x-ms-copy-source": readable(other), "x-ms-copy-source-blob-properties": "false"}
    client.put(f"/{container}/b", b"", plain)
    assert client.get(f"/{container}/b")["Content-Type"] == "application/octet-stream"


def test_put_block_from_url(client: Client, container: str, other: Client) -> None:
    for number, (first, last) in enumerate([(0, 99), (100, 255)]):
        target = f"/{container}/b?comp=block&blockid={quoted_id(number)}"
        headers = {"x-ms-copy-source": readable(other), "x-ms-source-range": f"bytes={first}-{last}"}
        staged = client.send("PUT", target, headers)
        assert staged.status == 201
        assert staged.get("x-ms-content-crc64")
    client.commit(f"/{container}/b", [block_id(0), block_id(1)])
    assert client.get(f"/{container}/b").body == bytes(range(256))


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"x-ms-source-if-match": '"0x1"'}, 412, "CannotVerifyCopySource"),
        ({"x-ms-source-if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 304, "CannotVerifyCopySource"),
        ({"x-ms-source-content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="}, 400, "Md5Mismatch"),
        ({"If-Match": '"0x1"'}, 412, "ConditionNotMet"),
        ({"x-ms-copy-source": "not a url"}, 400, "InvalidHeaderValue"),
        ({"x-ms-copy-source": "http://127.0.0.1/" + "x" * 2048}, 400, "InvalidHeaderValue"),
        ({"x-ms-copy-source-authorization": "Basic x"}, 400, "InvalidHeaderValue"),
        ({"x-ms-blob-type": "PageBlob"}, 501, "NotImplemented"),
        ({"x-ms-version": "2019-12-12"}, 400, "InvalidHeaderValue"),
    ],
)
@pytest.mark.parametrize("local", [True, False])
def test_what_put_blob_from_url_refuses(
    client: Client,
    container: str,
    other: Client,
    headers: dict[str, str | None],
    status: int,
    code: str,
    local: bool,
) -> None:
    client.put(f"/{container}/source", b"x")
    source = readable(client, f"/{container}/source") if local else readable(other)
    answer = client.put(f"/{container}/b", b"", {"x-ms-copy-source": source, **headers})
    assert (answer.status, answer.code) == (status, code)
    assert client.head(f"/{container}/b").status == 404


def test_a_body_is_refused(client: Client, container: str, other: Client) -> None:
    answer = client.put(f"/{container}/b", b"body", {"x-ms-copy-source": readable(other)})
    assert (answer.status, answer.code) == (400, "InvalidHeaderValue")


@pytest.mark.parametrize("local", [True, False])
def test_failures_of_the_source_are_mirrored(
    client: Client, container: str, other: Client, local: bool
) -> None:
    where = client if local else other
    place = container if local else "src"
    for path, query, status, code in (
        (f"/{place}/no", service_sas(f"{place}/no"), 404, "BlobNotFound"),
        ("/none/no", service_sas("none/no"), 404, "ContainerNotFound"),
        (f"/{place}/b", service_sas(f"{place}/b", se="2020-01-01"), 403, "AuthenticationFailed"),
        (f"/{place}/b", service_sas(f"{place}/b", sp="w"), 403, "AuthorizationPermissionMismatch"),
    ):
        answer = client.put(f"/{container}/x", b"", {"x-ms-copy-source": url(where, path, query)})
        assert (answer.status, answer.code) == (status, "CannotVerifyCopySource")
        assert answer["x-ms-copy-source-status-code"] == str(status)
        assert answer["x-ms-copy-source-error-code"] == code
        assert answer.xml.findtext("CopySourceErrorCode") == code
        older = {"x-ms-copy-source": url(where, path, query), "x-ms-version": "2021-12-02"}
        assert client.put(f"/{container}/x", b"", older).get("x-ms-copy-source-error-code") is None
    bare = {"x-ms-copy-source": url(where, f"/{place}/b")}
    for target, headers in (
        (f"/{container}/x", {"x-ms-blob-type": "BlockBlob"}),
        (f"/{container}/x", {"x-ms-requires-sync": "true"}),
        (f"/{container}/x?comp=block&blockid={quoted_id(0)}", {}),
    ):
        private = client.send("PUT", target, {**bare, **headers})
        assert (private.status, private["x-ms-copy-source-error-code"]) == (
            401,
            "NoAuthenticationInformation",
        )
        assert private["WWW-Authenticate"].startswith("Bearer ")


def test_range_beyond_the_source(client: Client, container: str, other: Client) -> None:
    for source in (readable(other), readable(client, f"/{container}/s")):
        client.put(f"/{container}/s", b"x" * 256)
        headers = {"x-ms-copy-source": source, "x-ms-source-range": "bytes=256-300"}
        answer = client.send("PUT", f"/{container}/b?comp=block&blockid={quoted_id(0)}", headers)
        assert (answer.status, answer.code) == (416, "CannotVerifyCopySource")


def test_private_addresses_are_refused_unless_allowed(other: Client, client: Client) -> None:
    client.create("open-source")
    client.put("/open-source/b", b"x")
    source = readable(client, "/open-source/b")
    answer = other.put("/src/x", b"", {"x-ms-copy-source": source})
    assert (answer.status, answer.code) == (403, "CannotVerifyCopySource")
    gone = other.put("/src/x", b"", {"x-ms-copy-source": "http://127.0.0.1:1/acct/c/b"})
    assert gone.status == 403


def test_copy_blob_within_the_account(client: Client, container: str) -> None:
    client.put(
        f"/{container}/a", b"Hello World", {"x-ms-meta-Foo": "bar", "x-ms-blob-content-type": "text/x"}
    )
    made = client.send("PUT", f"/{container}/b", {"x-ms-copy-source": url(client, f"/{container}/a")})
    assert (made.status, made["x-ms-copy-status"]) == (202, "success")
    head = client.head(f"/{container}/b")
    assert (head["x-ms-meta-Foo"], head["Content-Type"]) == ("bar", "text/x")
    assert (head["x-ms-copy-id"], head["x-ms-copy-progress"]) == (made["x-ms-copy-id"], "11/11")
    again = client.send(
        "PUT", f"/{container}/b", {"x-ms-copy-source": url(client, f"/{container}/a"), "x-ms-meta-New": "1"}
    )
    assert again.status == 202
    assert client.head(f"/{container}/b").get("x-ms-meta-Foo") is None
    listed = client.get(f"/{container}?restype=container&comp=list&include=copy&prefix=b")
    assert listed.xml.findtext("Blobs/Blob/Properties/CopyStatus") == "success"


def test_copy_blob_from_another_server(client: Client, container: str, other: Client) -> None:
    source = readable(other)
    made = client.send("PUT", f"/{container}/b", {"x-ms-copy-source": source})
    assert made.status == 202
    head = client.head(f"/{container}/b")
    assert head["x-ms-copy-source"] == source.partition("?")[0]
    synchronous = {"x-ms-copy-source": source, "x-ms-requires-sync": "True"}
    made = client.send("PUT", f"/{container}/c", synchronous)
    assert (made.status, made["x-ms-copy-status"]) == (202, "success")
    assert made.get("x-ms-content-crc64")
    assert client.get(f"/{container}/c").body == bytes(range(256))


def test_copy_conditions(client: Client, container: str) -> None:
    client.put(f"/{container}/a", b"x")
    client.put(f"/{container}/b", b"y")
    source = {"x-ms-copy-source": url(client, f"/{container}/a")}
    for headers, code in (
        ({"If-Match": '"0x1"'}, "TargetConditionNotMet"),
        ({"If-None-Match": "*"}, "BlobAlreadyExists"),
        ({"x-ms-source-if-match": '"0x1"'}, "SourceConditionNotMet"),
    ):
        assert client.send("PUT", f"/{container}/b", source | headers).code == code
    missing = {"x-ms-copy-source": url(client, f"/{container}/none")}
    answer = client.send("PUT", f"/{container}/c", missing)
    assert (answer.status, answer.code) == (404, "BlobNotFound")


def test_tags_are_copied_or_refused(client: Client, container: str, other: Client) -> None:
    client.put(f"/{container}/a", b"x", {"x-ms-tags": "k=v"})
    copy = {"x-ms-copy-source-tag-option": "COPY"}
    near = {"x-ms-copy-source": readable(client, f"/{container}/a")}
    assert client.put(f"/{container}/b", b"", near).status == 201
    assert client.head(f"/{container}/b").get("x-ms-tag-count") is None
    assert client.put(f"/{container}/b", b"", near | copy).status == 201
    assert client.head(f"/{container}/b")["x-ms-tag-count"] == "1"
    both = client.put(f"/{container}/b", b"", near | copy | {"x-ms-tags": "a=b"})
    assert both.code == "BothUserTagsAndSourceTagsCopyPresentException"
    far = {"x-ms-copy-source": readable(other)}
    assert client.put(f"/{container}/c", b"", far | copy).code == "UnsupportedHeader"


def test_abort(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x")
    target = f"/{container}/b?comp=copy&copyid="
    abort = {"x-ms-copy-action": "abort"}
    guid = "00000000-0000-0000-0000-000000000000"
    assert client.send("PUT", target + guid, abort).code == "NoPendingCopyOperation"
    assert client.send("PUT", target + "x", abort).xml.findtext("Reason") == "copyid needs to be valid Guid."
    assert client.send("PUT", target, abort).code == "MissingRequiredQueryParameter"
    assert client.send("PUT", target + guid).code == "MissingRequiredHeader"


PUBLIC = "storage.example.com:8443"
AZURE = "acct.blob.core.windows.net"
WILD = "acct.blob.example.com"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A façade that is known by other names as well; no resolver here would find one of them."""
    names = ("--public-host", PUBLIC, "--public-host", AZURE, "--public-host", "*.blob.example.com")
    with facade(tmp_path_factory.mktemp("known"), *names) as running:
        assert running.create("own").status == 201
        assert running.put("/own/a", b"here").status == 201
        yield running


@pytest.mark.parametrize(
    "root", [f"https://{PUBLIC}/acct", f"https://{AZURE}", f"http://{WILD}:80", f"https://{WILD.upper()}"]
)
def test_a_source_by_a_public_name_is_read_from_here(known: Client, root: str) -> None:
    signed = {"x-ms-copy-source": f"{root}/own/a?" + service_sas("own/a")}
    assert known.put("/own/b", b"", signed).status == 201
    assert known.get("/own/b").body == b"here"
    bare = {"x-ms-copy-source": f"{root}/own/a"}
    assert known.send("PUT", "/own/c", bare).status == 202
    refused = known.put("/own/d", b"", bare)
    assert (refused.status, refused.code) == (401, "CannotVerifyCopySource")
    gone = known.send("PUT", "/own/d", {"x-ms-copy-source": f"{root}/own/none"})
    assert (gone.status, gone.code) == (404, "BlobNotFound")


@pytest.mark.parametrize(
    "source",
    [
        "https://storage.example.com/acct",
        f"https://{PUBLIC}/elsewhere",
        f"https://{AZURE}:444",
        "https://acct.blob.core.example.com",
        "https://other.blob.example.com",
        "https://acct.more.blob.example.com",
    ],
)
def test_another_name_is_another_server(source: str) -> None:
    public = tuple(filter(None, map(parse_public_host, (PUBLIC, AZURE, "*.blob.example.com"))))
    known = Known(frozenset({"acct"}), "blob.localhost", public, ("127.0.0.1", 1), "127.0.0.1:1")
    assert own(urlsplit(f"{source}/own/a"), known) is None


@pytest.mark.parametrize(
    "text", ["", "*", "*.", ":1", "a:0", "a:65536", "https://a", "a/b", "a*.b", "-a", "a..b"]
)
def test_what_is_no_public_host(text: str) -> None:
    assert parse_public_host(text) is None


def test_a_source_where_the_request_was_sent_is_read_from_here(client: Client, container: str) -> None:
    """A proxy in front listens at another port, and leaves the Host header as it is."""
    client.put(f"/{container}/a", b"here")
    path = f"/{container}/b"
    for host, root, target in (
        (
            "storage.lab.example:1",
            f"http://storage.lab.example:1/{client.account}",
            f"/{client.account}{path}",
        ),
        (AZURE, f"https://{AZURE}", path),
        (f"{AZURE}:443", f"https://{AZURE}", path),
    ):
        headers = {"Host": host, "x-ms-copy-source": f"{root}/{container}/a"}
        assert client.send("PUT", target, headers, prefix=False).status == 202
    # The same name, while nothing says that it is ours: a request to another server, which no test may make.
    elsewhere = Known(
        frozenset({client.account}), "blob.localhost", (), ("127.0.0.1", client.port), "127.0.0.1"
    )
    assert own(urlsplit(f"https://{AZURE}/{container}/a"), elsewhere) is None
