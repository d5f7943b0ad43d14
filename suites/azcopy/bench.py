"""AzCopy measures an endpoint: the first thing that many run against new storage."""

from __future__ import annotations

from collections.abc import Sequence

from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import MIB, content
from harness.clients.truth import Listed
from harness.exchange import header
from harness.matrix.cell import Cell

_FILES = 12
_SIZE = 9 * MIB  # two blocks


def test_bench(cell_gate: AzcopyGate, cell: Cell) -> None:
    """azcopy bench moves what it says, and tidies up

    It is no proof of anything, but a benchmark whose files are not there, or stay there, misleads everybody.
    """
    if cell["mode"] == "upload":
        _upload(cell_gate, deletes=cell["data"] == "deleted")
    else:
        _download(cell_gate)


def _upload(gate: AzcopyGate, *, deletes: bool) -> None:
    stage = gate.stage
    outcome = gate.run(
        "bench",
        stage.url(sas=stage.sas()),
        "--mode=upload",
        f"--file-count={_FILES}",
        f"--size-per-file={_SIZE // MIB}M",
        "--block-size-mb=8",
        f"--delete-test-data={str(deletes).lower()}",
    )
    gate.succeeded(outcome)
    gate.asked("Put Block", 2 * _FILES, method="PUT", comp="block")
    gate.asked("Put Block List", _FILES, method="PUT", comp="blocklist")
    there = stage.truth.names(stage.container)
    if deletes:
        gate.asked("Delete Blob", _FILES, method="DELETE")
        _check(gate, "blobs that are left", [], there)
    else:
        _check(gate, "sizes of the blobs", [_SIZE] * _FILES, there)


def _download(gate: AzcopyGate) -> None:
    stage = gate.stage
    data = content(_SIZE, 31)
    names = [f"bench/{number}.bin" for number in range(_FILES)]
    for name in names:
        stage.truth.put(stage.container, name, data)
    outcome = gate.run("bench", stage.url(sas=stage.sas()), "--mode=download")
    gate.succeeded(outcome)
    gate.asked("ranged reads", 2 * _FILES, method="GET", has="x-ms-range")
    read = sum(
        one.response.body.length
        for one in gate.seen
        if one.response is not None and header(one.request.headers, "x-ms-range") is not None
    )
    gate.scenario.check("bytes that were read", _FILES * _SIZE, read, source=("azcopy/3.6",))
    _check(gate, "sizes of the blobs", [_SIZE] * _FILES, stage.truth.names(stage.container))


def _check(gate: AzcopyGate, about: str, expected: list[int], there: Sequence[Listed]) -> None:
    gate.scenario.check(about, expected, [one.length for one in there], source=("azcopy/3.6",))
