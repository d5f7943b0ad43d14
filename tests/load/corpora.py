"""Data that does not reduce, and corpora measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from loadgen.reduce.measure import Measured, count, measure
from loadgen.reduce.meter import Settings


def noise(seed: int, size: int) -> bytes:
    """Bytes that cannot be compressed."""
    return np.random.default_rng(seed).bytes(size)


def measured(
    path: Path, wanted: Settings | None = None, stopped: Callable[[], bool] = lambda: False
) -> Measured:
    """A folder, measured without a word."""
    return measure(path, count(path), wanted or Settings(), lambda _name, _done: None, stopped)
