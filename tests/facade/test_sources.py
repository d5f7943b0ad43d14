"""Copy sources that misbehave: what they answer never becomes ours, and what they claim is checked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.facade.client import Client, block_id, quoted_id


@contextmanager
def source(reply: bytes) -> Iterator[str]:
    """The URL of a server that gives one connection `reply`, whatever it asks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/c/b"
        thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("302 Found\r\nLocation: http://127.0.0.1:1/", 409),
        ("999 What", 409),
        ("204 None", 409),
        ("503 Busy", 503),
    ],
)
def test_only_failures_are_mirrored(client: Client, container: str, line: str, status: int) -> None:
    with source(f"HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n".encode()) as url:
        answer = client.put(f"/{container}/b", b"", {"x-ms-copy-source": url})
    assert (answer.status, answer.code) == (status, "CannotVerifyCopySource")
    assert answer.get("Location") is None
    assert client.head(f"/{container}/b").status == 404


def test_metadata_that_no_blob_can_have(client: Client, container: str) -> None:
    with source(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nx-ms-meta-a&b: 1\r\n\r\nx") as url:
        answer = client.send("PUT", f"/{container}/b", {"x-ms-copy-source": url})
    assert (answer.status, answer.code) == (409, "CannotVerifyCopySource")
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-Ms-Meta-Foo: 1\r\nContent-MD5: no\r\n\r\nx"
    with source(reply) as url:
        assert client.send("PUT", f"/{container}/b", {"x-ms-copy-source": url}).status == 202
    got = client.get(f"/{container}/b")
    assert ("x-ms-meta-Foo", "1") in got.headers
    assert got.get("Content-MD5") is None


@pytest.mark.parametrize("kind", ["BlockBlob", None])
def test_conditions_on_a_source_without_a_date_fail(client: Client, container: str, kind: str | None) -> None:
    with source(b'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: "a"\r\n\r\nx') as url:
        headers = {"x-ms-copy-source": url, "x-ms-source-if-match": '"other"', "x-ms-blob-type": kind}
        answer = client.send("PUT", f"/{container}/b", headers)
    assert (answer.status, answer.code) == (412, "CannotVerifyCopySource")


@pytest.mark.parametrize("sent", ["bytes 5-7/10", "bytes 0-2/\xb2", "nonsense"])
def test_another_range_than_asked_for(client: Client, container: str, sent: str) -> None:
    reply = f"HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nContent-Range: {sent}\r\n\r\nabc"
    with source(reply.encode("latin-1")) as url:
        headers = {"x-ms-copy-source": url, "x-ms-source-range": "bytes=0-2"}
        answer = client.send("PUT", f"/{container}/b?comp=block&blockid={quoted_id(0)}", headers)
    assert (answer.status, answer.code) == (409, "CannotVerifyCopySource")
    assert client.commit(f"/{container}/b", [block_id(0)]).code == "InvalidBlockList"
