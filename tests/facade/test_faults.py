"""A store that cannot go on: the client may retry, the operator is told why, nothing half-written stays."""

from __future__ import annotations

from pathlib import Path

from tests.facade.client import facade

MIB = 1024 * 1024


def test_full_disk(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    with (
        (tmp_path / "stderr").open("w+") as stderr,
        facade(tmp_path / "root", stderr=stderr, largest_file=MIB) as client,
    ):
        client.create("cont")
        answer = client.put("/cont/b", b"x" * (2 * MIB))
        assert (answer.status, answer.code) == (500, "InternalError")
        assert client.head("/cont/b").code == "BlobNotFound"
        block = client.block("/cont/b", 0, b"x" * (2 * MIB))
        assert (block.status, block.code) == (500, "InternalError")
        assert client.get("/cont/b?comp=blocklist&blocklisttype=all").code == "BlobNotFound"
        assert client.put("/cont/b", b"small").status == 201
    lines = (tmp_path / "stderr").read_text().splitlines()
    assert len(lines) == 2
    assert "PUT /acct/cont/b: the store cannot go on:" in lines[0]
    assert "free space" in lines[0]
