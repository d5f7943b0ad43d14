"""AzCopy proves who it is: Shared Key, SAS of each kind, and an Entra ID token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from harness.clients.azcopy import BearerCredential, Credential, SharedKeyCredential
from harness.clients.azcopy_gate import AzcopyGate, azcopy_gate
from harness.clients.wirefacts import judge_probe
from harness.endpoint import Endpoint, Secret
from harness.exchange import header
from harness.scenario import Scenario
from harness.signing.authorise import service_sas
from harness.signing.delegation import DelegationKeyError, secure_face
from harness.signing.spec import ServiceSas


@pytest.fixture
def secure(scenario: Scenario, endpoint: Endpoint, options: Any) -> Iterator[AzcopyGate]:
    """AzCopy over HTTPS, with tokens to be had."""
    if endpoint.tokens is None:
        scenario.not_applicable(f"endpoint {endpoint.name} has no token source", source=["azcopy/2"])
    face = secure_face(endpoint)
    if face is None and not endpoint.url.startswith("https:"):
        scenario.not_applicable("AzCopy sends no token over plain HTTP", source=["azcopy/2"])
    with azcopy_gate(scenario, endpoint, options.prefix, face=face) as ready:
        yield ready


def test_shared_key(gate: AzcopyGate) -> None:
    """Up and down with the account key

    The signature covers the canonical resource, with the account twice in path style, and AzCopy's own
    choice of headers.
    """
    endpoint = gate.stage.endpoint
    if endpoint.key is None:
        gate.scenario.not_applicable(f"endpoint {endpoint.name} has no account key")
    _up_and_down(gate, SharedKeyCredential(endpoint.account, endpoint.key))
    _carried(gate, "SharedKey ")


def test_service_sas(gate: AzcopyGate) -> None:
    """Up and down with a SAS of the container

    This is what a data owner hands to a mover: one container, some permissions, some hours.
    """
    stage = gate.stage
    if stage.endpoint.key is None:
        gate.scenario.not_applicable(f"endpoint {stage.endpoint.name} has no account key")
    wanted = ServiceSas(resource="container", of=stage.container, permissions="racwdl")
    _up_and_down(gate, sas=Secret(service_sas(stage.endpoint, wanted, datetime.now(UTC))))


def test_user_delegation_sas(gate: AzcopyGate) -> None:
    """Up and down with a SAS that an Entra ID identity signed

    No account key is involved: the SAS is signed with a key that the endpoint gave to a token's owner.
    """
    stage = gate.stage
    wanted = ServiceSas(resource="container", of=stage.container, permissions="racwdl", delegated=True)
    if stage.endpoint.tokens is None:
        gate.scenario.not_applicable(f"endpoint {stage.endpoint.name} has no token source")
    try:
        token = service_sas(stage.endpoint, wanted, datetime.now(UTC))
    except DelegationKeyError as error:
        gate.scenario.check("a user delegation key is given", "a key", str(error))
        return
    _up_and_down(gate, sas=Secret(token))


def test_bearer(secure: AzcopyGate) -> None:
    """Up and down with an Entra ID token

    AzCopy first probes without credentials; the endpoint must refuse that, or the token is never used.
    """
    tokens = secure.stage.endpoint.tokens
    assert tokens is not None
    _up_and_down(secure, BearerCredential(tokens.token()))
    _carried(secure, "Bearer ")
    judge_probe(secure.scenario, secure.stage.seen)


def _up_and_down(gate: AzcopyGate, credential: Credential | None = None, sas: Secret | None = None) -> None:
    stage = gate.stage
    path, data = stage.file("auth.bin", 3000)
    url = stage.url(quoted="auth%20%2B%25.bin", sas=sas)
    gate.succeeded(gate.copy(str(path), url, "LocalBlob", credential=credential), completed=1)
    gate.asked("Put Blob", 1, method="PUT")
    stage.stored("auth +%.bin", data)
    back = stage.work / "back.bin"
    gate.succeeded(gate.copy(url, str(back), "BlobLocal", credential=credential), completed=1)
    gate.asked("Get Blob", 1, method="GET", has="x-ms-range")
    stage.same_file(back, data)


def _carried(gate: AzcopyGate, scheme: str) -> None:
    """Check that every write and every read of data carried this kind of credential."""
    carried = [
        (header(exchange.request.headers, "Authorization") or "none").startswith(scheme)
        for exchange in gate.stage.seen
        if exchange.request.method == "PUT" or header(exchange.request.headers, "x-ms-range")
    ]
    gate.scenario.check(
        f"transfers that carry{' a' if scheme[0] == 'B' else ''} {scheme.strip()}", len(carried), sum(carried)
    )
