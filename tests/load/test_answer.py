"""How answers are read, without a connection: any cut, any spelling, the short way beside the long one."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.client.answer import Chunks, Head, ProtocolError, parse_head, short_answer
from loadgen.client.connection import Connection, Stage
from loadgen.work.op import Keep
from tests.load.scripted import get


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    cuts=st.lists(st.integers(0, 300), max_size=6),
)
def test_chunks_cut_anywhere(chunks: list[bytes], cuts: list[int]) -> None:
    """The payload is the same however the bytes are cut."""
    body = b"".join(b"%x;e=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nx: y\r\n\r\n"
    reader, kept, count = Chunks(), bytearray(), 0
    edges = sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        assert not reader.done
        count += reader.feed(memoryview(body)[start:end], kept)
    assert reader.done
    assert kept == b"".join(chunks)
    assert count == len(kept)


HEADS = {
    b"HTTP/1.1 200 OK": Head(200, -1, False, False, ""),
    b"HTTP/1.1 200": Head(200, -1, False, False, ""),
    b"HTTP/1.0 200 OK": Head(200, -1, False, True, ""),
    b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive": Head(200, -1, False, False, ""),
    b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH:  7 \r\nA: b": Head(200, 7, False, False, ""),
    b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\ncontent-length: 7": Head(200, 7, False, False, ""),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked": Head(200, -1, True, False, ""),
    b"HTTP/1.1 404 x\r\nx-ms-error-code: BlobNotFound": Head(404, -1, False, False, "BlobNotFound"),
    b"HTTP/1.1 200 OK\r\nX-Connection: close": Head(200, -1, False, False, ""),
}


@pytest.mark.parametrize("head", HEADS)
def test_heads(head: bytes) -> None:
    assert parse_head(head) == HEADS[head]


NO_HEADS = {
    "nothing": b"",
    "another version": b"HTTP/2 200",
    "no number": b"HTTP/1.1 20x",
    "two spaces": b"HTTP/1.1  200",
    "four digits": b"HTTP/1.1 2000 OK",
    "a length beyond all measure": b"HTTP/1.1 200\r\nContent-Length: " + b"9" * 5000,
}


@pytest.mark.parametrize("name", NO_HEADS)
def test_no_heads(name: str) -> None:
    with pytest.raises(ProtocolError):
        parse_head(NO_HEADS[name])


LINES = st.lists(
    st.sampled_from(
        [
            b"Content-Length: 4",
            b"Content-Length: 5",
            b"content-length: 4",
            b"Content-Length: x",
            b"Connection: keep-alive",
            b"Connection: close",
            b"connection: Close",
            b"Transfer-Encoding: chunked",
            b"Server: x",
        ]
    ),
    max_size=4,
)


STATUS = st.sampled_from([b"200", b"201", b"206", b"204", b"404", b"2x0"])


@given(status=STATUS, lines=LINES, body=st.binary(max_size=6))
def test_the_short_way_says_what_the_long_way_says(status: bytes, lines: list[bytes], body: bytes) -> None:
    """Where it says anything. What is in the buffer after the answer is left of an earlier one."""
    head = b"\r\n".join((b"HTTP/1.1 " + status + b" x", *lines))
    data = bytearray(head + b"\r\n\r\n" + body)
    left = bytearray(b"\r\n\r\nContent-Length: 4\r\n\r\nabcd")
    length = short_answer(data + left, len(data))
    if length >= 0:
        assert length == len(body)
        with contextlib.suppress(ProtocolError):  # two lengths, or chunks too: the long way is stricter
            said = parse_head(head)
            assert (said.length, said.close) == (length, False)
            assert 200 <= said.status < 300
    for cut in range(len(data)):
        data_so_far = bytearray(data[:cut]) + left
        assert short_answer(data_so_far, cut) in (-1, cut - len(head) - 4)


def test_the_short_way_is_taken() -> None:
    data = bytearray(b"HTTP/1.1 206 x\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\nabcd")
    assert short_answer(data, len(data)) == 4


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=8),
        st.sampled_from(
            [
                b"HTTP/1.1 200 OK\r\n",
                b"HTTP/1.1 100 x\r\n\r\n",
                b"Content-Length: 3\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"\r\n",
                b"abc",
                b"3\r\n",
                b"0\r\n",
            ]
        ),
    ),
    max_size=10,
)


@given(pieces=PIECES, keep=st.sampled_from(Keep))
def test_anything_may_come(pieces: list[bytes], keep: Keep) -> None:
    """It is an answer or none, in one piece as in many; nothing else can happen."""

    def said(parts: list[bytes]) -> tuple[object, ...]:
        conn = Connection(0)
        conn.op = get(3, keep=keep)
        conn.stage = Stage.HEAD
        whole = False
        for part in parts:
            if part and not whole:
                try:
                    whole = conn.take(bytearray(part), len(part))
                except ProtocolError:
                    return ("protocol",)
            elif part:
                return ("protocol",)  # more than was announced: where it comes later, the engine hangs up
        return whole, conn.status, conn.received, conn.kept and bytes(conn.kept)

    assert said(pieces) == said([b"".join(pieces)])
