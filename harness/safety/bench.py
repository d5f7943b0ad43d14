"""Where trials are made: clients kept warm behind fault proxies, and what each does without a fault."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.clients.reach import Reach, reach
from harness.drive.action import Action
from harness.drive.client import Cannot, Client, Session, cannot
from harness.drive.place import Auth, place
from harness.endpoint import Endpoint
from harness.faults.proxy import FaultProxy
from harness.safety.aim import Sent
from harness.safety.pool import Pool
from harness.session import Session as Run
from harness.signing.authorise import CredentialMissingError
from harness.tools.find import Found

_WARM = 3
"""Clients that are kept warm at a time; each is a process of up to some 100 MB."""

_AUTHS: tuple[Auth, ...] = ("shared-key", "account-sas", "bearer")
"""Kinds of credential that do not name a container, the most common first."""


@dataclass(frozen=True, slots=True)
class Way:
    """An address of the endpoint and a kind of credential."""

    face: str
    auth: Auth


@dataclass(frozen=True, slots=True)
class Warm:
    """A client at work behind a fault proxy."""

    reach: Reach
    session: Session

    @property
    def proxy(self) -> FaultProxy:
        """The proxy."""
        return self.reach.faults


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a client did of an action without a fault; `trouble` when it did not get it right."""

    requests: tuple[Sent, ...]
    trouble: str = ""


class Bench:
    """Everything that trials share. A context manager: at its end all is ended, and the files are gone."""

    def __init__(self) -> None:
        self.rehearsals: dict[tuple[str, str, Action], Rehearsal] = {}
        self._pool: Pool[Warm] = Pool(_WARM)
        self._folder = Path(tempfile.mkdtemp(prefix="blobproof-bench-", dir=os.environ.get(Run.WORK)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._pool.close()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def warm(self, client: Client, found: Found, endpoint: Endpoint, way: Way) -> Warm:
        """The client behind a fault proxy, started now if it is not there. Raises CredentialMissingError."""
        return self._pool.get(_key(client, endpoint, way), lambda: self._opened(client, found, endpoint, way))

    def cool(self, client: Client, endpoint: Endpoint, way: Way) -> None:
        """End the client and its connections."""
        self._pool.drop(_key(client, endpoint, way))

    def _opened(
        self, client: Client, found: Found, endpoint: Endpoint, way: Way
    ) -> AbstractContextManager[Warm]:
        @contextlib.contextmanager
        def opened() -> Iterator[Warm]:
            folder = Path(tempfile.mkdtemp(prefix=f"{client.name}-", dir=self._folder))
            try:
                with reach(endpoint, folder, way.face, faulty=True) as reached:
                    where = place(endpoint, reached, way.auth, "", home=folder / "home", found=found)
                    with client.session(where) as session:
                        yield Warm(reached, session)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

        return opened()


def way(client: Client, action: Action, endpoint: Endpoint) -> Way | Cannot:
    """How the client reaches the endpoint for this action: the first way that both of them can go."""
    first: Cannot | None = None
    for face in ("main", *endpoint.also):
        where = endpoint.face(face)
        for auth in _AUTHS:
            if auth not in client.auths or not _has(endpoint, auth):
                continue
            why = cannot(client, action, where.style, where.scheme, auth)
            if why is None:
                return Way(face, auth)
            first = first or why
    if first is None:
        raise CredentialMissingError(f"endpoint {endpoint.name} has no credential that {client.name} takes")
    return first


def _has(endpoint: Endpoint, auth: Auth) -> bool:
    if auth == "bearer":
        return endpoint.tokens is not None
    return endpoint.key is not None or (auth == "account-sas" and endpoint.sas is not None)


def _key(client: Client, endpoint: Endpoint, way: Way) -> tuple[str, str, str, str]:
    return client.name, endpoint.url, way.face, way.auth
