"""Bearer tokens: the Authorization header, and tokens that are wrong in one named way."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from harness.endpoint import MintingTokenSource, Secret, TokenSource
from harness.signing.spec import Bearer

TAMPERED_CLAIMS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "expired": MappingProxyType({"iat": -7200, "nbf": -7200, "exp": -3600}),
        "audience": MappingProxyType({"aud": "https://management.azure.com"}),
        "issuer": MappingProxyType({"iss": "https://sts.invalid/00000000-0000-0000-0000-000000000000/"}),
    }
)
"""What a tampered token says; times in seconds from now."""


class CannotMintError(Exception):
    """The endpoint's token source makes valid tokens only."""


def bearer_token(source: TokenSource, auth: Bearer) -> Secret:
    """The token that this step asks for. Raises `CannotMintError`."""
    if auth.tamper == "signature":
        return broken_signature(source.token())
    claims = {**auth.claims, **TAMPERED_CLAIMS.get(auth.tamper or "", {})}
    if not claims:
        return source.token()
    if not hasattr(source, "mint"):
        raise CannotMintError
    return cast("MintingTokenSource", source).mint(claims)


def broken_signature(token: Secret) -> Secret:
    """The same token with one character of its signature changed.

    The first character of the signature, because the last one of base64 carries bits that do not count.
    """
    head, dot, signature = token.reveal().rpartition(".")
    return Secret(head + dot + ("B" if signature.startswith("A") else "A") + signature[1:])


def authorization(token: Secret) -> str:
    """The value of the Authorization header."""
    return f"Bearer {token.reveal()}"
