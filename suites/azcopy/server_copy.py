"""AzCopy copies between two Blob services: the services move the bytes, AzCopy only tells them to."""

from __future__ import annotations

from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import MIB, content, digests, tree
from harness.clients.stage import Stage

_PROPERTIES = {
    "x-ms-blob-content-type": "text/x-proof",
    "x-ms-blob-content-language": "en",
    "x-ms-meta-origin": "the other service",
}


def test_small_from_blob(gate: AzcopyGate, source: Stage) -> None:
    """A small blob is copied from another Blob service to the endpoint

    AzCopy asks for account information, then sends one Put Blob From URL: the endpoint must fetch the bytes.
    """
    data = content(5000, 21)
    source.truth.put(source.container, "small.bin", data, _PROPERTIES)
    outcome = gate.copy(
        source.url("small.bin", sas=source.sas()),
        gate.stage.url("small.bin", sas=gate.stage.sas()),
        "BlobBlob",
    )
    gate.succeeded(outcome, completed=1)
    gate.asked("Put Blob From URL", 1, method="PUT", has="x-ms-copy-source")
    gate.stage.stored("small.bin", data)
    _kept_properties(gate.stage, "small.bin")


def test_multi_block_from_blob(gate: AzcopyGate, source: Stage) -> None:
    """A large blob is copied from another Blob service in blocks

    Each block is one Put Block From URL with a source range; the endpoint must ask for exactly that range.
    """
    data = content(20 * MIB + 12345, 22)
    source.truth.put_blocks(source.container, "large.bin", data, _PROPERTIES)
    outcome = gate.copy(
        source.url("large.bin", sas=source.sas()),
        gate.stage.url("large.bin", sas=gate.stage.sas()),
        "BlobBlob",
        "--block-size-mb=8",
    )
    gate.succeeded(outcome, completed=1)
    gate.asked("Put Block From URL", 3, method="PUT", comp="block", has="x-ms-copy-source")
    gate.stage.stored("large.bin", data)
    _kept_properties(gate.stage, "large.bin")


def test_tree_from_blob(gate: AzcopyGate, source: Stage) -> None:
    """A tree with awkward names is copied from another Blob service

    The names travel inside a URL inside a header: encoded twice, decoded twice.
    """
    files = tree(20)
    for name, data in files.items():
        source.truth.put(source.container, f"t/{name}", data)
    outcome = gate.copy(
        source.url("t", sas=source.sas()), gate.stage.url(sas=gate.stage.sas()), "BlobBlob", "--recursive"
    )
    gate.succeeded(outcome, completed=len(files))
    gate.asked("Put Blob From URL", len(files), method="PUT", has="x-ms-copy-source")
    gate.stage.stored_tree("t/", digests(files))


def test_small_to_blob(gate: AzcopyGate, other: Stage) -> None:
    """A small blob is copied from the endpoint to another Blob service

    The other service reads the endpoint by URL and SAS; bytes, content type and metadata must come over.
    """
    data = content(5000, 23)
    gate.stage.truth.put(gate.stage.container, "small.bin", data, _PROPERTIES)
    outcome = gate.copy(
        gate.stage.url("small.bin", sas=gate.stage.sas()),
        other.url("small.bin", sas=other.sas()),
        "BlobBlob",
    )
    gate.succeeded(outcome, completed=1)
    gate.asked("Get Blob by the other service", 1, method="GET")
    other.stored("small.bin", data)
    _kept_properties(other, "small.bin")


def test_multi_block_to_blob(gate: AzcopyGate, other: Stage) -> None:
    """A large blob is copied from the endpoint to another Blob service in ranges

    The other service reads range after range, in parallel, and must get each exactly.
    """
    data = content(20 * MIB + 12345, 24)
    gate.stage.truth.put_blocks(gate.stage.container, "large.bin", data, _PROPERTIES)
    outcome = gate.copy(
        gate.stage.url("large.bin", sas=gate.stage.sas()),
        other.url("large.bin", sas=other.sas()),
        "BlobBlob",
        "--block-size-mb=8",
    )
    gate.succeeded(outcome, completed=1)
    gate.asked("Get Blob by the other service", 3, method="GET")
    other.stored("large.bin", data)
    _kept_properties(other, "large.bin")


def _kept_properties(where: Stage, blob: str) -> None:
    where.header(blob, "Content-Type", "text/x-proof")
    where.header(blob, "Content-Language", "en")
    where.header(blob, "x-ms-meta-origin", "the other service")
