"""Fixtures of the client safety matrix: a bench for each worker, and what is known of the outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.safety.bench import Bench
from harness.safety.known import FILE, Known, load


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """Clients that stay warm between cells; all of them are ended at the end."""
    with Bench() as ready:
        yield ready


@pytest.fixture(scope="session")
def known_outcomes() -> tuple[Known, ...]:
    """Outcomes that are known and explained."""
    return load(Path(__file__).with_name(FILE))
