"""What each client makes of one fault: it recovers, fails loudly, corrupts silently, or hangs."""

from __future__ import annotations

from typing import Any

from harness.drive.action import Action
from harness.endpoint import Endpoint
from harness.matrix.cell import Cell
from harness.safety.bench import Bench
from harness.safety.known import Known, about
from harness.safety.trial import Trial
from harness.scenario import Scenario


def test_one_fault(
    scenario: Scenario,
    cell: Cell,
    endpoint: Endpoint,
    bench: Bench,
    known_outcomes: tuple[Known, ...],
    options: Any,
) -> None:
    """A client does its task while one request of it goes wrong

    Networks break and services are busy. What the client makes of it is its own affair and no divergence of
    the endpoint; but whoever chooses a client must know which of them lose data and say nothing. Of the
    endpoint it is required that nothing half-written is visible, and that all of it can still be read.
    """
    trial = Trial(cell["client"], Action(cell["action"]), cell["on"], cell["fault"])
    known = about(known_outcomes, cell.values)
    trial.run(scenario, endpoint, bench, options.prefix, known)
