"""Framing of responses: which header says how long the body is, and which bodies never leave."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from reference_impl.http.answer import BadResponse, answer
from reference_impl.http.message import FileSlice, Response, ResponseBody


async def stream() -> AsyncIterator[bytes]:
    yield b"x"


FILE = FileSlice(0, 10, 20, lambda: None)
CL0, TE = "Content-Length: 0", "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("method", "status", "body", "chunked", "line", "sent"),
    [
        ("GET", 200, b"abc", False, "Content-Length: 3", b"abc"),
        ("GET", 200, b"", False, CL0, b""),
        ("PUT", 201, None, False, CL0, b""),
        ("GET", 200, b"abc", True, TE, b"3\r\nabc\r\n0\r\n\r\n"),
        ("GET", 200, None, True, TE, b"0\r\n\r\n"),
        ("GET", 200, b"", True, TE, b"0\r\n\r\n"),
        ("GET", 206, FILE, False, "Content-Length: 20", FILE),
        ("HEAD", 200, b"abc", False, "Content-Length: 3", b""),
        ("HEAD", 200, FILE, False, "Content-Length: 20", b""),
        ("HEAD", 404, None, True, TE, b""),
        ("HEAD", 404, None, False, CL0, b""),
        ("GET", 204, b"abc", False, None, b""),
        ("DELETE", 204, None, True, None, b""),
        ("GET", 304, b"abc", False, None, b""),
    ],
)
def test_framing(
    method: str, status: int, body: ResponseBody, chunked: bool, line: str | None, sent: object
) -> None:
    response = Response(status, "Reason here", [("A", "1"), ("b", "2")], body, chunked)
    ready = answer(response, method=method, version=(1, 1), close=False)
    lines = [f"HTTP/1.1 {status} Reason here", *([line] if line else []), "A: 1", "b: 2"]
    assert ready.head.decode() == "\r\n".join(lines) + "\r\n\r\n"
    assert ready.body == sent
    assert not ready.close


def test_own_framing_headers_keep_their_place() -> None:
    head = answer(
        Response(200, "OK", [("A", "1"), ("content-length", "99")]), method="HEAD", version=(1, 1), close=True
    ).head
    assert head == b"HTTP/1.1 200 OK\r\nA: 1\r\ncontent-length: 99\r\nConnection: close\r\n\r\n"
    head = answer(
        Response(200, "OK", [("A", "1"), ("Content-Length", "2")], b"ab"),
        method="GET",
        version=(1, 1),
        close=False,
    ).head
    assert head == b"HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 2\r\n\r\n"
    head = answer(
        Response(304, "Not Modified", [("Content-Length", "0")]), method="GET", version=(1, 1), close=False
    ).head
    assert head == b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n"


def test_http_1_0_gets_no_chunks() -> None:
    ready = answer(Response(200, "OK", body=b"abc", chunked=True), method="GET", version=(1, 0), close=False)
    assert (ready.head, ready.body) == (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"abc")
    assert ready.close
    ready = answer(Response(200, "OK", body=b"abc"), method="GET", version=(1, 0), close=False)
    assert b"Connection: keep-alive" in ready.head


@pytest.mark.parametrize(
    "response",
    [
        Response(200, "OK\r\nA: b"),
        Response(200, "OK", [("A", "b\nc")]),
        Response(200, "OK", [("A", "b\r\nc: d")]),
        Response(200, "OK", [("A", "b\rc")]),
        Response(200, "OK", [("A", "b\0c")]),
        Response(200, "OK", [("A", "\u20ac")]),
        Response(200, "OK", [("Content-Length", "5")], b"abc"),
        Response(200, "OK", [("Content-Length", "5")]),
        Response(200, "OK", [("Transfer-Encoding", "chunked")], b"abc"),
    ],
)
def test_what_no_client_must_see(response: Response) -> None:
    with pytest.raises(BadResponse):
        answer(response, method="GET", version=(1, 1), close=False)


def test_a_stream_is_chunked() -> None:
    ready = answer(Response(200, "OK", body=stream()), method="GET", version=(1, 1), close=False)
    assert ready.chunked
    assert TE in ready.head.decode()
    silent = answer(Response(200, "OK", body=stream()), method="HEAD", version=(1, 1), close=False)
    assert (silent.body, TE in silent.head.decode()) == (b"", True)
