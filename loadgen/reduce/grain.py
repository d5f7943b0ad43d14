"""How data is cut for deduplication: into chunks of one size, or where its content says so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.vocabulary import ExitCode

_SAID = re.compile(r"(cdc:)?(\d+)(KiB|MiB)", re.IGNORECASE)
_LEAST, _MOST = 1 << 10, 1 << 20


class GrainError(Exception):
    """A grain that there is not."""

    exit_code = ExitCode.USAGE

    def __init__(self, said: str) -> None:
        super().__init__(f"{said!r} is no chunk size")
        self.hint = "Write 32KiB, or cdc:32KiB for content-defined ones: a power of 2 from 1KiB to 1MiB."


@dataclass(frozen=True, slots=True)
class Grain:
    """Chunks of `bytes` bytes; content-defined ones of about so many."""

    bytes: int
    content: bool = False

    @property
    def name(self) -> str:
        """As it is written on the command line: `32KiB`, `cdc:32KiB`."""
        return ("cdc:" if self.content else "") + f"{self.bytes >> 10}KiB"

    @property
    def words(self) -> str:
        """As it is told to people."""
        return f"{self.bytes >> 10} KiB, " + ("content-defined" if self.content else "fixed")


def grain(said: str) -> Grain:
    """The grain of a name. Raises `GrainError`."""
    found = _SAID.fullmatch(said.strip())
    if found is None:
        raise GrainError(said)
    size = int(found[2]) << (20 if found[3].lower() == "mib" else 10)
    if not _LEAST <= size <= _MOST or size & (size - 1):
        raise GrainError(said)
    return Grain(size, bool(found[1]))


GRAINS = (Grain(4 << 10), Grain(32 << 10), Grain(128 << 10), Grain(32 << 10, content=True))
"""What is measured unless something else is asked for. The last one is the one that verdicts are about."""
