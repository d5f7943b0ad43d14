"""What an action finds and what must be there after it: laid and compared over our own wire.

`Scene.for_action` lays blobs and local files; `Scene.right` compares by digest what is there now.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from harness.clients.data import KIB, MIB, content, digests, read_tree, write_tree
from harness.clients.truth import PremiseError, Truth, said
from harness.drive.action import Action, Task, Told

_SMALL = 100 * KIB
_LARGE = 9 * MIB
_ABSENT = "no such blob"
_HOUR = 3600.0
METADATA: Mapping[str, str] = MappingProxyType({"owner": "blobproof", "run_7": "a b+c=d/e%20f"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing that was compared, as findings show it."""

    about: str
    expected: str
    observed: str

    @property
    def holds(self) -> bool:
        """Whether it is as it must be."""
        return self.expected == self.observed


@dataclass(frozen=True, slots=True)
class Scene:
    """One action with all that it needs. `blobs` and `files` are what must be there after it."""

    task: Task
    truth: Truth
    blobs: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))  # whole name → content
    gone: tuple[str, ...] = ()
    whole: str | None = None  # below this prefix there is nothing but `blobs`
    files: Mapping[str, bytes] | None = None  # path below the task's, "" for itself → content

    @classmethod
    def for_action(
        cls, action: Action, truth: Truth, container: str, work: Path, prefix: str, *, large: int = _LARGE
    ) -> Scene:
        """Lay what the action needs: blobs below `prefix`, local files in `work`.

        Contents depend on prefix and action, so that two scenes cannot be taken for each other. `large` is
        the size of a file that the client splits. Raises PremiseError.
        """
        work.mkdir(parents=True, exist_ok=True)
        return _MAKERS[action](_Ground(action, truth, container, work, prefix, large))

    def right(self, told: Told) -> tuple[Comparison, ...]:
        """Every comparison of what is there now with what must be there.

        What the client told counts only where telling is what it was asked for (list, metadata), and for
        which of two creations it refused.
        """
        found = [self._blob(name, said(data)) for name, data in sorted(self.blobs.items())]
        found += [self._blob(name, _ABSENT) for name in self.gone]
        if self.whole is not None:
            found.append(self._whole(self.whole))
        if self.files is not None:
            found += _files(self.task.file, self.files)
        return (*found, *self._told(told))

    def _blob(self, name: str, expected: str) -> Comparison:
        try:
            stored = self.truth.get(self.task.container, name)
        except PremiseError as error:
            return Comparison(f"bytes of {name}", expected, str(error))
        now = _ABSENT if stored is None else f"{stored.length} bytes, sha256 {stored.sha256}"
        return Comparison(f"bytes of {name}", expected, now)

    def _whole(self, prefix: str) -> Comparison:
        about, wanted = f"blobs below {prefix}/", _names(self.blobs)
        try:
            listed = self.truth.names(self.task.container, f"{prefix}/")
        except PremiseError as error:
            return Comparison(about, wanted, str(error))
        # Some clients mark each folder with an empty blob: that is their way, and nothing is wrong with it.
        marks = {blob.name for blob in listed if blob.name.endswith("/") and blob.length == 0}
        return Comparison(about, wanted, _names({blob.name for blob in listed} - marks))

    def _told(self, told: Told) -> tuple[Comparison, ...]:
        if self.task.action is Action.LIST:
            wanted = {name: len(data) for name, data in self.blobs.items()}
            names = told.facts.get("names", {})
            return (Comparison("names and sizes listed", _pairs(wanted), _pairs(names)),)
        if self.task.action is Action.METADATA:
            if "metadata" not in told.facts:  # a client that sets metadata and has no words to show them
                return (self._metadata(),)
            metadata = told.facts["metadata"]
            return (
                self._metadata(),
                Comparison("metadata read back", _pairs(self.task.values), _pairs(metadata)),
            )
        if self.task.action is Action.CREATE_ONLY:
            second = str(told.facts.get("second", "not told"))
            return (Comparison("what became of the second creation", "refused", second),)
        return ()

    def _metadata(self) -> Comparison:
        about, wanted = f"metadata of {self.task.blob}", _pairs(self.task.values)
        try:
            stored = self.truth.get(self.task.container, self.task.blob)
        except PremiseError as error:
            return Comparison(about, wanted, str(error))
        if stored is None:
            return Comparison(about, wanted, _ABSENT)
        mark = "x-ms-meta-"
        found = {
            name.lower().removeprefix(mark): value
            for name, value in stored.headers
            if name.lower().startswith(mark) and name.lower().removeprefix(mark) in self.task.values
        }  # clients add some of their own: a time, whether it is a folder
        return Comparison(about, wanted, _pairs(found))


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a maker of scenes works with."""

    action: Action
    truth: Truth
    container: str
    work: Path
    prefix: str
    large: int

    def data(self, size: int, number: int = 0) -> bytes:
        """Bytes of this scene's own."""
        return content(size, zlib.crc32(f"{self.prefix} {self.action}".encode()) + number)

    def tree(self) -> dict[str, bytes]:
        """A small tree: folders, an empty file, names that need encoding."""
        names = ("a.bin", "b/c.bin", "b/deep/er/d.bin", "with space/ü+1 100%.bin", "twin/a.bin")
        sizes = {name: 700 + 4001 * at for at, name in enumerate(names)}
        return {name: self.data(size, at) for at, (name, size) in enumerate(sizes.items())} | {
            "empty.bin": b""
        }

    def blob(self, name: str) -> str:
        """A blob of the scene."""
        return f"{self.prefix}/{name}"

    def put(self, name: str, data: bytes) -> None:
        """Lay a blob; a large one in blocks, as movers do."""
        store = self.truth.put_blocks if len(data) > 4 * MIB else self.truth.put
        store(self.container, self.blob(name), data)

    def file(self, name: str, data: bytes) -> Path:
        """Lay a local file."""
        path = self.work / name
        path.write_bytes(data)
        return path

    def task(
        self,
        blob: str,
        path: Path | None = None,
        source: str = "",
        values: Mapping[str, str] = MappingProxyType({}),
    ) -> Task:
        """The task on a blob, or prefix, of the scene."""
        return Task(self.action, self.container, self.blob(blob), path, source, values)

    def size(self) -> int:
        """How large the one file of the action is."""
        sizes = {
            Action.PUT_LARGE: self.large,
            Action.GET_LARGE: self.large,
            Action.PUT_EMPTY: 0,
        }
        return sizes.get(self.action, _SMALL)


