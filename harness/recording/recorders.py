"""The recorders that a row of recordings shares, and an endpoint that trusts them as copy sources."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import trustme

from harness.endpoint import Endpoint, Style
from harness.endpoints import open_endpoint
from harness.endpoints.certificates import issue
from harness.recording.proxy import Recorder, Way, recorder


class Recorders:
    """Starts a recorder for each way in which clients are led, when it is first needed."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path, authority: trustme.CA) -> None:
        self._stack = stack
        self._folder = folder
        self._authority = authority
        self._running: dict[Way, Recorder] = {}

    def of(self, way: Way) -> Recorder:
        """The recorder for this way. Raises RecorderError."""
        if way not in self._running:
            self._running[way] = self._stack.enter_context(recorder(way, self._folder, self._authority))
        return self._running[way]


@contextlib.contextmanager
def recorders() -> Iterator[Recorders]:
    """Recorders for endpoints that are there already; ended with the context."""
    with _folder() as (stack, folder):
        yield Recorders(stack, folder, _authority())


@contextlib.contextmanager
def endpoint_and_recorders(name: str, style: Style | None = None) -> Iterator[tuple[Endpoint, Recorders]]:
    """The endpoint that ENDPOINT names, and recorders before it, all ended with the context.

    The built-in façade and the recorders have one authority, so that the façade reads copy sources through
    the recorder over TLS too. Raises EndpointError; the recorders' own errors come when they are asked for.
    """
    with _folder() as (stack, folder):
        authority = _authority()
        certificates = issue(folder / "certificates", authority=authority)
        endpoint = stack.enter_context(open_endpoint(name, style=style, certificates=certificates))
        yield endpoint, Recorders(stack, folder, authority)


def _authority() -> trustme.CA:
    return trustme.CA(organization_name="blobproof", organization_unit_name="recorder")


@contextlib.contextmanager
def _folder() -> Iterator[tuple[contextlib.ExitStack, Path]]:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="blobproof-recorder-"))
        yield stack, Path(folder)
