"""Fixtures of the AzCopy gate: AzCopy on a stage of its own, and a second Blob service beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.clients.azcopy_gate import AzcopyGate, azcopy_gate
from harness.clients.peers import Peers, beside
from harness.clients.reach import is_loopback
from harness.clients.stage import Stage, stage
from harness.endpoint import Endpoint
from harness.endpoints import open_endpoint
from harness.matrix.cell import Cell
from harness.matrix.served import Served
from harness.scenario import Scenario


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The big data sets are collected only when asked for."""
    if collection_path.name == "large.py" and config.getoption("--scale", "normal") != "large":
        return True
    return None


@pytest.fixture
def gate(scenario: Scenario, endpoint: Endpoint, options: Any) -> Iterator[AzcopyGate]:
    """AzCopy, a container of this scenario's own, and a tap in front of the endpoint."""
    with azcopy_gate(scenario, endpoint, options.prefix) as ready:
        yield ready


@pytest.fixture
def cell_gate(scenario: Scenario, served: Served, cell: Cell, options: Any) -> Iterator[AzcopyGate]:
    """The same for a cell of a matrix: at its address, within its budget."""
    with azcopy_gate(
        scenario, served.endpoint, options.prefix, face=served.face, seconds=cell.seconds
    ) as ready:
        yield ready


@pytest.fixture
def shaken(scenario: Scenario, served: Served, cell: Cell, options: Any) -> Iterator[AzcopyGate]:
    """The same with a fault proxy in the tap's place."""
    with azcopy_gate(
        scenario, served.endpoint, options.prefix, face=served.face, seconds=cell.seconds, faulty=True
    ) as ready:
        yield ready


@pytest.fixture(scope="session")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    """Second Blob services that trust the endpoint of a cell, whatever address it is reached at."""
    with Peers(tmp_path_factory.mktemp("peers")) as started:
        yield started


@pytest.fixture
def second(
    cell_gate: AzcopyGate, cell: Cell, served: Served, peers: Peers, options: Any
) -> Iterator[Stage | None]:
    """A container on a second Blob service, for a cell whose direction needs one."""
    if not cell["direction"].endswith("-peer"):
        yield None
        return
    with beside(cell_gate.stage, peers, options.prefix, served.face) as ready:
        yield ready


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A second Blob service, to copy from and to: our own façade, started for this run."""
    with open_endpoint("reference", logs=tmp_path_factory.mktemp("peer-logs")) as started:
        yield started


@pytest.fixture
def other(gate: AzcopyGate, peer: Endpoint, options: Any) -> Iterator[Stage]:
    """A container on the second service, behind a tap of its own whose exchanges are not judged."""
    if not gate.stage.reach.url.startswith(f"http://{gate.stage.reach.tap.address[0]}:"):
        gate.scenario.not_applicable(
            "the second Blob service can read this endpoint neither by its name nor over its TLS",
            source=["azcopy/3.5"],
        )
    work = gate.stage.work / "other"
    work.mkdir()
    with stage(gate.scenario, peer, options.prefix, work=work) as ready:
        yield ready


@pytest.fixture
def source(gate: AzcopyGate, other: Stage) -> Stage:
    """The same, for an endpoint that can read it."""
    if not is_loopback(gate.stage.endpoint.face()):
        gate.scenario.not_applicable(
            "the second Blob service listens on loopback, where this endpoint cannot reach it",
            source=["azcopy/3.5"],
        )
    return other
