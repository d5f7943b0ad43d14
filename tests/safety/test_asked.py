"""The bytes of a blob are what a client put there, or they are not."""

from __future__ import annotations

import base64
import itertools

import pytest

from harness.exchange import Exchange, Fidelity, Framing, Request, Response
from harness.safety.asked import accounted
from harness.wire.body import body_of

NUMBERS = itertools.count()
ID = base64.b64encode(b"one").decode(), base64.b64encode(b"two").decode()


def put(target: str, data: bytes, *, status: int | None = 201, told: int | None = None) -> Exchange:
    """A request; `told` is its Content-Length where it broke off."""
    headers = (("Content-Length", str(len(data) if told is None else told)),)
    answer = None if status is None else Response(status, "", (), body_of(b""), Framing.LENGTH)
    request = Request("PUT", f"/acct/c/b{target}", headers, body_of(data))
    return Exchange(request, answer, Fidelity.TAP, "http", float(next(NUMBERS)), 0.1)


def block(number: int, data: bytes) -> Exchange:
    return put(f"?comp=block&blockid={ID[number].replace('=', '%3D')}", data)


def commit(*numbers: int) -> Exchange:
    names = "".join(f"<Latest>{ID[number]}</Latest>" for number in numbers)
    return put("?comp=blocklist", f"<BlockList>{names}</BlockList>".encode())


def append(data: bytes, *, status: int | None = 201) -> Exchange:
    return put("?comp=appendblock", data, status=status)


@pytest.mark.parametrize(
    ("requests", "found", "fine"),
    [
        ([put("", b"abc")], b"abc", True),
        ([put("", b"abc", status=None)], b"abc", True),
        ([put("", b"abc", status=412)], b"abc", False),
        ([put("", b"ab", status=None, told=3)], b"ab", False),
        ([block(0, b"ab"), block(1, b"c"), commit(0, 1)], b"abc", True),
        ([block(0, b"ab"), block(1, b"c"), commit(0)], b"ab", True),
        ([block(0, b"ab"), block(0, b"xy"), commit(0)], b"xy", True),
        ([block(0, b"ab"), block(1, b"c"), commit(1, 0)], b"abc", False),
        ([block(0, b"ab"), block(1, b"c")], b"ab", False),
        ([append(b"ab"), append(b"c")], b"abc", True),
        ([append(b"ab", status=None), append(b"ab")], b"abab", True),
        ([append(b"ab", status=None), append(b"ab")], b"ab", True),
        ([append(b"ab"), append(b"c")], b"ab", False),
        ([], b"", False),
    ],
)
def test_accounted(requests: list[Exchange], found: bytes, fine: bool) -> None:
    assert accounted(requests, "/acct", "b", found) is fine


def test_what_was_put_elsewhere_does_not_count() -> None:
    assert not accounted([put("", b"abc")], "/acct", "another", b"abc")
