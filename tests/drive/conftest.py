"""One façade for all tests of driven clients, with a container of its own for each module."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from harness.clients.truth import Truth
from harness.endpoint import Endpoint
from harness.endpoints.builtin import reference


@pytest.fixture(scope="session")
def facade() -> Iterator[Endpoint]:
    """The built-in façade over HTTP and HTTPS, in both styles."""
    with reference() as running:
        yield running.endpoint


@pytest.fixture(scope="module")
def truth(facade: Endpoint) -> Iterator[Truth]:
    """Our own reads and writes."""
    with Truth(facade) as truth:
        yield truth


@pytest.fixture(scope="module")
def container(truth: Truth) -> str:
    """A container that is there."""
    name = f"drive-{secrets.token_hex(4)}"
    truth.create_container(name)
    return name
