"""The files of a corpus: in order of their names, never through a symbolic link, no list of them kept."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_NAMED = 20


@dataclass(slots=True)
class Left:
    """What was not read: counted, and the first ones of what should have been read named."""

    unreadable: int = 0
    named: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)  # on purpose: symbolic links, devices …

    def cannot(self, path: str, error: OSError) -> None:
        """A file or folder cannot be read."""
        self.unreadable += 1
        if len(self.named) < _NAMED:
            self.named.append(f"{path}: {error.strerror or error}")


def files(path: Path, left: Left) -> Iterator[tuple[str, int]]:
    """Path and size, bytes, of each regular file. A second name of a file (a hard link) is skipped.

    `path` itself may be a symbolic link: it is what was asked for.
    """
    start = os.path.realpath(path)
    links: set[tuple[int, int]] = set()
    try:
        found = Path(start).stat()
    except OSError as error:
        left.cannot(start, error)
        return
    if not stat.S_ISDIR(found.st_mode):
        if stat.S_ISREG(found.st_mode):
            yield start, found.st_size
        else:
            left.skipped[_kind(found.st_mode)] += 1
        return
    ahead = [start]
    while ahead:
        folder = ahead.pop()
        try:
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            left.cannot(folder, error)
            continue
        folders = []
        for entry in inside:
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError as error:
                left.cannot(entry.path, error)
                continue
            if stat.S_ISDIR(found.st_mode):
                folders.append(entry.path)
            elif not stat.S_ISREG(found.st_mode):
                left.skipped[_kind(found.st_mode)] += 1
            elif found.st_nlink > 1 and (found.st_dev, found.st_ino) in links:
                left.skipped["second names of files"] += 1
            else:
                if found.st_nlink > 1:
                    links.add((found.st_dev, found.st_ino))
                yield entry.path, found.st_size
        ahead.extend(reversed(folders))


def type_of(path: str) -> str:
    """A file's type as its name says it: the last extension, in small letters; "none" without one."""
    _, dot, extension = Path(path).name.lstrip(".").rpartition(".")
    return extension.lower() if dot and extension and len(extension) <= _LONGEST else "none"


_LONGEST = 12


def _kind(mode: int) -> str:
    return "symbolic links" if stat.S_ISLNK(mode) else "devices, pipes and sockets"
