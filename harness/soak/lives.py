"""The lives of a façade: started on one folder and one port, killed without warning, started again."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.endpoint import Endpoint
from harness.endpoints import builtin
from harness.endpoints.builtin import Running
from harness.endpoints.certificates import issue
from harness.endpoints.errors import StartError

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_240
_TRIES = 5
_PASSING = ("in use", "not ready within")


class Lives:
    """One façade after the other. Use as a context manager: whichever lives then is ended."""

    def __init__(self, root: Path, logs: Path, *, processes: int, mutant: str | None = None) -> None:
        self._root, self._logs = root, logs
        self._processes, self._mutant = processes, mutant
        self._stack = contextlib.ExitStack()
        self._life = contextlib.ExitStack()
        self._running: Running | None = None
        self.count = 0

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(builtin.temporary_folder())
            self._certificates = issue(folder / "certificates")
            self._issuer = stack.enter_context(builtin.token_issuer(self._certificates, self._logs))
            self._key = builtin.new_key()
            self._ports = (free_port(), free_port())
            self._stack = stack.pop_all()
        try:
            self.start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._life.close()
        finally:
            self._stack.close()

    @property
    def endpoint(self) -> Endpoint:
        """The same in every life."""
        assert self._running is not None
        return self._running.endpoint

    def start(self) -> None:
        """Begin a life. Raises StartError."""
        self.count += 1
        for attempt in range(_TRIES):
            try:
                self._begin()
            except StartError as error:
                # What the killed one has left in the kernel may hold the port a moment, and a machine that
                # has too much to do says nothing about the façade.
                passing = any(words in str(error) for words in _PASSING)
                if not passing or attempt == _TRIES - 1:
                    raise
                time.sleep(0.2 * 2**attempt)
            else:
                return

    def kill(self) -> None:
        """SIGKILL for all of its processes, and what they leave is left."""
        assert self._running is not None
        self._running.server.kill()
        self._life.close()

    def _begin(self) -> None:
        http, https = self._ports
        with contextlib.ExitStack() as life:
            self._running = life.enter_context(
                builtin.reference(
                    self._mutant,
                    processes=self._processes,
                    root=self._root,
                    logs=self._logs / f"life-{self.count:03d}",
                    certificates=self._certificates,
                    issuer=self._issuer,
                    key=self._key,
                    extra=("--port", str(http), "--https-port", str(https)),
                )
            )
            self._life = life.pop_all()


def free_port() -> int:
    """A port that is free and stays so.

    Not one of those that the kernel gives to outgoing connections: while nobody listens there, a client that
    tries again and again would one day get the very port that it calls, and talk to itself.
    """
    try:
        lowest_of_kernel = int(_RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        lowest_of_kernel = 32_768
    for _ in range(200):
        port = random.randrange(_LOWEST, max(_LOWEST + 1, lowest_of_kernel))  # noqa: S311 - no secret
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise StartError("no free port was found", "Is the machine very busy? Try again.")


def file_system(folder: Path) -> str:
    """The type of the file system that holds a folder: ext4, tmpfs, nfs4."""
    best, kind = Path(), "unknown"
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return kind
    for line in lines:
        parts = line.split()
        point = Path(parts[1].replace("\\040", " "))
        if folder.resolve().is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, parts[2]
    return kind
