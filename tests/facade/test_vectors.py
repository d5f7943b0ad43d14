"""The verifiers against signatures that the SDKs made; each is refused after any one part is altered."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit

import pytest

from reference_impl.auth import delegation, sas, shared_key
from reference_impl.auth.canonical import weighted
from reference_impl.http.message import Headers
from reference_impl.protocol import names
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.query import Query
from reference_impl.protocol.times import parse_http_date, parse_iso
from tests.signing.alterations import of_sas, of_shared_key, of_the_token, unsigned_of_shared_key
from tests.signing.vectors import altered, vectors


def _verify_key(record: dict[str, Any], now: float | None = None) -> None:
    parts = urlsplit(record["url"])
    headers = Headers(record["headers"].items())
    scheme, _, credential = (headers.get("authorization") or "").partition(" ")
    account = credential.partition(":")[0]
    shared_key.verify(
        credential,
        scheme=scheme.lower(),
        method=record["method"],
        account=account,
        path=parts.path,
        query=Query(parts.query),
        headers=headers,
        keys={account: base64.b64decode(record["key"])},
        now=now if now is not None else parse_http_date(record["headers"]["x-ms-date"]) or 0,
    )


@pytest.mark.parametrize("record", vectors("sharedkey_vectors.jsonl"))
def test_shared_key_of_the_sdks_is_accepted(record: dict[str, Any]) -> None:
    _verify_key(record)


@pytest.mark.parametrize(("record", "altered"), altered("sharedkey_vectors.jsonl", of_shared_key))
def test_shared_key_is_refused_after_anything_signed_is_altered(
    record: dict[str, Any], altered: dict[str, Any]
) -> None:
    with pytest.raises(BlobError) as refused:
        _verify_key(altered, now=parse_http_date(record["headers"]["x-ms-date"]))
    assert refused.value.code == "AuthenticationFailed"
    assert refused.value.edge


@pytest.mark.parametrize("record", vectors("sharedkey_vectors.jsonl"))
def test_shared_key_holds_whatever_happens_to_what_is_not_signed(record: dict[str, Any]) -> None:
    for _, other in unsigned_of_shared_key(record):
        _verify_key(other)


@pytest.mark.parametrize("record", vectors("sharedkey_vectors.jsonl"))
def test_shared_key_is_refused_a_quarter_of_an_hour_off(record: dict[str, Any]) -> None:
    date = parse_http_date(record["headers"]["x-ms-date"]) or 0
    for now in (date - 899, date + 899):
        _verify_key(record, now=now)
    for now in (date - 901, date + 901):
        with pytest.raises(BlobError, match="AuthenticationFailed"):
            _verify_key(record, now=now)


NOON = parse_iso("2026-01-01T12:00:00Z") or 0


def _setting(record: dict[str, Any], **altered: Any) -> sas.Setting:
    arguments = record["args"]
    headers = {name.lower(): value for name, value in (arguments.get("request_headers") or {}).items()}
    parameters = {
        name.lower(): value for name, value in (arguments.get("request_query_params") or {}).items()
    }
    blob = arguments.get("blob_name")
    values: dict[str, Any] = {
        "account": record["account"],
        "container": arguments.get("container_name"),
        "blob": None if blob is None else names.check_blob(blob),
        "snapshot": arguments.get("snapshot") or arguments.get("version_id") or "",
        "scheme": "https",
        "client_ip": (arguments.get("ip") or "10.0.0.1").split("-")[0],
        "now": NOON,
        "header": lambda name: headers.get(name.lower()),
        "parameter": lambda name: parameters.get(name.lower()),
        "policy": {"pol1": sas.Policy("", "2026-01-02", "r")}.get,
    }
    return sas.Setting(**(values | altered))


def _verify_sas(record: dict[str, Any], monkeypatch: pytest.MonkeyPatch, token: str, **altered: Any) -> None:
    key = base64.b64decode(record["key"].removeprefix("udk:"))
    monkeypatch.setattr(delegation, "derive", lambda *_: key)
    fields = sas.fields(Query(token))
    assert fields is not None
    sas.verify(fields, {record["account"]: key}, _setting(record, **altered))


@pytest.mark.parametrize("record", vectors("sas_vectors.jsonl"))
def test_sas_of_the_sdks_is_accepted(record: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    _verify_sas(record, monkeypatch, record["token"])


@pytest.mark.parametrize(("record", "altered"), altered("sas_vectors.jsonl", of_sas))
def test_sas_is_refused_after_any_signed_field_is_altered(
    record: dict[str, Any], altered: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BlobError) as refused:
        _verify_sas(altered, monkeypatch, altered["token"])
    assert refused.value.code == "AuthenticationFailed"


@pytest.mark.parametrize(("record", "altered"), altered("sas_vectors.jsonl", of_the_token))
def test_sas_is_refused_with_another_signature_or_other_names(
    record: dict[str, Any], altered: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BlobError, match="AuthenticationFailed"):
        _verify_sas(altered, monkeypatch, altered["token"])


@pytest.mark.parametrize("record", vectors("sas_vectors.jsonl"))
def test_sas_is_refused_at_another_time_from_another_place_or_over_http(
    record: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BlobError, match="AuthenticationFailed"):
        _verify_sas(record, monkeypatch, record["token"], now=NOON + 366 * 86400)
    if record["args"].get("ip"):
        with pytest.raises(BlobError, match="AuthorizationSourceIPMismatch"):
            _verify_sas(record, monkeypatch, record["token"], client_ip="10.9.9.9")
    if record["args"].get("protocol") == "https":
        with pytest.raises(BlobError, match="AuthorizationProtocolMismatch"):
            _verify_sas(record, monkeypatch, record["token"], scheme="http")


def test_headers_are_sorted_as_the_service_does() -> None:
    """The order that the service's own comparer gives these names, and that no ordinal sort gives."""
    real = ["a", "a_b", "a1", "aa", "ab", "a-b"]
    assert sorted(sorted(real), key=lambda name: weighted(f"x-ms-meta-{name}")) == [
        "a",
        "a_b",
        "a1",
        "aa",
        "ab",
        "a-b",
    ]
