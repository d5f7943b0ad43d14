"""Bearer tokens against an issuer with a private authority, user delegation keys, and SAS made with them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
import trustme

from tests.facade.client import ACCOUNT, KEY, REPOSITORY, Answer, iso

VERSION = "2025-07-05"


@dataclass
class Secure:
    """A façade over HTTPS and its issuer."""

    port: int
    issuer: str
    client_id: str
    secret: str
    tls: ssl.SSLContext

    def token(self, **claims: Any) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.secret,
            "scope": "https://storage.azure.com/.default",
            "mint": json.dumps(claims),
        }
        parts = urlsplit(self.issuer)
        path = parts.path.removesuffix("/v2.0") + "/oauth2/v2.0/token"
        answer = self._send(parts.port or 0, "POST", path, {}, urlencode(form).encode())
        return str(json.loads(answer.body)["access_token"])

    def send(
        self,
        method: str,
        target: str,
        token: str | None = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = {"x-ms-version": VERSION, "x-ms-client-request-id": "id", **(headers or {})}
        if method == "PUT" and "?" not in target and "x-ms-copy-source" not in sent:
            sent["x-ms-blob-type"] = "BlockBlob"
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return self._send(self.port, method, f"/{ACCOUNT}{target}", sent, body)

    def _send(self, port: int, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=self.tls)
        try:
            if method in ("PUT", "POST"):
                headers = {**headers, "Content-Length": str(len(body or b""))}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.reason, answer.getheaders(), answer.read())
        finally:
            connection.close()


def _start(*command: str, **environment: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder: Path = tmp_path_factory.mktemp("secure")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    leaf = authority.issue_cert("127.0.0.1", "localhost")
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    for number, blob in enumerate(leaf.cert_chain_pems):
        blob.write_to_path(str(folder / "cert.pem"), append=number > 0)
    (folder / "root").mkdir()
    tls = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    pair = ["--cert", str(folder / "cert.pem"), "--cert-key", str(folder / "key.pem")]
    issuer, told = _start(
        "fixtures/entra/issuer.py", *pair, BLOBPROOF_ISSUER_SECRET="s3cret", BLOBPROOF_IDENTITY_HEADER="h"
    )
    try:
        arguments = ["--root", str(folder / "root"), "--no-fsync", "--https-port", "0", *pair]
        arguments += ["--issuer", told["issuer"], "--jwks-ca", str(folder / "ca.pem")]
        names = {"BLOBPROOF_ACCOUNT": ACCOUNT, "BLOBPROOF_KEY": KEY}
        process, started = _start("-m", "reference_impl", "serve", *arguments, **names)
        try:
            port = int(started["https"].rpartition(":")[2])
            yield Secure(port, told["issuer"], told["client_id"], "s3cret", tls)
        finally:
            process.terminate()
            process.wait(10)
    finally:
        issuer.terminate()
        issuer.wait(10)


def test_roles(secure: Secure) -> None:
    admin = secure.token(roles=["admin"])
    reader = secure.token(roles=["reader"])
    writer = secure.token(roles=["writer"])
    assert secure.send("PUT", "/roles?restype=container", admin).status == 201
    assert secure.send("PUT", "/roles/b", writer, b"x").status == 201
    assert secure.send("GET", "/roles/b", reader).body == b"x"
    for method, target in (("PUT", "/roles/b"), ("DELETE", "/roles/b"), ("PUT", "/more?restype=container")):
        refused = secure.send(method, target, reader, b"" if method == "PUT" else None)
        assert (refused.status, refused.code) == (403, "AuthorizationPermissionMismatch")
    assert secure.send("GET", "/roles/b", secure.token(roles=[])).code == "AuthorizationPermissionMismatch"
    assert secure.send("GET", "/roles/b", secure.token(roles=None)).body == b"x"
    assert secure.send("GET", "/roles?restype=container&comp=acl", admin).status == 403


def test_scoped_roles(secure: Secure) -> None:
    admin = secure.token(roles=["admin"])
    secure.send("PUT", "/scoped?restype=container", admin)
    scoped = secure.token(roles=["writer:scoped/mine/", "reader:scoped"])
    assert secure.send("PUT", "/scoped/mine/b", scoped, b"x").status == 201
    assert secure.send("PUT", "/scoped/yours/b", scoped, b"x").status == 403
    assert secure.send("GET", "/scoped?restype=container&comp=list", scoped).status == 200
    assert secure.send("GET", "/?comp=list", scoped).status == 403
    narrow = secure.token(roles=["reader:scoped/mine/"])
    assert secure.send("GET", "/scoped?restype=container&comp=list", narrow).status == 403
    assert secure.send("GET", "/scoped?restype=container&comp=list&prefix=mine/", narrow).status == 200


@pytest.mark.parametrize(
    ("claims", "detail"),
    [
        ({"exp": -60}, "Lifetime validation failed. The token is expired."),
        ({"nbf": 600}, "Lifetime validation failed. The token is not yet valid."),
        ({"aud": "https://management.azure.com"}, "Audience validation failed. Audience did not match."),
        ({"iss": "https://elsewhere/"}, "Issuer validation failed. Issuer did not match."),
        ({"exp": None}, "Token validation failed. The claim exp is missing."),
        ({"$key": "other"}, "Signature validation failed. Token signature is invalid."),
        ({"$alg": "none"}, "Signature validation failed. The algorithm is not RS256."),
        ({"$kid": "unknown"}, "Signature validation failed. The signing key was not found."),
    ],
)
def test_bad_tokens(secure: Secure, claims: dict[str, Any], detail: str) -> None:
    answer = secure.send("GET", "/?comp=list", secure.token(**claims))
    assert (answer.status, answer.code) == (401, "InvalidAuthenticationInfo")
    assert answer.xml.findtext("AuthenticationErrorDetail") == detail
    assert answer["WWW-Authenticate"].startswith("Bearer authorization_uri=https://127.0.0.1:")
    assert answer["x-ms-client-request-id"] == "id"


def test_garbage_token(secure: Secure) -> None:
    assert secure.send("GET", "/?comp=list", "garbage").status == 401


def delegation_key(
    secure: Secure, token: str, start: str, expiry: str, tenant: str = ""
) -> ElementTree.Element:
    bound = f"<DelegatedUserTid>{tenant}</DelegatedUserTid>" if tenant else ""
    body = f"<KeyInfo><Start>{start}</Start><Expiry>{expiry}</Expiry>{bound}</KeyInfo>".encode()
    answer = secure.send("POST", "/?restype=service&comp=userdelegationkey", token, body)
    assert answer.status == 200, answer.body
    return answer.xml


def signed_by(
    key: ElementTree.Element, resource: str, permissions: str, bound: Mapping[str, str] | None = None
) -> str:
    terms = {
        name: key.findtext(f"Signed{tag}", "")
        for name, tag in (
            ("skoid", "Oid"),
            ("sktid", "Tid"),
            ("skt", "Start"),
            ("ske", "Expiry"),
            ("sks", "Service"),
            ("skv", "Version"),
        )
    }
    expiry = iso(600)
    user = dict(bound or {})
    lines = [permissions, "", expiry, f"/blob/{ACCOUNT}/{resource}", *terms.values(), "", "", ""]
    lines += [
        user.get("skdutid", ""),
        user.get("sduoid", ""),
        "",
        "",
        VERSION,
        "b",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
    ]
    secret = base64.b64decode(key.findtext("Value", ""))
    signature = base64.b64encode(hmac.digest(secret, "\n".join(lines).encode(), hashlib.sha256)).decode()
    return urlencode(
        {"sp": permissions, "se": expiry, "sv": VERSION, "sr": "b", **terms, **user, "sig": signature},
        quote_via=quote,
    )


def test_user_delegation_sas(secure: Secure) -> None:
    admin = secure.token(roles=["admin"])
    secure.send("PUT", "/delegated?restype=container", admin)
    secure.send("PUT", "/delegated/b", admin, b"x")
    key = delegation_key(secure, admin, iso(-60), iso(3600))
    assert [child.tag for child in key] == [
        "SignedOid",
        "SignedTid",
        "SignedStart",
        "SignedExpiry",
        "SignedService",
        "SignedVersion",
        "Value",
    ]
    assert delegation_key(
        secure, admin, key.findtext("SignedStart", ""), key.findtext("SignedExpiry", "")
    ).findtext("Value") == key.findtext("Value")
    assert secure.send("GET", f"/delegated/b?{signed_by(key, 'delegated/b', 'r')}").body == b"x"
    write = signed_by(key, "delegated/b", "rw")
    put = {"x-ms-blob-type": "BlockBlob"}
    assert secure.send("PUT", f"/delegated/b?{write}", None, b"y", put).status == 201
    assert (
        secure.send("PUT", f"/delegated/b?{write.replace('sp=rw', 'sp=rwd')}", None, b"y", put).status == 403
    )
    modest = delegation_key(secure, secure.token(roles=["reader"]), iso(-60), iso(3600))
    weak = signed_by(modest, "delegated/b", "rw")
    assert secure.send("GET", f"/delegated/b?{weak}").body == b"y"
    assert (
        secure.send("PUT", f"/delegated/b?{weak}", None, b"z", put).code == "AuthorizationPermissionMismatch"
    )


def test_delegation_keys_are_refused(secure: Secure) -> None:
    target = "/?restype=service&comp=userdelegationkey"
    body = f"<KeyInfo><Start>{iso()}</Start><Expiry>{iso(8 * 86400)}</Expiry></KeyInfo>".encode()
    token = secure.token(roles=["admin"])
    assert secure.send("POST", target, token, body).code == "InvalidXmlDocument"
    assert secure.send("POST", target, token, b"<KeyInfo />").code == "InvalidXmlDocument"
    good = f"<KeyInfo><Expiry>{iso(600)}</Expiry></KeyInfo>".encode()
    assert secure.send("POST", target, None, good).code == "NoAuthenticationInformation"
    scoped = secure.token(roles=["admin:cont"])
    assert secure.send("POST", target, scoped, good).code == "AuthorizationPermissionMismatch"


def test_a_signature_bound_to_a_user_needs_that_users_token(secure: Secure) -> None:
    admin = secure.token(roles=["admin"])
    secure.send("PUT", "/bound?restype=container", admin)
    secure.send("PUT", "/bound/b", admin, b"x")
    key = delegation_key(secure, admin, iso(-60), iso(3600), tenant="tenant")
    users = {
        "right": secure.token(roles=[], oid="user", tid="tenant"),
        "other user": secure.token(roles=[], oid="else", tid="tenant"),
        "other tenant": secure.token(roles=[], oid="user", tid="else"),
        "nobody": None,
    }
    for bound, welcome in (
        ({"skdutid": "tenant", "sduoid": "user"}, {"right"}),
        ({"skdutid": "tenant"}, {"right", "other user"}),
    ):
        query = signed_by(key, "bound/b", "r", bound)
        got = {
            name
            for name, token in users.items()
            if secure.send("GET", f"/bound/b?{query}", token).status == 200
        }
        assert got == welcome


def test_a_copy_within_the_account_is_read_with_the_request_s_own_token(secure: Secure) -> None:
    """Copy Blob alone: the From-URL operations want a token of the source's own."""
    admin = secure.token(roles=["admin"])
    for name in ("copies", "hidden"):
        secure.send("PUT", f"/{name}?restype=container", admin)
        secure.send("PUT", f"/{name}/a", admin, b"x")
    source = {"x-ms-copy-source": f"https://127.0.0.1:{secure.port}/{ACCOUNT}/copies/a"}
    writer = secure.token(roles=["writer:copies"])
    assert secure.send("PUT", "/copies/b", writer, b"", source).status == 202
    refused = secure.send("PUT", "/copies/c", writer, b"", {"x-ms-blob-type": "BlockBlob", **source})
    assert (refused.status, refused.code) == (401, "CannotVerifyCopySource")
    hidden = {"x-ms-copy-source": source["x-ms-copy-source"].replace("copies", "hidden")}
    assert secure.send("PUT", "/copies/c", writer, b"", hidden).status == 403
