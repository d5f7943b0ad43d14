"""What the readers make of captures: bodies, hosts, failures, and memory that stays bounded."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.captures import Captured, LeftOut, open_capture
from harness.captures.hosts import Census, Wanted
from harness.captures.stream import Shortened
from harness.endpoint import Style
from harness.exchange import Exchange, Fidelity
from harness.wire.body import KEEP
from tests.captures.made import SAID, flow, har, har_entry, line, tnetstring


def read(path: Path) -> list[Captured | LeftOut]:
    return list(open_capture(path).entries())


def only(path: Path) -> Exchange:
    """The one exchange of a capture."""
    (entry,) = read(path)
    assert isinstance(entry, Captured)
    return entry.exchange


def answer(tmp_path: Path, content: dict[str, Any], said: dict[str, str] | None = None) -> bytes | None:
    """The body that is read of an entry with this content."""
    exchange = only(har(tmp_path / "a.har", har_entry(method="GET", status=200, content=content, said=said)))
    assert exchange.response is not None
    return exchange.response.body.data


MARKED = "\ufeff<a>é</a>"


def test_bodies_of_answers(tmp_path: Path) -> None:
    packed = base64.b64encode(MARKED.encode()).decode()
    as_latin = MARKED.encode().decode("latin-1")
    assert answer(tmp_path, {"size": 12, "text": packed, "encoding": "base64"}) == MARKED.encode()
    assert answer(tmp_path, {"size": 12, "text": MARKED}) == MARKED.encode()
    assert answer(tmp_path, {"size": 12, "text": as_latin}) == MARKED.encode()
    assert answer(tmp_path, {"text": as_latin}) == MARKED.encode()
    assert answer(tmp_path, {"size": 0}) == b""
    assert answer(tmp_path, {"size": 7}) is None  # there was one, and the capture has not kept it
    assert answer(tmp_path, {"size": 0}, {**SAID, "Content-Length": "7"}) is None


@pytest.mark.parametrize(
    ("text", "length", "kept"),
    [
        ("abc", 3, True),
        ("a\nb", 4, False),
        ("é", 2, True),
        ("é", 1, True),
        ("\ufffd\ufffd", 2, False),
        (None, 0, True),
        (None, 5, False),
    ],
)
def test_bodies_of_requests_are_kept_if_they_are_as_long_as_they_say(
    tmp_path: Path, text: str | None, length: int, kept: bool
) -> None:
    request = {"bodySize": length, **({} if text is None else {"postData": {"text": text}})}
    body = only(har(tmp_path / "a.har", har_entry(request=request))).request.body
    assert body.length == length
    assert (body.data is not None) is kept
    posted = line(request_headers=[["Content-Length", str(length)]], request_body=text)
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(posted))
    body = only(path).request.body
    assert (body.length, body.data is not None) == (length, kept)


def test_what_recorders_put_in_the_place_of_a_body_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(line(source="cpp:x", request_body="__bodyStream", response_body="<bin>")))
    exchange = only(path)
    assert exchange.fidelity is Fidelity.SDK_RECORDING
    assert exchange.response is not None
    assert exchange.request.body.data is exchange.response.body.data is None


def test_entries_that_went_over_no_wire_are_left_out(tmp_path: Path) -> None:
    entries = read(
        har(tmp_path / "a.har", har_entry(_fromCache="disk"), har_entry("data:text/plain,x"), har_entry())
    )
    assert [isinstance(one, LeftOut) for one in entries] == [True, True, False]
    part = line(source="cpp:BatchTest", response_headers=[["x-ms-version", "2020-10-02"]])
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(part))
    assert [isinstance(one, LeftOut) for one in read(path)] == [True]
    path = tmp_path / "a.flow"
    path.write_bytes(tnetstring({**flow(), "type": "tcp"}) + tnetstring(flow()))
    assert [isinstance(one, LeftOut) for one in read(path)] == [True, False]


def test_flows_without_a_whole_answer(tmp_path: Path) -> None:
    path = tmp_path / "a.flow"
    path.write_bytes(tnetstring({**flow(), "response": None, "error": {"msg": "gone", "timestamp": 1.0}}))
    exchange = only(path)
    assert (exchange.response, exchange.failure) == (None, "closed-early: gone")
    path.write_bytes(tnetstring(flow(response={"content": None, "headers": [[b"Content-Length", b"9"]]})))
    exchange = only(path)
    assert exchange.response is not None
    assert (exchange.response.body.length, exchange.response.body.data) == (9, None)


def test_a_long_body_in_a_flow_is_known_by_its_digest(tmp_path: Path) -> None:
    content = b"x" * (KEEP + 1)
    path = tmp_path / "a.flow"
    path.write_bytes(tnetstring(flow(response={"content": content})) + tnetstring(flow()))
    first, second = read(path)
    assert isinstance(first, Captured)
    assert isinstance(second, Captured)
    assert first.exchange.response is not None
    body = first.exchange.response.body
    assert (body.length, body.data) == (len(content), None)
    assert body.sha256 == hashlib.sha256(content).hexdigest()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=20,
)


class Pieces(io.RawIOBase):
    """A stream that gives what it has in pieces of its own choice."""

    def __init__(self, data: bytes, sizes: Iterator[int]) -> None:
        self._stream, self._sizes = io.BytesIO(data), sizes

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(next(self._sizes, size))


@settings(max_examples=200, deadline=None)
@given(JSON, st.lists(st.integers(1, 9), max_size=200), st.integers(0, 40), st.booleans())
def test_texts_that_are_too_long_are_taken_out_and_nothing_else(
    value: Any, sizes: list[int], limit: int, ascii_only: bool
) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    short = Shortened(Pieces(data, iter(sizes)), limit)  # type: ignore[arg-type]
    made = b"".join(iter(lambda: short.read(7), b""))

    def expected(one: Any) -> Any:
        if isinstance(one, str):
            raw = json.dumps(one, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")[1:-1]
            return one if len(raw) <= limit else None
        if isinstance(one, list):
            return [expected(inner) for inner in one]
        if isinstance(one, dict):
            return [[expected(key), expected(inner)] for key, inner in one.items()]
        return one

    def marked(one: Any) -> Any:
        if isinstance(one, list):
            return [marked(inner) for inner in one]
        return None if one == short.mark else one

    def listed(items: list[tuple[str, Any]]) -> Any:
        return [list(item) for item in items]

    loaded = json.loads(made.decode("utf-8", "surrogatepass"), object_pairs_hook=listed)
    kept = expected(value)
    # A text may be left as it is although it is too long, if it came in one piece: it is in memory then.
    assert marked(loaded) == kept or _same_but_whole(marked(loaded), kept)


def _same_but_whole(made: Any, kept: Any) -> bool:
    if isinstance(made, list) and isinstance(kept, list):
        return len(made) == len(kept) and all(map(_same_but_whole, made, kept))
    return made == kept or (kept is None and isinstance(made, str))


STYLES = [
    ("https://acct.blob.core.windows.net/c?restype=container", {}, Style.HOST, "acct"),
    ("http://127.0.0.1:10000/acct/c?restype=container", {}, Style.PATH, "acct"),
    ("http://localhost/acct/c/b", {}, Style.PATH, "acct"),
    ("https://storage.example.net/acct/c?restype=container&comp=list", {}, Style.PATH, "acct"),
    ("https://storage.example.net/acct?comp=list", {}, Style.PATH, "acct"),
    ("https://acct.example.net/?comp=list", {}, Style.HOST, "acct"),
    ("https://storage.example.net/acct/c/b", {"Authorization": "SharedKey acct:x"}, Style.PATH, "acct"),
    ("https://acct.example.net/acct/b", {"Authorization": "SharedKey acct:x"}, Style.HOST, "acct"),
    ("http://[::1]:10000/acct/c/b", {}, Style.PATH, "acct"),
]


@pytest.mark.parametrize(("url", "asked", "style", "account"), STYLES)
def test_the_style_is_found_from_the_traffic(
    tmp_path: Path, url: str, asked: dict[str, str], style: Style, account: str
) -> None:
    entry = har_entry(url, "GET", 200, asked={**asked, "x-ms-version": "2024-11-04"})
    (captured,) = read(har(tmp_path / "a.har", entry))
    assert isinstance(captured, Captured)
    census = Census(Wanted())
    census.add(captured)
    address = census.address(captured)
    assert address is not None
    assert (address.style, address.account) == (style, account)
    assert str(address) == (
        f"{url[: url.index('/', 8)]}/{account}" if style is Style.PATH else url[: url.index("/", 8)]
    )


LARGE = """
import resource, sys
from pathlib import Path
from harness.captures import inspect, open_capture
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = inspect(open_capture(Path(sys.argv[1])))
print(found.exchanges, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("kind", ["har", "flow"])
def test_a_large_capture_takes_little_memory(tmp_path: Path, kind: str) -> None:
    path, size = tmp_path / f"large.{kind}", 48 << 20
    with path.open("wb") as file:
        if kind == "har":
            text = base64.b64encode(bytes(256 << 10)).decode()
            small = json.dumps(har_entry(content={"size": 256 << 10, "text": text, "encoding": "base64"}))
            long = json.dumps(har_entry(content={"size": size, "text": "?", "encoding": "base64"}))
            file.write(b'{"log": {"entries": [' + long.encode().partition(b"?")[0])
            for _ in range(size >> 20):
                file.write(b"A" * (1 << 20))
            file.write(long.encode().partition(b"?")[2])
            for _ in range(150):
                file.write(b"," + small.encode())
            file.write(b"]}}")
        else:
            file.write(tnetstring(flow(response={"content": bytes(size)})))
            for _ in range(150):
                file.write(tnetstring(flow(response={"content": bytes(256 << 10)})))
    done = subprocess.run([sys.executable, "-c", LARGE, path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    count, kilobytes = map(int, done.stdout.split())
    assert count == 151
    assert kilobytes < 110 << 10
