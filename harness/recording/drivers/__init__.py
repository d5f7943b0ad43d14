"""Drivers: how each client is told what a scenario wants. A module is a client; there is no registry."""

from __future__ import annotations

from typing import Protocol, cast

from harness.clients.modules import ClientModules, UnknownClientError
from harness.recording.place import Command, Place
from harness.recording.scenario import Run

__all__ = ["Command", "Driver", "Place", "UnknownClientError", "clients", "driver"]


class Driver(Protocol):
    """Knows one client: the pin it is installed by, and how a run of a scenario becomes a command.

    A driver module offers the two by these names, as a module or as an object of it called `DRIVER`.
    """

    @property
    def tool(self) -> str:
        """The pin of fixtures/tools.toml."""
        ...

    def command(self, run: Run, place: Place) -> Command:
        """The process that does the run."""
        ...


_MODULES = ClientModules(__name__, tuple(__path__))


def clients() -> tuple[str, ...]:
    """The names of all clients that there is a driver for."""
    return _MODULES.names()


def driver(name: str) -> Driver:
    """The driver of a client. Raises UnknownClientError."""
    module = _MODULES.module(name)
    return cast(Driver, getattr(module, "DRIVER", module))
