"""Small requests to one façade process over one kept-alive connection: how many, and what each costs.

    python benchmarks/facade_requests.py [--count N] [--fsync]

Every operation is sent N times, one after the other. For each it prints exchanges per second as one client
sees them, the processor time that the façade spent on one, and that time as a ratio to Get Account
Information, which touches no file. Figures of different machines, or of a busy one, do not compare; the
ratios of one run do.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote

REPOSITORY = Path(__file__).resolve().parents[1]
ACCOUNT = "bench"
KEY = base64.b64encode(bytes(range(64))).decode()
BODY = os.urandom(1024)
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sent:
    """One operation: its name, its request as bytes, and the status that it must be answered with."""

    name: str
    request: bytes
    status: int


@dataclass(frozen=True)
class Measured:
    """What one operation took: seconds on the wall, and of the façade's processor time, for one exchange."""

    name: str
    wall: float
    processor: float


def request(method: str, target: str, body: bytes = b"", **headers: str) -> bytes:
    """A signed request. It may be sent again and again for a quarter of an hour."""
    fields = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2025-07-05"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    length = str(len(body)) if method == "PUT" else ""
    path, _, query = target.partition("?")
    signed = [method, "", "", length if length != "0" else "", *[""] * 8]
    signed += [f"{name}:{fields[name]}" for name in sorted(fields)]
    signed.append(f"/{ACCOUNT}/{ACCOUNT}{path}")
    signed += sorted(unquote(part.replace("=", ":", 1)) for part in query.split("&") if part)
    mac = hmac.new(base64.b64decode(KEY), "\n".join(signed).encode(), hashlib.sha256).digest()
    fields |= {"Host": "127.0.0.1", "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(mac).decode()}"}
    if length:
        fields["Content-Length"] = length
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} /{ACCOUNT}{target} HTTP/1.1\r\n{lines}\r\n".encode() + body


def operations() -> list[Sent]:
    """What is measured. The list has ten blobs."""
    put = {"x_ms_blob_type": "BlockBlob"}
    return [
        Sent("Get Account Information", request("GET", "/?comp=properties&restype=account"), 200),
        Sent("Put Blob 1 KiB", request("PUT", "/cont/blob", BODY, **put), 201),
        Sent("Get Blob Properties", request("HEAD", "/cont/blob"), 200),
        Sent("Get Blob 1 KiB", request("GET", "/cont/blob"), 200),
        Sent("Get Blob, not there", request("GET", "/cont/none"), 404),
        Sent("List Blobs, ten", request("GET", "/cont?comp=list&prefix=list%2F&restype=container"), 200),
        Sent("Put Block 1 KiB", request("PUT", "/cont/staged?blockid=AAAA&comp=block", BODY), 201),
        Sent("Set Blob Metadata", request("PUT", "/cont/blob?comp=metadata", x_ms_meta_a="1"), 200),
    ]


class Connection:
    """One kept-alive connection that reads just as much of an answer as it must."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = b""

    def exchange(self, sent: bytes, *, head: bool) -> int:
        """Send a request, read its answer, give the status."""
        self._socket.sendall(sent)
        data = self._left
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        status = int(data[9:12])
        text = data[:end].lower()
        at = text.find(b"content-length: ")
        if head:
            self._left = data[end + 4 :]
        elif at >= 0:
            whole = end + 4 + int(text[at + 16 :].partition(b"\r\n")[0])
            while len(data) < whole:
                data += self._more()
            self._left = data[whole:]
        else:
            while not data.endswith(b"0\r\n\r\n"):
                data += self._more()
            self._left = b""
        return status

    def _more(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the façade closed the connection")
        return data


@contextmanager
def facade(*options: str) -> Iterator[tuple[int, int]]:
    """A façade over a folder of its own: its port and its process id."""
    with tempfile.TemporaryDirectory() as root:
        command = [sys.executable, "-m", "reference_impl", "serve", "--root", root, *options]
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, "BLOBPROOF_ACCOUNT": ACCOUNT, "BLOBPROOF_KEY": KEY},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            started = json.loads(process.stdout.readline())
            yield int(started["http"].rpartition(":")[2]), process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def prepare(connection: Connection) -> None:
    """The container and the blobs that the operations need."""
    made = [request("PUT", "/cont?restype=container")]
    names = ["blob", *(f"list/{number:02d}" for number in range(10))]
    made += [request("PUT", f"/cont/{name}", BODY, x_ms_blob_type="BlockBlob") for name in names]
    for sent in made:
        status = connection.exchange(sent, head=False)
        if status != 201:
            sys.exit(f"the façade answered {status} while things were made ready")


def measure(connection: Connection, pid: int, sent: Sent, count: int) -> Measured:
    """One operation, `count` times after a few that do not count."""
    head = sent.request.startswith(b"HEAD")
    for _ in range(20):
        status = connection.exchange(sent.request, head=head)
        if status != sent.status:
            sys.exit(f"{sent.name}: the façade answered {status}, not {sent.status}")
    before, began = processor_seconds(pid), time.perf_counter()
    for _ in range(count):
        connection.exchange(sent.request, head=head)
    wall = time.perf_counter() - began
    return Measured(sent.name, wall / count, (processor_seconds(pid) - before) / count)


def table(rows: list[Measured]) -> str:
    """The figures as text, the first row being what ratios refer to."""
    lines = [f"{'operation':<26}{'exchanges/s':>12}{'processor us':>14}{'ratio':>8}"]
    for row in rows:
        ratio = row.processor / rows[0].processor
        lines.append(f"{row.name:<26}{1 / row.wall:>12.0f}{row.processor * 1e6:>14.0f}{ratio:>8.1f}")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--count", type=int, default=2000, help="exchanges of each operation (%(default)s)")
    words.add_argument("--fsync", action="store_true", help="let the façade sync what it acknowledges")
    chosen = words.parse_args()
    with facade(*([] if chosen.fsync else ["--no-fsync"])) as (port, pid):
        connection = Connection(port)
        prepare(connection)
        rows = [measure(connection, pid, sent, chosen.count) for sent in operations()]
    sys.stdout.write(table(rows) + "\n")


if __name__ == "__main__":
    main()
