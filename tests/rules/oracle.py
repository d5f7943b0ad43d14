"""The recorded answers of the real service, where the recordings are at hand."""

from __future__ import annotations

import functools
from pathlib import Path

from harness.captures import Captured, LeftOut, open_capture

PATH = Path(__file__).resolve().parents[3] / "shared" / "oracle" / "azure-exchanges.jsonl.gz"


@functools.cache
def entries() -> tuple[Captured | LeftOut, ...]:
    """Everything in them, read once."""
    return tuple(open_capture(PATH).entries())


def recorded() -> tuple[Captured, ...]:
    """Every exchange with its host."""
    return tuple(entry for entry in entries() if isinstance(entry, Captured))
