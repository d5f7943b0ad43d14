"""The built-ins: they start, answer at every address that they name, and leave nothing behind."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.endpoint import Endpoint
from harness.endpoints import builtin, open_endpoint
from harness.endpoints.builtin import Running
from harness.endpoints.errors import StartUsageError
from harness.endpoints.handover import dump, load
from harness.exchange import Exchange, header
from harness.signing import authorise, face_for, parse_auth
from harness.signing.canonical import http_date
from harness.tools.find import Missing, find
from harness.vocabulary import ExitCode
from harness.wire import WireRequest, dial
from tests.endpoints.test_process import gone


def call(
    endpoint: Endpoint,
    method: str,
    path: str,
    auth: object = "default",
    *,
    face: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
) -> Exchange:
    """One signed request."""
    spec = parse_auth(auth)
    where = endpoint.face(face or face_for(spec, endpoint))
    now = datetime.now(UTC)
    own = (("Host", where.authority), ("x-ms-date", http_date(now)), ("x-ms-version", endpoint.version))
    length = (("Content-Length", str(len(body))),) if method == "PUT" else ()
    signed = authorise(
        method, where.prefix + path, own + headers + length, endpoint, spec, now, face=where.name
    )
    with dial(endpoint, where.name, timeout=10) as connection:
        return connection.exchange(WireRequest(method, signed.target, signed.headers, body))


def status(exchange: Exchange) -> tuple[int, str | None]:
    assert exchange.response is not None, exchange.failure
    return exchange.response.status, header(exchange.response.headers, "x-ms-error-code")


@pytest.fixture(scope="module")
def filled(reference: Running) -> Endpoint:
    """The façade with one blob in it."""
    endpoint = reference.endpoint
    assert status(call(endpoint, "PUT", "/con1?restype=container")) == (201, None)
    put = call(endpoint, "PUT", "/con1/a%20b", headers=(("x-ms-blob-type", "BlockBlob"),), body=b"hello")
    assert status(put) == (201, None)
    return endpoint


@pytest.mark.parametrize("face", ["main", "https", "host", "host-https"])
def test_the_reference_answers_at_every_address(filled: Endpoint, face: str) -> None:
    exchange = call(filled, "GET", "/con1/a%20b", face=face)
    assert status(exchange) == (200, None)
    assert exchange.response is not None
    assert exchange.response.body.data == b"hello"
    assert exchange.anomalies == ()


@pytest.mark.parametrize(
    ("auth", "wanted"),
    [
        ("shared-key", 200),
        ({"shared-key": {"lite": True}}, 200),
        ({"shared-key": {"tamper": "signature"}}, 403),
        ({"shared-key": {"tamper": "key"}}, 403),
        ({"shared-key": {"tamper": "date"}}, 403),
        ({"shared-key": {"tamper": "account"}}, 403),
        ("bearer", 200),
        ({"bearer": {"tamper": "signature"}}, 401),
        ({"bearer": {"tamper": "expired"}}, 401),
        ({"bearer": {"tamper": "audience"}}, 401),
        ({"bearer": {"tamper": "issuer"}}, 401),
        ({"account-sas": {"permissions": "r"}}, 200),
        ({"account-sas": {"permissions": "r", "expiry": "-1m"}}, 403),
        ({"service-sas": {"permissions": "r", "start": "-1h", "ip": "127.0.0.1"}}, 200),
        ({"service-sas": {"permissions": "r", "tamper": "signature"}}, 403),
        ({"service-sas": {"resource": "container", "version": "2018-03-28"}}, 200),
        ({"service-sas": {"of": "con1/other"}}, 403),
        ({"user-delegation-sas": {"permissions": "r"}}, 200),
        ({"user-delegation-sas": {"permissions": "r", "tamper": "signature"}}, 403),
        ("anonymous", 401),
    ],
)
def test_every_way_of_authorising_means_the_same_to_the_reference(
    filled: Endpoint, auth: object, wanted: int
) -> None:
    assert status(call(filled, "GET", "/con1/a%20b", auth))[0] == wanted


def test_a_handed_over_endpoint_works(filled: Endpoint) -> None:
    copy = load(dump(filled))
    assert status(call(copy, "GET", "/con1/a%20b"))[0] == 200
    assert status(call(copy, "GET", "/con1/a%20b", "bearer"))[0] == 200


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with builtin.reference(logs=tmp_path / "logs") as running:
        pids = [running.server.pid, running.issuer.pid if running.issuer else 0]
        assert all(os.getpgid(pid) == pid for pid in pids)
        folder = running.folder
        assert folder.is_dir()
    assert not folder.exists()
    assert all(gone(pid) for pid in pids)
    assert (tmp_path / "logs" / "reference.log").is_file()


def test_two_references_with_one_authority_copy_from_each_other(reference: Running, filled: Endpoint) -> None:
    del filled
    source = reference.endpoint.face("https")
    sas = authorise(
        "GET",
        f"{source.prefix}/con1/a%20b",
        (),
        reference.endpoint,
        parse_auth({"service-sas": {"permissions": "r"}}),
        datetime.now(UTC),
    )
    with builtin.reference(certificates=reference.certificates, processes=2) as other:
        assert status(call(other.endpoint, "PUT", "/con2?restype=container"))[0] == 201
        copied = call(
            other.endpoint,
            "PUT",
            "/con2/b",
            headers=(
                ("x-ms-blob-type", "BlockBlob"),
                ("x-ms-copy-source", f"{source.scheme}://{source.authority}{sas.target}"),
            ),
        )
        assert status(copied) == (201, None)
        got = call(other.endpoint, "GET", "/con2/b")
        assert got.response is not None
        assert got.response.body.data == b"hello"


def test_an_unknown_mutant_is_a_usage_error() -> None:
    with pytest.raises(StartUsageError) as caught, open_endpoint("reference:no-such-mutant"):
        pass
    assert caught.value.exit_code is ExitCode.USAGE
    assert "no-such-mutant" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_azurite_answers_at_every_address() -> None:
    found = find("azurite")
    if isinstance(found, Missing):
        pytest.skip(found.reason)
    with open_endpoint("azurite") as endpoint:
        assert status(call(endpoint, "PUT", "/con1?restype=container")) == (201, None)
        for face in ("main", "host"):
            assert status(call(endpoint, "GET", "/con1?restype=container", face=face))[0] == 200
