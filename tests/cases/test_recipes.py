"""Bodies from recipes: the same bytes every time, at any size, and in any piece."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from harness.cases import case as c
from harness.cases.recipes import (
    Rendered,
    UnsignedBatchError,
    content,
    crc64_base64,
    md5_base64,
    random_bytes,
    render_body,
    size,
)
from harness.cases.template import Scope, render

SCOPE = Scope("a", "http://h/a", "c", "own", "new", "b", "seed", datetime(2026, 1, 1, tzinfo=UTC))


def test_random_is_sha256_in_counter_mode() -> None:
    wanted = b"".join(hashlib.sha256(f"9:{index}".encode()).digest() for index in range(3))
    assert content(c.Random(70, 9), SCOPE) == wanted[:70]
    assert content(c.Random(0, 9), SCOPE) == b""


@pytest.mark.parametrize(
    ("first", "last"), [(0, 0), (0, 99), (31, 32), (5, 63), (64, 64), (98, 500), (100, 120)]
)
def test_a_slice_is_that_piece_of_the_whole(first: int, last: int) -> None:
    whole = random_bytes(1, 0, 100)
    assert content(c.Slice(c.Random(100, 1), first, last), SCOPE) == whole[first : last + 1]
    assert content(c.Slice(c.Join((c.Random(100, 1),)), first, last), SCOPE) == whole[first : last + 1]


def test_sizes_are_known_without_the_bytes() -> None:
    recipe = c.Join((c.Zeros(1 << 40), c.Slice(c.Random(10, 1), 2, 5), c.Hex(b"abc")))
    assert size(recipe) == (1 << 40) + 4 + 3
    assert size(c.Text("{blob}")) is None
    assert size(c.Join((c.Text("x"), c.Zeros(1)))) is None


def test_a_block_list_is_well_formed_and_counts() -> None:
    entries = (c.ListedBlock("Latest", "{id:n}", 3), c.ListedBlock("Committed", "a&<b>"))
    data = content(c.BlockListXml(entries), SCOPE)
    assert data.startswith(b'<?xml version="1.0" encoding="utf-8"?><BlockList>')
    top = ElementTree.fromstring(data)
    assert [(child.tag, child.text) for child in top] == [
        ("Latest", "YmxvY2stMDAwMDAwMDA="),
        ("Latest", "YmxvY2stMDAwMDAwMDE="),
        ("Latest", "YmxvY2stMDAwMDAwMDI="),
        ("Committed", "a&<b>"),
    ]


def test_a_batch_is_framed_and_needs_a_signer() -> None:
    recipe = c.Batch((c.BatchPart("DELETE", "/{container}/{blob}"),))
    with pytest.raises(UnsignedBatchError):
        render_body(recipe, SCOPE)
    made = render_body(recipe, SCOPE, lambda part, counted: f"{part.method} {part.target}\r\n\r\n".encode())
    boundary = (made.content_type or "").partition("boundary=")[2]
    assert made == Rendered(
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: 0\r\n\r\nDELETE /{{container}}/{{blob}}\r\n\r\n\r\n--{boundary}--\r\n".encode(),
        f"multipart/mixed; boundary={boundary}",
    )


def test_hashes_are_those_that_the_service_computes() -> None:
    assert crc64_base64(b"") == "AAAAAAAAAAA="
    assert crc64_base64(b"Hello World") == "YeJLfssylmU="
    assert crc64_base64(b"123456789") == "iJh5CoYUi64="
    assert md5_base64(b"") == "1B2M2Y8AsgTpgAmY7PhCfg=="


def test_a_sub_request_of_a_batch_may_repeat_and_is_counted() -> None:
    recipe = c.Batch((c.BatchPart("DELETE", "/c/{n}", count=3), c.BatchPart("DELETE", "/c/x")))
    made = render_body(recipe, SCOPE, lambda part, scope: render(part.target, scope).encode())
    assert [line for line in made.data.split(b"\r\n") if line.startswith(b"/c/")] == [
        b"/c/0",
        b"/c/1",
        b"/c/2",
        b"/c/x",
    ]
    assert made.data.count(b"Content-ID: 3") == 1
