"""The doctor names the right culprit in one line, with the right exit code, and never takes long."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.doctor import Diagnosis, Fault, Outcome, examine
from harness.doctor.diagnosis import Check
from harness.endpoint import Endpoint, Secret, Style
from harness.endpoints import resolve
from harness.endpoints.builtin import Running
from harness.endpoints.certificates import Certificates
from harness.signing import authorise
from harness.signing.authorise import account_sas
from harness.signing.canonical import http_date
from harness.signing.spec import AccountSas, Default
from harness.vocabulary import ExitCode
from harness.wire import WireRequest, dial
from tests.doctor.asked import KEY, at, blames, blob_service, outcome
from tests.doctor.nginx import needs_nginx, nginx
from tests.wire.servers import Wire, scripted

# What is well


@pytest.mark.parametrize("face", ["main", "https", "host", "host-https"])
def test_a_good_endpoint_is_ready(reference: Running, face: str) -> None:
    endpoint = reference.endpoint
    found = endpoint.face(face)
    diagnosis = examine(replace(endpoint, url=found.url, style=found.style, connect=found.address))
    assert diagnosis.failure is None, diagnosis.line
    assert diagnosis.exit_code is ExitCode.MET
    assert diagnosis.line == "reference: ready"
    assert [check.name for check in diagnosis.checks] == [
        *("name", "tcp", "tls", "service", "clock", "anonymous", "authentication"),
        *("addressing", "version", "bearer", "operations"),
    ]


def test_tokens_alone_are_enough(reference: Running) -> None:
    diagnosis = examine(replace(reference.endpoint, key=None))
    assert diagnosis.failure is None, diagnosis.line
    assert outcome(diagnosis, "authentication").what == "the bearer token accepted"


def test_a_sas_is_enough(reference: Running) -> None:
    sas = account_sas(reference.endpoint, AccountSas(), datetime.now(UTC))
    diagnosis = examine(replace(reference.endpoint, key=None, tokens=None, sas=Secret(sas)))
    assert diagnosis.failure is None, diagnosis.line
    assert outcome(diagnosis, "operations").outcome is Outcome.OK


def test_nothing_is_left_in_the_account(reference: Running) -> None:
    endpoint = reference.endpoint
    examine(endpoint)
    face = endpoint.face()
    now = datetime.now(UTC)
    headers = (("Host", face.authority), ("x-ms-date", http_date(now)), ("x-ms-version", endpoint.version))
    target = f"{face.prefix}/?comp=list&prefix=blobproof-doctor"
    signed = authorise("GET", target, headers, endpoint, Default(), now)
    with dial(endpoint) as connection:
        listing = connection.exchange(WireRequest("GET", signed.target, signed.headers)).response
    assert listing is not None
    assert b"<EnumerationResults" in (listing.body.data or b"")
    assert b"<Container>" not in (listing.body.data or b"")


# Network


def test_a_name_that_does_not_resolve() -> None:
    endpoint = Endpoint("lab", "http://no-such-host.invalid/acct", "acct", Style.PATH, key=KEY)
    blames(endpoint, Fault.NETWORK, ExitCode.INDETERMINATE, "no-such-host.invalid cannot be resolved")


def test_a_port_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    endpoint = Endpoint("lab", f"http://127.0.0.1:{port}/acct", "acct", Style.PATH, key=KEY)
    blames(endpoint, Fault.NETWORK, ExitCode.INDETERMINATE, f"nobody listens at 127.0.0.1 port {port}")


def test_a_server_that_never_answers() -> None:
    def never(wire: Wire) -> None:
        wire.read(1)

    with scripted([never]) as server:
        blames(
            at(server), Fault.NETWORK, ExitCode.INDETERMINATE, "does not answer within 0.5 s", patience=0.5
        )


def test_a_server_that_never_shakes_hands() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint(
            "lab", f"https://127.0.0.1:{listener.getsockname()[1]}/acct", "acct", Style.PATH, key=KEY
        )
        blames(endpoint, Fault.TLS, ExitCode.INDETERMINATE, "no TLS handshake within 0.5 s", patience=0.5)


def test_a_server_that_drips() -> None:
    def drip(wire: Wire) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nx-ms-request-id: 1\r\n" * 100:
            wire.send(bytes([byte]))
            time.sleep(0.05)

    with scripted([drip]) as server:
        blames(at(server), Fault.NETWORK, ExitCode.INDETERMINATE, patience=0.5)


def test_a_server_that_closes_at_once() -> None:
    with scripted([b""], close_after=1) as server:
        blames(at(server), Fault.NETWORK, ExitCode.INDETERMINATE, "closed-early", patience=0.5)


# TLS


def test_plain_http_where_https_was_said(reference: Running) -> None:
    endpoint = reference.endpoint
    wrong = replace(endpoint, url=endpoint.url.replace("http:", "https:"))
    blames(
        wrong, Fault.TLS, ExitCode.INDETERMINATE, "the URL says https", "plain HTTP", f"Try {endpoint.url}"
    )


def test_https_where_plain_http_was_said(reference: Running) -> None:
    right = reference.endpoint.also["https"]
    wrong = replace(reference.endpoint, url=right.replace("https:", "http:"), connect=None)
    blames(wrong, Fault.TLS, ExitCode.INDETERMINATE, "the URL says http,", "speaks HTTPS", f"Try {right}")


def test_an_authority_that_is_not_trusted(reference: Running) -> None:
    wrong = replace(reference.endpoint, url=reference.endpoint.also["https"], connect=None, ca_file=None)
    blames(wrong, Fault.TLS, ExitCode.INDETERMINATE, "not trusted", "ca_file")


# No Blob service


@needs_nginx
def test_nginx_is_no_blob_service(tmp_path: Path, certificates: Certificates) -> None:
    with nginx(tmp_path, certificates) as (http, https):
        plain = Endpoint("lab", f"http://127.0.0.1:{http}/acct", "acct", Style.PATH, key=KEY)
        blames(plain, Fault.SERVICE, ExitCode.INDETERMINATE, "no Blob service", "nginx", "404")
        moved = replace(plain, url=f"http://127.0.0.1:{http}/moved")
        blames(moved, Fault.SERVICE, ExitCode.INDETERMINATE, "It redirects to")
        secure = replace(plain, url=f"https://127.0.0.1:{https}/acct", ca_file=certificates.ca)
        blames(secure, Fault.SERVICE, ExitCode.INDETERMINATE, "no Blob service", "nginx")
        # nginx answers plain HTTP on its HTTPS port with a page that says so.
        wrong = replace(plain, url=f"http://127.0.0.1:{https}/acct")
        blames(wrong, Fault.TLS, ExitCode.INDETERMINATE, "the URL says http,", "speaks HTTPS")
        unsecured = replace(plain, url=f"https://127.0.0.1:{http}/acct")
        blames(unsecured, Fault.TLS, ExitCode.INDETERMINATE, "the URL says https,", "plain HTTP")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "no Blob service"),
        (
            b"HTTP/1.1 400 Bad\r\nContent-Type: application/xml\r\nContent-Length: 8\r\n\r\n<Error/>",
            "no Blob",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (b"220 mail ESMTP\r\n", "does not speak HTTP"),
    ],
)
def test_other_servers(answer: bytes, words: str) -> None:
    with scripted([answer], close_after=1) as server:
        blames(at(server), Fault.SERVICE, ExitCode.INDETERMINATE, words)


# Clock


def test_a_clock_that_is_wrong() -> None:
    late = http_date(datetime.now(UTC) - timedelta(hours=3))
    answer = f"HTTP/1.1 401 No\r\nx-ms-request-id: 1\r\nDate: {late}\r\nContent-Length: 0\r\n\r\n".encode()
    with scripted([answer]) as server:
        blames(at(server), Fault.CLOCK, ExitCode.INDETERMINATE, "3 h behind ours")


def test_a_clock_that_is_a_little_off() -> None:
    late = http_date(datetime.now(UTC) + timedelta(minutes=5))
    answer = f"HTTP/1.1 401 No\r\nx-ms-request-id: 1\r\nDate: {late}\r\nContent-Length: 0\r\n\r\n".encode()
    with scripted([answer]) as server:
        found = outcome(examine(at(server)), "clock")
    assert found.outcome is Outcome.NOTE
    assert "ahead of ours" in found.what


# Addressing, version, operations


def test_the_pretended_service_is_ready() -> None:
    with scripted(blob_service()) as server:
        diagnosis = examine(at(server))
    assert diagnosis.failure is None, diagnosis.line


def test_the_other_addressing_style_works() -> None:
    with scripted(blob_service(path=False)) as server:
        hint = f"Use http://acct.blob.localhost:{server.address[1]}"
        blames(at(server), Fault.ADDRESSING, ExitCode.USAGE, "host style works", hint)
    with scripted(blob_service(host=False)) as server:
        url = f"http://acct.lab.example:{server.address[1]}"
        endpoint = Endpoint("lab", url, "acct", Style.HOST, key=KEY, connect=server.address)
        blames(
            endpoint,
            Fault.ADDRESSING,
            ExitCode.USAGE,
            "path style works",
            f"Use http://{server.authority}/acct",
        )


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("PUT container", "Create Container"),
        ("PUT blob", "Put Blob"),
        ("GET blob", "Get Blob"),
        ("DELETE blob", "Delete Blob"),
        ("DELETE container", "Delete Container"),
    ],
)
def test_an_operation_that_goes_wrong_is_the_endpoints_fault(operation: str, name: str) -> None:
    with scripted(blob_service(wrong=operation)) as server:
        blames(at(server), Fault.ENDPOINT, ExitCode.DIVERGENCE, f"{name} is answered 500")
        last = server.requests[-1].split(b"\r\n")[0]
    if operation != "PUT container":
        assert last.startswith(b"DELETE")  # it cleans up, whatever happened


def test_a_version_that_is_refused(reference: Running) -> None:
    wrong = replace(reference.endpoint, version="2099-01-01")
    blames(
        wrong, Fault.VERSION, ExitCode.DIVERGENCE, "refuses x-ms-version 2099-01-01", "It accepts 2021-12-02"
    )


def test_an_account_that_anybody_may_list() -> None:
    body = b"<EnumerationResults></EnumerationResults>"
    answer = b"HTTP/1.1 200 OK\r\nx-ms-request-id: 1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with scripted([answer]) as server:
        blames(at(server), Fault.ENDPOINT, ExitCode.DIVERGENCE, "to anybody")


def test_every_fault_has_an_exit_code() -> None:
    for fault in Fault:
        check = Check("x", Outcome.FAIL, "what", fault)
        assert Diagnosis("x", "u", (check,)).exit_code is not ExitCode.MET


def test_a_malformed_file_is_a_usage_error_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text("url = \n", encoding="utf-8")
    with pytest.raises(Exception, match="is no TOML") as caught:
        resolve(str(path), {})
    assert getattr(caught.value, "exit_code", None) is ExitCode.USAGE


def test_tls_context_of_the_doctor_is_the_harness_own(certificates: Certificates) -> None:
    """A Blob service behind the run's own authority is examined over TLS like any other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with scripted(blob_service(), tls=context) as server:
        diagnosis = examine(replace(at(server, "https"), ca_file=certificates.ca))
    assert diagnosis.failure is None, diagnosis.line
