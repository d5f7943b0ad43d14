"""AzCopy deletes blobs."""

from __future__ import annotations

from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import content, digests, tree


def test_single(gate: AzcopyGate) -> None:
    """One blob is deleted, and its neighbours stay

    AzCopy exits 0 even when nothing was deleted: only looking tells.
    """
    stage = gate.stage
    data = content(100, 31)
    for name in ("a.bin", "a.bin.bak", "a"):
        stage.truth.put(stage.container, name, data)
    outcome = gate.run("remove", stage.url("a.bin", sas=stage.sas()), "--from-to=BlobTrash")
    gate.succeeded(outcome, completed=1)
    gate.asked("Delete Blob", 1, method="DELETE")
    stage.absent("a.bin")
    stage.stored("a.bin.bak", data)
    stage.stored("a", data)


def test_recursive(gate: AzcopyGate) -> None:
    """Everything below a prefix is deleted, and nothing else

    A recursive remove lists, looks for folder stubs, and deletes blob by blob.
    """
    stage = gate.stage
    files = tree(25)
    for name, data in files.items():
        stage.truth.put(stage.container, f"go/{name}", data)
    kept = {"going": b"near", "stay/x.bin": b"far", "go.bin": b"near"}
    for name, data in kept.items():
        stage.truth.put(stage.container, name, data)
    outcome = gate.run("remove", stage.url("go", sas=stage.sas()), "--from-to=BlobTrash", "--recursive")
    gate.succeeded(outcome, completed=len(files))
    gate.asked("Delete Blob", len(files), method="DELETE")
    stage.stored_tree("", digests(kept))
