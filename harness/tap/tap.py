"""The tap as others use it: start it in front of an address, let a client talk, take the exchanges."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from harness.exchange import Exchange
from harness.tap.loop import BackgroundLoop
from harness.tap.proxy import Listener, Upstream

KEEP = 256 * 1024
"""Bodies up to this many bytes are kept; of larger ones only length and digest."""


class Tap:
    """A recording reverse proxy on loopback, for the length of a `with` block.

    Bytes pass unchanged and as they arrive, in both directions. `tls` makes it speak TLS to the client;
    the upstream has its own. It runs on a thread of its own.
    """

    def __init__(self, upstream: Upstream, *, tls: ssl.SSLContext | None = None, keep: int = KEEP) -> None:
        self._exchanges: list[Exchange] = []
        self._listener = self._listening(upstream, tls, keep, self._exchanges.append)
        self._loop = BackgroundLoop("tap")
        self.address: tuple[str, int] = ("", 0)
        self.scheme = "https" if tls else "http"

    def _listening(
        self,
        upstream: Upstream,
        tls: ssl.SSLContext | None,
        keep: int,
        done: Callable[[Exchange], None],
    ) -> Listener:
        """What accepts the connections: a tap that does more has one of its own."""
        return Listener(upstream, tls=tls, keep=keep, done=done)

    def __enter__(self) -> Self:
        self._loop.start()
        self.address = self._loop.ask(self._listener.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.ask(self._stop())
        self._loop.stop()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, without a trailing slash."""
        return f"{self.scheme}://{self.address[0]}:{self.address[1]}"

    @property
    def connections(self) -> int:
        """How many connections clients have made."""
        return self._listener.connections

    @property
    def faults(self) -> tuple[str, ...]:
        """What went wrong beside any exchange: bytes that were no HTTP, an upstream that did not answer."""
        return tuple(self._listener.faults)

    def take(self, settle: float = 2.0) -> list[Exchange]:
        """The exchanges since the last call, in the order in which they ended.

        Waits up to `settle` seconds for those that are still under way.
        """
        return self._loop.ask(self._take(settle))

    async def _take(self, settle: float) -> list[Exchange]:
        deadline = time.monotonic() + settle
        while not self._listener.idle and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        taken = self._exchanges[:]
        self._exchanges.clear()
        return taken

    async def _stop(self) -> None:
        self._listener.stop()
        await asyncio.sleep(0)  # lets the transports run their last callbacks
        await asyncio.sleep(0)
