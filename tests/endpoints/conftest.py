"""One reference façade for the tests that need one, and a fake issuer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.endpoints import builtin
from harness.endpoints.builtin import Running


@pytest.fixture(scope="package")
def reference() -> Iterator[Running]:
    """The façade with its issuer."""
    with builtin.reference() as running:
        yield running
