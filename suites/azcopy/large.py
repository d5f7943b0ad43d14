"""AzCopy moves what jobs really move: files of 1 and 5 GiB, 10,000 small files. Only with `--scale large`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.clients.azcopy_gate import AzcopyGate, azcopy_gate
from harness.clients.data import GIB, MIB, big_file, digests, file_said, read_tree, tree, write_tree
from harness.clients.stage import Stage
from harness.endpoint import Endpoint
from harness.endpoints.builtin import reference
from harness.matrix.served import is_facade
from harness.scenario import Scenario

_SIZE = 1 * GIB
_HUGE = 5 * GIB + 12345
_PIECE = 8 * MIB
_FILES = 10_000
_SECONDS = 900.0


@pytest.fixture
def roomy(scenario: Scenario, endpoint: Endpoint, options: Any) -> Iterator[AzcopyGate]:
    """The gate for what must not lie in memory: a façade of the run's kind keeps it on this disk then."""
    if not is_facade(endpoint):
        with azcopy_gate(scenario, endpoint, options.prefix) as ready:
            yield ready
        return
    mutant = endpoint.name.partition(":")[2] or None
    with (
        reference(mutant, root=scenario.work / "root", logs=scenario.logs) as running,
        azcopy_gate(scenario, running.endpoint, options.prefix) as ready,
    ):
        yield ready


def test_five_gib_up_and_down(roomy: AzcopyGate) -> None:
    """A file of more than 5 GiB goes up and comes back whole

    Above 4 GiB every length and offset that is kept in 32 bits is wrong. Most of the file is holes, as in an
    image of a disk.
    """
    stage = roomy.stage
    path = stage.work / "huge.bin"
    said = big_file(path, _HUGE, sparse=True)
    sas = stage.sas()
    outcome = roomy.copy(str(path), stage.url("huge.bin", sas=sas), "LocalBlob", seconds=_SECONDS)
    roomy.succeeded(outcome, completed=1)
    roomy.asked("Put Block", _HUGE // _PIECE + 1, method="PUT", comp="block")
    path.unlink()
    stage.stored_as("huge.bin", said)
    back = stage.work / "back.bin"
    outcome = roomy.copy(stage.url("huge.bin", sas=sas), str(back), "BlobLocal", seconds=_SECONDS)
    roomy.succeeded(outcome, completed=1)
    stage.scenario.check("bytes of the file back.bin", said, file_said(back))
    back.unlink(missing_ok=True)


def test_one_gib_up_and_down(gate: AzcopyGate) -> None:
    """A file of 1 GiB goes up and comes back whole

    128 blocks, many at once: the size at which buffering, time-outs and reordering show.
    """
    stage = gate.stage
    path, digest = _big_file(stage.work)
    sas = stage.sas()
    outcome = gate.copy(str(path), stage.url("big.bin", sas=sas), "LocalBlob", seconds=_SECONDS)
    gate.succeeded(outcome, completed=1)
    gate.asked("Put Block", _SIZE // _PIECE, method="PUT", comp="block")
    path.unlink()
    stage.stored_as("big.bin", digest)
    back = stage.work / "back.bin"
    outcome = gate.copy(stage.url("big.bin", sas=sas), str(back), "BlobLocal", seconds=_SECONDS)
    gate.succeeded(outcome, completed=1)
    stage.scenario.check("bytes of the file back.bin", digest, file_said(back))
    back.unlink(missing_ok=True)


def test_many_files_up_and_down(gate: AzcopyGate) -> None:
    """10,000 small files go up and come back whole

    One request for each file and one more to ask for its length: connections and listings are under load.
    """
    stage = gate.stage
    files = tree(_FILES)
    folder = write_tree(stage.work / "tree", files)
    sas = stage.sas()
    outcome = gate.copy(str(folder), stage.url("up", sas=sas), "LocalBlob", "--recursive", seconds=_SECONDS)
    gate.succeeded(outcome, completed=len(files))
    gate.asked("Put Blob", len(files), method="PUT")
    stage.stored_tree("up/tree/", digests(files))
    down = stage.work / "down"
    outcome = gate.copy(
        stage.url("up/tree", sas=sas), str(down), "BlobLocal", "--recursive", seconds=_SECONDS
    )
    gate.succeeded(outcome, completed=len(files))
    stage.same("files that came down", digests(files), read_tree(down / "tree"))


def test_one_gib_between(gate: AzcopyGate, source: Stage) -> None:
    """A blob of 1 GiB is copied from another Blob service and back to it

    128 Put Blocks From URL each way; no byte passes through AzCopy.
    """
    path, digest = _big_file(gate.stage.work)
    _up_to_other(gate, source, path, "big.bin")
    path.unlink()
    here, there = gate.stage.sas(), source.sas()
    outcome = gate.copy(
        source.url("big.bin", sas=there), gate.stage.url("big.bin", sas=here), "BlobBlob", seconds=_SECONDS
    )
    gate.succeeded(outcome, completed=1)
    gate.asked("Put Block From URL", _SIZE // _PIECE, method="PUT", comp="block", has="x-ms-copy-source")
    gate.stage.stored_as("big.bin", digest)
    outcome = gate.copy(
        gate.stage.url("big.bin", sas=here), source.url("back.bin", sas=there), "BlobBlob", seconds=_SECONDS
    )
    gate.succeeded(outcome, completed=1)
    source.stored_as("back.bin", digest)


def test_many_files_between(gate: AzcopyGate, source: Stage) -> None:
    """10,000 small blobs are copied from another Blob service and back to it

    One Put Blob From URL for each, each with its own signed source.
    """
    files = tree(_FILES)
    folder = write_tree(gate.stage.work / "tree", files)
    _up_to_other(gate, source, folder, "up", "--recursive")
    here, there = gate.stage.sas(), source.sas()
    outcome = gate.copy(
        source.url("up", sas=there), gate.stage.url(sas=here), "BlobBlob", "--recursive", seconds=_SECONDS
    )
    gate.succeeded(outcome, completed=len(files))
    gate.asked("Put Blob From URL", len(files), method="PUT", has="x-ms-copy-source")
    gate.stage.stored_tree("up/tree/", digests(files))
    outcome = gate.copy(
        gate.stage.url("up", sas=here),
        source.url("back", sas=there),
        "BlobBlob",
        "--recursive",
        seconds=_SECONDS,
    )
    gate.succeeded(outcome, completed=len(files))
    source.stored_tree("back/up/tree/", digests(files))


def _big_file(folder: Path) -> tuple[Path, str]:
    path = folder / "big.bin"
    return path, big_file(path, _SIZE)


def _up_to_other(gate: AzcopyGate, other: Stage, path: Path, blob: str, *options: str) -> None:
    """Lay the data on the second service. What happens there is no evidence about the endpoint."""
    target = other.url(blob, sas=other.sas())
    outcome = gate.azcopy.run(
        "copy", [str(path), target, "--from-to=LocalBlob", *options], label="0-premise", seconds=_SECONDS
    )
    other.reach.tap.take()
    gate.scenario.check("the premise: data on the second service", 0, outcome.exit)
