"""Starts and ends the null server: nginx as a Blob endpoint that stores nothing and checks nothing."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.endpoint import Endpoint, Secret, Style
from harness.endpoints.certificates import Certificates
from harness.endpoints.errors import StartError
from harness.endpoints.process import ServerProcess
from loadgen.null.config import config, page

ACCOUNT = "null"
ZERO_BYTES = 1 << 40
"""Every blob is this long and all zeros. It is a hole in a file: it takes no space."""
_HOST = "127.0.0.1"
_PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"  # not in everybody's PATH
_BACKLOG = 4096
_START = 15.0  # seconds
_BODY_MIB = 128
_PAGE_NAMES = 1000
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it, made unguessable


class NullServerError(StartError):
    """The null server cannot be had. Exit code 3, with a hint."""


def find_program() -> str | None:
    """The path of nginx, or None where there is none."""
    return shutil.which("nginx") or shutil.which("nginx", path=_PLACES)


@contextlib.contextmanager
def null_server(
    folder: Path,
    *,
    workers: int = 1,
    certificates: Certificates | None = None,
    page_names: int = _PAGE_NAMES,
) -> Iterator[Endpoint]:
    """An endpoint that answers at once and keeps nothing; its process is ended with the context.

    `folder` gets its configuration and logs, and its files too where there is no /dev/shm. With
    `certificates` the endpoint has a second address, `https`. Any account key is right. What it answers:
    docs/validity.md. Bodies up to 128 MiB stay in memory, one for each connection at most.
    Raises `NullServerError`, `StartError`.
    """
    nginx = find_program()
    if nginx is None:
        raise NullServerError(
            "the null server needs nginx, which is not installed",
            "Install it (apt-get install nginx-light), or leave the ceiling self-test out.",
        )
    with contextlib.ExitStack() as stack:
        folder = folder.resolve()
        state = stack.enter_context(_state(folder))
        files = state / "files"
        files.mkdir()
        with (files / "zero").open("wb") as zero:
            zero.truncate(ZERO_BYTES)
        (files / "page").write_text(page(page_names, 1 << 20), encoding="utf-8")
        # The sockets listen before nginx runs, and it inherits them: no port can be lost to somebody else
        # between being chosen and being used. nginx itself hands them on like this when it is upgraded.
        wanted = 1 if certificates is None else 2
        sockets = [
            stack.enter_context(socket.create_server((_HOST, 0), backlog=_BACKLOG)) for _ in range(wanted)
        ]
        for one in sockets:
            one.setblocking(False)  # nginx takes for granted that what it inherits does not block
        ports = [int(one.getsockname()[1]) for one in sockets]
        conf = folder / "nginx.conf"
        folder.mkdir(parents=True, exist_ok=True)
        conf.write_text(
            config(
                state,
                folder / "null.out",
                port=ports[0],
                tls=None if certificates is None else (ports[1], certificates.certificate, certificates.key),
                workers=workers,
                body_mib=_BODY_MIB,
                as_root=os.geteuid() == 0,
            ),
            encoding="utf-8",
        )
        env = {
            "NGINX": "".join(f"{one.fileno()};" for one in sockets),
            # The memory of a body is used again for the next one; else each costs its page faults anew.
            "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
            "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
            "MALLOC_TOP_PAD_": str(16 << 20),
        }
        command = [nginx, "-p", str(folder), "-c", str(conf), "-e", str(folder / "null.out")]
        server = stack.enter_context(
            ServerProcess("null", command, folder, env, pass_fds=[one.fileno() for one in sockets])
        )
        server.wait_ready(_started, _START)
        for one in sockets:
            one.close()  # nginx has its own
        yield _endpoint(ports, None if certificates is None else certificates.ca)


@contextlib.contextmanager
def _state(folder: Path) -> Iterator[Path]:
    """Where the files lie: in memory if there is a place, so that no disk is ever asked."""
    if not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK):
        state = folder / "state"
        state.mkdir(parents=True)
        yield state
        return
    with tempfile.TemporaryDirectory(prefix="blobproof-null-", dir=_MEMORY) as name:
        yield Path(name)


def _started(line: str) -> bool | None:
    return True if "start worker process " in line else None


def to_json(endpoint: Endpoint) -> dict[str, Any]:
    """A null server, for another process. It has no secret: every key is right."""
    ports = [endpoint.face(name).address[1] for name in (None, *endpoint.also)]
    return {"ports": ports, "ca": None if endpoint.ca_file is None else str(endpoint.ca_file)}


def from_json(value: Mapping[str, Any]) -> Endpoint:
    """What `to_json` told of."""
    return _endpoint(value["ports"], None if value["ca"] is None else Path(value["ca"]))


def _endpoint(ports: list[int], ca: Path | None) -> Endpoint:
    also = {"https": f"https://{_HOST}:{ports[1]}/{ACCOUNT}"} if len(ports) > 1 else {}
    return Endpoint(
        name="null",
        url=f"http://{_HOST}:{ports[0]}/{ACCOUNT}",
        account=ACCOUNT,
        style=Style.PATH,
        key=Secret(base64.b64encode(bytes(64)).decode()),
        connect=(_HOST, ports[0]),
        ca_file=ca,
        also=MappingProxyType(also),
        declared="nginx, answering everything and keeping nothing",
        disposable=True,
        settles=False,
    )
