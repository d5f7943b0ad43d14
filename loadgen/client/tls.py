"""TLS between the engine and a non-blocking socket: it looks like the socket, and blocks as little."""

from __future__ import annotations

import ssl
from typing import Any

_PIECE = 256 * 1024


class TlsStream:
    """A client's TLS connection on a connected, non-blocking socket.

    `send` and `recv_into` are those of a socket: they raise `BlockingIOError` when the socket would block.
    `pending` says that there is more to read although the socket has nothing.
    """

    __slots__ = ("_in", "_left", "_out", "_read", "_scratch", "_sock", "_tls", "pending")

    def __init__(self, sock: Any, context: ssl.SSLContext, server_name: str, scratch: memoryview) -> None:
        """`scratch` is what encrypted bytes are received into; it may be shared with other connections."""
        self._sock = sock
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=server_name)
        self._read: Any = self._tls.read
        self._scratch = scratch
        self._left = memoryview(b"")  # encrypted, and not taken by the socket yet
        self.pending = False

    def handshake(self) -> bool:
        """Goes on with the handshake; whether it is done. Raises `ssl.SSLError`, `OSError`.

        `unsent` says whether it waits for room to write.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                if not self._push() or self._pull() < 0:
                    return False
            except ssl.SSLError:
                self._push()  # the alert: the server learns why
                raise
            else:
                return self._push()

    @property
    def unsent(self) -> bool:
        """Whether encrypted bytes wait for room in the socket."""
        return bool(self._left) or self._out.pending > 0

    def send(self, data: memoryview | bytes) -> int:
        """Takes some of the bytes; how many. What is taken may still be here: see `unsent`, `flush`."""
        if not self._push():
            raise BlockingIOError
        taken = self._tls.write(memoryview(data)[:_PIECE])
        self._push()
        return taken

    def flush(self) -> bool:
        """Hands on what was taken; whether all of it is gone."""
        return self._push()

    def recv_into(self, buffer: memoryview) -> int:
        """Decrypted bytes; 0 at the end of the connection."""
        got, room, full = 0, len(buffer), True
        while got < room:
            # Asked for more than it has, TLS raises an exception: it is not asked without need.
            if not self._in.pending and not self.pending:
                if not full:
                    break
                count = self._pull()
                if count < 0:
                    if got:
                        break
                    raise BlockingIOError
                full = count == len(self._scratch)
            self.pending = False
            try:
                count = self._read(room - got, buffer[got:])
            except ssl.SSLWantReadError:
                full = full or not got  # part of a record: the socket may have the rest of it
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                break
            else:
                got += count
                self.pending = self._tls.pending() > 0
        self.pending = self.pending or self._in.pending > 0
        return got

    def _pull(self) -> int:
        """Encrypted bytes from the socket; how many, -1 where it has none for now."""
        try:
            count = int(self._sock.recv_into(self._scratch))
        except BlockingIOError:
            return -1
        if count:
            self._in.write(self._scratch[:count])
        else:
            self._in.write_eof()
        return count

    def _push(self) -> bool:
        while True:
            if not self._left:
                if not self._out.pending:
                    return True
                self._left = memoryview(self._out.read())
            try:
                self._left = self._left[self._sock.send(self._left) :]
            except BlockingIOError:
                return False
