"""The verifiers against signatures that the SDKs made; each is refused after one altered field."""

from __future__ import annotations

import base64
import json
from pathlib import Path
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


def _vectors(name: str) -> list[Any]:
    for folder in Path(__file__).resolve().parents:
        found = folder / "shared" / "reference" / name
        if found.is_file():
            records = [json.loads(line) for line in found.read_text().splitlines()]
            return [
                pytest.param(record, id=f"{record['sdk']}-{record['name']}")
                for record in records
                if "key" in record
            ]
    return [pytest.param(None, marks=pytest.mark.skip(reason=f"shared/reference/{name} is not here"))]


def _verify_key(record: dict[str, Any], **altered: Any) -> None:
    parts = urlsplit(record["url"])
    headers = Headers((record["headers"] | altered.get("headers", {})).items())
    scheme, _, credential = (headers.get("authorization") or "").partition(" ")
    account = credential.partition(":")[0]
    shared_key.verify(
        credential,
        scheme=scheme.lower(),
        method=altered.get("method", record["method"]),
        account=account,
        path=altered.get("path", parts.path),
        query=Query(altered.get("query", parts.query)),
        headers=headers,
        keys={account: base64.b64decode(record["key"])},
        now=altered.get("now", parse_http_date(record["headers"]["x-ms-date"])),
    )


@pytest.mark.parametrize("record", _vectors("sharedkey_vectors.jsonl"))
def test_shared_key_of_the_sdks_is_accepted(record: dict[str, Any]) -> None:
    _verify_key(record)


@pytest.mark.parametrize("record", _vectors("sharedkey_vectors.jsonl"))
def test_shared_key_is_refused_after_one_altered_field(record: dict[str, Any]) -> None:
    date = parse_http_date(record["headers"]["x-ms-date"]) or 0
    for altered in (
        {"method": "PATCH"},
        {"path": urlsplit(record["url"]).path + "x"},
        {"query": urlsplit(record["url"]).query + "&more=1"},
        {"headers": {"x-ms-meta-added": "1"}},
        {"headers": {"Content-MD5": "AAAA"}},
        {"headers": {"Range": "bytes=0-1"}},
        {"now": date + 1000},
        {"now": date - 1000},
    ):
        with pytest.raises(BlobError) as refused:
            _verify_key(record, **altered)
        assert refused.value.code == "AuthenticationFailed"
        assert refused.value.edge


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


@pytest.mark.parametrize("record", _vectors("sas_vectors.jsonl"))
def test_sas_of_the_sdks_is_accepted(record: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    _verify_sas(record, monkeypatch, record["token"])


@pytest.mark.parametrize("record", _vectors("sas_vectors.jsonl"))
def test_sas_is_refused_after_one_altered_field(
    record: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [part.partition("=") for part in record["token"].split("&")]
    for name, _, value in pairs:
        if name in ("sv", "srh", "srq", "sdd", "skv"):
            continue
        wrong = "2027-01-02T00%3A00%3A00Z" if name in ("se", "st", "ske", "skt") else value + "x"
        token = "&".join(f"{n}={wrong if n == name else v}" for n, _, v in pairs)
        with pytest.raises(BlobError):
            _verify_sas(record, monkeypatch, token)
    with pytest.raises(BlobError, match="AuthenticationFailed"):
        _verify_sas(record, monkeypatch, record["token"], now=NOON + 366 * 86400)
    if record["args"].get("blob_name"):
        with pytest.raises(BlobError, match="AuthenticationFailed"):
            _verify_sas(record, monkeypatch, record["token"], blob="another")
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
