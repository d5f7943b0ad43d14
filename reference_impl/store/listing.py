"""Listing a container: the tree, the annex and staged blobs merged into one lexical order, a page at a time.

Python compares strings by code point, which is the order of their UTF-8 bytes. A directory sorts as its name
with a slash, so a walk in the order of each directory's entries is in the order of full names. The cursor can
jump: a rolled-up prefix is left without walking what lies below it.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from . import annex, fs, generations, lookup, names, snapshots, staging, ticks
from .area import Area, Place
from .errors import BlobMissing
from .records import BlobProps, BlobRecord, Page, Prefix

END = ticks.LAST
"""Later than all snapshots: stands for the blob itself where a page may begin with a snapshot."""


@dataclass(slots=True)
class _Folder:
    """A directory that the walk is in: its entries (directories end in a slash) and how far it has come."""

    fd: int
    path: str  # below the container; empty, or ending in a slash
    keys: list[str]
    at: int = 0


class TreeCursor:
    """The files of a container's tree in lexical order, from a bound on. A context manager."""

    def __init__(self, area: Area, place: Place, prefix: str, bound: str) -> None:
        self._bound = bound
        self._prefix = prefix
        self._stack: list[_Folder] = []
        base = prefix[: prefix.rfind("/") + 1]
        if base and not names.is_natural(base[:-1]):
            return
        container = area.open_container(place)
        if not base:
            self._enter(container, "")
            return
        try:
            self._enter(fs.open_beneath(container, base[:-1], fs.DIRECTORY), base)
        except OSError as error:
            if error.errno not in fs.ABSENT:
                raise
        finally:
            os.close(container)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._stack:
            self._leave()

    def head(self) -> tuple[str, int, str] | None:
        """The file the cursor is at: its full name, its directory, its name there. None: at the end."""
        while self._stack:
            folder = self._stack[-1]
            if folder.at >= len(folder.keys):
                self._leave()
                continue
            key = folder.keys[folder.at]
            if not key.endswith("/"):
                return folder.path + key, folder.fd, key
            folder.at += 1
            try:
                fd = os.open(key[:-1], fs.DIRECTORY, dir_fd=folder.fd)
            except OSError as error:
                if error.errno not in fs.ABSENT:
                    raise
                continue  # removed or replaced since we read the directory
            self._enter(fd, folder.path + key)
        return None

    def advance(self) -> None:
        """Step over the file at the head."""
        self._stack[-1].at += 1

    def seek(self, bound: str) -> None:
        """Go on to the first file at or after the bound; never back."""
        self._bound = bound
        while self._stack:
            folder = self._stack[-1]
            if bound.startswith(folder.path):
                folder.at = _first(folder.keys, bound[len(folder.path) :], folder.at)
                return
            if bound < folder.path:
                return
            self._leave()

    def _leave(self) -> None:
        os.close(self._stack.pop().fd)

    def _enter(self, fd: int, path: str) -> None:
        folder = _Folder(fd, path, [])
        self._stack.append(folder)  # first, so that it is closed whatever happens
        if self._bound.startswith(path):
            low = self._bound[len(path) :]
        elif self._bound < path:
            low = ""
        else:
            return
        folder.keys = _keys(fd, path, self._prefix[len(path) :], low)
        folder.at = _first(folder.keys, low, 0)


def _keys(fd: int, path: str, wanted: str, low: str) -> list[str]:
    """The sorted entries of a directory that can be, or hold, blobs that start with `wanted`.

    Entries before `low` are left out early: in a large directory that is most of the work of a late page.
    """
    checked = len(path) > names.MAX_LENGTH - 2 * names.MAX_COMPONENT  # else no entry can make it too long
    checked = checked or path.count("/") >= names.MAX_DEPTH - 1
    keys = []
    with os.scandir(fd) as entries:
        for entry in entries:
            name = entry.name
            if name < low and not low.startswith(name):
                continue
            if not name.startswith(wanted) or not names.is_natural_part(name):
                continue
            if checked and not names.is_natural(path + name):
                continue
            try:
                if entry.is_file(follow_symlinks=False):
                    keys.append(name)
                elif entry.is_dir(follow_symlinks=False):
                    keys.append(f"{name}/")
            except FileNotFoundError:
                continue
    keys.sort()
    return keys


def _first(keys: list[str], low: str, start: int) -> int:
    """The first entry from start on that is, or may hold, something at or after `low`."""
    at = bisect_left(keys, low, start)
    if at > start and keys[at - 1].endswith("/") and low.startswith(keys[at - 1]):
        return at - 1
    return at


