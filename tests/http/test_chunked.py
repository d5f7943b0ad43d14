"""The chunked coding: round trips, refusals, and that splitting the bytes changes nothing."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.http.chunked import LAST_CHUNK, MAX_LINE, MAX_TRAILERS, ChunkDecoder, ChunkError, chunk


def outcome(pieces: list[bytes], room: int = 1 << 16) -> tuple[object, ...]:
    """(decoded, done, bytes left over), or the refusal."""
    decoder, decoded, left = ChunkDecoder(), bytearray(), b""
    for piece in pieces:
        view = memoryview(piece)
        while view and not decoder.done:
            out = memoryview(bytearray(room))
            try:
                taken, made = decoder.decode(view, out)
            except ChunkError as error:
                return ("refused", str(error))
            decoded += out[:made]
            view = view[taken:]
        left += bytes(view)
    return (bytes(decoded), decoder.done, left)


def test_extensions_and_trailers_are_tolerated() -> None:
    raw = b'5;a=b;c="d"\r\nhello\r\n001 ;x\r\n!\r\n0\r\nX-Trailer: t\r\nY: z\r\n\r\nnext'
    assert outcome([raw]) == (b"hello!", True, b"next")


BAD = [
    b"\r\n",
    b"g\r\n",
    b"-1\r\n",
    b"0x5\r\n",
    b"5\nhello\r\n",
    b"5\r\nhelloX\r\n",
    b"5\r\nhello\n",
    b"5\r\nhello\rX",
    b" 5\r\nhello\r\n",
    b"5 \r\nhello\r\n",
    b"1_0\r\n",
    b"ffffffffffffffffff\r\n",
    b"ffffffffffffffff\r\n",
    b"5;a\x00\r\n",
    b"0\r\nno colon\r\n\r\n",
    b"0\r\n folded\r\n\r\n",
    b"0\r\nA: b\n\r\n",
    b"1;" + b"a" * MAX_LINE + b"\r\n",
    b"0\r\n" + b"A: bbbbbbbbbbbbbb\r\n" * (MAX_TRAILERS // 19 + 1) + b"\r\n",
]


@pytest.mark.parametrize("raw", BAD, ids=[repr(raw[:20]) for raw in BAD])
def test_what_is_refused(raw: bytes) -> None:
    assert outcome([raw])[0] == "refused"
    assert outcome([raw[i : i + 1] for i in range(len(raw))])[0] == "refused"


def test_endless_lines_are_refused_before_their_end() -> None:
    assert outcome([b"1;" + b"a" * MAX_LINE])[0] == "refused"
    assert outcome([b"0\r\nA: " + b"b" * MAX_TRAILERS])[0] == "refused"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=6),
    st.lists(st.integers(1, 200), max_size=6),
    st.integers(1, 50),
    st.binary(max_size=10),
)
def test_any_body_split_anyhow_comes_back(
    parts: list[bytes], cuts: list[int], room: int, rest: bytes
) -> None:
    raw = b"".join(chunk(part) for part in parts) + LAST_CHUNK + rest
    places = [0, *sorted(cut for cut in cuts if cut < len(raw)), len(raw)]
    pieces = [raw[start:end] for start, end in itertools.pairwise(places)]
    assert outcome(pieces, room) == (b"".join(parts), True, rest)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"0", b"2", b"f", b"\r\n", b"\r", b"\n", b";a", b"ab", b" ", b"A: b", b"\x00"]),
        max_size=16,
    ).map(b"".join)
)
def test_any_bytes_have_one_outcome(raw: bytes) -> None:
    assert outcome([raw[i : i + 1] for i in range(len(raw))], 1) == outcome([raw])
