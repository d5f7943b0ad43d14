"""Bytes that a client's transport brings before there is an upstream: kept, and sent first."""

from __future__ import annotations

import asyncio
import socket

from harness.tap.conversation import Conversation
from harness.tap.proxy import Link, Upstream
from tests.tap.wires import RawServer, receive_all


class _EagerTransport(asyncio.Transport):
    """A transport that has read before it was told to pause, as Python before 3.11.3 did."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.resumed = asyncio.Event()

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        self.resumed.set()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.written += data

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


def test_what_comes_before_the_upstream_is_there_is_sent_first() -> None:
    request = b"PUT /c/b HTTP/1.1\r\nContent-Length: 4\r\n\r\n"
    seen: list[bytes] = []

    def script(sock: socket.socket) -> None:
        seen.append(receive_all(sock))

    async def talk(address: tuple[str, int]) -> None:
        link = Link(Upstream(address), Conversation(1, "http", 1024, lambda _: None), print, lambda _: None)
        transport = _EagerTransport()
        link.client.connection_made(transport)
        link.client.data_received(request)
        link.client.data_received(b"bo")
        await asyncio.wait_for(transport.resumed.wait(), 10)
        link.client.data_received(b"dy")
        assert link.client.eof_received()
        while not seen:
            await asyncio.sleep(0.005)
        link.stop()

    with RawServer(script) as server:
        asyncio.run(asyncio.wait_for(talk(server.address), 15))
    assert seen == [request + b"body"]
