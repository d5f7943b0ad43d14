"""Large bodies both ways, over plain TCP and TLS: whole, bounded in memory, never padded."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.http.wire import Process, Raw, eventually, get, peak_kib
from tests.tap.wires import reset_at_close

MIB = 1 << 20


@pytest.fixture(scope="module")
def big(facade: Process) -> bytes:
    data = os.urandom(MIB) * 50 + b"the end"
    (facade.root / "big").write_bytes(data)
    return data


def dial(facade: Process, *, secure: bool) -> Raw:
    return facade.raw_tls() if secure else facade.raw()


def closes(facade: Process) -> int:
    path = facade.root / "closed"
    return len(path.read_text()) if path.exists() else 0


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_files_come_whole_and_the_connection_goes_on(facade: Process, big: bytes, secure: bool) -> None:
    before = closes(facade)
    with dial(facade, secure=secure) as raw:
        raw.send(get("/file?name=big&offset=1000000&length=3000000") + get("/file?name=big&length=0"))
        assert raw.answer().body == big[1000000:4000000]
        assert raw.answer().body == b""
        raw.send(get("/file?name=big", method="HEAD"))
        assert raw.answer("HEAD").get("content-length") == str(len(big))
        assert raw.send(get("/echo/next")).answer().json()["scheme"] == ("https" if secure else "http")
    eventually(lambda: closes(facade) == before + 3)


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_slow_reader_gets_all_of_a_large_file(facade: Process, big: bytes, secure: bool) -> None:
    peak = peak_kib(facade.process.pid)
    with dial(facade, secure=secure) as raw:
        raw.send(get("/file?name=big"))
        length = int(raw.head().get("content-length") or 0)
        digest = hashlib.md5(raw.buffer)
        left = length - len(raw.buffer)
        raw.buffer = b""
        pause = threading.Event()
        for turn in range(10):  # small sips first, so that the server finds no room again and again
            data = raw.socket.recv(min(left, 1000))
            digest.update(data)
            left -= len(data)
            pause.wait(0.01 if turn else 0.1)
            assert facade.ask(get("/pid")).status == 200  # others are served meanwhile
        while left:
            data = raw.socket.recv(min(left, MIB))
            assert data
            digest.update(data)
            left -= len(data)
    assert digest.digest() == hashlib.md5(big).digest()
    assert peak_kib(facade.process.pid) - peak < 10_000


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_a_file_that_shrank_is_never_padded(facade: Process, secure: bool) -> None:
    (facade.root / "short").write_bytes(b"x" * 1000)
    before = closes(facade)
    with dial(facade, secure=secure) as raw:
        raw.send(get("/file?name=short&length=100000"))
        with pytest.raises((EOFError, ConnectionError)):
            raw.answer()
    eventually(lambda: closes(facade) == before + 1)


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("size", [0, 1, 131072, 131073, 10 * MIB + 1])
def test_uploads_arrive_whole(facade: Process, secure: bool, chunked: bool, size: int) -> None:
    data = os.urandom(size)
    with dial(facade, secure=secure) as raw:
        if chunked:
            raw.send(get("/upload", "Transfer-Encoding: chunked", method="PUT"))
            for start in range(0, size, 700_001):
                piece = data[start : start + 700_001]
                raw.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            raw.send(b"0\r\n\r\n")
        else:
            raw.send(get("/upload", f"Content-Length: {size}", method="PUT") + data)
        told = raw.send(get("/echo/next")).answer().json()
        assert (told["size"], told["md5"]) == (size, hashlib.md5(data).hexdigest())
        assert told["largest"] <= 256 * 1024
        assert raw.answer().json()["path"] == "/echo/next"


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("field", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_an_aborted_upload_is_told_to_the_handler(facade: Process, secure: bool, field: str) -> None:
    told = facade.root / "aborted"
    told.unlink(missing_ok=True)
    with dial(facade, secure=secure) as raw:
        raw.send(get("/upload", field, method="PUT") + b"10000\r\n" + b"x" * 5000)
    eventually(lambda: told.exists() and told.read_text())
    assert told.read_text().startswith("BodyAborted: the client")


def test_a_reset_upload_is_told_to_the_handler(facade: Process) -> None:
    told = facade.root / "aborted"
    told.unlink(missing_ok=True)
    raw = facade.raw()
    raw.send(get("/upload", "Content-Length: 1000000", method="PUT") + b"x" * 5000)
    reset_at_close(raw.socket)
    raw.socket.close()
    eventually(lambda: told.exists() and told.read_text())
    assert told.read_text().startswith("BodyAborted")


def test_a_running_handler_outlives_its_client(facade: Process) -> None:
    ended = facade.root / "slow-ended"
    for mark in (ended, facade.root / "slow-began"):
        mark.unlink(missing_ok=True)
    with facade.raw() as raw:
        raw.send(get("/slow?seconds=0.2"))
        eventually((facade.root / "slow-began").exists)
    eventually(ended.exists)


def test_downloads_that_nobody_takes_give_their_file_back(facade: Process, big: bytes) -> None:
    before = closes(facade)
    for _ in range(5):
        with facade.raw() as raw:
            raw.send(get("/file?name=big")).more()
    eventually(lambda: closes(facade) == before + 5)
    descriptors = Path(f"/proc/{facade.process.pid}/fd")
    eventually(lambda: not any("/big" in str(link.readlink()) for link in _links(descriptors)))


def _links(folder: Path) -> list[Path]:
    return [link for link in folder.iterdir() if link.is_symlink()]


@pytest.mark.parametrize("coding", ["length", "chunked"])
def test_64_uploads_at_once_stay_small(starter: Callable[..., Process], coding: str) -> None:
    """All 64 are open and half sent before any is finished: the worst moment for memory."""
    facade = starter()
    half = b"\xa5" * (4 * MIB)
    clients = [facade.raw() for _ in range(64)]
    try:
        for raw in clients:
            field = "Content-Length: 8388608" if coding == "length" else "Transfer-Encoding: chunked"
            raw.send(get("/sink", field, method="PUT"))

        def send(mine: list[Raw], after: bytes) -> None:
            for raw in mine:
                raw.send(half if coding == "length" else b"400000\r\n" + half + b"\r\n" + after)

        for after in (b"", b"0\r\n\r\n"):
            threads = [threading.Thread(target=send, args=(clients[i::8], after)) for i in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        for raw in clients:
            assert raw.answer().json()["size"] == 8 * MIB
    finally:
        for raw in clients:
            raw.socket.close()
    assert peak_kib(facade.process.pid) < 100 * 1024
    facade.stop()
