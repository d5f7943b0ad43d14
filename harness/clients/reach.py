"""How a real client reaches an endpoint through the tap: the URL it is told, what its environment needs."""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from harness.endpoint import Endpoint, Face, Style
from harness.faults.proxy import FaultProxy
from harness.tap.authority import server_context, write_ca
from harness.tap.proxy import Upstream
from harness.tap.tap import Tap
from harness.tap.tunnel import Tunnel
from harness.wire.dial import tls_context


@dataclass(frozen=True, slots=True)
class Reach:
    """One address of an endpoint as a client sees it through the tap."""

    url: str  # service root for the client, without a trailing slash
    style: Style
    tap: Tap
    ca_file: Path  # what a client must trust when `url` is https
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def authority(self) -> str:
        """Host and port of `url`."""
        return self.url.split("/")[2]

    @property
    def faults(self) -> FaultProxy:
        """The tap, where it is one that does harm. Raises LookupError where it is not."""
        if not isinstance(self.tap, FaultProxy):
            raise LookupError("faults were not asked for: reach(..., faulty=True)")
        return self.tap


@contextlib.contextmanager
def reach(
    endpoint: Endpoint, folder: Path, face: str | None = None, *, faulty: bool = False
) -> Iterator[Reach]:
    """A tap in front of one address of the endpoint, open for the length of the block.

    Path style on this machine: the client talks to the tap's own address. Host style: the client keeps the
    host name, speaks TLS, and is led to the tap by a CONNECT proxy, because most clients resolve no made-up
    names. So too for an HTTPS address elsewhere, which thereby gets the Host header that it expects.
    With `faulty` a fault proxy stands in the tap's place: `faults` of what is yielded.
    `folder` takes the certificate file. Raises LookupError when the endpoint has no such address.
    """
    where = endpoint.face(face)
    ca_file = write_ca(folder)
    trust = MappingProxyType({"SSL_CERT_FILE": str(ca_file)})
    by_name = where.style is Style.HOST or (
        where.scheme == "https" and _is_foreign_address(where.server_name)
    )
    if not by_name:
        tls = server_context("127.0.0.1", "localhost") if where.scheme == "https" else None
        with _tap(endpoint, where, tls, faulty) as tap:
            yield Reach(tap.url + where.prefix, where.style, tap, ca_file, trust)
        return
    host = where.server_name
    with (
        _tap(endpoint, where, server_context(host, product_host(endpoint.account)), faulty) as tap,
        Tunnel(tap.address) as tunnel,
    ):
        env = {**trust, "HTTPS_PROXY": tunnel.url, "https_proxy": tunnel.url}
        # A port of plain HTTP means nothing in an HTTPS URL.
        authority = where.authority if where.scheme == "https" else host
        yield Reach(f"https://{authority}{where.prefix}", where.style, tap, ca_file, MappingProxyType(env))


def _tap(endpoint: Endpoint, where: Face, tls: ssl.SSLContext | None, faulty: bool) -> Tap:
    to = upstream(endpoint, where)
    return FaultProxy(to, tls, prefix=where.prefix) if faulty else Tap(to, tls=tls)


def product_host(account: str) -> str:
    """The host name that some clients cannot be told otherwise: the tap answers for it too."""
    return f"{account}.blob.core.windows.net"


def upstream(endpoint: Endpoint, face: Face) -> Upstream:
    """Where the tap forwards to for this address."""
    tls = tls_context(endpoint.ca_file) if face.scheme == "https" else None
    return Upstream(face.address, tls, face.server_name)


def _is_foreign_address(host: str) -> bool:
    """Whether this is a literal address outside this machine (clients send 127.0.0.1 to no proxy)."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback(face: Face) -> bool:
    """Whether the address is one of this machine's loopback addresses."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(face.address[0]).is_loopback
    return face.address[0] == "localhost"
