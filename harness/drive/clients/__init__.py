"""The clients that can be driven. A module is a client; there is no registry."""

from __future__ import annotations

from typing import cast

from harness.clients.modules import ClientModules, UnknownClientError
from harness.drive.client import Client

__all__ = ["UnknownClientError", "client", "clients", "module"]

_MODULES = ClientModules(__name__, tuple(__path__))


def clients() -> tuple[str, ...]:
    """The names of all clients that there is a module for."""
    return _MODULES.names()


def client(name: str) -> Client:
    """The client of this name. Raises UnknownClientError."""
    return cast(Client, _MODULES.module(name).CLIENT)


def module(name: str) -> str:
    """The import path of a client."""
    return _MODULES.path(name)
