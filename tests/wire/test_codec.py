"""The response parser: what it reads, and which violations it notes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.exchange import Framing, Response
from harness.wire.codec import ANOMALIES, MAX_HEAD, ProtocolError, ResponseParser

OK = b"HTTP/1.1 200 OK\r\n"


def parse(data: bytes, method: str = "GET", *, end: bool = False) -> tuple[ResponseParser, Response]:
    parser = ResponseParser(method)
    parser.feed(data)
    if end:
        parser.end()
    response = parser.response()
    assert response is not None
    return parser, response


def test_length_framing_keeps_order_case_and_duplicates() -> None:
    parser, response = parse(OK + b"x-Ms-a: 1\r\nContent-Length: 5\r\nX-MS-A:2 \r\n\r\nhello")
    assert parser.done
    assert parser.reusable
    assert response.headers == (("x-Ms-a", "1"), ("Content-Length", "5"), ("X-MS-A", "2"))
    assert (response.status, response.reason, response.body.data) == (200, "OK", b"hello")
    assert response.framing is Framing.LENGTH
    assert parser.anomalies == []


def test_chunked_framing_with_extension_and_trailer() -> None:
    data = OK + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nx-t: 1\r\n\r\n"
    parser, response = parse(data)
    assert parser.done
    assert response.framing is Framing.CHUNKED
    assert response.body.data == b"abc0123456789"
    assert parser.trailers == (("x-t", "1"),)
    assert parser.anomalies == []


def test_close_framing_ends_with_the_connection() -> None:
    parser, response = parse(OK + b"Connection: close\r\n\r\nabc", end=True)
    assert parser.done
    assert not parser.reusable
    assert (response.framing, response.body.data, parser.anomalies) == (Framing.CLOSE, b"abc", [])


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not\r\nETag: x\r\n\r\n"),
    ],
)
def test_no_body_where_there_can_be_none(method: str, head: bytes) -> None:
    parser, response = parse(head, method)
    assert parser.done
    assert parser.extra == 0
    assert (response.framing, response.body.length) == (Framing.NONE, 0)


def test_a_body_on_head_is_extra() -> None:
    parser, response = parse(b"HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nhello", "HEAD")
    assert parser.extra == 5
    assert response.body.length == 0
    assert not parser.reusable


def test_interim_responses_come_before_the_final_one() -> None:
    parser, response = parse(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n"
    )
    assert parser.interim == [100, 102]
    assert response.status == 200


@pytest.mark.parametrize(
    ("word", "data"),
    [
        ("bare-lf", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
        ("bare-lf", b"HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n"),
        ("bare-lf", OK + b"Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n"),
        ("bare-cr", OK + b"A: b\rc\r\nContent-Length: 0\r\n\r\n"),
        ("blank-line", b"\r\n" + OK + b"Content-Length: 0\r\n\r\n"),
        ("http-version", b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("no-reason", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
        ("no-reason", b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"),
        ("malformed-header", OK + b"no colon here\r\nContent-Length: 0\r\n\r\n"),
        ("malformed-header", OK + b"x y: 1\r\nContent-Length: 0\r\n\r\n"),
        ("folded-header", OK + b"A: b\r\n  c\r\nContent-Length: 0\r\n\r\n"),
        ("duplicate-content-length", OK + b"Content-Length: 0\r\ncontent-length: 0\r\n\r\n"),
        ("length-and-chunked", OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("length-on-204", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
        ("unmarked-close", OK + b"\r\n"),
    ],
)
def test_violations_are_noted_and_read_over(word: str, data: bytes) -> None:
    parser, response = parse(data, end=True)
    assert [text.partition(":")[0] for text in parser.anomalies] == [word]
    assert word in ANOMALIES
    assert response.status in (200, 204)


@pytest.mark.parametrize(
    ("data", "about"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "not HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "status line"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "several Content-Length"),
        (OK + b"Content-Length: -1\r\n\r\n", "no number"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "chunk size"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "longer than its size"),
        (OK + b"A: " + b"x" * (MAX_HEAD + 1), "no end of the head"),
    ],
)
def test_what_has_no_sane_reading_is_refused(data: bytes, about: str) -> None:
    with pytest.raises(ProtocolError, match=about):
        ResponseParser("GET").feed(data)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "before any byte"),
        (b"HTTP/1.1 20", "inside the head"),
        (OK + b"Content-Length: 5\r\n\r\nab", "after 2 of 5 bytes"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", "inside a chunk"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "inside a chunk size"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", "inside the trailers"),
    ],
)
def test_an_early_end_says_where(data: bytes, where: str) -> None:
    parser = ResponseParser("GET")
    if data:
        parser.feed(data)
    with pytest.raises(ProtocolError, match=where):
        parser.end()


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5), st.lists(st.integers(0, 400), max_size=12))
def test_how_the_bytes_arrive_does_not_matter(chunks: list[bytes], cuts: list[int]) -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Transfer-Encoding: chunked\r\nA: b\r\n\r\n"
    data += b"".join(b"%X\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    parser = ResponseParser("GET")
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for start, end in itertools.pairwise(edges):
        parser.feed(data[start:end])
    response = parser.response()
    assert response is not None
    assert parser.done
    assert parser.extra == 0
    assert response.body.data == b"".join(chunks)
    assert parser.anomalies == []


def test_a_long_body_is_known_by_its_digest_alone() -> None:
    size = 9 * 1024 * 1024
    parser, response = parse(OK + b"Content-Length: %d\r\n\r\n" % size + bytes(size))
    assert parser.done
    assert response.body.length == size
    assert response.body.data is None
