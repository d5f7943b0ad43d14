"""What stands between the workers and the endpoint in a storm: some fault proxies behind one address."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import urlsplit

from harness.endpoint import Endpoint, Style
from harness.exchange import Exchange
from harness.faults.fault import Fault
from harness.faults.proxy import FaultProxy
from harness.tap.authority import server_context, write_ca
from harness.tap.proxy import Listener, Upstream

_HOST = "127.0.0.1"
_BACKLOG = 1024
_UNREAD = -1  # bytes of bodies that are kept: not even their digest


class _Node(FaultProxy):
    """One of them: it forgets every exchange, however many there are."""

    def __init__(self, upstream: Upstream, tls: ssl.SSLContext | None, prefix: str) -> None:
        super().__init__(upstream, tls, prefix=prefix, keep=_UNREAD)

    def _listening(
        self, upstream: Upstream, tls: ssl.SSLContext | None, keep: int, done: Callable[[Exchange], None]
    ) -> Listener:
        return super()._listening(upstream, tls, keep, _forget)


def _forget(_: Exchange) -> None:
    pass


class Nodes:
    """So many proxies in front of an endpoint; connections go to one after the other.

    `endpoint` is what the workers are to use: the same account and credentials at another address. Bytes pass
    unchanged while nothing is armed. `folder` gets the certificate to trust, where the endpoint speaks TLS.
    Use as a context manager. Methods may be called from any one thread.
    """

    def __init__(self, endpoint: Endpoint, count: int, folder: Path) -> None:
        self._stack = contextlib.ExitStack()
        self._behind = endpoint
        self._count = count
        self._folder = folder
        self._nodes: list[_Node] = []
        self._struck = 0

    def __enter__(self) -> Self:
        face = self._behind.face()
        inner: ssl.SSLContext | None = None
        outer: ssl.SSLContext | None = None
        ca = self._behind.ca_file
        if face.scheme == "https":
            inner = ssl.create_default_context(cafile=ca)
            outer = server_context(face.server_name)
            self._folder.mkdir(parents=True, exist_ok=True)
            ca = write_ca(self._folder)
        upstream = Upstream(face.address, inner, face.server_name if inner is not None else None)
        with contextlib.ExitStack() as stack:
            self._nodes = [
                stack.enter_context(_Node(upstream, outer, face.prefix)) for _ in range(self._count)
            ]
            dealer = stack.enter_context(_Dealer(self._nodes))
            self._stack = stack.pop_all()
        self.endpoint = _moved(self._behind, dealer.port, ca)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def arm(self, faults: Sequence[Fault], *, only: int | None = None) -> None:
        """From now on these strike at all nodes, or at one; nothing else does."""
        for number, node in enumerate(self._nodes):
            if only in (None, number):
                node.arm(faults)

    def disarm(self) -> int:
        """Nothing strikes from now on. How many requests and connections were struck since the last time.

        Those under way are let go as their fault has it: a drip goes on until its answer is through.
        """
        self.arm(())
        self.forget()
        struck, self._struck = self._struck, 0
        return struck

    def forget(self) -> None:
        """To be called now and then while faults are armed: what struck is counted, and not kept."""
        self._struck += sum(node.forget() for node in self._nodes)


class _Dealer:
    """Accepts connections and deals them out to the nodes in turn: each gets its share, even of a few."""

    def __init__(self, nodes: Sequence[_Node]) -> None:
        self._nodes = nodes
        self._socket = socket.create_server((_HOST, 0), backlog=_BACKLOG)
        self.port = int(self._socket.getsockname()[1])
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._deal, name="dealer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.close()
        self._thread.join()
        self._stopped.close()
        self._socket.close()

    def _deal(self) -> None:
        number = 0
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._stopped, selectors.EVENT_READ)
            while True:
                if any(key.fileobj is self._stopped for key, _ in selector.select()):
                    return
                try:
                    sock, _ = self._socket.accept()
                except OSError:  # out of descriptors, or the client has gone: the next one may fare better
                    self._stopped.settimeout(0.05)
                    with contextlib.suppress(TimeoutError):
                        if not self._stopped.recv(1):
                            return
                    continue
                self._nodes[number % len(self._nodes)].adopt(sock)
                number += 1


def _moved(endpoint: Endpoint, port: int, ca: Path | None) -> Endpoint:
    """The endpoint at the dealer's address. A name of its own is kept: certificates are about names."""
    connect = (_HOST, port)
    if endpoint.style is Style.HOST or urlsplit(endpoint.url).scheme == "https":
        return replace(endpoint, connect=connect, ca_file=ca, also=MappingProxyType({}))
    parts = urlsplit(endpoint.url)
    url = parts._replace(netloc=f"{_HOST}:{port}").geturl()
    return replace(endpoint, url=url, connect=connect, also=MappingProxyType({}))
