"""A good endpoint, and certificates, for every test of the doctor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.endpoints import builtin
from harness.endpoints.builtin import Running
from harness.endpoints.certificates import Certificates, issue


@pytest.fixture(scope="module")
def reference() -> Iterator[Running]:
    with builtin.reference() as running:
        yield running


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("certificates"))
