"""URLs, connection strings, files and the environment; and what is said about those that make no sense."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from harness.data import folder
from harness.endpoint import Endpoint, Style
from harness.endpoints import Builtin, EndpointError, resolve
from harness.endpoints.address import parse_url
from harness.endpoints.credentials import IdentityTokens, IssuerTokens
from harness.endpoints.errors import (
    BadConnectionStringError,
    BadCredentialsError,
    BadFileError,
    BadUrlError,
    EnvironmentMissingError,
    UnknownEndpointError,
)
from harness.endpoints.file import from_file
from harness.endpoints.handover import dump, load
from harness.vocabulary import ExitCode

KEY = base64.b64encode(b"k" * 64).decode()


def endpoint(name: str, **environ: str) -> Endpoint:
    found = resolve(name, environ)
    assert isinstance(found, Endpoint)
    return found


@pytest.mark.parametrize(
    ("url", "root", "account", "style"),
    [
        ("http://127.0.0.1:10000/acct", "http://127.0.0.1:10000/acct", "acct", Style.PATH),
        ("http://127.0.0.1:10000/acct/", "http://127.0.0.1:10000/acct", "acct", Style.PATH),
        ("http://[::1]:10000/acct", "http://[::1]:10000/acct", "acct", Style.PATH),
        ("https://localhost/acct", "https://localhost/acct", "acct", Style.PATH),
        ("https://acct.blob.core.windows.net", "https://acct.blob.core.windows.net", "acct", Style.HOST),
        ("https://acct.blob.core.windows.net/", "https://acct.blob.core.windows.net", "acct", Style.HOST),
        ("http://acct.blob.localhost:81", "http://acct.blob.localhost:81", "acct", Style.HOST),
        ("http://acct.storage.corp", "http://acct.storage.corp", "acct", Style.HOST),
        ("https://storage.corp:8443/acct", "https://storage.corp:8443/acct", "acct", Style.PATH),
        ("http://minio:9000/acct", "http://minio:9000/acct", "acct", Style.PATH),
    ],
)
def test_urls(url: str, root: str, account: str, style: Style) -> None:
    address = parse_url(url)
    assert (address.url, address.account, address.style) == (root, account, style)


def test_the_style_can_be_said() -> None:
    found = parse_url("https://acct.storage.corp/other", style=Style.PATH)
    assert (found.url, found.account) == ("https://acct.storage.corp/other", "other")
    found = parse_url("https://blob.storage.corp", style=Style.HOST, account="acct")
    assert (found.url, found.account) == ("https://blob.storage.corp", "acct")


@pytest.mark.parametrize(
    ("url", "about"),
    [
        ("ftp://127.0.0.1/acct", "not an http or https URL"),
        ("http:///acct", "not an http or https URL"),
        ("http://127.0.0.1:99999/acct", "not a URL"),
        ("http://127.0.0.1:0/acct", "port 0"),
        ("http://[::1/acct", "not a URL"),
        ("http://user:pass@127.0.0.1/acct", "user information"),
        ("http://127.0.0.1:10000", "names no account"),
        ("http://127.0.0.1:10000/acct/container", "goes past the account"),
        ("https://acct.blob.core.windows.net/container", "goes past the service root"),
        ("http://127.0.0.1/Ac%20ct", "no account name"),
    ],
)
def test_urls_that_name_no_service(url: str, about: str) -> None:
    with pytest.raises(BadUrlError, match=about) as caught:
        resolve(url, {})
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert "pass" not in str(caught.value)


def test_credentials_of_a_url_come_from_the_environment() -> None:
    assert endpoint("http://127.0.0.1/acct").key is None
    key = endpoint("http://127.0.0.1/acct", AZURE_STORAGE_KEY=KEY).key
    assert key is not None
    assert key.reveal() == KEY
    sas = endpoint("http://127.0.0.1/acct", AZURE_STORAGE_SAS_TOKEN="?sv=1&sig=x").sas
    assert sas is not None
    assert sas.reveal() == "sv=1&sig=x"
    string = f"BlobEndpoint=http://elsewhere/acct;AccountName=acct;AccountKey={KEY}"
    assert endpoint("http://127.0.0.1/acct", AZURE_STORAGE_CONNECTION_STRING=string).key == key
    assert endpoint("http://127.0.0.1/other", AZURE_STORAGE_CONNECTION_STRING=string).key is None


def test_a_sas_in_the_url_is_a_credential_and_not_a_name() -> None:
    found = endpoint("http://127.0.0.1/acct?sv=1&sig=secret")
    assert found.sas is not None
    assert found.sas.reveal() == "sv=1&sig=secret"
    assert "secret" not in repr(found)


def test_the_account_of_a_bare_url_comes_from_the_environment() -> None:
    assert endpoint("http://127.0.0.1:81", AZURE_STORAGE_ACCOUNT="acct").url == "http://127.0.0.1:81/acct"


@pytest.mark.parametrize(
    ("environ", "about"),
    [
        ({"AZURE_STORAGE_KEY": "not base64!"}, "no base64"),
        ({"AZURE_STORAGE_KEY": KEY, "AZURE_STORAGE_ACCOUNT": "other"}, "account is 'acct'"),
    ],
)
def test_credentials_that_cannot_be_right(environ: dict[str, str], about: str) -> None:
    with pytest.raises(BadCredentialsError, match=about) as caught:
        resolve("http://127.0.0.1/acct", environ)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "not base64!" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (
            f"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={KEY}",
            "https://acct.blob.core.windows.net",
        ),
        (f"AccountName=acct;AccountKey={KEY};EndpointSuffix=corp", "https://acct.blob.corp"),
        (
            f"AccountName=acct;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:1/acct;",
            "http://127.0.0.1:1/acct",
        ),
        ("BlobEndpoint=https://acct.blob.corp;SharedAccessSignature=sv=1&sig=x", "https://acct.blob.corp"),
        ("UseDevelopmentStorage=true", "http://127.0.0.1:10000/devstoreaccount1"),
    ],
)
def test_connection_strings(text: str, url: str) -> None:
    found = endpoint(text)
    assert found.url == url
    assert found.key is not None or found.sas is not None
    assert KEY not in repr(found)


@pytest.mark.parametrize("text", ["AccountKey=abc", "AccountName=acct;nonsense", "AccountName=acct;;x=1"])
def test_connection_strings_that_cannot_be_read(text: str) -> None:
    with pytest.raises((BadConnectionStringError, BadCredentialsError)) as caught:
        resolve(text, {})
    assert caught.value.exit_code is ExitCode.USAGE


def test_the_environment() -> None:
    string = f"AccountName=acct;AccountKey={KEY}"
    assert endpoint("env", AZURE_STORAGE_CONNECTION_STRING=string).account == "acct"
    found = endpoint("env", AZURE_STORAGE_ACCOUNT="acct", AZURE_STORAGE_KEY=KEY)
    assert found.url == "https://acct.blob.core.windows.net"
    with pytest.raises(EnvironmentMissingError):
        resolve("env", {})


def test_builtins() -> None:
    assert resolve("reference", {}) == Builtin("reference")
    assert resolve("reference:etag-never-changes", {}) == Builtin("reference", "etag-never-changes")
    assert resolve("azurite", {}) == Builtin("azurite")


@pytest.mark.parametrize("name", ["referense", "", "no-such-file", "reference:"])
def test_names_that_nothing_fits(name: str) -> None:
    with pytest.raises(UnknownEndpointError) as caught:
        resolve(name, {})
    assert caught.value.exit_code is ExitCode.USAGE
    assert "reference" in caught.value.hint


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lab.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("", encoding="utf-8")
    text = """
        url = "https://blob.lab.example:444/acct"
        style = "path"
        key_env = "LAB_KEY"
        connect = "192.0.2.1:8443"
        ca_file = "ca.pem"
        version = "2021-12-02"
        declared = "product 1"
        [also]
        host = "http://acct.blob.lab.example"
    """
    found = from_file(write(tmp_path, text), {"LAB_KEY": KEY})
    assert (found.name, found.account, found.style) == ("lab", "acct", Style.PATH)
    assert (found.connect, found.ca_file) == (("192.0.2.1", 8443), tmp_path / "ca.pem")
    assert (found.version, found.declared) == ("2021-12-02", "product 1")
    host = found.face("host")
    assert (host.address, host.authority, host.style) == (
        ("192.0.2.1", 80),
        "acct.blob.lab.example",
        Style.HOST,
    )


def test_credentials_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n", encoding="utf-8")
    head = 'url = "http://127.0.0.1/acct"\n'
    from_key_file = from_file(write(tmp_path, head + 'key_file = "key"'), {})
    assert from_key_file.key is not None
    assert from_key_file.key.reveal() == KEY
    assert from_file(write(tmp_path, head), {"AZURE_STORAGE_KEY": KEY}).key is not None
    assert from_file(write(tmp_path, head + 'auth = "anonymous"'), {"AZURE_STORAGE_KEY": KEY}).key is None
    assert isinstance(from_file(write(tmp_path, head + 'auth = "identity"'), {}).tokens, IdentityTokens)
    assert from_file(write(tmp_path, head + 'sas_env = "S"'), {"S": "?sv=1"}).sas is not None
    issuer = '\n[issuer]\ntoken_url = "https://i/t"\nclient_id = "c"\nclient_secret_env = "S"'
    text = head + 'auth = "client-credentials"' + issuer
    assert isinstance(from_file(write(tmp_path, text), {"S": "x"}).tokens, IssuerTokens)
    string = 'connection_string_env = "C"'
    assert from_file(write(tmp_path, string), {"C": f"AccountName=acct;AccountKey={KEY}"}).account == "acct"


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("url = ", "is no TOML"),
        ("url = http://127.0.0.1/acct", "is no TOML"),
        ("name = 'x'", "has no url"),
        ("url = 3", "that is no text"),
        ("url = 'http://127.0.0.1/acct'\nkye_env = 'X'", "unknown key 'kye_env'"),
        ("url = 'http://127.0.0.1/acct'\nkey = 'X'", "has a secret in it"),
        ("url = 'http://127.0.0.1/acct?sig=x'", "has a SAS in its url"),
        ("url = 'http://127.0.0.1/acct'\nstyle = 'virtual'", "says style"),
        ("url = 'http://127.0.0.1/acct'\nauth = 'kerberos'", "says auth"),
        ("url = 'http://127.0.0.1/acct'\nkey_env = 'UNSET_KEY'", "UNSET_KEY"),
        ("url = 'http://127.0.0.1/acct'\nkey_file = 'missing'", "cannot be read"),
        ("url = 'http://127.0.0.1/acct'\nconnect = '127.0.0.1'", "says connect"),
        ("url = 'http://127.0.0.1/acct'\nversion = '2019'", "says version"),
        ("url = 'http://127.0.0.1/acct'\nca_file = 'missing.pem'", "not there"),
        ("url = 'http://127.0.0.1/acct'\nauth = 'client-credentials'", "lacks client_id"),
        ("url = 'http://127.0.0.1/acct'\nalso = 3", r"also = …"),
        ("url = 'http://127.0.0.1/acct'\n[also]\nftp = 'x'", "unknown key 'ftp' in"),
    ],
)
def test_files_that_make_no_sense(tmp_path: Path, text: str, about: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(BadFileError, match=about) as caught:
        resolve(str(path), {})
    assert str(path) in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadFileError) as caught:
        resolve(str(path), {})
    assert caught.value.exit_code is ExitCode.USAGE


def test_the_examples_are_right(tmp_path: Path) -> None:
    for path in sorted((folder("fixtures") / "endpoints").glob("*.toml")):
        text = path.read_text(encoding="utf-8").replace("ACCOUNT", "acct")
        copy = tmp_path / path.name
        copy.write_text(text, encoding="utf-8")
        (tmp_path / "lab-ca.pem").touch()
        assert from_file(copy, {"LAB_KEY": KEY}).account == "acct"


def test_an_endpoint_survives_being_handed_over(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    text = """
        url = "https://acct.blob.lab.example"
        connect = "192.0.2.1:8443"
        ca_file = "ca.pem"
        auth = "identity"
        [also]
        https = "https://127.0.0.1:8443/acct"
    """
    before = from_file(write(tmp_path, text), {})
    after = load(dump(before))
    assert isinstance(after.tokens, IdentityTokens)
    assert dump(after) == dump(before)
    assert endpoint(f"AccountName=acct;AccountKey={KEY}") == load(
        dump(endpoint(f"AccountName=acct;AccountKey={KEY}"))
    )


def test_every_error_has_an_exit_code_and_a_hint() -> None:
    for kind in EndpointError.__subclasses__():
        error = kind("what", "hint")
        assert error.exit_code in ExitCode
        assert (error.what, error.hint) == ("what", "hint")
