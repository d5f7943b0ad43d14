"""The SDK while things break on the way: its own retries, and what is there afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.clients.azure_storage_blob import FLAVOURS, USE, SdkGate, sdk_gate
from harness.clients.data import content
from harness.clients.stage import GateFaultError
from harness.clients.truth import said
from harness.faults.catalogue import catalogue
from harness.matrix.cell import Cell
from harness.matrix.served import Served
from harness.safety.outcome import Outcome
from harness.scenario import Scenario

_DATA = content(300_000, 66)
_NAMES = [f"l/{number}" for number in range(5)]
_WRITTEN = {"write": said(content(20_000, 64)), "commit": said(content(200_000, 64))}


@pytest.fixture
def shaken(scenario: Scenario, served: Served, cell: Cell, options: Any) -> Iterator[SdkGate]:
    """The SDK with a fault proxy in front of the endpoint."""
    with sdk_gate(
        scenario, served.endpoint, options.prefix, program=USE["python"], seconds=cell.seconds, faulty=True
    ) as ready:
        yield ready


def test_fault(shaken: SdkGate, cell: Cell) -> None:
    """The SDK tries again, or says that it failed, and nothing is there by halves

    Training jobs live on these retries. 429 is the exception: the SDK for Python never tries again then.
    """
    stage, on = shaken.stage, cell["on"]
    for name in _NAMES:
        stage.truth.put(stage.container, name, b"x")
    stage.truth.put(stage.container, "laid", _DATA)
    outcomes = [_one(shaken, flavour, cell["fault"], on) for flavour in FLAVOURS]
    shaken.scenario.outcome = max(outcomes, key=list(Outcome).index).value


def _one(gate: SdkGate, flavour: str, fault: str, on: str) -> Outcome:
    stage, proxy = gate.stage, gate.stage.reach.faults
    blob = "laid" if on == "read" else f"{flavour}/written"
    proxy.arm([catalogue()[fault].on(on)])
    try:
        gate.run("under-fault", flavours=(flavour,), action=on, blob=blob)
    finally:
        strikes = proxy.disarm()
    if not strikes:
        raise GateFaultError(f"the fault {fault} struck nothing")
    assert gate.facts is not None
    refusal = gate.facts.of(flavour, "refusal")
    gate.scenario.check(
        f"the SDK gets over it ({flavour})",
        None,
        refusal,
        level="observed",
        source=("clients/2", "clients/4"),
    )
    if on in _WRITTEN:
        found = stage.truth.get(stage.container, blob)
        observed = "no such blob" if found is None else f"{found.length} bytes, sha256 {found.sha256}"
        right = [_WRITTEN[on]] if refusal is None else [_WRITTEN[on], "no such blob"]
    else:
        observed = str(gate.facts.of(flavour, "told")) if refusal is None else "nothing"
        right = [said(_DATA) if on == "read" else str(_NAMES)] if refusal is None else ["nothing"]
    whole = gate.scenario.check(
        f"what is there ({flavour})",
        " or ".join(right),
        observed,
        source=("clients/4",),
        holds=observed in right,
    )
    if refusal is not None:
        return Outcome.FAILS_LOUDLY
    return Outcome.RECOVERS if whole else Outcome.CORRUPTS_SILENTLY
