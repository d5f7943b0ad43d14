"""The clients that can be driven. A module is a client; there is no registry."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from typing import cast

from harness.drive.client import Client
from harness.vocabulary import ExitCode

__all__ = ["UnknownClientError", "client", "clients", "module"]


class UnknownClientError(Exception):
    """A client that no module is named after."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str) -> None:
        super().__init__(f"no client is called {name!r}")
        known = clients()
        close = difflib.get_close_matches(name, known, n=1)
        self.hint = f"Did you mean {close[0]}?" if close else f"Clients: {', '.join(known)}."


def clients() -> tuple[str, ...]:
    """The names of all clients that there is a module for."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


def client(name: str) -> Client:
    """The client of this name. Raises UnknownClientError."""
    if name not in clients():
        raise UnknownClientError(name)
    return cast(Client, importlib.import_module(module(name)).CLIENT)


def module(name: str) -> str:
    """The import path of a client."""
    return f"{__name__}.{name.replace('-', '_')}"
