"""The local files that a client is given: written from recipes piece by piece, with one fixed time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from harness.cases.case import Join, Random, Recipe, Slice, Zeros
from harness.cases.recipes import content, random_bytes
from harness.cases.template import Scope

MODIFIED = datetime(2026, 1, 1, tzinfo=UTC)
"""The modification time of every local file and folder: some clients send it along."""

_PIECE = 1 << 20


def pieces(recipe: Recipe, scope: Scope) -> Iterator[bytes]:
    """The bytes of a recipe, a piece at a time."""
    match recipe:
        case Random(size, seed):
            yield from _random(seed, 0, size)
        case Slice(Random(size, seed), first, last):
            yield from _random(seed, first, min(last + 1, size))
        case Zeros(size):
            for at in range(0, size, _PIECE):
                yield bytes(min(_PIECE, size - at))
        case Join(parts):
            for part in parts:
                yield from pieces(part, scope)
        case _:
            yield content(recipe, scope)


def write_files(folder: Path, files: Mapping[str, Recipe], scope: Scope) -> None:
    """Write every file below the folder, and give all of them and their folders the fixed time."""
    for name, recipe in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for piece in pieces(recipe, scope):
                file.write(piece)
    when = MODIFIED.timestamp()
    # Those that are deepest first: writing into a folder changes its time.
    for path in sorted(folder.rglob("*"), key=lambda path: len(path.parts), reverse=True):
        os.utime(path, (when, when))
    os.utime(folder, (when, when))


def _random(seed: int, start: int, stop: int) -> Iterator[bytes]:
    for at in range(start, stop, _PIECE):
        yield random_bytes(seed, at, min(at + _PIECE, stop))
