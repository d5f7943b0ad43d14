"""`blobproof serve`: starts, says where it is, ends with Ctrl-C; and says in one line why it cannot serve."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.endpoint import Endpoint, Secret, Style
from tests.command.process import Done, alive, blobproof, finish, start
from tests.e2e.client import Client

KEY = "c2VydmVzZXJ2ZXNlcnZl"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@contextlib.contextmanager
def serving(root: Path, *words: object) -> Iterator[tuple[subprocess.Popen[str], Endpoint]]:
    """The façade by its command, and the endpoint that it says it is."""
    process = start("serve", "--root", root, "--port", 0, "--json", *words, env={"AZURE_STORAGE_KEY": KEY})
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, finish(process, 10)
    try:
        url = f"{json.loads(line)['http']}/blobproof"
        yield process, Endpoint("served", url, "blobproof", Style.PATH, key=Secret(KEY))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        finish(process, 15)


@contextlib.contextmanager
def mounted(where: Path, *options: str) -> Iterator[Path]:
    """A small file system of its own."""
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(where)], check=True)
    try:
        yield where
    finally:
        subprocess.run(["umount", str(where)], check=True)


def says(done: Done, code: int, *words: str) -> None:
    """Assert that it did not start, and said why in one line."""
    assert (done.code, done.out) == (code, ""), done
    assert done.seconds < 60  # bounded, on however busy a machine
    assert 1 <= len(done.err.splitlines()) <= 2
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as (process, endpoint):
        client = Client(endpoint)
        assert client.status("PUT", "/con?restype=container") == 201
        assert client.status("PUT", "/con/b", b"hello", {"x-ms-blob-type": "BlockBlob"}) == 201
        process.send_signal(number)
        done = finish(process, 10)
        assert (done.code, done.out, done.err) == (0, "", "")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(client.connection.address)
    assert [path.read_bytes() for path in tmp_path.rglob("b")] == [b"hello"]


def test_the_lines_to_copy_need_no_key_that_was_given(tmp_path: Path) -> None:
    process = start("serve", "--root", tmp_path, "--port", 0, env={"AZURE_STORAGE_KEY": KEY})
    assert process.stdout is not None
    lines = [process.stdout.readline().rstrip("\n") for _ in range(4)]
    process.send_signal(signal.SIGINT)
    assert finish(process, 15).code == 0
    assert lines[1:3] == [
        "  account blobproof, key in AZURE_STORAGE_KEY",
        "  export AZURE_STORAGE_ACCOUNT=blobproof",
    ]
    assert lines[3].startswith("  .venv/bin/blobproof run http://127.0.0.1:")


def test_it_tells_people_where_it_is_and_keeps_its_key(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        process = start("serve", "--root", tmp_path, "--port", 0)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        process.send_signal(signal.SIGINT)
        assert finish(process, 10).code == 0
        assert lines[0].startswith(f"serving {tmp_path} at http://127.0.0.1:")
        assert lines[0].endswith("/blobproof\n")
        assert lines[-1] == "Ctrl-C ends it.\n"
        path = tmp_path / ".blobproof" / "account-key"
        assert str(path) in lines[1]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        keys.append(path.read_text(encoding="utf-8"))
        assert keys[-1].strip() not in "".join(lines)
    assert keys[0] == keys[1]
    assert [path.name for path in path.parent.iterdir() if path.name.startswith("account-key")] == [path.name]


def test_several_processes_end_together(tmp_path: Path) -> None:
    with serving(tmp_path, "--processes", 2) as (process, endpoint):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert Client(endpoint).status("GET", "/?comp=list") == 200
        process.terminate()
        assert finish(process, 10).code == 0
    assert not any(alive(int(pid)) for pid in children)


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        says(blobproof("serve", "--root", tmp_path, "--port", port), 3, f"port {port} on 127.0.0.1 is in use")


def test_words_of_the_facade_itself(tmp_path: Path) -> None:
    says(blobproof("serve", "--root", tmp_path, "--port", 0, "--mutant", "no-such"), 2, "no mutant 'no-such'")
    says(blobproof("serve", "--root", tmp_path, "--port", 0, "--frobnicate"), 2, "--frobnicate")


def test_a_root_that_is_no_folder(tmp_path: Path) -> None:
    says(blobproof("serve", "--root", tmp_path / "none"), 2, "none is not a folder", "mkdir -p")
    (tmp_path / "file").touch()
    says(blobproof("serve", "--root", tmp_path / "file"), 2, "is a file")


@needs_root
def test_a_root_that_may_only_be_read(tmp_path: Path) -> None:
    with mounted(tmp_path / "root", "ro", "size=1m") as root:
        says(blobproof("serve", "--root", root, "--port", 0), 3, "cannot be kept", "Read-only file system")
        done = finish(start("serve", "--root", root, "--port", 0, env={"AZURE_STORAGE_KEY": KEY}))
        says(done, 3, "cannot be written (Read-only file system)")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_root_of_somebody_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    says(blobproof("serve", "--root", tmp_path, "--port", 0), 3, "cannot be kept", "Permission denied")


@needs_root
def test_a_full_disk_refuses_uploads_and_nothing_else(tmp_path: Path) -> None:
    with mounted(tmp_path / "root", "size=1m") as root, serving(root) as (process, endpoint):
        client = Client(endpoint)
        blob = {"x-ms-blob-type": "BlockBlob"}
        assert client.status("PUT", "/con?restype=container") == 201
        assert client.status("PUT", "/con/small", b"kept", blob) == 201
        refused = client.send("PUT", "/con/big", bytes(2 << 20), blob).response
        assert refused is not None
        assert refused.status == 500
        assert b"<Code>InternalError</Code>" in (refused.body.data or b"")
        client.close()  # the refusal came before the whole body
        client = Client(endpoint)
        assert client.status("GET", "/con/big") == 404
        read = client.send("GET", "/con/small").response
        assert read is not None
        assert (read.status, read.body.data) == (200, b"kept")
        assert client.status("PUT", "/con/small", b"still", blob) == 201
        process.send_signal(signal.SIGINT)
        done = finish(process, 10)
    # The client is told what Azure's clients know; whoever runs it is told why.
    assert (done.code, done.out, len(done.err.splitlines())) == (0, "", 1)
    assert "PUT /blobproof/con/big: the store cannot go on: No space left on device; free space" in done.err


@needs_root
def test_no_half_key_is_kept_on_a_full_disk(tmp_path: Path) -> None:
    with mounted(tmp_path / "root", "size=64k") as root:
        with contextlib.suppress(OSError):
            (root / "filler").write_bytes(bytes(1 << 20))
        says(blobproof("serve", "--root", root, "--port", 0), 3, "cannot be kept", "No space left on device")
        (root / "filler").unlink()
        assert not list(root.rglob("account-key*"))
        process = start("serve", "--root", root, "--port", 0, "--json")
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "listening"
        process.send_signal(signal.SIGINT)
        assert finish(process, 10).code == 0
