"""A managed identity on this machine, for clients that take a token from nothing else.

It is the environment that tells a client of it, as on App Service and Azure ML; nothing leaves this machine.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType

from harness.endpoint import Secret

_SECONDS = 3600


@contextlib.contextmanager
def identity(token: Secret | None) -> Iterator[Mapping[str, str]]:
    """What the environment of the client needs; nothing when there is no token."""
    if token is None:
        yield MappingProxyType({})
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(token)) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        url = f"http://127.0.0.1:{server.server_port}/token"
        try:
            yield MappingProxyType(
                {"IDENTITY_ENDPOINT": url, "IDENTITY_HEADER": "header", "MSI_ENDPOINT": url}
            )
        finally:
            server.shutdown()
            serving.join()


def _handler(token: Secret) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = {
                "access_token": token.reveal(),
                "token_type": "Bearer",
                "resource": "https://storage.azure.com/",
                "expires_in": _SECONDS,
                "expires_on": int(time.time()) + _SECONDS,
            }
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the base class wants

        def log_message(self, *words: object) -> None:
            """Standard error is for our own words."""

    return Handler
