"""One façade for the whole area, and a fresh container for each test that asks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.facade.client import Client, facade

_numbers = itertools.count()


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    root: Path = tmp_path_factory.mktemp("facade")
    with facade(root, "--allow-copy-source", "127.0.0.0/8") as running:
        yield running


@pytest.fixture
def container(client: Client) -> str:
    name = f"test-{next(_numbers):04d}"
    assert client.create(name).status == 201
    return name
