"""The request head parser: what it takes, what it refuses, and that splitting the bytes changes nothing."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.http.fields import MAX_FIELDS, MAX_HEAD
from reference_impl.http.framing import Framing, framing
from reference_impl.http.head import MAX_TARGET, Head, HeadError, HeadParser

GOOD = b"GET /a%20b?x=%2F&y HTTP/1.1\r\nHost: h:1\r\nX-Ms-Meta-A:  caf\xe9 \t\r\nx-ms-meta-a:\r\n\r\n"


def parse(*pieces: bytes) -> Head:
    parser = HeadParser()
    for piece in pieces:
        head = parser.feed(piece)
        if head is not None:
            return head
    raise AssertionError("the head is not whole")


def outcome(pieces: list[bytes]) -> tuple[object, ...]:
    """What a parser makes of bytes in pieces: everything a caller can see."""
    parser = HeadParser()
    for index, piece in enumerate(pieces):
        try:
            head = parser.feed(piece)
        except HeadError as error:
            return ("refused", error.status, error.code, error.message)
        if head is not None:
            return ("head", head, parser.rest + b"".join(pieces[index + 1 :]))
    return ("more", parser.begun)


def frame(raw: bytes) -> Framing:
    return framing(parse(raw))


def refusal(raw: bytes) -> tuple[int, str]:
    with pytest.raises(HeadError) as caught:
        framing(parse(raw))
    return caught.value.status, caught.value.message


def test_a_head_keeps_case_order_and_bytes() -> None:
    head = parse(GOOD)
    assert (head.method, head.target, head.path, head.query) == ("GET", "/a%20b?x=%2F&y", "/a%20b", "x=%2F&y")
    assert head.version == (1, 1)
    assert head.headers.items() == (("Host", "h:1"), ("X-Ms-Meta-A", "caf\xe9"), ("x-ms-meta-a", ""))
    assert head.headers.get("X-MS-META-A") == "caf\xe9"
    assert head.headers.all("x-ms-meta-a") == ["caf\xe9", ""]


def test_headers_do_not_show_their_values() -> None:
    assert "caf" not in repr(parse(GOOD).headers)


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        ("/", "/", "", "h"),
        ("/?comp=list", "/", "comp=list", "h"),
        ("/a?b?c", "/a", "b?c", "h"),
        ("//a//b", "//a//b", "", "h"),
        ("*", "*", "", "h"),
        ("http://Other:8080/a?b", "/a", "b", "Other:8080"),
        ("HTTPS://other", "/", "", "other"),
        ("http://other?b=1", "/", "b=1", "other"),
    ],
)
def test_targets(target: str, path: str, query: str, host: str) -> None:
    head = parse(f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    assert (head.target, head.path, head.query, head.headers.get("host")) == (target, path, query, host)


def test_an_absolute_target_gives_http_1_0_a_host() -> None:
    assert parse(b"GET http://o/ HTTP/1.0\r\n\r\n").headers.items() == (("Host", "o"),)


def test_methods_pass_through() -> None:
    assert parse(b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n").method == "BREW"


def test_empty_lines_before_a_request_are_skipped() -> None:
    assert parse(b"\r\n\r", b"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").path == "/"


BAD = [
    (400, b"GET / HTTP/1.1\nHost: h\n\n", "bare line feeds"),
    (400, b"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", "one bare line feed"),
    (400, b"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "bare line feed first"),
    (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", "bare carriage return"),
    (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", "folding"),
    (400, b"GET / HTTP/1.1\r\n Host: h\r\n\r\n", "space before the first header"),
    (400, b"GET / HTTP/1.1\r\nHost : h\r\n\r\n", "space before the colon"),
    (400, b"GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n", "no colon"),
    (400, b"GET / HTTP/1.1\r\nHost: h\r\n: v\r\n\r\n", "empty name"),
    (400, b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n", "NUL in a value"),
    (400, b"GET / HTTP/1.1\r\nHost: h\r\nX\xe9: a\r\n\r\n", "latin-1 in a name"),
    (400, b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "two spaces"),
    (400, b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "space in the target"),
    (400, b"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n", "control in the target"),
    (400, b"GET /\r\nHost: h\r\n\r\n", "HTTP/0.9"),
    (400, b"GET / HTTP/1.10\r\nHost: h\r\n\r\n", "odd version"),
    (400, b"GET / http/1.1\r\nHost: h\r\n\r\n", "lower-case version"),
    (400, b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", "method that is no token"),
    (400, b"GET a HTTP/1.1\r\nHost: h\r\n\r\n", "relative target"),
    (400, b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", "authority target"),
    (400, b"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "another scheme"),
    (400, b"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", "no authority"),
    (400, b"GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", "userinfo"),
    (400, b"GET / HTTP/1.1\r\n\r\n", "no Host"),
    (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "two Hosts"),
    (400, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "space in Host"),
    (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "path in Host"),
    (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2 preface"),
    (400, b"\x16\x03\x01\x02\x00\x01", "TLS"),
    (400, b"\r\n" * 9 + b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "many empty lines"),
    (505, b"GET / HTTP/2.1\r\nHost: h\r\n\r\n", "another major version"),
    (414, b"GET /" + b"a" * MAX_TARGET + b" HTTP/1.1\r\nHost: h\r\n\r\n", "long target"),
    (431, b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * MAX_HEAD + b"\r\n\r\n", "long head"),
    (431, b"GET / HTTP/1.1\r\nHost: h\r\n" + b"a:\r\n" * MAX_FIELDS + b"\r\n", "many headers"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "repeated length"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\ncontent-length: 2\r\n\r\n", "two lengths"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n", "list of lengths"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", "signed length"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", "negative length"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\n", "hexadecimal length"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1_0\r\n\r\n", "length with an underscore"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \xb2\r\n\r\n", "superscript length"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", "empty length"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", "vast length"),
    (
        400,
        b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "both framings",
    ),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", "identity"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", "chunked twice"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", "chunked not last"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n", "empty coding"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", "nearly chunked"),
    (400, b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0bchunked\r\n\r\n", "vertical tab"),
    (400, b"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "chunked in HTTP/1.0"),
    (
        400,
        b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
        "second line of codings",
    ),
    (501, b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "unknown coding"),
    (417, b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: a-miracle\r\n\r\n", "unknown expectation"),
]


@pytest.mark.parametrize(("status", "raw"), [(s, r) for s, r, _ in BAD], ids=[name for *_, name in BAD])
def test_what_is_refused(status: int, raw: bytes) -> None:
    assert refusal(raw)[0] == status


def test_refusals_say_what_to_do() -> None:
    assert "HTTP/2" in refusal(b"PRI * HTTP/2.0\r\n\r\n")[1]
    assert "HTTPS" in refusal(b"\x16\x03\x01")[1]


def test_framing() -> None:
    assert frame(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n") == Framing(0, True, False)
    assert frame(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 007\r\n\r\n").length == 7
    assert frame(b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\n\r\n").length is None
    assert frame(b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n\r\n").expects_continue
    assert not frame(b"PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expects_continue
    assert not frame(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Foo, CLOSE\r\n\r\n").keep_alive
    assert not frame(b"GET / HTTP/1.0\r\n\r\n").keep_alive
    assert frame(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive


SHORT = [raw for _, raw, _ in BAD if len(raw) < 200] + [GOOD + GOOD, b"\r\n\r\n" + GOOD + b"rest", GOOD[:-1]]


@pytest.mark.parametrize("raw", SHORT)
def test_splitting_anywhere_changes_nothing(raw: bytes) -> None:
    whole = outcome([raw])
    assert outcome([raw[i : i + 1] for i in range(len(raw))]) == whole
    for cut in range(1, len(raw)):
        assert outcome([raw[:cut], raw[cut:]]) == whole


@pytest.mark.parametrize("size", [MAX_HEAD - 1, MAX_HEAD, MAX_HEAD + 1])
def test_the_limit_is_exact_however_it_arrives(size: int) -> None:
    start = b"GET / HTTP/1.1\r\nHost: h\r\nX: "
    raw = start + b"a" * (size - len(start) - 4) + b"\r\n\r\n"
    assert len(raw) == size
    expected = "head" if size <= MAX_HEAD else "refused"
    assert outcome([raw])[0] == expected
    assert outcome([raw[i : i + 1000] for i in range(0, size, 1000)]) == outcome([raw])
    assert outcome([raw[:-1], raw[-1:]]) == outcome([raw])


WORDS = [b"GET", b" ", b"/", b"HTTP/1.1", b"HTTP/1.0", b"\r\n", b"\r", b"\n", b":", b"Host: h", b"a", b"\x00"]
PHRASES = [b"Content-Length: 3", b"\xff", b"\t", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: h\r\n"]
SOUP = st.lists(st.sampled_from([*WORDS, *PHRASES]), max_size=25).map(b"".join)


@settings(max_examples=150, deadline=None)
@given(SOUP, st.lists(st.integers(0, 80), max_size=6))
def test_any_bytes_split_anyhow_have_one_outcome(raw: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in cuts if cut < len(raw)), len(raw)]
    pieces = [raw[start:end] for start, end in itertools.pairwise(places)]
    assert outcome(pieces) == outcome([raw])


NAMES = st.from_regex(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}", fullmatch=True)
VALUES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=20
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_every_legal_header_survives(pairs: list[tuple[str, str]]) -> None:
    pairs = [(name, value) for name, value in pairs if name.lower() != "host"]
    lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    head = parse(f"GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n".encode("latin-1"))
    assert list(head.headers.items())[1:] == [(name, value.strip(" \t")) for name, value in pairs]
