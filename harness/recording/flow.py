"""What a recording is made of: the exchanges that went by, and what the client was given. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.exchange import Exchange
from harness.golden.spec import Injected
from harness.recording.scenario import ClientScenario

HEAD = 64
"""Bytes of every request body that are kept, however long it is: they find its place in a payload."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One exchange as the recorder saw it. `exchange.connection` is the client's connection.

    Bodies up to the recorder's limit are kept whole, protocol bodies (XML, batches) at any size; of others
    there are length and SHA-256.
    """

    exchange: Exchange
    host: str  # authority as the client wrote it
    head: bytes = field(default=b"", repr=False)  # the first bytes of the request body
    injected: Injected | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one command of the client ended."""

    exit: int | None  # None: it was ended because its time was up
    words: str = ""  # its last words, secrets taken out


@dataclass(frozen=True, slots=True)
class Recording:
    """One run of a client through one scenario."""

    scenario: ClientScenario
    client_version: str
    flows: tuple[Flow, ...]  # in the order in which the requests began; the client's alone
    containers: Mapping[str, str]  # name on the wire -> symbol: "own-container", "new-container:2"
    roots: tuple[str, ...]  # service roots as the client was told them, without a trailing slash
    account: str
    prefix: str  # in front of the container in targets: "/acct" for path style, "" for host style
    server: str  # what it was recorded on: "blobproof reference façade", "Azurite 3.37.0"
    recorder: str  # "mitmproxy 11.0.2"
    saved: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({})
    )  # by premises: name -> value
    outcomes: tuple[Outcome, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))  # reason -> flows
    secrets: tuple[str, ...] = field(default=(), repr=False)  # whatever must never be written
