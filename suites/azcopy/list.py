"""AzCopy lists what is there."""

from __future__ import annotations

from harness.clients.azcopy import AzcopyOutcome
from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import tree


def test_hierarchical(gate: AzcopyGate) -> None:
    """A listing folder by folder names every blob once, with its length

    AzCopy lists with delimiter=/ and an empty prefix, then each prefix it was told, all in parallel.
    """
    wanted = _lay(gate)
    outcome = gate.run("list", gate.stage.url(sas=gate.stage.sas()), "--location=Blob", "--machine-readable")
    gate.asked("List Blobs", 3, method="GET", comp="list")
    _compare(gate, outcome, wanted)


def test_flat(gate: AzcopyGate) -> None:
    """A flat listing names every blob once, with its length

    Without hierarchical scan there is one listing without a delimiter.
    """
    wanted = _lay(gate)
    outcome = gate.run(
        "list",
        gate.stage.url(sas=gate.stage.sas()),
        "--location=Blob",
        "--machine-readable",
        env={"AZCOPY_DISABLE_HIERARCHICAL_SCAN": "true"},
    )
    gate.asked("List Blobs", 1, method="GET", comp="list")
    _compare(gate, outcome, wanted)


def _lay(gate: AzcopyGate) -> dict[str, int]:
    files = tree(25)
    for name, data in files.items():
        gate.stage.truth.put(gate.stage.container, name, data)
    return {name: len(data) for name, data in files.items()}


def _compare(gate: AzcopyGate, outcome: AzcopyOutcome, wanted: dict[str, int]) -> None:
    gate.scenario.check("exit code of list", 0, outcome.exit)
    found = [str(entry.get("Path")) for entry in outcome.objects]
    gate.scenario.check("names listed twice", 0, len(found) - len(set(found)))
    lengths = {str(entry.get("Path")): str(entry.get("ContentLength")) for entry in outcome.objects}
    gate.stage.same("listed blobs and lengths", {n: str(size) for n, size in wanted.items()}, lengths)
