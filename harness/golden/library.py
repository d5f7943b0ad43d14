"""The library of golden specs on disk: a spec is written whole, past the guard, or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from harness.golden.document import FOLDER, dump
from harness.golden.guard import check
from harness.golden.spec import GoldenSpec

_ASIDE = re.compile(r"^  date: .*$|^ *- '(?:x-ms-)?user-?agent: .*$", re.MULTILINE | re.IGNORECASE)


def path_of(spec: GoldenSpec, traces: Path) -> Path:
    """Where a spec stands below a traces folder."""
    return traces / f"{spec.id.removeprefix(f'{FOLDER}/')}.yaml"


def write(spec: GoldenSpec, traces: Path, secrets: Iterable[str]) -> Path:
    """Write a spec into a traces folder; its path. Raises LeakError, and OSError."""
    text = dump(spec)
    check(text, secrets, spec.id)
    path = path_of(spec, traces)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside it and renamed: a reader sees the old spec or the new one.
    handle, partial = tempfile.mkstemp(prefix=".", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(partial).chmod(0o644)  # for everybody to read, unlike other temporary files
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    return path


def same(one: str, other: str) -> bool:
    """Whether two texts of a spec are the same, whenever they were recorded.

    A User-Agent is kept as it was sent and never asserted: it names the Python or Node.js of the recorder.
    """
    return _ASIDE.sub("", one) == _ASIDE.sub("", other)
