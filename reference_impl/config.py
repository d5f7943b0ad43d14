"""What one façade is told when it starts: a frozen value that every process of it shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, TypeAlias

from reference_impl.protocol.hosts import PublicHost

Network: TypeAlias = IPv4Network | IPv6Network
Role: TypeAlias = Literal["reader", "writer", "admin"]
ROLES: tuple[Role, ...] = ("reader", "writer", "admin")


class StartError(Exception):
    """The façade cannot start. The message is one line: what is wrong; `hint` says how to mend it."""

    exit_code = 3

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}: {self.hint}"


class UsageError(StartError):
    """What was asked for makes no sense, wherever it is run."""

    exit_code = 2


class MachineError(StartError):
    """What was asked for makes sense, but not on this machine as it is now."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Account:
    """A storage account: its name and its shared key, decoded."""

    name: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a façade process needs to know. Times are in seconds, sizes in bytes."""

    root: Path
    accounts: tuple[Account, ...]
    host: str = "127.0.0.1"
    port: int = 0
    https_port: int | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None
    processes: int = 1
    domain: str = "blob.localhost"
    issuer: str | None = None
    jwks_ca: Path | None = None
    audiences: tuple[str, ...] = ()
    default_role: Role = "reader"
    allow_copy_sources: tuple[Network, ...] = ()
    copy_source_ca: Path | None = None
    public_hosts: tuple[PublicHost, ...] = ()
    """Names of this server beside its own address: a copy source that bears one is read from the tree."""
    sku: str = "Standard_LRS"
    kind: str = "StorageV2"
    durable: bool = True
    mutant: str | None = None
    idle_timeout: float = 60.0
    """A body, head or answer that makes no progress for so long ends the connection."""
    keep_alive_timeout: float = 120.0
    """A connection without a request is closed after so long."""
    shutdown_grace: float = 5.0
    """Running requests have so long to finish after SIGTERM."""
    access_log: bool = False
