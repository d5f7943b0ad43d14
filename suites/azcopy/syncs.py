"""AzCopy keeps a folder and a prefix alike, and two prefixes of two services, in every way it offers."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import content, digests, read_tree, tree, write_tree
from harness.clients.stage import Stage
from harness.exchange import Exchange, header
from harness.matrix.cell import Cell

_HOUR = 3600.0
_NEXT_SECOND = 1.1  # Last-Modified counts whole seconds
_CHANGED = ("part-1/file-0001.bin", "日本語/ファイル.bin", "plus+plus.txt")
_MISSING = {"new/file.bin": content(700, 71), "new in root %.bin": content(5, 72)}
_EXTRA = {"gone/extra one.bin": b"extra", "extra+two.bin": b"extra"}
_SAME = {name: data for name, data in tree(6).items() if name not in _CHANGED}
_OLD = {name: content(1000, 80 + number) for number, name in enumerate(_CHANGED)}
_NEW = {name: content(1000, 90 + number) for number, name in enumerate(_CHANGED)}
_SOURCE = {**_SAME, **_NEW, **_MISSING}


def test_sync(cell_gate: AzcopyGate, cell: Cell, second: Stage | None) -> None:
    """Only what changed or is missing is moved, and what is extra goes where that was asked for

    Equal files have the same size here. Where hashes are compared the dates say the opposite of the truth:
    whoever goes by them moves what is equal, and leaves what changed.
    """
    stage = cell_gate.stage
    options = [f"--delete-destination={str(cell['extra'] == 'deleted').lower()}"]
    by_date = cell["compare"] == "date"
    if not by_date:
        # Not every file system has extended attributes, where AzCopy keeps the hashes of local files else.
        hashes = stage.work / "hashes"
        hashes.mkdir()
        options += ["--compare-hash=MD5"]
        if cell["direction"] in ("up", "down"):
            options += ["--local-hash-storage-mode=HiddenFiles", f"--hash-meta-dir={hashes}"]
    wanted = _SOURCE if cell["extra"] == "deleted" else {**_SOURCE, **_EXTRA}
    folder = stage.work / "folder"
    match cell["direction"]:
        case "up":
            write_tree(folder, _SOURCE)
            _dated(folder, {name: (name in _NEW) == by_date for name in {**_SAME, **_NEW}})
            _put(stage, {**_SAME, **_OLD, **_EXTRA})
            _run(cell_gate, [str(folder), _url(stage)], "LocalBlob", options)
            stage.stored_tree("s/", digests(wanted))
            _moved(stage, _writes(cell_gate.seen))
            _deleted(stage, cell_gate.seen, cell["extra"])
        case "down":
            write_tree(folder, {**_SAME, **_OLD, **_EXTRA})
            _dated(folder, {name: (name in _SAME) == by_date for name in {**_SAME, **_OLD}})
            _put(stage, _SOURCE)
            _run(cell_gate, [_url(stage), str(folder)], "BlobLocal", options)
            stage.same("files of the folder", digests(wanted), read_tree(folder))
            _moved(stage, _reads(cell_gate.seen))
        case direction:
            assert second is not None
            source, target = (second, stage) if direction == "from-peer" else (stage, second)
            first, last = (_OLD, _SAME) if by_date else (_SAME, _OLD)
            _put(target, {**first, **_EXTRA})
            time.sleep(_NEXT_SECOND)
            _put(source, _SOURCE)
            if not by_date:
                time.sleep(_NEXT_SECOND)
            _put(target, last)
            _run(cell_gate, [_url(source), _url(target)], "BlobBlob", options)
            target.stored_tree("s/", digests(wanted))
            seen = cell_gate.seen if target is stage else target.reach.tap.take()
            _moved(stage, _writes(seen))
            _deleted(stage, seen, cell["extra"])


def _run(gate: AzcopyGate, places: Sequence[str], from_to: str, options: Sequence[str]) -> None:
    outcome = gate.run("sync", *places, f"--from-to={from_to}", *options)
    gate.succeeded(outcome)
    gate.asked("List Blobs", 1, method="GET", comp="list")


def _url(stage: Stage) -> str:
    return stage.url("s", sas=stage.sas())


def _put(stage: Stage, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        stage.truth.put(stage.container, f"s/{name}", data)


def _dated(folder: Path, newer: Mapping[str, bool]) -> None:
    """Give each file a date an hour after any blob of this scenario, or an hour before."""
    now = time.time()
    for name, is_newer in newer.items():
        at = now + _HOUR if is_newer else now - _HOUR
        os.utime(folder / name, (at, at))


def _writes(seen: Sequence[Exchange]) -> set[str]:
    return {
        _blob(one) for one in seen if one.request.method == "PUT" and "restype=" not in one.request.target
    }


def _reads(seen: Sequence[Exchange]) -> set[str]:
    return {
        _blob(one)
        for one in seen
        if one.request.method == "GET" and header(one.request.headers, "x-ms-range") is not None
    }


def _blob(exchange: Exchange) -> str:
    return unquote(exchange.request.target.partition("?")[0]).partition("/s/")[2]


def _moved(stage: Stage, names: set[str]) -> None:
    stage.scenario.check(
        "what was moved",
        sorted({*_CHANGED, *_MISSING}),
        sorted(names),
        why="Only what changed may be moved, and all of it must.",
        source=("azcopy/3.6",),
    )


def _deleted(stage: Stage, seen: Sequence[Exchange], extra: str) -> None:
    names = sorted({_blob(one) for one in seen if one.request.method == "DELETE"})
    stage.scenario.check(
        "what was deleted",
        sorted(_EXTRA) if extra == "deleted" else [],
        names,
        why="Only what the source lacks may go, and only where that was asked for.",
        source=("azcopy/3.6",),
    )
