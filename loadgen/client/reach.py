"""Opens the engine's connections: addresses, sockets that do not block, and the TLS context."""

from __future__ import annotations

import _socket
import os
import ssl
from typing import Any

from harness.vocabulary import ExitCode
from loadgen.client.original import Socket, getaddrinfo
from loadgen.client.target import Target
from loadgen.client.tls import TlsStream

_SCRATCH = 256 * 1024


class UnreachableError(Exception):
    """The name of the endpoint's host stands for no address."""

    exit_code = ExitCode.INDETERMINATE
    hint = "Check the endpoint's URL, and that this machine's DNS knows the host."


class Dialler:
    """How to reach a target. The name is looked up once, when this is made; raises `UnreachableError`."""

    def __init__(self, target: Target) -> None:
        face = target.face
        host, port = face.address
        try:
            found = getaddrinfo(host, port, 0, _socket.SOCK_STREAM)
        except OSError as error:
            raise UnreachableError(f"host {host!r} has no address: {error.strerror or error}") from None
        # One name may stand for many addresses, as that of a pool does: connections take them in turn.
        self.addresses: list[tuple[int, Any]] = [(family, address) for family, _, _, _, address in found]
        self._server_name = face.server_name
        self._context: ssl.SSLContext | None = None
        if face.scheme == "https":
            self._context = ssl.create_default_context(cafile=target.ca_file and str(target.ca_file))
            self._context.set_alpn_protocols(["http/1.1"])
            self._scratch = memoryview(bytearray(_SCRATCH))

    def dial(self, number: int) -> Any:
        """A socket that is connected, or will be when there is room to write. Raises `OSError`."""
        family, address = self.addresses[number % len(self.addresses)]
        sock = Socket(family, _socket.SOCK_STREAM | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC)
        try:
            sock.setblocking(False)
            sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            sock.connect(address)
        except BlockingIOError:
            pass
        except OSError:
            sock.close()
            raise
        return sock

    def secure(self, sock: Any) -> TlsStream | None:
        """TLS over a connected socket; None where the target speaks without."""
        if self._context is None:
            return None
        return TlsStream(sock, self._context, self._server_name, self._scratch)


def connected(sock: Any) -> bool:
    """Whether a socket's connecting is over. Raises `OSError` when it came to nothing."""
    if error := sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR):
        raise OSError(error, os.strerror(error))
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def failure_of(error: OSError) -> str:
    """The word of `Outcome.failure` for an error of a connection that was there."""
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "closed"
    if isinstance(error, ssl.SSLError):
        return "protocol"
    return "timeout" if isinstance(error, TimeoutError) else "reset"
