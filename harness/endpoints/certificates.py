"""A certificate authority for one run, and the server certificate that the built-ins use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme

NAMES = ("127.0.0.1", "::1", "localhost", "*.blob.localhost", "*.blob.core.windows.net")
"""What the server certificate is good for."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the authority to trust, the server's certificate chain, and its private key."""

    ca: Path
    certificate: Path
    key: Path


def issue(folder: Path, names: Sequence[str] = NAMES, *, authority: trustme.CA | None = None) -> Certificates:
    """An authority (default: a new one) and a server certificate, as files in the folder.

    Only the owner can read the key.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = authority or trustme.CA(organization_name="blobproof")
    server = authority.issue_cert(*names)
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    authority.cert_pem.write_to_path(str(made.ca))
    for pem in server.cert_chain_pems:
        pem.write_to_path(str(made.certificate), append=True)
    made.key.touch(mode=0o600)
    server.private_key_pem.write_to_path(str(made.key))
    return made
