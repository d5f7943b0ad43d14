"""One client connection on blocking sockets: it sends what it is told, once, and notes what comes back."""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from harness.exchange import CONTINUED, STOPPED, Exchange, Fidelity, Framing, Request
from harness.wire.body import body_of
from harness.wire.codec import ProtocolError, ResponseParser
from harness.wire.message import WireRequest

_NUMBERS = itertools.count(1)
_RECEIVE = 256 * 1024
_WHOLE = 32 * 1024  # bytes of a body that go out together with the head
_LINGER = 0.001  # seconds that a body after a bodyless response gets to show itself


class ConnectError(Exception):
    """No connection could be made. The text begins with a failure word of `Exchange.failure`."""


class _ClosedEarlyError(Exception):
    """The other side closed before the response was complete."""


class _ContinuedError(Exception):
    """The other side wants a body of which there is only the length."""


class _StoppedError(Exception):
    """The request said to stop half-way, and so we did."""


def _ready(sock: socket.socket, timeout: float, *, write: bool = False) -> tuple[bool, bool]:
    """Wait until the socket can be read, or with `write` written; both False when the time is over.

    By poll, because select cannot look at file descriptors above 1023.
    """
    poller = select.poll()
    poller.register(sock, select.POLLIN | (select.POLLOUT if write else 0))
    events = poller.poll(timeout * 1000)
    mask = events[0][1] if events else 0
    return bool(mask & ~select.POLLOUT), bool(mask & select.POLLOUT)


