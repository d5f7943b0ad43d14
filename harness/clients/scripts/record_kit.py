"""What some scripts of recorded clients share: the request on standard input, and how they say what failed.

Standard input is one JSON object: which function of the script, with what, against what. A scenario that went
as it should ends with 0; else the reason is one line on standard error, and the exit is 1. Imports nothing of
ours, for it runs in the environment of a client.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn


class WrongError(Exception):
    """The client did not get what the scenario wants."""


@dataclass(frozen=True)
class Work:
    """One request of the recorder: where the client finds the endpoint, and what it may use."""

    arguments: tuple[str, ...]
    url: str  # service root without a trailing slash
    account: str
    containers: Mapping[str, str]  # by symbol
    files: Mapping[str, str]  # local paths by name
    out: Path
    ca: str
    secure: bool
    key: str | None = field(repr=False)
    sas: str | None = field(repr=False)
    token: str | None = field(repr=False)

    @property
    def container(self) -> str:
        """The name of the scenario's own container."""
        return self.containers["own-container"]

    @property
    def authority(self) -> str:
        """Host and port of the service root."""
        return self.url.split("/")[2]

    def content(self, name: str) -> bytes:
        """The bytes of a local file."""
        return Path(self.files[name]).read_bytes()


@contextlib.contextmanager
def identity(work: Work) -> Iterator[None]:
    """With a token: an endpoint of managed identities on this machine, as App Service and Azure ML have it.

    It is the environment that tells a client of it. Its requests never leave this machine.
    """
    if work.token is None:
        yield
        return
    answer = {
        "access_token": work.token,
        "token_type": "Bearer",
        "resource": "https://storage.azure.com/",
        "expires_in": 3600,
        "expires_on": int(time.time()) + 3600,
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that the base class wants

        def log_message(self, *_words: object) -> None:
            """Says nothing: standard error is for the scenario."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/token"
        os.environ.update(IDENTITY_ENDPOINT=url, IDENTITY_HEADER="header", MSI_ENDPOINT=url)
        try:
            yield
        finally:
            server.shutdown()


def expect(what: str, wanted: object, got: object) -> None:
    """Ends the scenario when the client got something else; long contents are only said to differ."""
    if wanted != got:
        shown = [
            repr(value) if len(repr(value)) <= 200 else f"{len(repr(value))} characters"
            for value in (wanted, got)
        ]
        raise WrongError(f"{what}: wanted {shown[0]}, got {shown[1]}")


def refused(what: str, error: type[BaseException], action: Callable[[], Any]) -> None:
    """Ends the scenario when `action` goes through, or fails in another way than with `error`."""
    try:
        action()
    except error:
        return
    raise WrongError(f"{what}: it went through, {error.__name__} was wanted")


def main(functions: Mapping[str, Callable[[Work], None]]) -> NoReturn:
    """Reads the request, runs the function that it names."""
    request = json.load(sys.stdin)
    work = Work(
        arguments=tuple(request["arguments"]),
        url=request["url"],
        account=request["account"],
        containers=request["containers"],
        files=request["files"],
        out=Path(request["out"]),
        ca=request["ca"],
        secure=request["secure"],
        key=request["key"],
        sas=request["sas"],
        token=request["token"],
    )
    try:
        with identity(work):
            functions[request["scenario"]](work)
    except Exception as error:  # the reason goes to the recorder, whatever it is
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split())[:1000])
    sys.exit(0)
