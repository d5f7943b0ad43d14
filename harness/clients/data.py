"""What the gates move: files and trees made from a size and a seed, with names that break careless code."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from harness.clients.truth import digest

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
_PIECE = 8 * MIB
_SOLID = 16  # of a sparse file, one piece in so many holds data

AWKWARD_NAMES = (
    "space in name.txt",
    "plus+plus.txt",
    "percent%.txt",
    "percent%2Fencoded.txt",
    "percent%41.txt",
    "ampersand&equals=.txt",
    "hash#mark.txt",
    "question?mark.txt",
    "semi;colon,comma.txt",
    "quote'double\".txt",
    "[square]{curly}(round).txt",
    "tilde~at@dollar$.txt",
    "star*bang!.txt",
    "pipe|caret^tick`.txt",
    "colon:in:name.txt",
    "angle<bracket>.txt",
    "ümlaut-é-ß.txt",
    "日本語/ファイル.bin",
    "emoji-🚚.bin",
    "UPPER.txt",
    "upper.txt",
    "no-extension",
    ".hidden",
    "a/very/deep/path/to/one/file.bin",
    "dir.with.dots/x.y.z",
    "two  spaces.txt",
    "-dash-first",
)
"""Names that a file system can hold and that must survive a URL, a listing and a signature."""


def content(size: int, seed: int) -> bytes:
    """So many pseudo-random bytes; equal for equal arguments, on every platform."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - test data, not a secret


def tree(plain: int, *, awkward: bool = True, seed: int = 1) -> Mapping[str, bytes]:
    """Relative path → bytes: plain files of up to 8 KiB in a few folders, an empty one, the awkward names."""
    files = {
        f"part-{number % 5}/file-{number:04d}.bin": content((number * 631) % (8 * KIB), seed + number)
        for number in range(plain)
    }
    files["empty.bin"] = b""
    if awkward:
        files |= {name: content(100 + at, seed - at) for at, name in enumerate(AWKWARD_NAMES)}
    return MappingProxyType(files)


def write_tree(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Lay a tree out below `folder`, which is made."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def read_tree(folder: Path) -> Mapping[str, str]:
    """Relative path → SHA-256 of every file below `folder`."""
    return {
        path.relative_to(folder).as_posix(): digest(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def digests(files: Mapping[str, bytes]) -> Mapping[str, str]:
    """Relative path → SHA-256 of what should be there."""
    return {name: digest(data) for name, data in sorted(files.items())}


def big_file(path: Path, size: int, *, sparse: bool = False) -> str:
    """A file of so many bytes that is never held in memory; length and digest, as findings show them.

    Pseudo-random throughout; with `sparse` the file has holes, which read as zeros and take no room.
    """
    hashed = hashlib.sha256()
    hole = bytes(_PIECE)
    with path.open("wb") as file:
        for number, at in enumerate(range(0, size, _PIECE)):
            length = min(_PIECE, size - at)
            if sparse and number % _SOLID:
                piece = hole[:length]
                file.seek(length, 1)
            else:
                piece = content(length, 1000 + number)
                file.write(piece)
            hashed.update(piece)
        file.truncate(size)
    return f"{size} bytes, sha256 {hashed.hexdigest()}"


def file_said(path: Path) -> str:
    """A file as findings show it: length and digest, or that there is none."""
    if not path.is_file():
        return "no such file"
    with path.open("rb") as file:
        return f"{path.stat().st_size} bytes, sha256 {hashlib.file_digest(file, 'sha256').hexdigest()}"