class Connection:
    """A kept-alive HTTP/1.1 connection to one address. Not for use by several threads at once.

    It connects when the first request comes, and again when the other side has closed or must not be trusted
    with another request; every socket has a number of its own in `Exchange.connection`. It never sends a
    request twice, follows nothing and adds no header. Whatever goes wrong becomes `Exchange.failure`:
    `exchange` does not raise for what the other side does.

    `timeout` is seconds without progress, `connect_timeout` seconds for TCP and TLS together (default: the
    same), `deadline` seconds for a whole exchange (default: none).
    """

    def __init__(
        self,
        address: tuple[str, int],
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        timeout: float = 30.0,
        connect_timeout: float | None = None,
        deadline: float | None = None,
    ) -> None:
        self.address = address
        self.timeout = timeout
        self.connect_timeout = timeout if connect_timeout is None else connect_timeout
        self.deadline = deadline
        self.number = 0  # of the socket in use, or used last
        self._tls = tls
        self._server_name = server_name
        self._socket: socket.socket | None = None
        self._previous = ""  # method and target of the last request on this socket

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def connected(self) -> bool:
        """Whether a socket is open that the next request would use."""
        return self._socket is not None

    def connect(self) -> None:
        """Open a socket now, if there is none. Raises `ConnectError`."""
        if self._socket is None:
            self._socket = self._open()
            self.number = next(_NUMBERS)
            self._previous = ""

    def close(self) -> None:
        """Close the socket; a later exchange would open a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def reset(self) -> None:
        """Close with RST instead of FIN, as a client that dies does."""
        if self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close()

    def settle(self, grace: float = 0.05) -> int:
        """Unexpected bytes that came after the last response, waiting up to `grace` seconds for them.

        For the end of a case, where no next request would notice. Such bytes end the connection.
        """
        if self._socket is None:
            return 0
        _ready(self._socket, grace)
        return self._stray()

    def exchange(self, request: WireRequest, begun: Callable[[], None] = lambda: None) -> Exchange:
        """Send a request and read its response. `begun` is called as soon as its head is on the way."""
        return _Run(self, request, begun).result()

    def _open(self) -> socket.socket:
        end = time.monotonic() + self.connect_timeout
        try:
            plain = socket.create_connection(self.address, self.connect_timeout)
        except TimeoutError:
            raise ConnectError(f"timeout: no connection within {self.connect_timeout:g} s") from None
        except socket.gaierror as error:
            raise ConnectError(f"unresolved: {self.address[0]}: {error.strerror}") from None
        except OSError as error:
            raise ConnectError(f"refused: {error.strerror or error}") from None
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            return plain
        try:
            plain.settimeout(max(0.001, end - time.monotonic()))
            return self._tls.wrap_socket(plain, server_hostname=self._server_name)
        except TimeoutError:
            plain.close()
            raise ConnectError(f"timeout: no TLS handshake within {self.connect_timeout:g} s") from None
        except ssl.SSLError as error:
            plain.close()
            reason = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
            raise ConnectError(f"tls: {reason or error}") from None
        except OSError as error:
            plain.close()
            raise ConnectError(f"tls: {error.strerror or error} during the handshake") from None

    def _stray(self) -> int:
        """Bytes that wait before a request is sent. They, or the other side's close, end the socket."""
        count = 0
        try:
            while (data := self._receive_now()) is not None:
                if not data:
                    self.close()
                    return count
                count += len(data)
        except OSError:
            self.close()
            return count
        if count:
            self.close()
        return count

    def _receive_now(self) -> bytes | None:
        """What is there now; None when nothing is, empty at the end. TLS tickets count as nothing."""
        assert self._socket is not None
        self._socket.settimeout(0)
        try:
            return self._socket.recv(_RECEIVE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        finally:
            self._socket.settimeout(self.timeout)


class _Run:
    """One exchange on a connection: the mutable state while it runs."""

    def __init__(self, connection: Connection, request: WireRequest, begun: Callable[[], None]) -> None:
        self._connection = connection
        self._request = request
        self._begun = begun
        self._parser = ResponseParser(request.method)
        self._started = time.time()
        self._clock = time.monotonic()
        self._first_byte: float | None = None
        self._failure: str | None = None
        self._unsent = 0
        self._stray = ""
        self._extra = 0

    def result(self) -> Exchange:
        """Run it."""
        connection, request = self._connection, self._request
        if connection.connected and (count := connection._stray()):
            self._stray = f"stray: {count} bytes after the response to {connection._previous}"
        try:
            connection.connect()
        except ConnectError as error:
            self._failure = str(error)
            return self._exchange()
        connection._previous = f"{request.method} {request.target.partition('?')[0]}"
        try:
            self._send()
            self._receive()
        except TimeoutError:
            self._failure = "timeout: " + ("inside the response" if self._parser.started else "no response")
        except ProtocolError as error:
            self._failure = f"protocol: {error}"
        except _ClosedEarlyError as error:
            self._failure = f"closed-early: {error}"
        except _ContinuedError:
            self._failure = CONTINUED
        except _StoppedError:
            self._failure = STOPPED
            if request.stop_with_reset:
                connection.reset()
        except OSError as error:  # ssl.SSLError is one
            self._failure = f"reset: {error.strerror or error}"
        self._finish()
        return self._exchange()

    def _send(self) -> None:
        request, sock = self._request, self._socket()
        head, body = request.head(), request.framed_body()
        cut = request.stop_after
        if cut is None and request.await_continue is None and len(body) <= _WHOLE:
            self._limit(sock)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                sock.sendall(head + body)  # what the other side said before it closed is still to be read
            self._begun()
            return
        self._limit(sock)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(head)
        self._begun()
        if request.await_continue is not None and not self._continued(sock, request.await_continue):
            self._unsent = len(body)
            return
        if self._parser.interim and request.declares_more:
            raise _ContinuedError
        self._send_body(sock, memoryview(body)[:cut])
        if cut is not None:
            self._unsent += max(0, len(body) - cut)
            raise _StoppedError

    def _continued(self, sock: socket.socket, wait: float) -> bool:
        """Wait for 100 Continue. False when a final response came instead; after the wait, just go on."""
        end = time.monotonic() + wait
        while not self._parser.interim:
            if self._parser.head_done:
                return False
            left = end - time.monotonic()
            if left <= 0:
                return True
            _ready(sock, left)
            if not self._take_now():
                return False
        return True

    def _send_body(self, sock: socket.socket, body: memoryview) -> None:
        """Send a large body, with an eye on a response that comes before its end."""
        sent = 0
        while sent < len(body):
            readable, writable = _ready(sock, self._left(), write=True)
            if not readable and not writable:
                raise TimeoutError
            if readable and (not self._take_now() or self._parser.done):
                break
            if writable:
                self._limit(sock)
                try:
                    sent += sock.send(body[sent : sent + _RECEIVE])
                except (BrokenPipeError, ConnectionResetError):
                    break
        self._unsent = len(body) - sent

    def _take_now(self) -> bool:
        """Feed what is there; False at the end of the stream."""
        data = self._connection._receive_now()
        if data is None:
            return True
        if data:
            self._feed(data)
            return True
        self._end()
        return False

    def _receive(self) -> None:
        sock = self._socket()
        while not self._parser.done:
            self._limit(sock)
            data = sock.recv(_RECEIVE)
            if not data:
                self._end()
                return
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        if self._first_byte is None:
            self._first_byte = time.monotonic() - self._clock
        self._parser.feed(data)

    def _end(self) -> None:
        try:
            self._parser.end()
        except ProtocolError as error:
            raise _ClosedEarlyError(str(error)) from None

    def _finish(self) -> None:
        """Look for bytes after the end, and decide whether the socket may serve again."""
        if self._failure is not None:
            self._connection.close()
            return
        self._extra = self._parser.extra
        response = self._parser.response()
        if response is not None and response.framing is Framing.NONE and not self._extra:
            self._extra = self._connection.settle(_LINGER)
        said = [value.lower() for name, value in self._request.headers if name.lower() == "connection"]
        if (
            self._extra
            or self._unsent
            or not self._parser.reusable
            or any("close" in value for value in said)
        ):
            self._connection.close()

    def _socket(self) -> socket.socket:
        assert self._connection._socket is not None
        return self._connection._socket

    def _left(self) -> float:
        """Seconds that the next wait may take. Raises `TimeoutError` when the deadline has passed."""
        if self._connection.deadline is None:
            return self._connection.timeout
        left = self._connection.deadline - (time.monotonic() - self._clock)
        if left <= 0:
            raise TimeoutError
        return min(self._connection.timeout, left)

    def _limit(self, sock: socket.socket) -> None:
        if self._connection.deadline is not None or sock.gettimeout() != self._connection.timeout:
            sock.settimeout(self._left())

    def _exchange(self) -> Exchange:
        request = self._request
        anomalies = list(self._parser.anomalies)
        if self._stray:
            anomalies.insert(0, self._stray)
        if self._extra:
            anomalies.append(f"extra: {self._extra} bytes")
        return Exchange(
            request=Request(request.method, request.target, request.headers, body_of(request.body)),
            response=self._parser.response(),
            fidelity=Fidelity.OWN_WIRE,
            scheme="http" if self._connection._tls is None else "https",
            started=self._started,
            elapsed=time.monotonic() - self._clock,
            first_byte=self._first_byte,
            connection=self._connection.number,
            failure=self._failure,
            interim=tuple(self._parser.interim),
            anomalies=tuple(anomalies),
            extra=self._extra,
            unsent=self._unsent,
        )
