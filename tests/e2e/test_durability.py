"""A façade that is killed in the middle of its commits keeps every promise it made, and no other."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from harness.endpoint import Endpoint
from harness.endpoints.builtin import reference
from tests.e2e.client import Client, block_id, block_list

COMMITS = 100
WRITERS = 4
BLOCKS = 3
BLOCK_SIZE = 48 * 1024 + 7  # no multiple of a page, so that a torn file shows


def content(blob: int, version: int) -> bytes:
    """What blob number `blob` holds in its first (0) or second (1) version."""
    seed = hashlib.sha256(b"%d/%d" % (blob, version)).digest()
    return b"".join(
        hashlib.sha256(seed + bytes([n])).digest() * (BLOCK_SIZE // 32 + 1) for n in range(BLOCKS)
    )[: BLOCKS * BLOCK_SIZE]


def stage(client: Client, blob: int, version: int) -> None:
    data = content(blob, version)
    for n in range(BLOCKS):
        piece = data[n * BLOCK_SIZE : (n + 1) * BLOCK_SIZE]
        assert client.status("PUT", f"/crash/{blob}?comp=block&blockid={block_id(n)}", piece) == 201


def commit_all(endpoint: Endpoint, blobs: range, acknowledged: set[int], enough: threading.Event) -> None:
    client = Client(endpoint, timeout=10)
    for blob in blobs:
        headers = {"x-ms-meta-version": "1"}
        if client.status("PUT", f"/crash/{blob}?comp=blocklist", block_list(*range(BLOCKS)), headers) != 201:
            break  # the façade is gone
        acknowledged.add(blob)
        if len(acknowledged) >= COMMITS // 3:
            enough.set()
    enough.set()
    client.close()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_kill_in_the_middle_of_100_commits_loses_nothing_and_shows_nothing_half(
    tmp_path: Path, processes: int
) -> None:
    root = tmp_path / "root"
    acknowledged: set[int] = set()
    enough = threading.Event()
    with reference(root=root, processes=processes) as running:
        setup = Client(running.endpoint)
        assert setup.status("PUT", "/crash?restype=container") == 201
        for blob in range(COMMITS):
            # The even ones exist before: their commit replaces; the odd ones' commit creates.
            if blob % 2 == 0:
                headers = {"x-ms-blob-type": "BlockBlob", "x-ms-meta-version": "0"}
                assert setup.status("PUT", f"/crash/{blob}", content(blob, 0), headers) == 201
            stage(setup, blob, 1)
        setup.close()
        writers = [
            threading.Thread(
                target=commit_all,
                args=(running.endpoint, range(n, COMMITS, WRITERS), acknowledged, enough),
            )
            for n in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        assert enough.wait(30)
        running.server.kill()
        for writer in writers:
            writer.join(30)
            assert not writer.is_alive()
    assert COMMITS // 3 <= len(acknowledged) < COMMITS, "the kill came before or after the commits"

    with reference(root=root) as running:
        client = Client(running.endpoint)
        for blob in range(COMMITS):
            response = client.send("GET", f"/crash/{blob}").response
            assert response is not None
            if response.status == 404:
                assert blob % 2 == 1, f"blob {blob} existed before the kill and is gone"
                assert blob not in acknowledged, f"blob {blob} was acknowledged and is gone"
                continue
            headers = {name.lower(): value for name, value in response.headers}
            version = int(headers["x-ms-meta-version"])
            assert response.status == 200
            assert response.body.data == content(blob, version), f"blob {blob} is torn"
            assert version == 1 or blob not in acknowledged, f"blob {blob}: an acknowledged commit was lost"
        client.close()
