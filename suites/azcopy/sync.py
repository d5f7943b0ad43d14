"""AzCopy keeps a folder and a prefix alike."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import content, digests, read_tree, tree, write_tree
from harness.clients.stage import GateFaultError

_HOUR = 3600.0


def test_up(gate: AzcopyGate) -> None:
    """A folder is synchronised to an empty prefix

    sync lists the destination, compares by name and date, and uploads what is missing.
    """
    stage = gate.stage
    files = tree(20)
    folder = write_tree(stage.work / "folder", files)
    outcome = gate.run("sync", str(folder), stage.url("s", sas=stage.sas()), "--from-to=LocalBlob")
    gate.succeeded(outcome, completed=len(files))
    gate.asked("List Blobs", 1, method="GET", comp="list")
    stage.stored_tree("s/", digests(files))


def test_nothing_to_do(gate: AzcopyGate) -> None:
    """A folder that is already synchronised sends nothing

    If listed dates or names come out differently from what was stored, every nightly sync moves everything
    again.
    """
    stage = gate.stage
    files = tree(20)
    folder = _older(write_tree(stage.work / "folder", files))
    _put_all(gate, files)
    outcome = gate.run("sync", str(folder), stage.url("s", sas=stage.sas()), "--from-to=LocalBlob")
    gate.succeeded(outcome, completed=0)
    gate.asked("List Blobs", 1, method="GET", comp="list")
    puts = sum(1 for exchange in gate.seen if exchange.request.method == "PUT")
    stage.scenario.check("uploads of what is there already", 0, puts, source=("azcopy/3.6",))
    stage.stored_tree("s/", digests(files))


def test_change_and_delete_destination(gate: AzcopyGate) -> None:
    """Only what changed is sent, and what is gone is deleted

    --delete-destination deletes blobs that the source lacks: a wrong listing deletes the wrong ones.
    """
    stage = gate.stage
    before = dict(tree(20))
    _put_all(gate, before)
    _put_all(gate, {"gone/extra one.bin": b"extra", "extra+two.bin": b"extra"})
    after = {**before, "part-1/file-0001.bin": content(3000, 99), "new/file.bin": content(10, 98)}
    folder = _older(write_tree(stage.work / "folder", after))
    soon = time.time() + _HOUR
    os.utime(folder / "part-1/file-0001.bin", (soon, soon))
    outcome = gate.run(
        "sync",
        str(folder),
        stage.url("s", sas=stage.sas()),
        "--from-to=LocalBlob",
        "--delete-destination=true",
    )
    gate.succeeded(outcome)
    puts = sorted(_blob(e.request.target) for e in gate.seen if e.request.method == "PUT")
    if not puts:
        raise GateFaultError("AzCopy found no change to send")
    stage.scenario.check(
        "uploads", 2, len(puts), why="Only what changed may be sent.", source=("azcopy/3.6",)
    )
    deletes = sum(1 for exchange in gate.seen if exchange.request.method == "DELETE")
    stage.scenario.check(
        "deletes", 2, deletes, why="Only what the source lacks may go.", source=("azcopy/3.6",)
    )
    stage.stored_tree("s/", digests(after))


def test_down(gate: AzcopyGate) -> None:
    """A prefix is synchronised to a folder that has some of it

    Restores repeat: what is there and newer stays, what is missing comes, what is extra goes.
    """
    stage = gate.stage
    files = tree(20)
    _put_all(gate, files)
    folder = write_tree(stage.work / "folder", {"extra.bin": b"extra", "empty.bin": b""})
    soon = time.time() + _HOUR
    os.utime(folder / "empty.bin", (soon, soon))
    outcome = gate.run(
        "sync",
        stage.url("s", sas=stage.sas()),
        str(folder),
        "--from-to=BlobLocal",
        "--delete-destination=true",
    )
    gate.succeeded(outcome)
    gate.asked("Get Blob", 20, method="GET", has="x-ms-range")
    stage.same("files of the folder", digests(files), read_tree(folder))


def _put_all(gate: AzcopyGate, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        gate.stage.truth.put(gate.stage.container, f"s/{name}", data)


def _older(folder: Path) -> Path:
    """The folder, with every file an hour older than any blob of this scenario."""
    before = time.time() - _HOUR
    for path in folder.rglob("*"):
        os.utime(path, (before, before))
    return folder


def _blob(target: str) -> str:
    return target.partition("?")[0]
