"""Waits until what was written to a socket has arrived: an RST would throw away what is still on its way."""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios

_SECONDS = 2.0  # a reader that takes nothing must not hold an act up
_PAUSE = 0.002
_QUIET = 3  # looks in a row: TLS keeps bytes where only the kernel's queue shows that they move


async def sent(transport: asyncio.Transport) -> None:
    """Return when the other side's system has all bytes, or after 2 s."""
    sock = transport.get_extra_info("socket")
    end = asyncio.get_running_loop().time() + _SECONDS
    quiet = 0
    while quiet < _QUIET and not transport.is_closing() and asyncio.get_running_loop().time() < end:
        waiting = transport.get_write_buffer_size() or _queued(sock.fileno())
        quiet = 0 if waiting else quiet + 1
        await asyncio.sleep(_PAUSE if waiting else 0)


def _queued(descriptor: int) -> int:
    """Bytes in the socket's send queue, unacknowledged ones among them."""
    try:
        return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0\0\0\0"))[0])
    except OSError:
        return 0  # the socket is gone, or this system does not tell
