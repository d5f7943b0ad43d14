"""Get User Delegation Key: asked once, asked rightly, and refusals are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from harness.endpoint import Endpoint, Secret, Style
from harness.signing.delegation import DelegationKeyError, delegation_key
from tests.wire.servers import scripted

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
KEY = (
    b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><UserDelegationKey><SignedOid>oid</SignedOid>'
    b"<SignedTid>tid</SignedTid><SignedStart>s</SignedStart><SignedExpiry>e</SignedExpiry>"
    b"<SignedService>b</SignedService><SignedVersion>2025-07-05</SignedVersion><Value>a2V5</Value>"
    b"</UserDelegationKey>"
)


class Tokens:
    """One token for ever."""

    def token(self) -> Secret:
        return Secret("token")


def answer(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d Reason\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def at(authority: str, tokens: Tokens | None) -> Endpoint:
    return Endpoint("lab", f"http://{authority}/acct", "acct", Style.PATH, tokens=tokens)


def test_the_key_is_asked_for_once_until_it_is_about_to_expire() -> None:
    with scripted([answer(200, KEY)]) as server:
        endpoint = at(server.authority, Tokens())
        first = delegation_key(endpoint, NOW)
        assert delegation_key(endpoint, NOW + timedelta(hours=3)) == first
        assert len(server.requests) == 1
        delegation_key(endpoint, NOW + timedelta(hours=4))
        delegation_key(at(server.authority, Tokens()), NOW + timedelta(hours=4))
    assert len(server.requests) == 3
    assert (first.skoid, first.skv, first.value) == ("oid", "2025-07-05", Secret("a2V5"))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /acct/?restype=service&comp=userdelegationkey HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer token" in head
    assert b"<Start>2026-11-22T15:25:00Z</Start><Expiry>2026-11-22T19:30:00Z</Expiry>" in body


@pytest.mark.parametrize(
    ("reply", "about"),
    [
        (answer(403, b""), "with 403 Reason"),
        (answer(200, b"nonsense"), "gave no user delegation key"),
        (answer(200, b"<UserDelegationKey/>"), "has no SignedOid"),
        (b"", "did not answer"),
    ],
)
def test_a_refusal_is_told(reply: bytes, about: str) -> None:
    with (
        scripted([reply], close_after=1) as server,
        pytest.raises(DelegationKeyError, match=about) as caught,
    ):
        delegation_key(at(server.authority, Tokens()), NOW)
    assert caught.value.exchange.request.method == "POST"


def test_without_tokens_there_is_nothing_to_ask_with() -> None:
    with pytest.raises(ValueError, match="no token source"):
        delegation_key(at("127.0.0.1:1", None), NOW)
