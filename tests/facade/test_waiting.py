"""One name whose lock is held for long, by a large commit say: whoever wants another name does not wait."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from reference_impl.store import names
from reference_impl.store.locks import Locks
from tests.facade.client import ACCOUNT, block_id, facade

WRITERS = 80
"""More than the façade has threads for changes."""


def test_others_do_not_wait_for_a_held_name(tmp_path: Path) -> None:
    with facade(tmp_path) as client, ThreadPoolExecutor(WRITERS) as threads:
        client.create("cont")
        client.put("/cont/other", b"x")
        directory = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
        locks = Locks(".blobproof/_lock", directory)
        with locks.name(ACCOUNT, "cont", names.digest("held")):
            staged = [threads.submit(client.block, "/cont/held", n, b"x") for n in range(WRITERS)]
            assert not wait(staged, timeout=0.5).done
            assert client.get("/cont/other").body == b"x"
            assert client.put("/cont/other", b"y").status == 201
            assert client.get("/cont?restype=container&comp=list").status == 200
        locks.close()
        os.close(directory)
        assert {future.result(10).status for future in staged} == {201}
        assert client.commit("/cont/held", [block_id(n) for n in range(WRITERS)]).status == 201
        assert client.get("/cont/held").body == b"x" * WRITERS