def page(
    area: Area,
    place: Place,
    *,
    prefix: str,
    delimiter: str,
    marker: str,
    limit: int,
    uncommitted: bool,
    with_snapshots: bool,
    since: int,
) -> Page[BlobRecord | Prefix]:
    """One page: see Store.list_blobs."""
    bound = max(prefix, marker)
    items: list[BlobRecord | Prefix] = []
    area.require(place)
    others = _Others(area, place, prefix, bound, uncommitted=uncommitted, with_snapshots=with_snapshots)
    with TreeCursor(area, place, prefix, bound) as tree:
        while True:
            head = tree.head()
            other = others.head()
            if head is None and other is None:
                return Page(items)
            in_tree = head is not None and (other is None or head[0] <= other)
            name = head[0] if head is not None and in_tree else (other or "")
            rolled = _roll(name, len(prefix), delimiter)
            if not rolled:
                for moment in others.snapshots(name, since if name == marker else 0):
                    if len(items) >= limit:
                        return Page(items, name, moment)
                    kept = _snapshot(area, place, name, moment)
                    if kept is not None:
                        items.append(kept)
            if len(items) >= limit:
                return Page(items, rolled or name, END if others.has_snapshots(name) else 0)
            if rolled:
                items.append(Prefix(rolled))
                beyond = names.after(rolled)
                if beyond is None:
                    return Page(items)
                tree.seek(beyond)
                others.seek(beyond)
                continue
            if head is not None and in_tree:
                record = _in_tree(area, place, *head)
                tree.advance()
                if other == name:
                    others.advance()
            else:
                record = others.record(name)
                others.advance()
            if record is not None:
                items.append(record)


def _roll(name: str, start: int, delimiter: str) -> str:
    """The prefix that the delimiter rolls a name up to; empty: none."""
    at = name.find(delimiter, start) if delimiter else -1
    return name[: at + len(delimiter)] if at >= 0 else ""


def _in_tree(area: Area, place: Place, name: str, folder: int, base: str) -> BlobRecord | None:
    """The record of a file that the walk is at; None: it went away."""
    try:
        status = os.stat(base, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        status = None
    if status is not None:
        identity = fs.identity(status)
        generation = generations.load(area, generations.path(place, names.digest(name), identity))
        if generation is not None:
            return lookup.record(name, identity, generation)
    entry = lookup.entry(area, place, name)  # foreign, or replaced just now
    return None if entry is None else entry.record


def _snapshot(area: Area, place: Place, name: str, moment: int) -> BlobRecord | None:
    """The record of a snapshot; None: it went away."""
    try:
        return snapshots.get(area, place, name, moment)
    except BlobMissing:
        return None


class _Others:
    """Names that are not in the tree: those of the annex; if asked for, of staged blobs and snapshots too."""

    def __init__(
        self,
        area: Area,
        place: Place,
        prefix: str,
        bound: str,
        *,
        uncommitted: bool,
        with_snapshots: bool,
    ) -> None:
        self._area = area
        self._place = place

        def wanted(found: Iterable[str]) -> set[str]:
            return {name for name in found if name >= bound and name.startswith(prefix)}

        merged = wanted(annex.listed(area, place))
        self._staged: set[str] = set()
        if uncommitted:
            self._staged = {
                name
                for name in wanted(staging.listed(area, place))
                if staging.has_staged(area, place, names.digest(name), None)
            }
            merged |= self._staged
        self._kept = wanted(snapshots.listed(area, place)) if with_snapshots else set()
        merged |= self._kept  # also where somebody removed the blob itself over NFS
        self._names = sorted(merged)
        self._at = 0

    def head(self) -> str | None:
        return self._names[self._at] if self._at < len(self._names) else None

    def advance(self) -> None:
        self._at += 1

    def seek(self, bound: str) -> None:
        self._at = bisect_left(self._names, bound, self._at)

    def has_snapshots(self, name: str) -> bool:
        """Whether snapshots of a name are listed."""
        return name in self._kept

    def snapshots(self, name: str, since: int) -> list[int]:
        """The times of a name's snapshots from one on, oldest first."""
        if name not in self._kept:
            return []
        found = snapshots.times(self._area, self._place, names.digest(name))
        return [moment for moment in found if moment >= since]

    def record(self, name: str) -> BlobRecord | None:
        """The committed record, else that of a blob of staged blocks; None: it went away."""
        entry = lookup.entry(self._area, self._place, name)
        if entry is not None:
            return entry.record
        if name in self._staged:
            return BlobRecord(name, BlobProps(), 0, 0, 0, committed=False)
        return None
