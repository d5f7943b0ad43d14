"""Fixtures of the recorder's tests: running recorders, and the endpoint that clients are recorded on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.endpoint import Endpoint
from harness.recording.recorders import Recorders, endpoint_and_recorders, recorders
from harness.tools.find import Missing, find


@pytest.fixture(scope="module")
def behind() -> Iterator[Recorders]:
    """Recorders before whatever a test makes."""
    _need_mitmproxy()
    with recorders() as running:
        yield running


@pytest.fixture(scope="module")
def ground() -> Iterator[tuple[Endpoint, Recorders]]:
    """The façade and recorders before it."""
    _need_mitmproxy()
    with endpoint_and_recorders("reference") as ready:
        yield ready


def _need_mitmproxy() -> None:
    if isinstance(find("mitmproxy"), Missing):
        pytest.skip("needs mitmproxy: blobproof tools mitmproxy")
