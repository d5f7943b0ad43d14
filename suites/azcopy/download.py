"""AzCopy moves data down from the endpoint."""

from __future__ import annotations

from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import MIB, content, digests, read_tree, tree


def test_small_file(gate: AzcopyGate) -> None:
    """A small blob comes down whole

    AzCopy asks for a range even of small blobs, fenced with If-Unmodified-Since.
    """
    stage = gate.stage
    data = content(1000, 11)
    stage.truth.put(stage.container, "small.bin", data)
    target = stage.work / "small.bin"
    outcome = gate.copy(stage.url("small.bin", sas=stage.sas()), str(target), "BlobLocal")
    gate.succeeded(outcome, completed=1)
    gate.asked("Get Blob with a range", 1, method="GET", has="x-ms-range")
    stage.same_file(target, data)


def test_multi_block(gate: AzcopyGate) -> None:
    """A large blob comes down in parallel ranges and is whole

    Restores read in 8 MiB ranges; a server that ignores the range corrupts the file silently.
    """
    stage = gate.stage
    data = content(20 * MIB + 12345, 12)
    stage.truth.put_blocks(stage.container, "large.bin", data)
    target = stage.work / "large.bin"
    outcome = gate.copy(
        stage.url("large.bin", sas=stage.sas()), str(target), "BlobLocal", "--block-size-mb=4"
    )
    gate.succeeded(outcome, completed=1)
    gate.asked("Get Blob with a range", 6, method="GET", has="x-ms-range")
    stage.same_file(target, data)


def test_empty_file(gate: AzcopyGate) -> None:
    """An empty blob becomes an empty file

    AzCopy decides by the length that HEAD tells, and reads nothing.
    """
    stage = gate.stage
    stage.truth.put(stage.container, "empty.bin", b"")
    target = stage.work / "empty.bin"
    outcome = gate.copy(stage.url("empty.bin", sas=stage.sas()), str(target), "BlobLocal")
    gate.succeeded(outcome, completed=1)
    gate.asked("Get Blob Properties", 1, method="HEAD")
    stage.same_file(target, b"")


def test_tree(gate: AzcopyGate) -> None:
    """A tree of many blobs with awkward names comes down whole

    The names come from listings and go back into URLs: both must spell them alike.
    """
    stage = gate.stage
    files = tree(60)
    for name, data in files.items():
        stage.truth.put(stage.container, f"down/{name}", data)
    outcome = gate.copy(stage.url("down", sas=stage.sas()), str(stage.work), "BlobLocal", "--recursive")
    gate.succeeded(outcome, completed=len(files))
    gate.asked("List Blobs", 1, method="GET", comp="list")
    stage.same("files below 'down/'", digests(files), read_tree(stage.work / "down"))