def _put(on: _Ground) -> Scene:
    data = on.data(on.size())
    task = on.task("put.bin", on.file("put.bin", data))
    return Scene(task, on.truth, blobs={task.blob: data})


def _get(on: _Ground) -> Scene:
    data = on.data(on.size())
    on.put("get.bin", data)
    task = on.task("get.bin", on.work / "got.bin")
    return Scene(task, on.truth, blobs={task.blob: data}, files={"": data})


def _put_tree(on: _Ground) -> Scene:
    tree = on.tree()
    task = on.task("tree", write_tree(on.work / "tree", tree))
    return Scene(task, on.truth, blobs=_below(task.blob, tree), whole=task.blob)


def _get_tree(on: _Ground) -> Scene:
    tree = on.tree()
    for name, data in tree.items():
        on.put(f"tree/{name}", data)
    task = on.task("tree", on.work / "got")
    return Scene(task, on.truth, files=tree)


def _list(on: _Ground) -> Scene:
    tree = on.tree()
    for name, data in tree.items():
        on.put(f"list/{name}", data)
    on.put("list-other/a.bin", b"not below the prefix")
    task = on.task("list")
    return Scene(task, on.truth, blobs=_below(task.blob, tree), whole=task.blob)


def _copy(on: _Ground) -> Scene:
    data = on.data(on.size())
    on.put("source.bin", data)
    task = on.task("copy.bin", source=on.blob("source.bin"))
    return Scene(task, on.truth, blobs={task.blob: data, task.source: data})


def _sync(on: _Ground) -> Scene:
    tree = on.tree()
    folder = write_tree(on.work / "folder", tree)
    equal, changed, *_ = tree
    on.put(f"sync/{equal}", tree[equal])
    on.put(f"sync/{changed}", on.data(50, 100))
    on.put("sync/left/over.bin", on.data(60, 101))
    for name in tree:  # clients compare times of whole seconds: what has changed must be later
        at = time.time() + (-_HOUR if name == equal else _HOUR)
        os.utime(folder / name, (at, at))
    task = on.task("sync", folder)
    return Scene(task, on.truth, blobs=_below(task.blob, tree), whole=task.blob)


def _delete(on: _Ground) -> Scene:
    data = on.data(300)
    for name in ("delete.bin", "delete.bin.not", "delete"):
        on.put(name, data)
    task = on.task("delete.bin")
    kept = {on.blob(name): data for name in ("delete.bin.not", "delete")}
    return Scene(task, on.truth, blobs=kept, gone=(task.blob,))


def _metadata(on: _Ground) -> Scene:
    data = on.data(on.size())
    on.put("metadata.bin", data)
    task = on.task("metadata.bin", on.file("metadata.bin", data), values=METADATA)
    return Scene(task, on.truth, blobs={task.blob: data})


def _create_only(on: _Ground) -> Scene:
    data = on.data(on.size())
    task = on.task("create.bin", on.file("create.bin", data))
    task.second.write_bytes(on.data(on.size(), 1))
    return Scene(task, on.truth, blobs={task.blob: data})


_MAKERS: Mapping[Action, Callable[[_Ground], Scene]] = MappingProxyType(
    {
        Action.PUT_SMALL: _put,
        Action.PUT_LARGE: _put,
        Action.PUT_EMPTY: _put,
        Action.GET_SMALL: _get,
        Action.GET_LARGE: _get,
        Action.PUT_TREE: _put_tree,
        Action.GET_TREE: _get_tree,
        Action.LIST: _list,
        Action.COPY: _copy,
        Action.SYNC: _sync,
        Action.DELETE: _delete,
        Action.METADATA: _metadata,
        Action.CREATE_ONLY: _create_only,
    }
)


def _below(prefix: str, tree: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{prefix}/{name}": data for name, data in tree.items()}


def _files(path: Path, wanted: Mapping[str, bytes]) -> list[Comparison]:
    if "" in wanted:
        now = said(path.read_bytes()) if path.is_file() else "no such file"
        return [Comparison(f"bytes of the file {path.name}", said(wanted[""]), now)]
    return [Comparison(f"files below {path.name}/", _pairs(digests(wanted)), _pairs(read_tree(path)))]


def _names(blobs: Iterable[str]) -> str:
    return ", ".join(sorted(blobs))


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={values[name]}" for name in sorted(values)) or "nothing"
