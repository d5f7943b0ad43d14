"""AzCopy is killed in the middle of a job, and resumes it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import MIB, big_file, content, digests, file_said, read_tree, write_tree
from harness.clients.peers import Peers, beside
from harness.clients.stage import GateFaultError, Stage
from harness.exchange import Exchange
from harness.faults.catalogue import catalogue
from harness.faults.families import belongs
from harness.faults.fault import Fault
from harness.matrix.cell import Cell
from harness.rules.identify import identify

_SIZE = 32 * MIB
_FILES = {f"part-{number % 7}/file +{number:03d}.bin": content(2000, 200 + number) for number in range(160)}
_BLOB = "big +.bin"
_FOLDER = "tree"
_KILLED = -9
_OPTIONS = {"blocks": "--block-size-mb=1", "files": "--recursive"}
_FEW_AT_ONCE = {"AZCOPY_CONCURRENCY_VALUE": "2"}
_CARRIERS = {"up": "write", "down": "read", "from-peer": "copy", "to-peer": "read"}
"""The requests that carry the data, by direction."""
_WHY = "What is visible after a crash must be whole: the next reader knows nothing of the crash."


def test_killed(shaken: AzcopyGate, cell: Cell, peers: Peers, options: Any) -> None:
    """A job that was killed in the middle is resumed, and the data are whole

    Movers crash, machines are taken away. What was staged before must not be mixed up with what is staged
    afterwards, and no blob may be there before its commit.
    """
    here, load = shaken.stage, _Load.of(cell["load"], shaken.stage.work)
    direction = cell["direction"]
    # The second half of the data is held up: then the job has a middle, on however quick a machine.
    middle = catalogue()["stall"].on(_CARRIERS[direction], nth=load.pieces // 2, times=0)
    places: tuple[Stage | None, Stage | None]
    with contextlib.ExitStack() as stack:
        if direction in ("up", "down"):
            places = (None, here) if direction == "up" else (here, None)
        else:
            other = stack.enter_context(beside(here, peers, options.prefix))
            places = (other, here) if direction == "from-peer" else (here, other)
        _killed_and_resumed(shaken, load, middle, *places)


@dataclass(frozen=True, slots=True)
class _Load:
    """What is moved: one blob of many blocks, or many files."""

    kind: str
    local: Path  # the file or folder on this machine
    said: str = ""  # length and digest of the file

    @classmethod
    def of(cls, kind: str, work: Path) -> _Load:
        if kind == "files":
            return cls(kind, work / _FOLDER)
        path = work / "big.bin"
        return cls(kind, path, big_file(path, _SIZE))

    @property
    def pieces(self) -> int:
        """How many requests carry the data."""
        return _SIZE // MIB if self.kind == "blocks" else len(_FILES)

    @property
    def name(self) -> str:
        return _BLOB if self.kind == "blocks" else _FOLDER

    def lay(self, where: Stage | None) -> None:
        """The source, by our own writes; None: on this machine."""
        if where is None:
            if self.kind == "files":
                write_tree(self.local, _FILES)
        elif self.kind == "files":
            for name, data in _FILES.items():
                where.truth.put(where.container, f"{_FOLDER}/{name}", data)
        else:
            where.truth.put_file(where.container, _BLOB, self.local)

    def whole_so_far(self, where: Stage | None, gate: AzcopyGate, down: Path) -> None:
        """Check that what is at the destination of a job that was killed is whole, blob for blob."""
        if self.kind == "blocks" and where is not None:
            where.absent(_BLOB, why=_WHY)
        elif self.kind == "files":
            found = read_tree(down) if where is None else _stored(where)
            there = {name: digest for name, digest in found.items() if ".azDownload" not in name}
            wanted = {name: digest for name, digest in digests(_FILES).items() if name in there}
            gate.stage.same("what the killed job left", wanted, there)

    def arrived(self, where: Stage | None, gate: AzcopyGate, down: Path) -> None:
        """Check that all is at the destination; None: on this machine."""
        if where is not None and self.kind == "blocks":
            where.stored_as(_BLOB, self.said)
        elif where is not None:
            where.stored_tree(f"{_FOLDER}/", digests(_FILES))
        elif self.kind == "blocks":
            gate.scenario.check("bytes of the file", self.said, file_said(down))
        else:
            gate.stage.same("files that came", digests(_FILES), read_tree(down))


def _killed_and_resumed(
    gate: AzcopyGate, load: _Load, middle: Fault, source: Stage | None, target: Stage | None
) -> None:
    """None: this machine is the source, or the target."""
    down = gate.stage.work / "down" / (_FOLDER if load.kind == "files" else "big.bin")
    down.parent.mkdir()
    load.lay(source)
    places = [
        str(load.local) if source is None else source.url(quote(load.name), sas=source.sas()),
        str(down if load.kind == "blocks" else down.parent) if target is None else _target(target, load),
    ]
    from_to = f"{'Local' if source is None else 'Blob'}{'Local' if target is None else 'Blob'}"
    prefix = gate.stage.endpoint.face().prefix
    gate.stage.reach.faults.arm([middle])
    outcome = gate.run(
        "copy",
        *places,
        f"--from-to={from_to}",
        _OPTIONS[load.kind],
        env=_FEW_AT_ONCE,
        kill_when=lambda seen: _moved(seen, middle.on, prefix) * 4 >= load.pieces,
    )
    gate.stage.reach.faults.disarm(0)
    if outcome.exit != _KILLED:
        gate.scenario.indeterminate(f"AzCopy ended before it could be killed: {outcome.summary}")
    if outcome.job is None:
        raise GateFaultError("AzCopy was killed before it told its job's id")
    load.whole_so_far(target, gate, down)
    words = ["resume", outcome.job]
    if source is not None:
        words.append(f"--source-sas={source.sas().reveal()}")
    if target is not None:
        words.append(f"--destination-sas={target.sas().reveal()}")
    gate.succeeded(gate.run("jobs", *words))
    load.arrived(target, gate, down)


def _target(where: Stage, load: _Load) -> str:
    return where.url(quote(_BLOB) if load.kind == "blocks" else "", sas=where.sas())


def _moved(seen: Sequence[Exchange], family: str, prefix: str) -> int:
    """How many requests carried data."""
    asked = (one.request for one in seen)
    return sum(
        belongs(identify(one.method, one.target, one.headers, prefix).operation, family) for one in asked
    )


def _stored(where: Stage) -> Mapping[str, str]:
    found = {}
    for listed in where.truth.names(where.container, f"{_FOLDER}/"):
        blob = where.truth.get(where.container, listed.name)
        found[listed.name.removeprefix(f"{_FOLDER}/")] = "gone" if blob is None else blob.sha256
    return found
