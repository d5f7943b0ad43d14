"""What the gates move: big files that nobody holds in memory, and their digests."""

from __future__ import annotations

from pathlib import Path

from harness.clients.data import MIB, big_file, file_said
from harness.clients.truth import said


def test_a_big_file_is_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "big"
    assert big_file(path, 17 * MIB + 3) == file_said(path) == said(path.read_bytes())
    assert big_file(path, 0) == file_said(path) == said(b"")


def test_a_sparse_file_takes_no_room_and_ends_in_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    assert big_file(path, 30 * MIB + 5, sparse=True) == file_said(path)
    assert path.stat().st_size == 30 * MIB + 5
    assert path.stat().st_blocks * 512 < 10 * MIB


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert file_said(tmp_path / "none") == "no such file"
