"""Measuring a corpus: every byte is read once, in memory that does not grow with it."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.vocabulary import ExitCode
from loadgen.reduce.estimate import Ratios
from loadgen.reduce.grain import Grain
from loadgen.reduce.meter import GROUPS, Meter, Read, Settings
from loadgen.reduce.walk import Left, files, type_of

_FEW = 2 * GROUPS  # files: with fewer, stretches of them are dealt into groups
_STRETCHES = 8 * GROUPS

Watch = Callable[[str, int], None]
"""Told which file is read, and how many bytes of the corpus are through."""

INTERRUPTED = "interrupted"


class CorpusError(Exception):
    """Nothing can be measured. `exit_code` says whose fault it is."""

    def __init__(self, what: str, hint: str, exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(what)
        self.hint = hint
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Size:
    """What there is, before it is read."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What a corpus can be reduced to: all of it by grain; and by file type, most bytes first, and grain."""

    path: Path
    settings: Settings
    found: Size
    read: Size
    whole: dict[Grain, Ratios]
    types: dict[str, dict[Grain, Ratios]]
    files: dict[str, int]  # by type
    stretch: int  # bytes that were dealt into a group at a time; 0: whole files
    left: Left
    partial: str  # why it is not all of the corpus; "" when it is


def count(path: Path) -> Size:
    """Files and bytes below a path, nothing read. Raises `CorpusError` when there is nothing to read."""
    left = Left()
    number = size = 0
    for _, one in files(path, left):
        number += 1
        size += one
    if left.unreadable and not number:
        raise CorpusError(
            f"{path}: nothing of it can be read: {left.named[0]}",
            "Give the rights to read it.",
            ExitCode.HARNESS,
        )
    if not size:
        raise CorpusError(
            f"{path} holds no data: {number:,} files, all of them empty" if number else f"{path}: no files",
            "Give a file, or a folder with files below it. Symbolic links are not followed.",
        )
    return Size(number, size)


def measure(
    path: Path, found: Size, settings: Settings, watch: Watch, stopped: Callable[[], bool]
) -> Measured:
    """Read everything below a path, `found` in it before, and say how far it can be reduced.

    `stopped` is asked before each read: when it says yes, what was read so far is the result, marked partial.
    Files that cannot be read are in `left`. Raises `CorpusError` when nothing could be read.
    """
    stretch = 0 if found.files >= _FEW else _stretch(found.bytes, settings)
    meter, left = Meter(settings, stretch), Left()
    reading = _Reading(stopped, lambda name: watch(name, meter.bytes))
    for name, _ in files(path, left):
        if reading.over():
            break
        try:
            with _open(name) as file:
                meter.file(type_of(name), reading.of(name, file))
        except OSError as error:
            left.cannot(name, error)
    if not meter.bytes:
        why = INTERRUPTED if reading.cut else left.named[0] if left.named else "all files are empty now"
        raise CorpusError(f"{path}: nothing was read: {why}", "", ExitCode.INDETERMINATE)
    whole, types = meter.result()
    return Measured(
        path=path,
        settings=settings,
        found=found,
        read=Size(sum(meter.files.values()), meter.bytes),
        whole=whole,
        types=types,
        files=meter.files,
        stretch=stretch,
        left=left,
        partial=INTERRUPTED if reading.cut else "",
    )


class _Reading:
    """Reads, until it is stopped: then every file is at its end."""

    def __init__(self, stopped: Callable[[], bool], told: Callable[[str], None]) -> None:
        self._stopped, self._told = stopped, told
        self.cut = False

    def over(self) -> bool:
        """Whether to stop here. Being asked means that there was more to read."""
        self.cut = self.cut or self._stopped()
        return self.cut

    def of(self, name: str, file: io.FileIO) -> Read:
        """How a file is read."""

        def read(buffer: memoryview) -> int:
            if self.over():
                return 0
            self._told(name)
            return file.readinto(buffer) or 0

        return read


def _open(name: str) -> io.FileIO:
    """The file, if it is still a plain one: nothing that blocks, and no link that took its place."""
    file = io.FileIO(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is no plain file any more", name)
    return file


def _stretch(size: int, settings: Settings) -> int:
    """A power of 2 that gives each group several stretches, and cuts no chunk of one size."""
    least = max((grain.bytes for grain in settings.grains), default=1)
    return max(least, 1 << (size // _STRETCHES).bit_length())
