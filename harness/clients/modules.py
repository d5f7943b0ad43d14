"""Packages in which a module is a client: its name is the client's, with dashes. There is no registry."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

from harness.vocabulary import ExitCode


class UnknownClientError(Exception):
    """A client that no module is named after."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"no client is called {name!r}")
        there = tuple(known)
        close = difflib.get_close_matches(name, there, n=1)
        self.hint = f"Did you mean {close[0]}?" if close else f"Clients: {', '.join(there)}."


@dataclass(frozen=True, slots=True)
class ClientModules:
    """The modules of a package, by its import path and its folders."""

    package: str
    folders: tuple[str, ...]

    def names(self) -> tuple[str, ...]:
        """The names of all clients that there is a module for."""
        found = (module.name for module in pkgutil.iter_modules(self.folders))
        return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))

    def path(self, name: str) -> str:
        """The import path of a client."""
        return f"{self.package}.{name.replace('-', '_')}"

    def module(self, name: str) -> ModuleType:
        """The module of a client. Raises UnknownClientError."""
        if name not in self.names():
            raise UnknownClientError(name, self.names())
        return importlib.import_module(self.path(name))
