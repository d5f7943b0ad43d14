"""`serve` as a process: its ready line, its signals, its children, and one clear line for each bad start."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reference_impl.config import Config
from reference_impl.http.message import Handler
from reference_impl.serve import serve
from tests.http.wire import CHECKOUT, ENVIRONMENT, Process, eventually, fails, get


def pids(facade: Process, wanted: int) -> set[int]:
    """The serving processes that answer, asked until there are `wanted` of them."""
    found: set[int] = set()

    def asked() -> bool:
        found.add(int(facade.ask(get("/pid", "Connection: close")).body))
        return len(found) == wanted

    eventually(asked)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_ready_line(starter: Callable[..., Process]) -> None:
    facade = starter("--account", "one", "--key", "a2V5", "--account", "two", "--key", "a2V5", tls=True)
    assert facade.ready["event"] == "listening"
    assert facade.ready["pid"] == facade.process.pid
    assert facade.ready["accounts"] == ["one", "two"]
    assert facade.ready["http"].startswith("http://127.0.0.1:")
    assert facade.ready["https"].startswith("https://127.0.0.1:")
    assert facade.stop() == 0
    assert facade.process.stdout is not None
    assert facade.process.stdout.read() == ""
    assert facade.log.read_text() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("processes", ["1", "2"])
def test_signals_let_running_requests_finish(
    starter: Callable[..., Process], number: int, processes: str
) -> None:
    facade = starter("--processes", processes)
    with facade.raw() as idle, facade.raw() as busy:
        busy.send(get("/slow?seconds=0.3"))
        eventually((facade.root / "slow-began").exists)
        facade.process.send_signal(number)
        answer = busy.answer()
        assert (answer.body, answer.get("connection")) == (b"done", "close")
        assert idle.rest() == b""
    assert facade.process.wait(5) == 0
    with pytest.raises(ConnectionRefusedError):
        facade.raw()


def test_an_unfinished_handshake_does_not_delay_the_end(starter: Callable[..., Process]) -> None:
    facade = starter("--shutdown-grace", "600", tls=True)
    with socket.create_connection(facade.secure, timeout=10):
        facade.ask(get("/pid"))
        assert facade.stop() == 0  # it waits for a moment only, and not for ten minutes


def test_a_handler_that_never_ends_cannot_hold_the_process(starter: Callable[..., Process]) -> None:
    facade = starter("--shutdown-grace", "0.3")
    with facade.raw() as raw:
        raw.send(get("/slow?seconds=60"))
        eventually((facade.root / "slow-began").exists)
        assert facade.stop() == 0


def test_two_processes_serve_one_port(starter: Callable[..., Process]) -> None:
    facade = starter("--processes", "2", tls=True)
    both = pids(facade, 2)
    assert facade.process.pid not in both
    with facade.raw_tls() as raw:
        assert int(raw.send(get("/pid")).answer().body) in both
    assert facade.stop() == 0
    assert not any(alive(pid) for pid in both)


def test_a_dead_process_is_replaced(starter: Callable[..., Process]) -> None:
    facade = starter("--processes", "2")
    first, second = pids(facade, 2)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: second not in pids(facade, 1) or "died" in facade.log.read_text())
    eventually(lambda: len(pids(facade, 2) - {first, second}) == 1)
    assert "starting it again" in facade.log.read_text()
    assert facade.stop() == 0


def test_children_follow_their_parent(starter: Callable[..., Process]) -> None:
    facade = starter("--processes", "2")
    both = pids(facade, 2)
    facade.process.kill()
    facade.process.wait()
    eventually(lambda: not any(alive(pid) for pid in both))


@pytest.mark.parametrize("processes", ["1", "3"])
def test_a_port_in_use(starter: Callable[..., Process], tmp_path: Path, processes: str) -> None:
    other = starter("--processes", processes)
    port = str(other.address[1])
    code, out, err = fails("--root", str(tmp_path), "--port", port, "--processes", processes)
    assert (code, out) == (3, "")
    assert err.count("\n") == 1
    assert f"port {port} on 127.0.0.1 is in use" in err and "--port" in err
    other.stop()


@pytest.mark.parametrize(
    ("code", "words", "says"),
    [
        (2, ["--port", "x"], "not a port"),
        (2, ["--port", "65536"], "not a port"),
        (2, ["--processes", "0"], "from 1 to 256"),
        (2, ["--account", "abc", "--account", "xyz"], "2 accounts but 1 keys"),
        (2, ["--key", "???"], "not base64"),
        (2, ["--key", ""], "not base64"),
        (2, ["--account", "abc", "--key", "a2V5", "--key", "a2V5"], "1 accounts but 2 keys"),
        (2, ["--account", "abc", "--key", "a2V5", "--account", "abc", "--key", "a2V5"], "named twice"),
        (2, ["--account", "UPPER", "--key", "a2V5"], "no account name"),
        (2, ["--https-port", "0"], "--cert"),
        (2, ["--allow-copy-source", "10.0.0.1/8"], "not a network"),
        (2, ["--issuer", "nonsense"], "not an http"),
        (2, ["--default-role", "king"], "invalid choice"),
        (2, ["--idle-timeout", "never"], "not a number of seconds"),
        (2, ["--colour"], "unrecognized"),
        (3, ["--root", "/nowhere/at/all"], "mkdir -p /nowhere/at/all"),
        (3, ["--root", "/dev/null"], "not a folder"),
        (3, ["--root", "/proc/self"], "cannot be written"),
        (3, ["--host", "no..host"], "unknown here"),
        (3, ["--host", "192.0.2.1"], "no address of this machine"),
        (3, ["--jwks-ca", "/nowhere.pem"], "not a file"),
        (3, ["--copy-source-ca", "/nowhere.pem"], "not a file"),
        (3, ["--https-port", "0", "--cert", "/nowhere.pem", "--cert-key", "/nowhere.pem"], "not a file"),
        (3, ["--https-port", "0", "--cert", "pyproject.toml", "--cert-key", "pyproject.toml"], "PEM"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_words_are_one_clear_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    words: list[str],
    says: str,
) -> None:
    monkeypatch.setenv("BLOBPROOF_ACCOUNT", "blobproof")
    monkeypatch.setenv("BLOBPROOF_KEY", "a2V5")
    root = [] if "--root" in words else ["--root", str(tmp_path)]
    assert serve([*root, *words], never) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.startswith("blobproof serve: ") and err.count("\n") == 1


def never(config: Config) -> Handler:
    raise AssertionError("it started")


@pytest.mark.parametrize(
    ("code", "words", "says"),
    [
        (2, ["--root", "."], "there is no account"),
        (2, ["--mutant", "refuse-to-start"], "no such mutant"),
        (2, ["--mutant", "refuse-to-start", "--processes", "2"], "no such mutant"),
        (3, ["--mutant", "die-at-start", "--processes", "2"], "died at its start"),
        (3, ["--root", "/nowhere/at/all"], "mkdir -p /nowhere/at/all"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_bad_start_is_one_clear_line_and_an_exit_code(
    tmp_path: Path, code: int, words: list[str], says: str
) -> None:
    environment = dict(ENVIRONMENT)
    if "no account" in says:
        del environment["BLOBPROOF_ACCOUNT"], environment["BLOBPROOF_KEY"]
    root = [] if "--root" in words else ["--root", str(tmp_path)]
    got, out, err = fails(*root, *words, environment=environment)
    assert (got, out, says in err) == (code, "", True), err
    assert err.startswith("blobproof serve: ") and err.count("\n") == 1


def test_a_certificate_without_its_key(tmp_path: Path, certificate: tuple[Path, Path, Path]) -> None:
    _, key, authority = certificate
    words = ["--root", str(tmp_path), "--https-port", "0"]
    code, _, err = fails(*words, "--cert", str(authority), "--cert-key", str(key))
    assert (code, "do not belong together" in err, err.count("\n")) == (3, True, 1)


def test_help_tells_the_essentials() -> None:
    code, out, _ = fails("--help")
    assert code == 0
    for word in ("--root", "--processes", "BLOBPROOF_KEY", "listening", "Exit codes"):
        assert word in out


def test_running_out_of_descriptors_does_not_spin(tmp_path: Path) -> None:
    """More clients than descriptors: those it has are answered, the others wait without costing anything."""
    (tmp_path / "root").mkdir()

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

    process = subprocess.Popen(
        [sys.executable, "-m", "tests.http.app", "--root", str(tmp_path / "root")],
        cwd=CHECKOUT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=few,
    )
    assert process.stdout is not None and process.stderr is not None
    try:
        port = int(process.stdout.readline().split("127.0.0.1:")[1].split('"')[0])
        clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(60)]
        before = _cpu(process.pid)
        clients[0].sendall(get("/slow?seconds=0.5"))
        assert b"done" in clients[0].recv(1000)
        assert _cpu(process.pid) - before < 0.2
        for client in clients:
            client.close()
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(get("/pid"))
            assert str(process.pid).encode() in client.recv(1000)
    finally:
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode == 0


def _cpu(pid: int) -> float:
    """Seconds of processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
