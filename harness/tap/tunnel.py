"""A CONNECT proxy that leads every tunnel to one address, whatever name the client asked for.

Clients that insist on a host name (`acct.blob.example.net`) are led to the tap this way: no name is
resolved, no hosts file changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from types import TracebackType
from typing import Self

from harness.tap.loop import BackgroundLoop
from harness.tap.proxy import RESET

_PIECE = 256 * 1024
_HEAD_SECONDS = 20.0


class Tunnel:
    """Listens on loopback for the length of a `with` block; `names` are the hosts that clients asked for."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to = to
        self._loop = BackgroundLoop("tunnel")
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.names: list[str] = []
        self.url = ""

    def __enter__(self) -> Self:
        self._loop.start()
        self.url = self._loop.ask(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.ask(self._stop())
        self._loop.stop()

    async def _start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_PIECE)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        # Cancelled alone by `_stop`. That is an end as any other: asyncio would print it as an error.
        quiet = (OSError, EOFError, TimeoutError, asyncio.CancelledError)
        with contextlib.closing(writer), contextlib.suppress(*quiet):
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            method, _, rest = head.decode("latin-1").partition(" ")
            if method != "CONNECT":
                writer.write(
                    b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                await writer.drain()
                return
            self.names.append(rest.partition(" ")[0])
            back, forth = await asyncio.open_connection(*self._to, limit=_PIECE)
            with contextlib.closing(forth):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                async with asyncio.TaskGroup() as group:
                    group.create_task(_pump(reader, forth))
                    group.create_task(_pump(back, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        try:
            while data := await reader.read(_PIECE):
                writer.write(data)
                await writer.drain()
        except ConnectionResetError:
            _reset(writer)  # a connection that breaks is not one that ends
            return
        if writer.can_write_eof():
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
