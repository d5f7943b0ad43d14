"""From what the user wrote to an endpoint: a URL, a connection string, a TOML file, or the environment."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping

from harness.endpoint import Endpoint, Secret, Style
from harness.endpoints.address import Address, parse_url
from harness.endpoints.errors import (
    BadConnectionStringError,
    BadCredentialsError,
    EnvironmentMissingError,
    UnknownEndpointError,
)

CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING"
ACCOUNT = "AZURE_STORAGE_ACCOUNT"
KEY = "AZURE_STORAGE_KEY"
SAS = "AZURE_STORAGE_SAS_TOKEN"
CREDENTIALS_HINT = f"Set {KEY} or {SAS}, or give a TOML file with auth."

# The account and key that every emulator knows; they are public.
_EMULATOR_ACCOUNT = "devstoreaccount1"
_EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_EMULATOR_URL = "http://127.0.0.1:10000/devstoreaccount1"

_SETTING = re.compile(r"\s*([A-Za-z]+)=(.*)", re.DOTALL)
_LOOKS_LIKE_SETTINGS = re.compile(
    r"\s*(DefaultEndpointsProtocol|AccountName|AccountKey|BlobEndpoint|EndpointSuffix|SharedAccessSignature"
    r"|UseDevelopmentStorage|DevelopmentStorageProxyUri)=",
    re.IGNORECASE,
)


def looks_like_connection_string(text: str) -> bool:
    """Whether this is a connection string, rather than anything else."""
    return _LOOKS_LIKE_SETTINGS.match(text) is not None


def from_url(
    text: str,
    environ: Mapping[str, str] | None = None,
    *,
    style: Style | None = None,
    name: str | None = None,
) -> Endpoint:
    """An endpoint from its URL; credentials from the query (a SAS) or the environment.

    Raises `BadUrlError`, `BadCredentialsError`.
    """
    env = os.environ if environ is None else environ
    address = parse_url(text, style=style, fallback=env.get(ACCOUNT))
    key, sas = credentials(address.account, env)
    if address.sas:
        sas = Secret(address.sas)
    return endpoint_at(address, name or text.partition("?")[0], key=key, sas=sas)


def from_connection_string(text: str, name: str | None = None) -> Endpoint:
    """An endpoint from a connection string; its name is its URL, unless another is given.

    Raises `BadConnectionStringError` and those of `from_url`.
    """
    settings = _settings(text)
    if settings.get("usedevelopmentstorage", "").lower() == "true":
        return endpoint_at(
            parse_url(_EMULATOR_URL), name or _EMULATOR_URL, key=Secret(_EMULATOR_KEY), sas=None
        )
    account = settings.get("accountname")
    url = settings.get("blobendpoint")
    if url is None:
        if account is None:
            raise BadConnectionStringError(
                "the connection string has neither AccountName nor BlobEndpoint",
                "Copy the whole string, as the portal or the vendor shows it.",
            )
        scheme = settings.get("defaultendpointsprotocol", "https")
        url = f"{scheme}://{account}.blob.{settings.get('endpointsuffix', 'core.windows.net')}"
    address = parse_url(url, account=account)
    key = settings.get("accountkey")
    sas = settings.get("sharedaccesssignature") or address.sas
    return endpoint_at(
        address,
        name or address.url,
        key=None if key is None else checked_key(key, "AccountKey of the connection string"),
        sas=None if sas is None else Secret(sas.removeprefix("?")),
    )


def from_environment(environ: Mapping[str, str] | None = None, name: str = "env") -> Endpoint:
    """An endpoint from the environment names that Azure users know.

    Raises `EnvironmentMissingError`, and what `from_url` and `from_connection_string` raise.
    """
    env = os.environ if environ is None else environ
    if text := env.get(CONNECTION_STRING):
        return from_connection_string(text, name)
    account = env.get(ACCOUNT)
    if not account:
        raise EnvironmentMissingError(
            f"neither {CONNECTION_STRING} nor {ACCOUNT} is set", "Set one of them, or give a URL."
        )
    return from_url(f"https://{account}.blob.core.windows.net", env, name=name)


def endpoint_at(address: Address, name: str, *, key: Secret | None, sas: Secret | None) -> Endpoint:
    """An endpoint at this address, with these credentials."""
    return Endpoint(
        name=name, url=address.url, account=address.account, style=address.style, key=key, sas=sas
    )


def credentials(account: str, env: Mapping[str, str]) -> tuple[Secret | None, Secret | None]:
    """Key and SAS for this account, as the environment has them. Raises `BadCredentialsError`."""
    owner = env.get(ACCOUNT)
    if owner and owner != account and (env.get(KEY) or env.get(SAS)):
        raise BadCredentialsError(
            f"{ACCOUNT} is {owner!r}, but the endpoint's account is {account!r}",
            f"Unset {ACCOUNT}, or set it and {KEY} for {account!r}.",
        )
    key = checked_key(env[KEY], KEY) if env.get(KEY) else None
    sas = Secret(env[SAS].removeprefix("?")) if env.get(SAS) else None
    if key is None and sas is None and (text := env.get(CONNECTION_STRING)):
        other = from_connection_string(text)
        if other.account == account:
            return other.key, other.sas
    return key, sas


def checked_key(text: str, where: str) -> Secret:
    """An account key that is base64. Raises `BadCredentialsError`; the message does not show it."""
    try:
        if not base64.b64decode(text.strip(), validate=True):
            raise ValueError
    except (ValueError, binascii.Error):
        raise BadCredentialsError(
            f"{where} is no base64 account key", "Copy the whole key, with the = signs at its end."
        ) from None
    return Secret(text.strip())


def unknown(name: str) -> UnknownEndpointError:
    """The error for a name that nothing fits."""
    return UnknownEndpointError(
        f"no endpoint {name!r}: no such file, and neither a URL, a connection string nor a built-in",
        "Give a URL, a connection string, a TOML file, or one of: env, reference, reference:MUTANT, azurite.",
    )


def _settings(text: str) -> dict[str, str]:
    settings: dict[str, str] = {}
    for item in text.strip().strip(";").split(";"):
        match = _SETTING.fullmatch(item)
        if not match:
            name = item.partition("=")[0].strip()[:30]
            raise BadConnectionStringError(
                f"a part of the connection string is no NAME=VALUE: it begins with {name!r}",
                "Copy the whole string; in a shell, put it into quotes.",
            )
        settings[match.group(1).lower()] = match.group(2)
    return settings
