"""The fake issuer is a real OpenID Connect server: real libraries get and check its tokens."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential

from harness.endpoint import Secret
from harness.endpoints.builtin import Running
from harness.endpoints.credentials import Issuer, IssuerTokens
from harness.endpoints.errors import TokenError

AUDIENCE = "https://storage.azure.com"
SCOPE = f"{AUDIENCE}/.default"


@pytest.fixture
def tokens(reference: Running) -> IssuerTokens:
    assert isinstance(reference.endpoint.tokens, IssuerTokens)
    return reference.endpoint.tokens


def fetch(issuer: Issuer, url: str, **headers: str) -> Any:
    context = ssl.create_default_context(cafile=str(issuer.ca_file))
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, context=context, timeout=10) as response:
        return json.load(response)


def claims(issuer: Issuer, token: Secret) -> dict[str, Any]:
    """The claims of a token, checked as a service checks them."""
    discovery = fetch(issuer, f"{issuer.issuer}/.well-known/openid-configuration")
    keys = jwt.PyJWKSet.from_dict(fetch(issuer, discovery["jwks_uri"]))
    key = keys[jwt.get_unverified_header(token.reveal())["kid"]]
    checked: dict[str, Any] = jwt.decode(
        token.reveal(), key, algorithms=["RS256"], audience=AUDIENCE, issuer=discovery["issuer"]
    )
    return checked


def test_a_token_holds_against_discovery_and_keys(tokens: IssuerTokens) -> None:
    said = claims(tokens.issuer, tokens.token())
    assert said["roles"] == ["admin"]
    assert said["iss"] == tokens.issuer.issuer
    assert {"tid", "oid", "appid", "exp", "nbf", "iat"} <= said.keys()


def test_a_token_is_asked_for_once(tokens: IssuerTokens) -> None:
    assert tokens.token() == tokens.token()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"exp": -60}, jwt.ExpiredSignatureError),
        ({"nbf": 600}, jwt.ImmatureSignatureError),
        ({"aud": "https://elsewhere.example"}, jwt.InvalidAudienceError),
        ({"iss": "https://elsewhere.example"}, jwt.InvalidIssuerError),
        ({"$key": "other"}, jwt.InvalidSignatureError),
        ({"$alg": "none"}, jwt.InvalidAlgorithmError),
    ],
)
def test_broken_tokens_are_broken_in_one_way(
    tokens: IssuerTokens, change: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        claims(tokens.issuer, tokens.mint(change))


def test_claims_can_be_changed_and_removed(tokens: IssuerTokens) -> None:
    said = claims(tokens.issuer, tokens.mint({"roles": ["reader:c/prefix"], "oid": None}))
    assert said["roles"] == ["reader:c/prefix"]
    assert "oid" not in said


def test_azure_identity_gets_a_token(tokens: IssuerTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = tokens.issuer
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(issuer.ca_file))
    parts = urlsplit(issuer.issuer or "")

    def credential(secret: str) -> ClientSecretCredential:
        return ClientSecretCredential(
            tenant_id=parts.path.split("/")[1],
            client_id=issuer.client_id,
            client_secret=secret,
            authority=f"https://{parts.netloc}",
            disable_instance_discovery=True,
        )

    granted = credential(issuer.client_secret.reveal()).get_token(SCOPE)
    assert claims(issuer, Secret(granted.token))["aud"] == AUDIENCE
    with pytest.raises(ClientAuthenticationError):
        credential("wrong").get_token(SCOPE)


def test_managed_identity_gets_a_token(tokens: IssuerTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = tokens.issuer
    assert issuer.identity_endpoint is not None
    assert issuer.identity_header is not None
    monkeypatch.setenv("IDENTITY_ENDPOINT", issuer.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", issuer.identity_header.reveal())
    granted = ManagedIdentityCredential().get_token(SCOPE)
    assert claims(issuer, Secret(granted.token))["aud"] == AUDIENCE


def test_managed_identity_wants_its_header(tokens: IssuerTokens) -> None:
    url = f"{tokens.issuer.identity_endpoint}?api-version=2019-08-01&resource={AUDIENCE}"
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(tokens.issuer, url, **{"X-Identity-Header": "wrong"})
    assert caught.value.code == 401


def test_a_wrong_secret_is_one_clear_line(tokens: IssuerTokens) -> None:
    issuer = tokens.issuer
    wrong = IssuerTokens(Issuer(issuer.token_url, issuer.client_id, Secret("wrong"), issuer.ca_file))
    with pytest.raises(TokenError, match="gave no token: 401"):
        wrong.token()
    with pytest.raises(TokenError, match="valid tokens only"):
        wrong.mint({"exp": -1})
    untrusting = IssuerTokens(Issuer(issuer.token_url, issuer.client_id, Secret("wrong")))
    with pytest.raises(TokenError, match="gave no token"):
        untrusting.token()
