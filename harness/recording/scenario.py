"""A scenario of a client as values: what it is given, what it is told to do, what is to go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from harness.cases.case import Recipe, Step
from harness.endpoint import Style

Signed = Literal["shared-key", "account-sas", "bearer"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that the recorder does instead of the server, or to its answer."""

    kind: str  # "status", "reset-before", "reset-response", "cut-body", "short-body", "flipped-byte"
    method: str = ""  # of the requests that it may hit; empty: any
    comp: str | None = None  # their `comp`; empty: none at all; None: any
    path: str = ""  # a text that the target holds
    first: int = 1  # the number of the first such request that is hit
    times: int = 1
    status: int = 503
    error: str | None = "ServerBusy"  # x-ms-error-code and Code; None: neither
    headers: tuple[tuple[str, str], ...] = ()  # more headers of the answer, Retry-After say

    @property
    def name(self) -> str:
        """As a golden spec says it: the kind, or the status of an answer that is made up."""
        return str(self.status) if self.kind == "status" else self.kind


@dataclass(frozen=True, slots=True)
class Run:
    """One command. Its words may hold {file:NAME}, {url}, {sas}, {out}, {own-container} and so on."""

    words: tuple[str, ...]  # what follows the program; or the function of the client's script, alone
    exits: tuple[int, ...] = (0,)  # how it may end
    stdin: str = ""  # the name of a file that it reads from standard input
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class ClientScenario:
    """What a client is to do."""

    client: str
    name: str
    title: str
    why: str
    flow: str
    run: tuple[Run, ...]
    signed: Signed = "account-sas"
    style: Style = Style.PATH
    secure: bool = False  # HTTPS between client and recorder
    files: Mapping[str, Recipe] = field(default_factory=lambda: MappingProxyType({}))  # local, by path
    given: tuple[Step, ...] = ()  # premises: containers and blobs that are there before
    faults: tuple[Fault, ...] = ()
    permissions: str = ""  # of the SAS, where it is not the usual one
    shuffles: bool = False  # whether the client sends headers in another order each time
    source: tuple[str, ...] = ()  # where the scenario comes from: "azcopy/3.3"

    @property
    def id(self) -> str:
        """CLIENT/NAME."""
        return f"{self.client}/{self.name}"
