"""Every client at its everyday tasks: what is there afterwards is read and compared by digest."""

from __future__ import annotations

from typing import Any

from harness.drive.cells import decline, run
from harness.matrix.cell import Cell
from harness.matrix.served import Served
from harness.scenario import Scenario


def test_task(scenario: Scenario, cell: Cell, served: Served, options: Any) -> None:
    """A client does an everyday task

    A storage serves whoever comes: movers, SDKs, data frames, checkpoints. Each of them asks in a way of its
    own, and what it says of its success is no proof: bytes, names and metadata are read back and compared.
    """
    run(scenario, cell, served, options.prefix)


def test_not_offered(scenario: Scenario, cell: Cell) -> None:
    """A client has no words for a task

    A gap in the matrix would look like a test that somebody forgot: the source says why there is none.
    """
    decline(scenario, cell)
