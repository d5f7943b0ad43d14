"""Shared Key, SAS, stored policies and the anonymous, over the wire: permissions and their refusals."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from tests.facade.client import ACCOUNT, Answer, Client, iso, sas

SV = "2025-07-05"
DETAIL = "AuthenticationErrorDetail"


def account_sas(*, sp: str = "rwdlac", ss: str = "b", srt: str = "sco", se: str = "", **more: str) -> str:
    fields = {"sp": sp, "ss": ss, "srt": srt, "se": se or iso(3600), "sv": SV, **more}
    order = ("sp", "ss", "srt", "st", "se", "sip", "spr", "sv", "ses")
    return sas(
        fields, "".join(f"{value}\n" for value in (ACCOUNT, *(fields.get(name, "") for name in order)))
    )


def service_sas(resource: str, *, sr: str = "b", **fields: str) -> str:
    all_fields = {"sv": SV, "sr": sr, **({} if "si" in fields else {"sp": "r", "se": iso(3600)}), **fields}

    def take(*names: str) -> list[str]:
        return [all_fields.get(name, "") for name in names]

    lines = [*take("sp", "st", "se"), f"/blob/{ACCOUNT}/{resource}", *take("si", "sip", "spr", "sv", "sr")]
    lines += ["", "", *take("rscc", "rscd", "rsce", "rscl", "rsct")]
    return sas(all_fields, "\n".join(lines))


def send(client: Client, method: str, target: str, query: str, **more: object) -> Answer:
    joint = "&" if "?" in target else "?"
    body = more.get("body")
    headers = {"x-ms-blob-type": "BlockBlob"} if method == "PUT" and "comp=" not in target else {}
    assert body is None or isinstance(body, bytes)
    return client.send(method, f"{target}{joint}{query}", headers, body, sign=False)


def test_account_sas(client: Client, container: str) -> None:
    whole = account_sas()
    assert send(client, "PUT", f"/{container}/b", whole, body=b"x").status == 201
    assert send(client, "GET", f"/{container}/b", whole).body == b"x"
    assert send(client, "GET", f"/{container}?restype=container&comp=list", whole).status == 200
    assert send(client, "GET", "/?comp=list", whole).status == 200
    assert send(client, "DELETE", f"/{container}/b", whole).status == 202


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"sp": "w"}, "AuthorizationPermissionMismatch"),
        ({"srt": "c"}, "AuthorizationResourceTypeMismatch"),
        ({"ss": "q"}, "AuthorizationServiceMismatch"),
        ({"spr": "https"}, "AuthorizationProtocolMismatch"),
        ({"sip": "10.0.0.1"}, "AuthorizationSourceIPMismatch"),
        ({"se": "2020-01-01"}, "AuthenticationFailed"),
        ({"st": "2099-01-01T00:00:00Z", "se": "2099-01-02T00:00:00Z"}, "AuthenticationFailed"),
        ({"sip": "127.0.0.0-127.0.0.9", "spr": "https,http"}, None),
    ],
)
def test_account_sas_is_limited(
    client: Client, container: str, fields: dict[str, str], code: str | None
) -> None:
    client.put(f"/{container}/b", b"x")
    answer = send(client, "GET", f"/{container}/b", account_sas(**fields))
    assert (answer.status, answer.code) == ((403, code) if code else (200, None))


def test_service_mismatch_is_the_front_ends(client: Client, container: str) -> None:
    answer = send(client, "GET", f"/{container}/b", account_sas(ss="q"))
    assert answer.get("x-ms-version") is None
    assert answer["x-ms-client-request-id"] == "test-id"
    assert len(answer.body) == 273


def test_service_sas(client: Client, container: str) -> None:
    client.put(f"/{container}/dir/b%20c", b"x")
    at = f"/{container}/dir/b%20c"
    one = service_sas(f"{container}/dir/b c", rsct="text/x", rscd="attachment")
    got = send(client, "GET", at, one)
    assert (got.status, got["Content-Type"], got["Content-Disposition"]) == (200, "text/x", "attachment")
    assert send(client, "GET", f"/{container}/other", one).code == "AuthenticationFailed"
    assert send(client, "DELETE", at, one).code == "AuthorizationPermissionMismatch"
    wide = service_sas(container, sr="c", sp="rl")
    assert send(client, "GET", at, wide).status == 200
    assert send(client, "GET", f"/{container}?restype=container&comp=list", wide).status == 200
    assert (
        send(client, "PUT", f"/{container}?restype=container", wide).code == "AuthorizationPermissionMismatch"
    )
    inner = service_sas(f"{container}/dir", sr="d", sdd="1")
    assert send(client, "GET", at, inner).status == 200


def test_create_only_cannot_overwrite(client: Client, container: str) -> None:
    create = service_sas(container, sr="c", sp="c")
    assert send(client, "PUT", f"/{container}/b", create, body=b"1").status == 201
    refused = send(client, "PUT", f"/{container}/b", create, body=b"2")
    assert (refused.status, refused.code) == (403, "UnauthorizedBlobOverwrite")
    staged = send(client, "PUT", f"/{container}/b?comp=block&blockid=MQ%3D%3D", create, body=b"2")
    assert staged.code == "AuthorizationPermissionMismatch"


def test_tampered_signature_says_what_was_signed(client: Client, container: str) -> None:
    query = service_sas(f"{container}/b").replace("sp=r", "sp=rw")
    answer = send(client, "GET", f"/{container}/b", query)
    assert (answer.status, answer.code) == (403, "AuthenticationFailed")
    assert answer.xml.findtext(DETAIL, "").startswith("Signature did not match. String to sign used was rw\n")
    late = send(client, "GET", f"/{container}/b", service_sas(f"{container}/b", se="2020-01-01"))
    assert "Expiry [Wed, 01 Jan 2020 00:00:00 GMT]" in late.xml.findtext(DETAIL, "")
    bare = send(client, "GET", f"/{container}/b", service_sas(f"{container}/b", sp=""))
    assert bare.xml.findtext(DETAIL) == "sp is mandatory. Cannot be empty"


def test_stored_policy(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x")
    query = service_sas(f"{container}/b", si="policy")
    unknown = send(client, "GET", f"/{container}/b", query)
    assert unknown.xml.findtext(DETAIL) == "SAS identifier cannot be found for specified signed identifier"
    body = (
        f"<SignedIdentifiers><SignedIdentifier><Id>policy</Id><AccessPolicy><Expiry>{iso(3600)}</Expiry>"
        "<Permission>r</Permission></AccessPolicy></SignedIdentifier></SignedIdentifiers>"
    ).encode()
    assert client.send("PUT", f"/{container}?restype=container&comp=acl", {}, body).status == 200
    assert send(client, "GET", f"/{container}/b", query).body == b"x"
    assert send(client, "DELETE", f"/{container}/b", query).code == "AuthorizationPermissionMismatch"


def test_sas_without_version_header_uses_its_own(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x")
    query = service_sas(f"{container}/b")
    answer = client.send("GET", f"/{container}/b?{query}", {"x-ms-version": None}, sign=False)
    assert (answer.status, answer["x-ms-version"]) == (200, SV)


def test_anonymous(client: Client, container: str) -> None:
    client.put(f"/{container}/b", b"x")
    new = client.send("GET", f"/{container}/b", sign=False)
    assert (new.status, new.code, len(new.body)) == (401, "NoAuthenticationInformation", 302)
    assert new["WWW-Authenticate"].startswith("Bearer authorization_uri=https://")
    assert new["WWW-Authenticate"].endswith(" resource_id=https://storage.azure.com")
    assert new["x-ms-version"] == "2025-07-05"
    old = client.send("GET", f"/{container}/b", {"x-ms-version": None}, sign=False)
    assert (old.status, old["x-ms-version"], old.get("x-ms-error-code")) == (404, "2014-02-14", None)
    assert (old.xml.findtext("Code"), len(old.body)) == ("ResourceNotFound", 223)


@pytest.mark.parametrize(
    ("headers", "status", "code", "detail"),
    [
        ({"Authorization": "SharedKey acct:AAAA"}, 403, "AuthenticationFailed", "The MAC signature found"),
        ({"Authorization": "SharedKey other:AAAA"}, 403, "AuthenticationFailed", "The account 'other'"),
        ({"Authorization": "SharedKey acct"}, 400, "InvalidAuthenticationInfo", None),
        ({"Authorization": "Basic eDp5"}, 400, "InvalidAuthenticationInfo", None),
        ({"Authorization": "Bearer x.y.z"}, 403, "AuthenticationFailed", "Bearer tokens"),
        ({"x-ms-date": None}, 403, "AuthenticationFailed", "Request date header not specified"),
        (
            {"x-ms-date": formatdate(0, usegmt=True)},
            403,
            "AuthenticationFailed",
            "Request date header too old",
        ),
        ({"x-ms-version": None}, 400, "MissingRequiredHeader", None),
        ({"x-ms-version": "2099-11-05"}, 400, "InvalidHeaderValue", None),
    ],
)
def test_failures_of_authentication(
    client: Client, headers: dict[str, str | None], status: int, code: str, detail: str | None
) -> None:
    answer = client.send("GET", "/?comp=list", headers)
    assert (answer.status, answer.code) == (status, code)
    assert answer.get("x-ms-version") is None
    assert answer["x-ms-client-request-id"] == "test-id"
    if detail:
        assert answer.xml.findtext(DETAIL, "").startswith(detail)


def test_head_without_authority(client: Client) -> None:
    answer = client.send("HEAD", "/cont/b", {"Authorization": "SharedKey acct:AAAA"})
    assert (answer.status, answer.names[0]) == (403, "Transfer-Encoding")
    assert "Content-Type" not in answer.names


def test_unknown_account(client: Client) -> None:
    assert client.send("GET", "/nobody/cont/b", prefix=False).code == "AuthenticationFailed"
    assert client.send("GET", "/nobody/cont/b", sign=False, prefix=False).status == 404


def test_unknown_version_has_the_newer_body(client: Client) -> None:
    answer = client.get("/?comp=list", {"x-ms-version": "2099-11-05"})
    assert answer.body.startswith(b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\n<Error>')
    assert answer.xml.findtext("HeaderValue") == "2099-11-05"


def test_tagging_needs_its_permission(client: Client, container: str) -> None:
    query = service_sas(container, sr="c", sp="w")
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-tags": "a=b"}
    assert client.send("PUT", f"/{container}/b?{query}", headers, b"x", sign=False).status == 403
