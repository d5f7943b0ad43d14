"""A second Blob service beside the endpoint, to copy from and to: our own façade, which can read it.

It trusts what the endpoint's HTTPS addresses show, and what the tap shows in their place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.clients.reach import is_loopback
from harness.clients.stage import Stage, stage
from harness.endpoint import Endpoint
from harness.endpoints.builtin import reference
from harness.tap.authority import write_ca


class Peers:
    """Second services by the authority that they must trust, each started when it is first needed.

    Use as a context manager; `folder` keeps their output.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: dict[Path | None, Endpoint] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def beside(self, endpoint: Endpoint) -> Endpoint:
        """A second service that can read this endpoint."""
        trusted = endpoint.ca_file
        if trusted not in self._started:
            folder = self._folder / f"peer-{len(self._started)}"
            folder.mkdir(parents=True)
            bundle = write_ca(folder)
            if trusted is not None:
                with bundle.open("a") as file:
                    file.write(trusted.read_text("ascii"))
            running = self._stack.enter_context(
                reference(logs=folder, extra=("--copy-source-ca", str(bundle)))
            )
            self._started[trusted] = running.endpoint
        return self._started[trusted]


@contextlib.contextmanager
def beside(here: Stage, peers: Peers, prefix: str, face: str | None = None) -> Iterator[Stage]:
    """A container on a second service, behind a tap of its own whose exchanges are not judged.

    `face` is the address at which `here` is reached. Ends the scenario where the two services cannot reach
    each other.
    """
    if not is_loopback(here.endpoint.face(face)):
        here.scenario.not_applicable(
            "the second Blob service listens on loopback, where this endpoint cannot reach it",
            source=["azcopy/3.5"],
        )
    work = here.work / "other"
    work.mkdir()
    with stage(here.scenario, peers.beside(here.endpoint), prefix, work=work) as ready:
        yield ready
