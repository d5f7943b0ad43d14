"""The built-in endpoints: the reference façade with a token issuer beside it, and Azurite.

Everything that they write goes into one temporary folder, which is gone afterwards; their output can be kept.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.data import folder as data_folder
from harness.endpoint import Endpoint, Secret, Style
from harness.endpoints.certificates import Certificates, issue
from harness.endpoints.credentials import Issuer, IssuerTokens
from harness.endpoints.errors import ToolMissingError
from harness.endpoints.process import ServerProcess

ACCOUNT = "blobproof"
AZURITE_ACCOUNT = "devstoreaccount1"
_HOST = "127.0.0.1"
_MEMORY = "/dev/shm"  # noqa: S108 - as a place for folders of our own, made unguessable
_PLENTY = 8 * 2**30  # bytes
_START = 20.0  # seconds that a server may take until it listens
_PACKAGES = Path(__file__).resolve().parents[2]  # where `-m reference_impl` is found


@dataclass(frozen=True, slots=True)
class Running:
    """A built-in that listens: the endpoint, its processes by name, and the folder that holds its state."""

    endpoint: Endpoint
    server: ServerProcess
    issuer: ServerProcess | None
    folder: Path
    root: Path  # the data
    certificates: Certificates | None


@contextlib.contextmanager
def reference(
    mutant: str | None = None,
    *,
    processes: int = 1,
    root: Path | None = None,
    logs: Path | None = None,
    account: str = ACCOUNT,
    certificates: Certificates | None = None,
    issuer: Issuer | None = None,
    key: Secret | None = None,
    extra: Sequence[str] = (),
) -> Iterator[Running]:
    """The façade over HTTP and HTTPS, with the fake Entra issuer beside it. Ended when the context ends.

    `root` keeps the data (default: temporary); `logs` keeps the processes' output; `certificates` lets
    several façades share one authority, so that they trust each other as copy sources; with `issuer` (of
    the same certificates, see `token_issuer`) none is started; `key` is the account's (default: new), so
    that one façade can follow another; `extra` are more arguments for the façade.
    Raises `StartError`.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        certs = certificates or issue(folder / "certificates")
        output = logs or folder / "logs"
        issuer_process = None
        if issuer is None:
            issuer_process, issuer = _start_issuer(stack, output, certs)
        data = root or folder / "root"
        data.mkdir(parents=True, exist_ok=True)
        key = key or new_key()
        command = [
            *(sys.executable, "-P", "-m", "reference_impl", "serve", "--root", str(data), "--host", _HOST),
            *("--port", "0", "--https-port", "0"),
            *("--cert", str(certs.certificate), "--cert-key", str(certs.key)),
            *("--issuer", str(issuer.issuer), "--jwks-ca", str(certs.ca)),
            *("--allow-copy-source", "127.0.0.0/8", "--copy-source-ca", str(certs.ca)),
            # Some clients know no other host name, and are led here by a proxy.
            *("--public-host", f"{account}.blob.core.windows.net"),
            *("--processes", str(processes)),
            *(("--mutant", mutant) if mutant is not None else ()),
            *extra,
        ]
        env = {"BLOBPROOF_ACCOUNT": account, "BLOBPROOF_KEY": key.reveal()}
        name = "reference" if mutant is None else f"reference-{mutant}"
        server = stack.enter_context(ServerProcess(name, command, output, env, cwd=_PACKAGES))
        line = server.wait_ready(_listening, _START)
        ports = {scheme: int(line[scheme].rpartition(":")[2]) for scheme in ("http", "https")}
        endpoint = _reference_endpoint(mutant, account, key, ports, issuer, certs)
        yield Running(endpoint, server, issuer_process, folder, data, certs)


@contextlib.contextmanager
def token_issuer(certificates: Certificates, logs: Path) -> Iterator[Issuer]:
    """The fake Entra issuer alone, for several façades. Ended when the context ends. Raises `StartError`."""
    with contextlib.ExitStack() as stack:
        yield _start_issuer(stack, logs, certificates)[1]


