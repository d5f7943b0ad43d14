"""The accept loop where no real socket can be made to fail."""

from __future__ import annotations

import asyncio
import errno
import socket

from reference_impl.http.message import Request, Response
from reference_impl.http.server import Listener, Server


class Exhausted(socket.socket):
    """A listening socket whose process has no descriptor left."""

    tries = 0

    def accept(self) -> tuple[socket.socket, object]:
        self.tries += 1
        raise OSError(errno.EMFILE, "Too many open files")


async def nothing(request: Request) -> Response:
    return Response(200, "OK")


def test_an_accept_that_finds_no_descriptor_rests_before_the_next() -> None:
    said: list[str] = []

    async def scene(listening: Exhausted) -> None:
        server = Server(nothing, report=said.append)
        server.start([Listener(listening)])
        with socket.create_connection(listening.getsockname()):
            await asyncio.sleep(0.3)
        assert await server.stop(1)

    with Exhausted() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        asyncio.run(scene(listening))
        assert 1 <= listening.tries <= 3
    assert said[0] == "blobproof: cannot accept connections for now: Too many open files\n"
