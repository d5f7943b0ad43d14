"""Endpoints as TOML files: which keys there are, and what each means.

    name = "lab"                        # default: the file's name
    url = "https://blob.lab.example/acct"
    style = "path"                      # or "host"; default: inferred from the URL
    account = "acct"                    # default: inferred from the URL
    auth = "key"                        # key, sas, identity, client-credentials or anonymous
    key_env = "LAB_KEY"                 # default AZURE_STORAGE_KEY
    key_file = "lab.key"                # instead of key_env; relative to this file
    sas_env = "LAB_SAS"                 # default AZURE_STORAGE_SAS_TOKEN
    connection_string_env = "LAB"       # instead of url and credentials
    connect = "10.0.0.5:443"            # where to connect instead of resolving the host name
    ca_file = "lab-ca.pem"              # relative to this file
    version = "2025-07-05"              # x-ms-version of our own requests
    declared = "product 5.4"            # what it says it is, for reports
    disposable = true                   # settings of the whole account may be changed too; default: false

    [also]                              # other addresses of the same service
    https = "https://127.0.0.1:8443/acct"
    host = "http://acct.blob.lab.example"

    [issuer]                            # for auth = "client-credentials"
    token_url = "https://issuer.lab.example/token"
    client_id = "blobproof"
    client_secret_env = "LAB_CLIENT_SECRET"

Secrets never stand in the file: it says where they are.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import cast

from harness.endpoint import DEFAULT_VERSION, Endpoint, Secret, Style, TokenSource, is_version
from harness.endpoints import config
from harness.endpoints.address import parse_url
from harness.endpoints.credentials import IdentityTokens, Issuer, IssuerTokens
from harness.endpoints.errors import BadFileError

_TEXTS = frozenset(
    {
        *("name", "url", "style", "account", "auth", "key_env", "key_file", "sas_env"),
        *("connection_string_env", "connect", "ca_file", "version", "declared"),
    }
)
_TABLES = frozenset({"also", "issuer"})
_FACES = frozenset({"https", "host", "host-https"})
_ISSUER = frozenset({"token_url", "client_id", "client_secret_env"})
_AUTHS = ("key", "sas", "identity", "client-credentials", "anonymous")
_SECRETS = frozenset({"key", "sas", "sas_token", "connection_string", "client_secret"})


def from_file(path: Path, environ: Mapping[str, str] | None = None) -> Endpoint:
    """The endpoint that a TOML file describes. Raises an `EndpointError` that names file and key."""
    env = os.environ if environ is None else environ
    return _File(path, _load(path), env).endpoint()


def _load(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadFileError(f"{path} is no TOML: {error}", "Values that are text stand in quotes.") from None
    except UnicodeDecodeError:
        raise BadFileError(f"{path} is no UTF-8 text", "Save it as UTF-8.") from None
    except OSError as error:
        raise BadFileError(f"{path} cannot be read: {error.strerror}", "Check its name and rights.") from None


class _File:
    """One file while it is read."""

    def __init__(self, path: Path, data: dict[str, object], env: Mapping[str, str]) -> None:
        self._path = path
        self._env = env
        self._disposable = self._flag(data.pop("disposable", False))
        self._check(data, _TEXTS, _TABLES, "")
        self._texts = {key: cast("str", value) for key, value in data.items() if key in _TEXTS}
        self._also = self._table(data, "also", _FACES)
        self._issuer = self._table(data, "issuer", _ISSUER)

    def endpoint(self) -> Endpoint:
        """What it describes."""
        name = self._texts.get("name", self._path.stem)
        if variable := self._texts.get("connection_string_env"):
            found = config.from_connection_string(self._variable(variable, "connection_string_env"), name)
        else:
            found = self._from_url(name)
        also = {key: parse_url(url, account=found.account).url for key, url in self._also.items()}
        return replace(
            found,
            connect=self._connect(),
            ca_file=self._ca_file(),
            also=MappingProxyType(also),
            version=self._version(),
            declared=self._texts.get("declared"),
            disposable=self._disposable,
        )

    def _from_url(self, name: str) -> Endpoint:
        url = self._texts.get("url")
        if url is None:
            raise self._error("has no url", 'Add: url = "https://…"')
        style = self._texts.get("style")
        if style is not None and style not in tuple(Style):
            raise self._error(f'says style = "{style}"', 'style is "path" or "host".')
        address = parse_url(
            url, style=None if style is None else Style(style), account=self._texts.get("account")
        )
        key, sas, tokens = self._credentials(address.account)
        if address.sas:
            raise self._error("has a SAS in its url", "Put it into an environment variable: sas_env.")
        return replace(config.endpoint_at(address, name, key=key, sas=sas), tokens=tokens)

    def _credentials(self, account: str) -> tuple[Secret | None, Secret | None, TokenSource | None]:
        match self._auth():
            case "key":
                return self._key(), None, None
            case "sas":
                variable = self._texts.get("sas_env", config.SAS)
                return None, Secret(self._variable(variable, "sas_env").removeprefix("?")), None
            case "identity":
                return None, None, IdentityTokens()
            case "client-credentials":
                return None, None, self._client_credentials()
            case "anonymous":
                return None, None, None
        key, sas = config.credentials(account, self._env)
        return key, sas, None

    def _auth(self) -> str | None:
        said = self._texts.get("auth")
        if said is not None and said not in _AUTHS:
            raise self._error(f'says auth = "{said}"', f"auth is one of: {', '.join(_AUTHS)}.")
        if said is None and self._texts.keys() & {"key_env", "key_file"}:
            return "key"
        return "sas" if said is None and "sas_env" in self._texts else said

    def _key(self) -> Secret:
        if file := self._texts.get("key_file"):
            where = self._relative(file)
            try:
                return config.checked_key(where.read_text(encoding="ascii"), str(where))
            except (OSError, UnicodeDecodeError) as error:
                raise self._error(f"names key_file {file}, which cannot be read", str(error)) from None
        variable = self._texts.get("key_env", config.KEY)
        return config.checked_key(self._variable(variable, "key_env"), variable)

    def _client_credentials(self) -> IssuerTokens:
        if missing := sorted(_ISSUER - self._issuer.keys()):
            raise self._error(f"lacks {missing[0]} in [issuer]", "Client credentials need all three keys.")
        secret = self._variable(self._issuer["client_secret_env"], "client_secret_env")
        return IssuerTokens(
            Issuer(self._issuer["token_url"], self._issuer["client_id"], Secret(secret), self._ca_file())
        )

    def _connect(self) -> tuple[str, int] | None:
        said = self._texts.get("connect")
        if said is None:
            return None
        host, colon, port = said.rpartition(":")
        if not colon or not port.isdigit() or not 0 < int(port) < 65536:
            raise self._error(f'says connect = "{said}"', 'connect is "HOST:PORT".')
        return host.strip("[]"), int(port)

    def _ca_file(self) -> Path | None:
        said = self._texts.get("ca_file")
        if said is None:
            return None
        path = self._relative(said)
        if not path.is_file():
            raise self._error(f"names ca_file {said}, which is not there", f"Looked at {path}.")
        return path

    def _version(self) -> str:
        said = self._texts.get("version", DEFAULT_VERSION)
        if not is_version(said):
            raise self._error(f'says version = "{said}"', f'version is a date, such as "{DEFAULT_VERSION}".')
        return said

    def _relative(self, name: str) -> Path:
        return (self._path.parent / Path(name).expanduser()).resolve()

    def _variable(self, name: str, key: str) -> str:
        if value := self._env.get(name):
            return value
        raise self._error(f"needs the environment variable {name} ({key}), which is not set", f"Set {name}.")

    def _table(self, data: dict[str, object], name: str, known: frozenset[str]) -> dict[str, str]:
        table = data.get(name, {})
        if not isinstance(table, dict):
            raise self._error(f"says {name} = …", f"{name} is a table: [{name}]")
        self._check(table, known, frozenset(), f" in [{name}]")
        return cast("dict[str, str]", table)

    def _check(
        self, table: Mapping[str, object], texts: frozenset[str], tables: frozenset[str], where: str
    ) -> None:
        for key, value in table.items():
            if key in _SECRETS:
                raise self._error(f"has a secret in it ({key}){where}", "Use key_env, key_file or sas_env.")
            if key not in texts | tables:
                raise self._error(
                    f"has an unknown key {key!r}{where}", f"Known: {', '.join(sorted(texts | tables))}."
                )
            if key in texts and not isinstance(value, str):
                raise self._error(f"has a {key}{where} that is no text", "Put it into quotes.")

    def _flag(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise self._error("has a disposable that is neither true nor false", "Write it without quotes.")
        return value

    def _error(self, what: str, hint: str) -> BadFileError:
        return BadFileError(f"{self._path} {what}", hint)
