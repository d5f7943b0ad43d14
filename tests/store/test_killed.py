"""SIGKILL amid commits, and a full disk: what was acknowledged is there, what is there is whole."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_impl.store import BlobProps, BlobRecord, OutOfSpace, RootUnusable, Store

from .conftest import ACCOUNT, CONTAINER, Box, make_box
from .workers import is_whole

REPOSITORY = Path(__file__).parents[2]


def test_killed_writers_lose_nothing_acknowledged(tmp_path: Path) -> None:
    make_box(tmp_path).store.close()
    deadline = time.monotonic() + 5
    acknowledged: dict[str, tuple[int, str]] = {}
    for turn in range(4):
        writers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.store.workers", str(tmp_path), str(number)],
                stdout=subprocess.PIPE,
                cwd=REPOSITORY,
            )
            for number in (2 * turn, 2 * turn + 1)
        ]
        for writer in writers:
            assert writer.stdout is not None
            for _ in range(20 + 13 * turn):
                _note(writer.stdout.readline(), acknowledged)
        for writer in writers:
            writer.kill()
        for writer in writers:
            assert writer.stdout is not None
            for line in writer.stdout:
                _note(line, acknowledged)
            writer.stdout.close()
            writer.wait(5)
        if time.monotonic() > deadline:
            break
    assert len(acknowledged) >= 20
    with Store(tmp_path) as store:
        box = Box(store, tmp_path)
        for name, (_, md5) in acknowledged.items():
            assert is_whole(box, name)
            # an unacknowledged later commit may have come through; then it is whole too
            assert (
                md5 == box.head(name).props.content_md5
                or int(box.get(name).split()[1]) > acknowledged[name][0]
            )
        visible = store.list_blobs(ACCOUNT, CONTAINER).items
        assert {item.name for item in visible} >= set(acknowledged)
        for item in visible:
            assert isinstance(item, BlobRecord)
            assert not item.derived
            assert is_whole(box, item.name)
            box.put(item.name, b"goes on", BlobProps())


def _note(line: bytes, acknowledged: dict[str, tuple[int, str]]) -> None:
    turn, name, md5 = line.decode().split()
    acknowledged[name] = (int(turn), md5)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    target = tmp_path / "small"
    target.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(target)]
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let us mount")
    yield target
    subprocess.run(["umount", "-l", str(target)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    box = make_box(small_disk, durable=True)
    with box.store:
        kept = box.put("kept", b"k" * 300_000, BlobProps(content_md5="kept"))
        with pytest.raises(OutOfSpace) as caught:
            box.put("new", b"x" * 2_000_000)
        assert "space" in caught.value.hint
        with pytest.raises(OutOfSpace):
            box.put("kept", b"x" * 2_000_000)
        box.stage("blocks", 1, b"b" * 300_000)
        with pytest.raises(OutOfSpace):
            box.commit("blocks", 1, 1)
        assert box.incoming() == []
        assert box.names(uncommitted=True) == ["blocks", "kept"]
        assert box.head("kept") == kept
        assert box.get("kept") == b"k" * 300_000
        box.delete("blocks")
        box.store._area.trash.close()  # its removal is what frees the space
        box.put("new", b"n" * 300_000)


def test_a_read_only_disk_is_refused_at_start(small_disk: Path) -> None:
    with make_box(small_disk).store:
        pass
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(RootUnusable) as caught:
        Store(small_disk)
    assert caught.value.errno == errno.EROFS
    assert "writing" in caught.value.hint


def test_a_root_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    """In a child, because root may write anywhere."""
    tmp_path.chmod(0o555)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.chdir(tmp_path)  # the folders above are private to root
                os.setuid(65534)
            Store(Path() if os.geteuid() == 65534 else tmp_path)
        except RootUnusable as error:
            code = 0 if error.errno == errno.EACCES and "write access" in error.hint else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_the_largest_file_size_is_out_of_space(box: Box) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OutOfSpace):
            box.put("big", b"x" * 200_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert box.incoming() == []
    assert box.names() == []
