"""Façade processes for the wire tests: one that a module shares, and more on demand."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.http.wire import Process, launch


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def certificate(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Certificate, key and authority for 127.0.0.1, as PEM files."""
    folder = tmp_path_factory.mktemp("tls")
    issued = authority.issue_cert("127.0.0.1", "localhost")
    paths = (folder / "cert.pem", folder / "key.pem", folder / "ca.pem")
    issued.cert_chain_pems[0].write_to_path(paths[0])
    issued.private_key_pem.write_to_path(paths[1])
    authority.cert_pem.write_to_path(paths[2])
    return paths


@pytest.fixture(scope="session")
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def starter(
    tmp_path_factory: pytest.TempPathFactory,
    certificate: tuple[Path, Path, Path],
    client_tls: ssl.SSLContext,
) -> Iterator[Callable[..., Process]]:
    """Starts façades over fresh roots; all of them are ended with the module."""
    running: list[Process] = []

    def start(*options: str, tls: bool = False) -> Process:
        folder = tmp_path_factory.mktemp("facade")
        (folder / "root").mkdir()
        if tls:
            cert, key, _ = certificate
            options = (*options, "--https-port", "0", "--cert", str(cert), "--cert-key", str(key))
        process = launch(folder / "root", folder / "log", *options, tls=client_tls)
        running.append(process)
        return process

    yield start
    for process in running:
        process.stop()
        if process.process.stdout is not None:
            process.process.stdout.close()


@pytest.fixture(scope="module")
def facade(starter: Callable[..., Process]) -> Process:
    return starter("--log", "access", tls=True)


@pytest.fixture(scope="module")
def hasty(starter: Callable[..., Process]) -> Process:
    """A façade that loses patience quickly."""
    return starter("--idle-timeout", "0.4", "--keep-alive", "0.4")
