"""A scripted server with a fault proxy in front of it, anew for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from harness.faults.proxy import FaultProxy
from harness.tap.proxy import Upstream
from tests.faults.stub import Stub
from tests.tap.wires import RawServer


@dataclass(frozen=True, slots=True)
class Faulty:
    """Both of them."""

    proxy: FaultProxy
    stub: Stub


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    """The account is `a`, in path style."""
    stub = Stub()
    with RawServer(stub.serve) as server, FaultProxy(Upstream(server.address), prefix="/a") as proxy:
        yield Faulty(proxy, stub)
