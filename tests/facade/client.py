"""A tiny Blob client for these tests: its own Shared Key signer, raw answers, nothing added or hidden."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

ACCOUNT = "acct"
KEY = base64.b64encode(bytes(range(64))).decode()
VERSION = "2025-07-05"
REPOSITORY = Path(__file__).resolve().parents[2]
SIGNED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


@dataclass(frozen=True)
class Answer:
    """A response: status, reason, headers in wire order, body."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str:
        return next(value for key, value in self.headers if key.lower() == name.lower())

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def code(self) -> str | None:
        return self.get("x-ms-error-code")

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.headers]

    @property
    def xml(self) -> ElementTree.Element:
        assert self.body.startswith(b"\xef\xbb\xbf")
        return ElementTree.fromstring(self.body[3:])


def shared_key(
    method: str, target: str, headers: Mapping[str, str], account: str = ACCOUNT, key: str = KEY
) -> str:
    """The Authorization header of a request to a path-style target."""
    lowered = {name.lower(): value for name, value in headers.items()}
    lines = [method]
    for name in SIGNED:
        value = lowered.get(name, "")
        lines.append("" if (name == "content-length" and value == "0") or name == "date" else value)
    lines += [f"{name}:{lowered[name].strip()}" for name in sorted(lowered) if name.startswith("x-ms-")]
    parts = urlsplit(target)
    lines.append(f"/{account}{parts.path}")
    pairs: dict[str, list[str]] = {}
    for item in parts.query.split("&") if parts.query else []:
        name, _, value = item.partition("=")
        pairs.setdefault(unquote(name).lower(), []).append(unquote(value))
    lines += [f"{name}:{','.join(sorted(pairs[name]))}" for name in sorted(pairs)]
    digest = hmac.new(base64.b64decode(key), "\n".join(lines).encode(), hashlib.sha256).digest()
    return f"SharedKey {account}:{base64.b64encode(digest).decode()}"


@dataclass
class Client:
    """Talks to one façade, path style, one connection per request."""

    port: int
    account: str = ACCOUNT
    key: str = KEY
    version: str | None = VERSION
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
        *,
        sign: bool = True,
        prefix: bool = True,
    ) -> Answer:
        """Send one request; `target` is relative to the account. A header of None drops one of ours."""
        path = f"/{self.account}{target}" if prefix else target
        sent: dict[str, str | None] = {
            "x-ms-date": formatdate(usegmt=True),
            "x-ms-client-request-id": "test-id",
        }
        if self.version:
            sent["x-ms-version"] = self.version
        if method in ("PUT", "POST") or body is not None:
            sent["Content-Length"] = str(len(body or b""))
        sent.update(headers or {})
        final = {name: value for name, value in sent.items() if value is not None}
        if sign and "Authorization" not in final:
            final["Authorization"] = shared_key(method, path, final, self.account, self.key)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host="Host" in final, skip_accept_encoding=True)
            for name, value in final.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.reason, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def put(self, target: str, body: bytes = b"", headers: Mapping[str, str | None] | None = None) -> Answer:
        """Put Blob."""
        return self.send("PUT", target, {"x-ms-blob-type": "BlockBlob", **(headers or {})}, body)

    def get(self, target: str, headers: Mapping[str, str | None] | None = None) -> Answer:
        return self.send("GET", target, headers)

    def head(self, target: str, headers: Mapping[str, str | None] | None = None) -> Answer:
        return self.send("HEAD", target, headers)

    def create(self, container: str, headers: Mapping[str, str | None] | None = None) -> Answer:
        return self.send("PUT", f"/{container}?restype=container", headers)

    def block(self, target: str, number: int, body: bytes) -> Answer:
        return self.send("PUT", f"{target}?comp=block&blockid={quoted_id(number)}", {}, body)

    def commit(
        self, target: str, ids: list[str], kind: str = "Latest", headers: Mapping[str, str] | None = None
    ) -> Answer:
        entries = "".join(f"<{kind}>{block}</{kind}>" for block in ids)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{entries}</BlockList>'.encode()
        return self.send("PUT", f"{target}?comp=blocklist", headers, body)


def block_id(number: int) -> str:
    return base64.b64encode(f"block-{number:08d}".encode()).decode()


def quoted_id(number: int) -> str:
    return block_id(number).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


@contextmanager
def facade(
    root: Path,
    *arguments: str,
    account: str = ACCOUNT,
    key: str = KEY,
    stderr: IO[str] | None = None,
    largest_file: int | None = None,
) -> Iterator[Client]:
    """Start a façade over `root`, yield a client, end the process by its own id.

    `largest_file` (bytes) makes every file that would grow beyond it fail, as on a full disk.
    """
    limit = [] if largest_file is None else ["prlimit", f"--fsize={largest_file}"]
    environment = {**os.environ, "BLOBPROOF_ACCOUNT": account, "BLOBPROOF_KEY": key}
    process = subprocess.Popen(
        [
            *limit,
            sys.executable,
            "-m",
            "reference_impl",
            "serve",
            "--root",
            str(root),
            "--no-fsync",
            *arguments,
        ],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    try:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        yield Client(int(started["http"].rpartition(":")[2]), account, key, process=process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def sas(fields: Mapping[str, str], text: str, key: str = KEY) -> str:
    """A SAS query string: the fields and the signature over `text`."""
    signature = base64.b64encode(
        hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    ).decode()
    return "&".join(f"{name}={_escape(value)}" for name, value in {**fields, "sig": signature}.items())


def _escape(value: str) -> str:
    return (
        value.replace("%", "%25")
        .replace("+", "%2B")
        .replace("/", "%2F")
        .replace("=", "%3D")
        .replace(":", "%3A")
    )


def iso(offset: float = 0) -> str:
    """A UTC time, seconds from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset))


__all__ = ["Answer", "Client", "block_id", "facade", "iso", "quoted_id", "sas", "shared_key"]
