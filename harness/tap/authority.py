"""The tap's own certificate authority: one for each process, so that clients need to trust one file."""

from __future__ import annotations

import functools
import ssl
import tempfile
from pathlib import Path

import trustme


@functools.cache
def _authority() -> trustme.CA:
    return trustme.CA(organization_name="Blobproof", organization_unit_name="tap")


@functools.lru_cache(maxsize=64)
def server_context(*names: str) -> ssl.SSLContext:
    """A TLS context that answers for these host names or addresses, in HTTP/1.1 alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority().issue_cert(*names).configure_cert(context)
    # HTTP/2 must not be negotiated: it would change the client's header case and framing.
    context.set_alpn_protocols(["http/1.1"])
    return context


def write_ca(folder: Path) -> Path:
    """The authority's certificate as a PEM file in `folder`."""
    path = folder / "tap-ca.pem"
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as partial:
        partial.write(_authority().cert_pem.bytes())
    return Path(partial.name).replace(path)
