"""A small server of our own that misbehaves as told: what the crowd says of it is what is tested."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator

from harness.endpoint import Endpoint, Secret, Style

Head = dict[str, str]
Behave = Callable[[int, str, Head], bytes | None]
"""From the number of the request, its first line and its headers to an answer; None: close without one."""

OWN = "x-ms-client-request-id"


def answer(status: str, head: Head, *, own: str | None = None, body: bytes = b"", extra: str = "") -> bytes:
    """An answer with the id of the request, or another one."""
    echo = head.get(OWN, "") if own is None else own
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{OWN}: {echo}"] if echo else []
    lines += [extra] if extra else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@contextlib.contextmanager
def serving(behave: Behave) -> Iterator[Endpoint]:
    """The server as an endpoint, on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    numbers = iter(range(1_000_000))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                first, *lines = head.split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
                }
                if headers.get("expect"):
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                await reader.readexactly(int(headers.get("content-length", "0")))
                said = behave(next(numbers), first, headers)
                if said is None:
                    break
                writer.write(said)
                await writer.drain()
        writer.close()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(serve, "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Endpoint(
            name="own",
            url=f"http://127.0.0.1:{port}/account",
            account="account",
            style=Style.PATH,
            key=Secret("a2V5"),
        )
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
