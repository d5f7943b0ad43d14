"""Where the data folders are: beside the code, or under `blobproof/_data` in an installed wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from harness.vocabulary import ExitCode

_ROOT = Path(__file__).resolve().parents[1]
_INSTALLED = _ROOT / "blobproof" / "_data"


class DataMissingError(Exception):
    """A data folder that every installation has is not there."""

    exit_code = ExitCode.HARNESS
    hint = "Install blobproof again, or run from a whole checkout."


def root() -> Path:
    """The folder that holds `suites`, `fixtures` and `traces`."""
    return _INSTALLED if _INSTALLED.is_dir() else _ROOT


def folder(name: Literal["suites", "fixtures", "traces"]) -> Path:
    """One data folder, absolute. Raises DataMissingError when it is not there."""
    path = root() / name
    if not path.is_dir():
        raise DataMissingError(f"the data folder {name!r} is not at {path}")
    return path
