"""An endpoint as text, for a child process that is to test the same one. The text holds secrets.

Hand it over in an environment variable or a pipe; never write it to a file, a log or a command line.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.endpoint import Endpoint, Secret, Style, TokenSource
from harness.endpoints.credentials import IdentityTokens, Issuer, IssuerTokens

VARIABLE = "BLOBPROOF_ENDPOINT"
"""The environment variable in which parents hand an endpoint to their children."""


def dump(endpoint: Endpoint) -> str:
    """The endpoint with its secrets. Raises `TypeError` for a token source that cannot be handed over."""
    return json.dumps(
        {
            "name": endpoint.name,
            "url": endpoint.url,
            "account": endpoint.account,
            "style": endpoint.style,
            "key": _reveal(endpoint.key),
            "sas": _reveal(endpoint.sas),
            "tokens": _dump_tokens(endpoint.tokens),
            "connect": endpoint.connect,
            "ca_file": _path_text(endpoint.ca_file),
            "also": dict(endpoint.also),
            "version": endpoint.version,
            "declared": endpoint.declared,
            "disposable": endpoint.disposable,
            "settles": endpoint.settles,
        }
    )


def load(text: str) -> Endpoint:
    """The endpoint that `dump` described."""
    data: dict[str, Any] = json.loads(text)
    return Endpoint(
        name=data["name"],
        url=data["url"],
        account=data["account"],
        style=Style(data["style"]),
        key=_secret(data["key"]),
        sas=_secret(data["sas"]),
        tokens=_load_tokens(data["tokens"]),
        connect=None if data["connect"] is None else (data["connect"][0], data["connect"][1]),
        ca_file=_path(data["ca_file"]),
        also=MappingProxyType(data["also"]),
        version=data["version"],
        declared=data["declared"],
        disposable=data["disposable"],
        settles=data["settles"],
    )


def _dump_tokens(tokens: TokenSource | None) -> dict[str, object] | None:
    match tokens:
        case None:
            return None
        case IdentityTokens():
            return {"kind": "identity"}
        case IssuerTokens(issuer=issuer):
            return {
                "kind": "issuer",
                "token_url": issuer.token_url,
                "client_id": issuer.client_id,
                "client_secret": issuer.client_secret.reveal(),
                "ca_file": _path_text(issuer.ca_file),
                "issuer": issuer.issuer,
                "can_mint": issuer.can_mint,
                "identity_endpoint": issuer.identity_endpoint,
                "identity_header": _reveal(issuer.identity_header),
            }
    raise TypeError(f"a token source of type {type(tokens).__name__} cannot be handed to another process")


def _load_tokens(data: dict[str, Any] | None) -> TokenSource | None:
    if data is None:
        return None
    if data["kind"] == "identity":
        return IdentityTokens()
    return IssuerTokens(
        Issuer(
            token_url=data["token_url"],
            client_id=data["client_id"],
            client_secret=Secret(data["client_secret"]),
            ca_file=_path(data["ca_file"]),
            issuer=data["issuer"],
            can_mint=data["can_mint"],
            identity_endpoint=data["identity_endpoint"],
            identity_header=_secret(data["identity_header"]),
        )
    )


def _reveal(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _path_text(path: Path | None) -> str | None:
    return None if path is None else str(path)
