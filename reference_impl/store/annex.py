"""The annex of a container: blobs whose names no path can hold now, keyed by the digest of the name.

<digest> is the data, <digest>.name the name; the name is there before the data, and goes after it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from . import fs, names
from .area import Area, Place

_known: dict[str, str] = {}  # digest to name: true by itself for ever, so it needs no invalidation
_KNOWN = 65_536  # entries; about 10 MiB


def folder(place: Place) -> str:
    """The annex of a container, relative to the root."""
    return f"{place.state}/annex"


def open_file(area: Area, place: Place, digest: str) -> tuple[int, os.stat_result] | None:
    """A readable descriptor of a blob in the annex and its status; None: it is not here."""
    try:
        fd = os.open(f"{folder(place)}/{digest}", fs.READ, dir_fd=area.root)
    except FileNotFoundError:
        return None
    return fd, os.fstat(fd)


def place_file(area: Area, place: Place, temporary: str, name: str, digest: str) -> None:
    """Rename a temp file to its place here, durably."""
    target = f"{folder(place)}/{digest}"
    try:
        os.stat(target, dir_fd=area.root)
    except FileNotFoundError:
        save_name(area, f"{target}.name", name)
    os.rename(temporary, target, src_dir_fd=area.tmp, dst_dir_fd=area.root)
    if area.durable:
        fs.sync_path(folder(place), area.root)


def remove_file(area: Area, place: Place, digest: str) -> None:
    """Remove a blob from the annex, durably."""
    target = f"{folder(place)}/{digest}"
    with suppress(FileNotFoundError):
        os.unlink(target, dir_fd=area.root)
        if area.durable:
            fs.sync_path(folder(place), area.root)
    fs.discard(f"{target}.name", area.root)


def listed(area: Area, place: Place) -> Iterator[str]:
    """The names of all blobs here, in no order."""
    for entry in fs.entries(folder(place), area.root) or ():
        if not entry.endswith(".name"):
            name = read_name(area, f"{folder(place)}/{entry}.name", entry)
            if name is not None:
                yield name


def save_name(area: Area, path: str, name: str) -> None:
    """Keep the name that a digest stands for."""
    area.replace_file(path, name.encode("utf-8", "surrogatepass"))


def read_name(area: Area, path: str, digest: str) -> str | None:
    """The name that a digest stands for; None: it is gone."""
    name = _known.get(digest)
    if name is None:
        data = fs.read_all(path, area.root)
        if data is None:
            return None
        name = data.decode("utf-8", "surrogatepass")
        if names.digest(name) != digest:
            return None
        if len(_known) >= _KNOWN:
            _known.clear()
        _known[digest] = name
    return name
