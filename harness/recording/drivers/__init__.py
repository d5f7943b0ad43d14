"""Drivers: how each client is told what a scenario wants. A module is a client; there is no registry."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from typing import Protocol, cast

from harness.recording.place import Command, Place
from harness.recording.scenario import Run
from harness.vocabulary import ExitCode

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


class UnknownClientError(Exception):
    """A client that no driver is named after."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str) -> None:
        super().__init__(f"no client is called {name!r}")
        known = clients()
        close = difflib.get_close_matches(name, known, n=1)
        self.hint = f"Did you mean {close[0]}?" if close else f"Clients: {', '.join(known)}."


def clients() -> tuple[str, ...]:
    """The names of all clients that there is a driver for."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


def driver(name: str) -> Driver:
    """The driver of a client. Raises UnknownClientError."""
    if name not in clients():
        raise UnknownClientError(name)
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    return cast(Driver, getattr(module, "DRIVER", module))
