"""From an endpoint to a connection: which socket address, which TLS trust, which server name."""

from __future__ import annotations

import functools
import ssl
from pathlib import Path

from harness.endpoint import Endpoint
from harness.wire.connection import Connection


def dial(
    endpoint: Endpoint,
    face: str | None = None,
    *,
    timeout: float = 30.0,
    connect_timeout: float | None = None,
    deadline: float | None = None,
) -> Connection:
    """A connection to one of the endpoint's addresses (default: its main one). Nothing is opened yet.

    Times are those of `Connection`. Raises `LookupError` when the endpoint has no address of that name.
    """
    where = endpoint.face(face)
    return Connection(
        where.address,
        tls=tls_context(endpoint.ca_file) if where.scheme == "https" else None,
        server_name=where.server_name,
        timeout=timeout,
        connect_timeout=connect_timeout,
        deadline=deadline,
    )


@functools.lru_cache(maxsize=32)
def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trust in this CA file alone, or in the system's; HTTP/1.1 is the only protocol offered."""
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    context.set_alpn_protocols(["http/1.1"])
    return context
