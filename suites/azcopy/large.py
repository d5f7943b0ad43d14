"""AzCopy moves what jobs really move: one file of 1 GiB, and 5,000 small files. Only with `--scale large`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import MIB, content, digests, read_tree, tree, write_tree
from harness.clients.stage import Stage

_SIZE = 1024 * MIB
_PIECE = 8 * MIB
_FILES = 5000
_SECONDS = 900.0


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
    _stored(stage, "big.bin", digest)
    back = stage.work / "back.bin"
    outcome = gate.copy(stage.url("big.bin", sas=sas), str(back), "BlobLocal", seconds=_SECONDS)
    gate.succeeded(outcome, completed=1)
    stage.scenario.check(
        "bytes of the file back.bin", digest, _digest(back) if back.is_file() else "no such file"
    )
    back.unlink(missing_ok=True)


def test_many_files_up_and_down(gate: AzcopyGate) -> None:
    """5,000 small files go up and come back whole

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
    _stored(gate.stage, "big.bin", digest)
    outcome = gate.copy(
        gate.stage.url("big.bin", sas=here), source.url("back.bin", sas=there), "BlobBlob", seconds=_SECONDS
    )
    gate.succeeded(outcome, completed=1)
    _stored(source, "back.bin", digest)


def test_many_files_between(gate: AzcopyGate, source: Stage) -> None:
    """5,000 small blobs are copied from another Blob service and back to it

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
    digest = hashlib.sha256()
    path = folder / "big.bin"
    with path.open("wb") as file:
        for number in range(_SIZE // _PIECE):
            piece = content(_PIECE, 1000 + number)
            digest.update(piece)
            file.write(piece)
    return path, f"{_SIZE} bytes, sha256 {digest.hexdigest()}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"{path.stat().st_size} bytes, sha256 {hashlib.file_digest(file, 'sha256').hexdigest()}"


def _stored(where: Stage, blob: str, expected: str) -> None:
    found = where.truth.get(where.container, blob)
    observed = "no such blob" if found is None else f"{found.length} bytes, sha256 {found.sha256}"
    where.scenario.check(f"bytes of {blob}", expected, observed)


def _up_to_other(gate: AzcopyGate, other: Stage, path: Path, blob: str, *options: str) -> None:
    """Lay the data on the second service. What happens there is no evidence about the endpoint."""
    target = other.url(blob, sas=other.sas())
    outcome = gate.azcopy.run(
        "copy", [str(path), target, "--from-to=LocalBlob", *options], label="0-premise", seconds=_SECONDS
    )
    other.reach.tap.take()
    gate.scenario.check("the premise: data on the second service", 0, outcome.exit)
