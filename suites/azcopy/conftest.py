"""Fixtures of the AzCopy gate: AzCopy on a stage of its own, and a second Blob service beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.clients.azcopy_gate import AzcopyGate, azcopy_gate
from harness.endpoint import Endpoint
from harness.endpoints import open_endpoint
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


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A second Blob service, to copy from and to: our own façade, started for this run."""
    with open_endpoint("reference", logs=tmp_path_factory.mktemp("peer-logs")) as started:
        yield started
