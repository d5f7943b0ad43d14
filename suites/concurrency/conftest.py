"""The fixture of the high-concurrency gate: a container and a crowd of connections before one address."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest

from harness.crowd.gathering import Gathering, gathering
from harness.matrix.cell import Cell
from harness.matrix.served import Served
from harness.scenario import Scenario


@pytest.fixture
def gathered(scenario: Scenario, served: Served, cell: Cell, options: Any) -> Iterator[Gathering]:
    """As many parallel requests as the cell says; what their answers had in common are the last findings."""
    scenario.used("crowd", version("blobproof"))
    with gathering(scenario, served, cell, options.prefix) as ready:
        yield ready
