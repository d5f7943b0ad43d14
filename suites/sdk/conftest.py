"""Fixtures of the SDK gate: azure-storage-blob on a stage of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.clients.azure_storage_blob import USE, SdkGate, sdk_gate
from harness.endpoint import Endpoint
from harness.matrix.cell import Cell
from harness.matrix.served import Served
from harness.scenario import Scenario
from harness.signing.delegation import secure_face


@pytest.fixture
def sdk(scenario: Scenario, endpoint: Endpoint, options: Any) -> Iterator[SdkGate]:
    """The SDK, a container of this scenario's own, and a tap in front of the endpoint."""
    with sdk_gate(scenario, endpoint, options.prefix) as ready:
        yield ready


@pytest.fixture
def secure(scenario: Scenario, endpoint: Endpoint, options: Any) -> Iterator[SdkGate]:
    """The same over HTTPS, with tokens to be had: the SDK sends none over plain HTTP."""
    if endpoint.tokens is None:
        scenario.not_applicable(f"endpoint {endpoint.name} has no token source", source=["clients/4"])
    face = secure_face(endpoint)
    if face is None and not endpoint.url.startswith("https:"):
        scenario.not_applicable("the SDK sends no token over plain HTTP", source=["clients/4"])
    with sdk_gate(scenario, endpoint, options.prefix, face=face) as ready:
        yield ready


@pytest.fixture
def use(scenario: Scenario, served: Served, cell: Cell, options: Any) -> Iterator[SdkGate]:
    """The SDK for a cell of a matrix: at its address, within its budget."""
    with sdk_gate(
        scenario,
        served.endpoint,
        options.prefix,
        face=served.face,
        program=USE[cell["sdk"]],
        seconds=cell.seconds,
    ) as ready:
        yield ready
