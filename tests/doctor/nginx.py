"""A real nginx on a free port: a server that speaks HTTP well, and no Blob at all."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.endpoints.certificates import Certificates
from harness.endpoints.process import ServerProcess
from loadgen.null.server import find_program

PROGRAM = find_program()

needs_nginx = pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed")

_CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path
    {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; server {{ listen
    127.0.0.1:{http}; location / {{ return 404; }} location /moved {{ return 301 /there; }} }} server {{
        listen 127.0.0.1:{https} ssl;
        ssl_certificate {certificates.certificate};
        ssl_certificate_key {certificates.key};
        location / {{ return 404; }}
    }}
}}
"""


@contextlib.contextmanager
def nginx(folder: Path, certificates: Certificates) -> Iterator[tuple[int, int]]:
    """The ports for HTTP and HTTPS. Only where `PROGRAM` is not None."""
    assert PROGRAM is not None
    http, https = _free_ports(2)
    config = folder / "nginx.conf"
    text = _CONFIG.format(folder=folder, http=http, https=https, certificates=certificates)
    config.write_text(text, encoding="utf-8")
    command = [PROGRAM, "-p", str(folder), "-c", str(config), "-e", "stderr"]
    with ServerProcess("nginx", command, folder, {}) as process:
        for port in (http, https):
            _await(port, process)
        yield http, https


def _await(port: int, process: ServerProcess) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.running:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f"nginx does not listen: {process.log.read_text(encoding='utf-8')}")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]
