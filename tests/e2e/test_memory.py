"""The façade's memory does not grow with what clients send at once."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from harness.endpoints.builtin import reference
from tests.e2e.client import Client, block_id

CLIENTS = 64
BLOCK = 8 * 1024 * 1024
LIMIT = 200 * 1024 * 1024


def peak_memory(pid: int) -> int:
    """The most that a process ever held in memory, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def test_64_uploads_of_8_mib_at_once_stay_under_200_mib() -> None:
    body = bytes(range(256)) * (BLOCK // 256)
    statuses: list[int] = []
    with reference() as running:
        setup = Client(running.endpoint)
        assert setup.status("PUT", "/memory?restype=container") == 201
        together = threading.Barrier(CLIENTS)

        def upload(number: int) -> None:
            client = Client(running.endpoint, timeout=60)
            client.connection.connect()
            together.wait(30)
            path = f"/memory/b{number}?comp=block&blockid={block_id(0)}"
            statuses.append(client.status("PUT", path, body))
            client.close()

        threads = [threading.Thread(target=upload, args=(n,)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(90)
        peak = peak_memory(running.server.pid)
    assert statuses == [201] * CLIENTS
    assert peak < LIMIT, f"{peak / 2**20:.0f} MiB"
