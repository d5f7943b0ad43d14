"""Listening sockets and TLS contexts for `serve`, with one clear error for each way they can fail."""

from __future__ import annotations

import errno
import resource
import socket
import ssl
from pathlib import Path

from reference_impl.config import Config, MachineError
from reference_impl.http.server import BACKLOG, Listener

_DESCRIPTORS = 1 << 20


def listeners(config: Config) -> list[tuple[Listener, ...]]:
    """For each process its listeners: HTTP, then HTTPS if asked for; raises MachineError.

    Every process has sockets of its own on the same ports, so that the kernel spreads connections evenly. The
    caller keeps them all open, so that a process that is started again finds the queue of the one before it.
    """
    context = None if config.https_port is None else _tls(config.certificate, config.certificate_key)
    plain = _bind(config.host, config.port, "--port", config.processes)
    if config.https_port is None:
        return [(Listener(each),) for each in plain]
    secure = _bind(config.host, config.https_port, "--https-port", config.processes)
    return [(Listener(one), Listener(other, context)) for one, other in zip(plain, secure, strict=True)]


def url(listener: Listener) -> str:
    """The URL at which this machine reaches a listener."""
    host, port = listener.socket.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
    scheme = "http" if listener.tls is None else "https"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def raise_descriptor_limit() -> None:
    """Takes as many open files as this user may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def connection_capacity() -> int:
    """Connections a process can serve: each may need two descriptors for itself and two for files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _DESCRIPTORS // 4 if soft == resource.RLIM_INFINITY else max(1, soft // 4)


def _bind(host: str, port: int, option: str, count: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        for _ in range(count):
            one = socket.socket(family, kind, protocol)
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if len(sockets) > 1:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind(address)
            if count > 1 and len(sockets) == 1:
                # Shared only now: the first bind must still fail when another façade holds the port.
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                address = one.getsockname()
        for one in sockets:
            one.listen(BACKLOG)
    except (OSError, UnicodeError) as error:
        for one in sockets:
            one.close()
        raise _explained(error, host, port, option) from None
    return sockets


def _explained(error: OSError | UnicodeError, host: str, port: int, option: str) -> MachineError:
    if isinstance(error, socket.gaierror | UnicodeError):
        return MachineError(f"the host {host} is unknown here", "give an address of this machine with --host")
    if error.errno == errno.EADDRINUSE:
        return MachineError(
            f"port {port} on {host} is in use", f"choose another with {option}, or 0 for any free one"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return MachineError(f"{host} is no address of this machine", "give another with --host")
    if error.errno in (errno.EACCES, errno.EPERM):
        return MachineError(f"port {port} needs privileges", f"choose one above 1023 with {option}")
    return MachineError(f"cannot listen on {host} port {port} ({error.strerror})", f"try another {option}")


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    for option, path in (("--cert", certificate), ("--cert-key", key)):
        if path is None or not path.is_file():
            raise MachineError(f"{option} {path} is not a file", "give the path of a PEM file")
    assert certificate is not None
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        why = (
            "they do not belong together" if error.reason == "KEY_VALUES_MISMATCH" else "one is not valid PEM"
        )
        raise MachineError(
            f"the certificate {certificate} and the key {key} cannot be used",
            f"{why}; both must be PEM files, the key without a password",
        ) from None
    except OSError as error:
        raise MachineError(
            f"the certificate {certificate} or its key cannot be read ({error.strerror})", "check their modes"
        ) from None
    return context


def _no_password() -> str:
    """Keeps OpenSSL from asking at the terminal."""
    return ""
