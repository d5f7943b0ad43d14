"""The one container of a run: made before it, removed after it, and named as every container of ours."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from urllib.parse import quote

from harness.containers import RUN_PREFIX, remove
from harness.endpoint import Endpoint
from harness.signing import face_for
from harness.signing.request import own_request
from harness.signing.spec import Default
from harness.vocabulary import ExitCode
from harness.wire.dial import dial

_TIMEOUT = 15.0


class ContainerError(Exception):
    """The container of the run cannot be made: nothing was started."""

    exit_code = ExitCode.INDETERMINATE

    def __init__(self, endpoint: Endpoint, what: str) -> None:
        super().__init__(f"the endpoint {endpoint.name} makes no container: {what}")
        self.hint = "blobproof doctor says whose fault it is."


def new_name() -> str:
    """A name that no other run has."""
    return f"{RUN_PREFIX}bench-{secrets.token_hex(5)}"


@contextlib.contextmanager
def held(endpoint: Endpoint, name: str, *, keep: bool, stayed: Callable[[str], None]) -> Iterator[None]:
    """The container while the context lasts. `stayed` is told why it is still there afterwards.

    Raises `ContainerError` when it cannot be made.
    """
    _make(endpoint, name)
    try:
        yield
    finally:
        if not keep:
            for why in remove(endpoint, [name]).values():
                stayed(why)


def _make(endpoint: Endpoint, name: str) -> None:
    face = face_for(Default(), endpoint)
    with dial(endpoint, face, timeout=_TIMEOUT) as connection:
        target = f"/{quote(name)}?restype=container"
        said = connection.exchange(own_request(endpoint, endpoint.face(face), "PUT", target))
    if said.response is None:
        raise ContainerError(endpoint, said.failure or "no answer")
    if said.response.status != 201:
        code = next((v for k, v in said.response.headers if k.lower() == "x-ms-error-code"), "")
        raise ContainerError(endpoint, f"{said.response.status} {code}".strip())