def _reference_endpoint(
    mutant: str | None,
    account: str,
    key: Secret,
    ports: Mapping[str, int],
    issuer: Issuer,
    certs: Certificates,
) -> Endpoint:
    also = {
        "https": f"https://{_HOST}:{ports['https']}/{account}",
        "host": f"http://{account}.blob.localhost:{ports['http']}",
        "host-https": f"https://{account}.blob.localhost:{ports['https']}",
    }
    product = "blobproof reference façade"
    return Endpoint(
        name="reference" if mutant is None else f"reference:{mutant}",
        url=f"http://{_HOST}:{ports['http']}/{account}",
        account=account,
        style=Style.PATH,
        key=key,
        tokens=IssuerTokens(issuer),
        connect=(_HOST, ports["http"]),
        ca_file=certs.ca,
        also=MappingProxyType(also),
        declared=product if mutant is None else f"{product}, mutant {mutant}",
        disposable=True,
        settles=False,
    )


@contextlib.contextmanager
def azurite(*, logs: Path | None = None, program: Path | None = None) -> Iterator[Running]:
    """Azurite's Blob service over HTTP, path style and host style, with its data in memory.

    Raises `ToolMissingError`, `StartError`.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        data = folder / "azurite"
        data.mkdir()
        key = new_key()
        start, env, version = _azurite_program(program)
        command = [
            *(str(start), "--blobHost", _HOST, "--blobPort", "0"),
            *("--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"),
        ]
        env["AZURITE_ACCOUNTS"] = f"{AZURITE_ACCOUNT}:{key.reveal()}"
        server = stack.enter_context(
            ServerProcess("azurite", command, logs or folder / "logs", env, cwd=data)
        )
        port = server.wait_ready(_azurite_port, _START)
        endpoint = Endpoint(
            name="azurite",
            url=f"http://{_HOST}:{port}/{AZURITE_ACCOUNT}",
            account=AZURITE_ACCOUNT,
            style=Style.PATH,
            key=key,
            connect=(_HOST, port),
            also=MappingProxyType({"host": f"http://{AZURITE_ACCOUNT}.blob.localhost:{port}"}),
            declared=f"Azurite {version}",
            disposable=True,
            settles=False,
        )
        yield Running(endpoint, server, None, folder, data, None)


def _quick_place() -> str | None:
    """Memory, where there is plenty and nobody chose a place: most of a run's time is renames on a disk.

    A run verifies what goes over the wire; what a crash of the machine leaves is for the façade's own tests.
    """
    if "TMPDIR" in os.environ:
        return None
    try:
        there = os.statvfs(_MEMORY)
    except OSError:
        return None
    return _MEMORY if there.f_bavail * there.f_frsize >= _PLENTY and os.access(_MEMORY, os.W_OK) else None


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder of our own in the quickest place; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="blobproof-", dir=_quick_place()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start_issuer(
    stack: contextlib.ExitStack, output: Path, certs: Certificates
) -> tuple[ServerProcess, Issuer]:
    secret, header = Secret(secrets.token_urlsafe(24)), Secret(str(uuid.uuid4()))
    script = data_folder("fixtures") / "entra" / "issuer.py"
    command = [sys.executable, str(script), "--cert", str(certs.certificate), "--cert-key", str(certs.key)]
    env = {"BLOBPROOF_ISSUER_SECRET": secret.reveal(), "BLOBPROOF_IDENTITY_HEADER": header.reveal()}
    process = stack.enter_context(ServerProcess("issuer", command, output, env))
    line = process.wait_ready(_listening, _START)
    issuer = Issuer(
        token_url=line["token_url"],
        client_id=line["client_id"],
        client_secret=secret,
        ca_file=certs.ca,
        issuer=line["issuer"],
        can_mint=True,
        identity_endpoint=line["identity_endpoint"],
        identity_header=header,
    )
    return process, issuer


def _listening(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None  # the line is not whole yet
    return event if isinstance(event, dict) and event.get("event") == "listening" else None


def _azurite_port(line: str) -> int | None:
    if "successfully listen" not in line:
        return None
    port = line.strip().rpartition(":")[2].rstrip("/")
    return int(port) if port.isdigit() else None


def _azurite_program(program: Path | None) -> tuple[Path, dict[str, str], str]:
    # Imported here: the tools know of npm and Debian, which only this built-in needs.
    from harness.tools.find import Missing, find

    if program is not None:
        return program, {}, "(local)"
    found = find("azurite")
    if isinstance(found, Missing):
        raise ToolMissingError(f"azurite cannot be started: {found.reason}", found.how)
    return found.path, dict(found.env), found.version


def new_key() -> Secret:
    """A made-up account key."""
    return Secret(base64.b64encode(os.urandom(64)).decode())
