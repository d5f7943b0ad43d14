"""Finding a blob: data and the properties that belong to it, read without a lock."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from . import annex, fs, generations, names, ticks, tree
from .area import Area, Place
from .errors import StoreFault
from .records import BlobProps, BlobRecord

_ATTEMPTS = 1000  # each one means that somebody replaced the blob in between
_UNSET = BlobProps()


@dataclass(frozen=True, slots=True)
class Entry:
    """A committed blob as found: its record, and where and what its data file is."""

    record: BlobRecord
    digest: str
    identity: fs.Identity
    in_annex: bool


class OpenBlob:
    """A record and a readable descriptor that belong together (one inode). Close it, or use it in `with`."""

    __slots__ = ("fd", "record")

    def __init__(self, record: BlobRecord, fd: int) -> None:
        self.record = record
        self.fd = fd

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor; twice does no harm."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)


def _open_data(area: Area, place: Place, name: str, digest: str) -> tuple[int, os.stat_result, bool] | None:
    """Data by name: descriptor, status, whether in the annex. ContainerMissing."""
    natural = names.is_natural(name)
    if natural:
        found = tree.open_file(area.root, f"{place.data}/{name}")
        if found is not None:
            return *found, False
    area.require(place)
    found = annex.open_file(area, place, digest)
    if found is not None:
        return *found, True
    if natural:  # it may have moved from the annex to the tree between the two looks
        found = tree.open_file(area.root, f"{place.data}/{name}")
        if found is not None:
            return *found, False
    return None


def find(area: Area, place: Place, name: str, *, keep: bool = False) -> tuple[Entry, int] | None:
    """A blob and (with keep) a descriptor of its data; None: nothing committed. ContainerMissing.

    A missing properties file means a foreign file, or that the blob was replaced after its data was opened
    and the old properties were removed; looking again tells which. Or bytes are being added to the file:
    then the blob is what it was before.
    """
    digest = names.digest(name)
    missed: fs.Identity | None = None
    for _ in range(_ATTEMPTS):
        found = _open_data(area, place, name, digest)
        if found is None:
            return None
        fd, status, in_annex = found
        kept = False
        try:
            identity = fs.identity(status)
            generation = generations.load(area, generations.path(place, digest, identity))
            if generation is None:
                if identity != missed:
                    missed = identity
                    continue
                whole = marked(area, place, digest, identity)
                if whole is not None:
                    generation = generations.load(area, generations.path(place, digest, whole))
                if whole is not None and generation is not None:
                    identity = whole
                elif identity != fs.identity(os.fstat(fd)):
                    continue  # an append was under way, and has just been finished
            kept = keep
            return Entry(record(name, identity, generation), digest, identity, in_annex), fd
        finally:
            if not kept:
                os.close(fd)
    raise StoreFault(f"{name!r} changes faster than it can be read")


def mark_path(place: Place, digest: str) -> str:
    """Where the last whole state of a blob is kept while bytes are added to its file: see `appending`."""
    return f"{place.state}/props/{digest[0]}/{digest}.append"


def marked(area: Area, place: Place, digest: str, found: fs.Identity) -> fs.Identity | None:
    """The last whole state of a file that is found with bytes being added; None: that is not what it is."""
    data = fs.read_all(mark_path(place, digest), area.root)
    if data is None:
        return None
    whole = fs.Identity(*json.loads(data))
    return whole if whole.inode == found.inode and whole.size <= found.size else None


def record(name: str, identity: fs.Identity, generation: generations.Generation | None) -> BlobRecord:
    """The record of a state of a blob; without a generation it is derived from the file."""
    if generation is None:
        made = ticks.from_ns(identity.mtime_ns)
        return BlobRecord(name, _UNSET, identity.size, made, made, derived=True)
    return BlobRecord(
        name,
        generation.props,
        identity.size,
        generation.ticks,
        generation.created_ticks,
        block_count=generation.block_count,
    )


def entry(area: Area, place: Place, name: str) -> Entry | None:
    """A committed blob; None: there is none. ContainerMissing."""
    found = find(area, place, name)
    return None if found is None else found[0]
