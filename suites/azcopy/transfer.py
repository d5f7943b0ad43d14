"""AzCopy moves data in every direction, at every size, with every kind of credential, to every address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from harness.clients.azcopy_auth import Access, access
from harness.clients.azcopy_gate import AzcopyGate
from harness.clients.data import MIB, big_file, digests, file_said, read_tree, tree, write_tree
from harness.clients.stage import Stage
from harness.matrix.cell import Cell

_BLOCK = MIB
_SIZES = {
    "0B": 0,
    "1B": 1,
    "block-1": _BLOCK - 1,
    "block": _BLOCK,
    "block+1": _BLOCK + 1,
    "8MiB": 8 * MIB,
    "256MiB": 256 * MIB,
}
_AT_ONCE = 8 * MIB  # up to here our own write is one request
_TREE = 32  # plain files; with the awkward names and the empty file these are 60
_BLOB = "data +%.bin"


def test_transfer(cell_gate: AzcopyGate, cell: Cell, second: Stage | None) -> None:
    """Data arrive whole

    Up, down, from another Blob service and to it: what is there afterwards is read and compared by digest,
    since AzCopy says Completed whatever it wrote.
    """
    here = cell_gate.stage
    load = _tree() if cell["size"] == "tree" else _file(here.work, _SIZES[cell["size"]])
    way = access(here, cell["auth"])
    match cell["direction"]:
        case "up":
            _up(cell_gate, way, load)
        case "down":
            _down(cell_gate, way, load)
        case "from-peer":
            assert second is not None
            load.lay(second)
            _between(cell_gate, way, load, (second, access(second, "account-sas")), (here, way))
            cell_gate.asked("copies from a URL", 1, method="PUT", comp=load.comp, has="x-ms-copy-source")
        case "to-peer":
            assert second is not None
            load.lay(here)
            _between(cell_gate, way, load, (here, way), (second, access(second, "account-sas")))


@dataclass(frozen=True, slots=True)
class _Load:
    """What is moved: one file, or a tree."""

    said: str = ""  # length and digest of the file
    path: Path = Path()  # the file
    size: int = 0
    files: Mapping[str, bytes] | None = None  # the tree

    @property
    def count(self) -> int:
        return 1 if self.files is None else len(self.files)

    @property
    def options(self) -> tuple[str, ...]:
        if self.files is not None:
            return ("--recursive",)
        return ("--block-size-mb=1",) if self.size <= _BLOCK + 1 else ()

    @property
    def comp(self) -> str | None:
        """What writes the bytes: blocks, or the blob at once."""
        in_blocks = self.size == _BLOCK + 1 or self.size > _AT_ONCE
        return "block" if in_blocks else None

    @property
    def name(self) -> str:
        """What is moved, in a container: the blob, or the folder of the tree."""
        return _BLOB if self.files is None else "tree"

    def local(self, folder: Path) -> Path:
        """The load as a file or folder on this machine."""
        return self.path if self.files is None else write_tree(folder / "tree", self.files)

    def lay(self, where: Stage) -> None:
        """The load as a blob or blobs, by our own writes."""
        if self.files is not None:
            for name, data in self.files.items():
                where.truth.put(where.container, f"tree/{name}", data)
        elif self.size <= _AT_ONCE:
            where.truth.put(where.container, _BLOB, self.path.read_bytes())
        else:
            where.truth.put_file(where.container, _BLOB, self.path)
        if self.files is None:
            self.path.unlink()

    def arrived(self, where: Stage) -> None:
        """Check what is stored, by our own reads."""
        if self.files is None:
            where.stored_as(_BLOB, self.said)
        else:
            where.stored_tree("tree/", digests(self.files))

    def came(self, where: Stage, folder: Path) -> None:
        """Check what is on this machine."""
        if self.files is None:
            where.scenario.check("bytes of the file", self.said, file_said(folder / "file.bin"))
        else:
            where.same("files that came", digests(self.files), read_tree(folder / "tree"))


def _file(folder: Path, size: int) -> _Load:
    path = folder / "file.bin"
    return _Load(said=big_file(path, size), path=path, size=size)


def _tree() -> _Load:
    return _Load(files=tree(_TREE))


def _up(gate: AzcopyGate, way: Access, load: _Load) -> None:
    stage = gate.stage
    # A folder goes below the place that is named, a file becomes it.
    target = stage.url(quote(_BLOB), sas=way.sas) if load.files is None else stage.url(sas=way.sas)
    source = str(load.local(stage.work))
    outcome = gate.copy(source, target, "LocalBlob", *load.options, credential=way.credential)
    gate.succeeded(outcome, completed=load.count)
    gate.asked("writes", 1, method="PUT", comp=load.comp)
    load.arrived(stage)


def _down(gate: AzcopyGate, way: Access, load: _Load) -> None:
    stage = gate.stage
    load.lay(stage)
    folder = stage.work / "down"
    folder.mkdir()
    target = folder / "file.bin" if load.files is None else folder
    source = stage.url(quote(load.name), sas=way.sas)
    outcome = gate.copy(source, str(target), "BlobLocal", *load.options, credential=way.credential)
    gate.succeeded(outcome, completed=load.count)
    if load.size or load.files:
        gate.asked("ranged reads", 1, method="GET", has="x-ms-range")
    load.came(stage, folder)


def _between(
    gate: AzcopyGate, way: Access, load: _Load, source: tuple[Stage, Access], target: tuple[Stage, Access]
) -> None:
    (there, its), (here, own) = source, target
    onto = here.url(quote(_BLOB), sas=own.sas) if load.files is None else here.url(sas=own.sas)
    outcome = gate.copy(
        there.url(quote(load.name), sas=its.sas), onto, "BlobBlob", *load.options, credential=way.credential
    )
    gate.succeeded(outcome, completed=load.count)
    load.arrived(here)
