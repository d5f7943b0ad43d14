"""Secrets do not get into what is written, and everything else does."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from harness.endpoint import Endpoint, Secret, Style
from harness.redact import redact_headers, redact_target, redact_text

KEY = "c2VjcmV0K2tleS93aXRoK3NwZWNpYWxzL2FuZCtwYWRkaW5nPT0="
SIG = "abc/def+ghi="
ENDPOINT = Endpoint(
    "x", "http://h/acct", "acct", Style.PATH, key=Secret(KEY), sas=Secret(f"sv=1&sig={quote(SIG, safe='')}")
)
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJl"


def test_headers_keep_scheme_and_account() -> None:
    headers = (
        ("authorization", f"SharedKey acct:{KEY}"),
        ("Authorization", f"Bearer {JWT}"),
        ("x-ms-copy-source-authorization", f"Bearer {JWT}"),
        ("x-ms-copy-source", f"https://h/c/b?sp=r&sig={quote(SIG, safe='')}&se=2026"),
        ("x-ms-encryption-key", KEY),
        ("X-Plain", "kept"),
    )
    assert redact_headers(headers) == (
        ("authorization", "SharedKey acct:REDACTED"),
        ("Authorization", "Bearer REDACTED"),
        ("x-ms-copy-source-authorization", "Bearer REDACTED"),
        ("x-ms-copy-source", "https://h/c/b?sp=r&sig=REDACTED&se=2026"),
        ("x-ms-encryption-key", "REDACTED"),
        ("X-Plain", "kept"),
    )


def test_a_challenge_is_no_secret() -> None:
    challenge = (
        "WWW-Authenticate",
        "Bearer authorization_uri=https://login.example/t/oauth2/authorize resource_id=https://storage.azure.com",
    )
    assert redact_headers((challenge,)) == (challenge,)


def test_targets_keep_everything_but_the_signature() -> None:
    assert redact_target("/c/b?sv=1&sig=abc%2F&sp=r") == "/c/b?sv=1&sig=REDACTED&sp=r"
    assert redact_target("/c/b?SIG=abc") == "/c/b?SIG=REDACTED"
    assert redact_target("/c/design=1?sigma=2") == "/c/design=1?sigma=2"


def test_a_signature_may_be_written_in_odd_ways() -> None:
    assert redact_target("/c/b?%73iG=abc&sp=r") == "/c/b?%73iG=REDACTED&sp=r"
    assert redact_target("/c/b?url=https%3A%2F%2Fh%2Fx%3Fsp%3Dr%26sig%3Dabc") == (
        "/c/b?url=https%3A%2F%2Fh%2Fx%3Fsp%3Dr%26sig%3DREDACTED"
    )
    assert redact_target("/c/b?access_token=abc&a=b") == "/c/b?access_token=REDACTED&a=b"


def test_headers_that_are_secrets_by_their_names() -> None:
    names = ("X-Api-Key", "Ocp-Apim-Subscription-Key", "X-Amz-Security-Token", "Client-Secret")
    assert redact_headers(tuple((name, "abc") for name in names)) == tuple(
        (name, "REDACTED") for name in names
    )


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        quote(KEY),
        quote(KEY, safe=""),
        f"AccountName=acct;AccountKey={KEY};",
        f"sig={quote(SIG, safe='')}",
        SIG,
        f"Authorization: SharedKey acct:{KEY}",
        f'{{"access_token": "{JWT}"}}',
        f"<UserDelegationKey><Value>{KEY}</Value></UserDelegationKey>",
        f"The MAC signature found in the HTTP request '{KEY}' is not the same",
        "client_secret=hunter22&grant_type=client_credentials",
    ],
)
def test_texts(text: str) -> None:
    redacted = redact_text(text, ENDPOINT)
    assert "REDACTED" in redacted
    for secret in (KEY, SIG, JWT, "hunter22", quote(KEY), quote(SIG, safe="")):
        assert secret not in redacted


def test_ordinary_text_stays() -> None:
    text = 'PUT /acct/c/b?comp=block&blockid=YmxvY2s%3D HTTP/1.1\r\nETag: "0x8D"\r\n<Value>short</Value>'
    assert redact_text(text, ENDPOINT) == text
