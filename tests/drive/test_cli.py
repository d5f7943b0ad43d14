"""Clients that are commands: made-up ones that fail and hang, and the real ones against the façade."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.clients.reach import reach
from harness.clients.truth import Truth
from harness.drive import offer
from harness.drive.action import Action, Task, Told
from harness.drive.clients import client
from harness.drive.clients._commands import CommandClient, Turn
from harness.drive.clients._identity import identity
from harness.drive.place import Auth, Place, place
from harness.drive.scene import Scene
from harness.endpoint import Endpoint, Secret, Style
from harness.matrix.table import tables
from harness.tools.find import Found, Missing, find

SECONDS = 60.0
_KEY = "c2VjcmV0LWtleS1vZi1hbi1hY2NvdW50"


def _made(does: Callable[[Turn, Task], Mapping[str, Any] | None]) -> CommandClient:
    return CommandClient("made-up", "rclone", frozenset({"shared-key"}), 1, {Action.LIST: does})


def _program(folder: Path, text: str) -> Found:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return Found("made-up", path, "1.0")


def _place(folder: Path, found: Found, url: str = "http://127.0.0.1:9/acct") -> Place:
    home = folder / "home"
    home.mkdir()
    return Place(found, url, Style.PATH, "acct", home, folder / "ca.pem", key=Secret(_KEY))


def _told(folder: Path, text: str, *, seconds: float = SECONDS, times: int = 1) -> Told:
    """What comes of a program that is run so many times."""
    spot = _place(folder, _program(folder, text))

    def does(turn: Turn, task: Task) -> Mapping[str, Any]:
        said = [turn.run((str(spot.found.path),), {}).stdout for _ in range(times)]
        return {"names": dict.fromkeys(said, 1)}

    with _made(does).session(spot) as session:
        told = session.do(Task(Action.LIST, "c"), seconds)
    assert list(spot.home.iterdir()) == [], "what a command writes is gone with it"
    return told


def test_done(tmp_path: Path) -> None:
    told = _told(tmp_path, "echo hello")
    assert (told.outcome, told.said, told.facts) == ("done", "", {"names": {"hello\n": 1}})


def test_a_failure_is_told_in_one_line_without_secrets(tmp_path: Path) -> None:
    told = _told(tmp_path, f"echo first; echo 'no: {_KEY}' >&2; echo 'AccountKey=abc at all' >&2; exit 3")
    assert (told.outcome, told.facts) == ("failed", {})
    assert told.said == "exit code 3: no: REDACTED / AccountKey=REDACTED at all"


def test_a_signal_is_a_failure(tmp_path: Path) -> None:
    assert _told(tmp_path, "kill -9 $$").said == "signal 9: without a word"


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    spot = _place(tmp_path, Found("made-up", tmp_path / "none", "1.0"))

    def does(turn: Turn, task: Task) -> None:
        turn.run(("/no/such/program",), {})

    with _made(does).session(spot) as session:
        told = session.do(Task(Action.LIST, "c"), SECONDS)
    assert (told.outcome, told.said) == ("failed", "/no/such/program: No such file or directory")


def test_a_hanging_command_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    told = _told(
        tmp_path, f"sleep 3600 & echo $! > {tmp_path}/child\necho waiting for godot; wait", seconds=1
    )
    assert (told.outcome, told.said) == ("hung", "no end within 1 s: waiting for godot")
    _gone(int((tmp_path / "child").read_text()))


def test_the_commands_of_a_task_share_its_time(tmp_path: Path) -> None:
    """The first takes all of it; the second is not given as much again."""
    text = f"echo x >> {tmp_path}/runs; [ $(wc -l < {tmp_path}/runs) -gt 1 ] && sleep 3600; exit 0"
    told = _told(tmp_path, text, seconds=3, times=3)
    assert told.outcome == "hung"
    assert (tmp_path / "runs").read_text() == "x\nx\n"


def test_a_token_is_given_by_an_identity_on_this_machine() -> None:
    with identity(None) as env:
        assert env == {}
    with identity(Secret("a.b.c")) as env:
        host, _, port = env["MSI_ENDPOINT"].removeprefix("http://").removesuffix("/token").partition(":")
        with socket.create_connection((host, int(port)), 5) as wire:
            wire.sendall(b"GET /token HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: wire.recv(4096), b""))
    assert b'"access_token": "a.b.c"' in answer
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), 5)


# --- the real ones ---


def _installed(name: str) -> Found:
    found = find(client(name).tool)
    if isinstance(found, Missing):
        pytest.skip(f"{name}: {found.reason}")
    return found


def _worked(
    name: str, auth: Auth, face: str, actions: list[Action], endpoint: Endpoint, truth: Truth, work: Path
) -> dict[str, Any]:
    """What went wrong, by action; empty when all is well."""
    one, wrong = client(name), {}
    container = f"drive-{secrets.token_hex(4)}"
    truth.create_container(container)
    with reach(endpoint, work, face) as reached:
        spot = place(endpoint, reached, auth, container, home=work / "home", found=_installed(name))
        with one.session(spot) as session:
            for action in actions:
                scene = Scene.for_action(
                    action, truth, container, work / action, f"at/{action}", large=one.large
                )
                told = session.do(scene.task, SECONDS)
                differing = [found for found in scene.right(told) if not found.holds]
                if told.outcome != "done" or differing or not reached.tap.take():
                    wrong[action.value] = (told, differing)
    return wrong


@pytest.mark.parametrize(
    ("auth", "face", "actions"),
    [
        ("shared-key", "main", [*Action]),
        ("service-sas", "host-https", [Action.PUT_SMALL, Action.COPY]),
        ("bearer", "https", [Action.LIST]),
    ],
)
def test_rclone(
    auth: Auth, face: str, actions: list[Action], facade: Endpoint, truth: Truth, tmp_path: Path
) -> None:
    assert _worked("rclone", auth, face, actions, facade, truth, tmp_path) == {}


@pytest.mark.parametrize(
    ("auth", "actions"),
    [
        ("shared-key", [Action.PUT_LARGE, Action.LIST, Action.CREATE_ONLY]),
        ("bearer", [Action.SYNC, Action.GET_TREE]),
    ],
)
def test_boostedblob(
    auth: Auth, actions: list[Action], facade: Endpoint, truth: Truth, tmp_path: Path
) -> None:
    assert _worked("boostedblob", auth, "host-https", actions, facade, truth, tmp_path) == {}


@pytest.mark.parametrize(
    ("auth", "face", "actions"),
    [
        ("account-sas", "main", [Action.PUT_LARGE, Action.LIST, Action.METADATA]),
        ("bearer", "host-https", [Action.CREATE_ONLY, Action.COPY]),
        ("shared-key", "https", [Action.SYNC]),
    ],
)
def test_azcopy(
    auth: Auth, face: str, actions: list[Action], facade: Endpoint, truth: Truth, tmp_path: Path
) -> None:
    assert _worked("azcopy", auth, face, actions, facade, truth, tmp_path) == {}


def test_azcopy_at_a_port_where_nobody_listens(refused: int, tmp_path: Path) -> None:
    """It would try for 16 minutes, and say nothing meanwhile but in its log."""
    spot = _place(tmp_path, _installed("azcopy"), f"http://127.0.0.1:{refused}/acct")
    file = tmp_path / "up.bin"
    file.write_bytes(b"abc")
    with client("azcopy").session(spot) as session:
        told = session.do(Task(Action.PUT_SMALL, "c", "up.bin", file), 8)
    assert told.outcome == "hung"
    assert told.said.startswith("no end within 8 s: ")
    assert "connection refused" in told.said
    assert _KEY not in told.said
    assert list(spot.home.iterdir()) == []
    assert not [word for word in _commands() if str(file) in word]


@pytest.fixture
def refused() -> Iterator[int]:
    """A port of loopback that is taken and does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


# --- the matrix ---


def test_each_client_has_a_word_on_each_action() -> None:
    """What a client does is in the tasks; what it does not do is said once."""
    module = Path(__file__).resolve().parents[2] / "suites" / "clients" / "scenarios.py"
    both = tables(module)
    tasks = {(cell["client"], cell["action"]) for cell in both["task"].cells()}
    declined = {(cell["client"], cell["action"]) for cell in both["not_offered"].cells()}
    every = offer.offers()
    assert tasks == {(one.client.name, action) for one in every for action in one.can}
    assert declined == {(one.client.name, action) for one in every for action in one.cannot}


def _gone(pid: int) -> None:
    """Wait until there is no such process; one that nobody has waited for does not count."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} is still there")


def _commands() -> Iterator[str]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with contextlib.suppress(OSError):
                yield (process / "cmdline").read_text(errors="replace")
