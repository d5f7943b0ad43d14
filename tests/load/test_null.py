"""The null server, a real nginx over loopback: it answers what load runs ask, and nothing else."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.endpoint import Endpoint
from harness.endpoints.certificates import issue
from harness.vocabulary import ExitCode
from loadgen.null import server
from loadgen.null.server import ZERO_BYTES, NullServerError, null_server
from tests.doctor.nginx import needs_nginx

pytestmark = needs_nginx


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    folder = tmp_path_factory.mktemp("null")
    with null_server(folder / "null", certificates=issue(folder / "certificates"), page_names=7) as made:
        yield made


def ask(
    endpoint: Endpoint, method: str, target: str, body: bytes = b"", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    face = endpoint.face()
    connection = http.client.HTTPConnection(*face.address, timeout=20)
    try:
        connection.request(method, face.prefix + target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("PUT", "/c?restype=container", b"", 201),
        ("PUT", "/c/b", b"x" * 4096, 201),
        ("PUT", "/c/b?comp=block&blockid=QUJD", b"x" * 300_000, 201),
        ("PUT", "/c/b?comp=block&blockid=QUJD", b"", 201),  # from a URL: no body
        ("PUT", "/c/a%20name/with%2Fslashes/%C3%A9?comp=blocklist", b"<BlockList/>", 201),
        ("PUT", "/c/b?comp=metadata", b"", 200),
        ("HEAD", "/c/b", b"", 200),
        ("DELETE", "/c/b", b"", 202),
        ("DELETE", "/c?restype=container", b"", 202),
    ],
)
def test_answers(endpoint: Endpoint, method: str, target: str, body: bytes, status: int) -> None:
    got, headers, data = ask(endpoint, method, target, body)
    assert got == status
    assert data == b""
    assert headers["x-ms-request-id"]
    if method in ("PUT", "HEAD"):
        assert headers["ETag"]


@pytest.mark.parametrize("begin", [0, 5, (13 << 30) + 1, ZERO_BYTES - 100])
def test_a_read_has_exactly_the_bytes_of_its_range(endpoint: Endpoint, begin: int) -> None:
    status, headers, data = ask(endpoint, "GET", "/c/b", Range=f"bytes={begin}-{begin + 99}")
    assert status == 206
    assert headers["Content-Range"] == f"bytes {begin}-{begin + 99}/{ZERO_BYTES}"
    assert data == bytes(100)


def test_one_page_is_the_whole_list(endpoint: Endpoint) -> None:
    status, _, data = ask(endpoint, "GET", "/c?restype=container&comp=list&prefix=p/&maxresults=5000")
    root = ElementTree.fromstring(data)
    assert status == 200
    assert len(root.findall("Blobs/Blob/Name")) == 7
    assert not root.findtext("NextMarker")


@pytest.mark.parametrize(("method", "target"), [("GET", "/c/b"), ("PUT", "/c?comp=acl"), ("POST", "/c/b")])
def test_what_it_does_not_know_is_no_success(endpoint: Endpoint, method: str, target: str) -> None:
    assert ask(endpoint, method, target)[0] == 400


def test_the_answer_comes_when_the_body_is_there_and_the_connection_goes_on(endpoint: Endpoint) -> None:
    connection = http.client.HTTPConnection(*endpoint.face().address, timeout=20)
    for size in (1, 40_000, 1 << 20):
        connection.putrequest("PUT", "/null/c/b")
        connection.putheader("Content-Length", str(size))
        connection.endheaders()
        connection.send(b"x" * (size - 1))
        assert connection.sock is not None
        connection.sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.sock.recv(1)
        connection.sock.settimeout(20)
        connection.send(b"x")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (201, b"")
    connection.close()


def test_over_tls(endpoint: Endpoint) -> None:
    face = endpoint.face("https")
    trust = ssl.create_default_context(cafile=endpoint.ca_file)
    connection = http.client.HTTPSConnection(face.server_name, face.address[1], context=trust, timeout=20)
    connection.request("GET", face.prefix + "/c/b", headers={"Range": "bytes=0-9"})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (206, bytes(10))
    connection.close()


def test_two_at_once_and_nothing_left_behind(tmp_path: Path) -> None:
    with null_server(tmp_path / "a") as one, null_server(tmp_path / "b", workers=2) as other:
        assert one.url != other.url
        assert ask(one, "PUT", "/c/b")[0] == ask(other, "PUT", "/c/b")[0] == 201
    for gone in (one, other):
        with pytest.raises(OSError):
            ask(gone, "PUT", "/c/b")


def test_without_nginx_one_line_and_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "find_program", lambda: None)
    with pytest.raises(NullServerError, match="nginx") as caught, null_server(tmp_path):
        pass
    assert caught.value.exit_code is ExitCode.INDETERMINATE
    assert "nstall" in caught.value.hint
