"""The session of a script: one process for all tasks, bounded, and nothing of it is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.drive.action import Action, Task
from harness.drive.client import Session
from harness.drive.place import Place
from harness.drive.script import ScriptClient
from harness.endpoint import Secret, Style
from harness.tools.find import Found

SCRIPTS = Path(__file__).parents[2] / "harness" / "clients" / "scripts"
KEY = "a2V5LW9mLXRoZS1hY2NvdW50LWZvci10ZXN0cw=="
HEAD = f"""
import os, subprocess, sys, time
sys.path.insert(0, {str(SCRIPTS)!r})
from drive_kit import serve
"""
TAIL = """
serve(begin)
"""

Start = Callable[[str], Session]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place that no client reaches anything from."""
    return Place(
        found=Found("python", Path(sys.executable), "3"),
        url="http://127.0.0.1:9/acct",
        style=Style.PATH,
        account="acct",
        home=tmp_path,
        ca_file=tmp_path / "ca.pem",
        key=Secret(KEY),
    )


@pytest.fixture
def start(place: Place) -> Iterator[Start]:
    """Starts a session of a script with these lines; ends it after the test."""
    open_now = []

    def begin(text: str) -> Session:
        script = place.home / "script.py"
        script.write_text(HEAD + text + TAIL)
        client = ScriptClient("fake", "fake", str(script), frozenset({"shared-key"}), 1)
        context = client.session(place)
        open_now.append(context)
        return context.__enter__()

    yield begin
    for context in open_now:
        context.__exit__(None, None, None)


def task(action: Action = Action.LIST, **more: str) -> Task:
    return Task(action, "container", values=more)


def ended(pid: int) -> bool:
    """Whether a process is gone, or only waits for its parent to look."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except OSError:
        return True


def test_one_process_does_all_tasks(start: Start) -> None:
    session = start("def begin(place): return {'list': lambda task: {'names': {place.account: os.getpid()}}}")
    told = [session.do(task(), 20) for _ in range(3)]
    assert {one.outcome for one in told} == {"done"}
    assert len({one.facts["names"]["acct"] for one in told}) == 1


def test_what_a_library_prints_is_no_answer(start: Start) -> None:
    session = start("def begin(place): return {'list': lambda task: print('{\"outcome\": \"failed\"}')}")
    assert session.do(task(), 20).outcome == "done"


def test_an_exception_is_an_answer_without_secrets(start: Start) -> None:
    session = start("""
def begin(place):
    def fail(task): raise ValueError(f"key {place.key}\\nhttps://h/c?sv=1&sig=abcdefgh%3D")
    return {"list": fail, "copy": lambda task: None}
""")
    told = session.do(task(), 20)
    assert told.outcome == "failed"
    assert told.said == "ValueError: key REDACTED https://h/c?sv=1&sig=REDACTED"
    assert session.do(task(Action.COPY), 20).outcome == "done", "the session goes on"


def test_a_client_that_cannot_begin_says_so_each_time(start: Start) -> None:
    session = start("def begin(place): raise OSError('no way in')")
    assert [session.do(task(), 20).said for _ in range(2)] == ["OSError: no way in"] * 2


def test_a_hanging_script_is_ended_with_all_that_it_started(start: Start, tmp_path: Path) -> None:
    session = start("""
def begin(place):
    def wait_for_ever(task):
        child = subprocess.Popen(["sleep", "600"])
        (place.home / "pids").write_text(f"{os.getpid()} {child.pid}")
        time.sleep(600)
    return {"list": wait_for_ever, "copy": lambda task: {"pid": os.getpid()}}
""")
    assert session.do(task(Action.COPY), 20).outcome == "done", "it has begun"
    told = session.do(task(), 1)
    assert told.outcome == "hung"
    assert told.said.startswith("no answer within 1 s: it was in File")
    assert told.said.endswith("in wait_for_ever")
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    deadline = time.monotonic() + 10
    while not all(ended(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert all(ended(pid) for pid in pids)
    fresh = session.do(task(Action.COPY), 20)
    assert fresh.outcome == "done" and fresh.facts["pid"] not in pids, "the next task starts a fresh process"


def test_a_script_that_dies_has_last_words(start: Start) -> None:
    session = start("""
def begin(place):
    def die(task):
        print(f"could not go on with {place.key}", file=sys.stderr, flush=True)
        os._exit(3)
    return {"list": die, "copy": lambda task: None}
""")
    told = session.do(task(), 20)
    assert (told.outcome, told.said) == ("failed", "its process ended: could not go on with REDACTED")
    assert session.do(task(Action.COPY), 20).outcome == "done"


def test_a_script_that_says_nothing_at_all_is_ended(place: Place) -> None:
    script = place.home / "deaf.py"
    script.write_text("import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)\n")
    with ScriptClient("deaf", "deaf", str(script), frozenset(), 1).session(place) as session:
        told = session.do(task(), 0.5)
    assert (told.outcome, told.said) == ("hung", "no answer within 0.5 s")


def test_an_answer_that_is_none_is_a_failure(place: Place) -> None:
    script = place.home / "babble.py"
    script.write_text("import sys\nfor line in sys.stdin:\n    print('hello', flush=True)\n")
    with ScriptClient("babble", "babble", str(script), frozenset(), 1).session(place) as session:
        assert session.do(task(), 20).said == "an answer that is none: b'hello\\n'"


def test_an_environment_that_is_not_there(place: Place, tmp_path: Path) -> None:
    gone = Place(
        found=Found("gone", tmp_path / "gone" / "python", "1"),
        url=place.url,
        style=place.style,
        account=place.account,
        home=place.home,
        ca_file=place.ca_file,
        key=place.key,
    )
    with ScriptClient("gone", "gone", "drive_obstore.py", frozenset(), 1).session(gone) as session:
        told = session.do(task(), 20)
    assert told.outcome == "failed" and told.said.endswith("gone/python: No such file or directory")


def test_a_script_ends_with_its_parent_in_the_middle_of_a_task(place: Place) -> None:
    script = place.home / "orphan.py"
    script.write_text(HEAD + "def begin(place): return {'list': lambda task: time.sleep(600)}" + TAIL)
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, env=dict(os.environ)
    ) as orphan:
        assert orphan.stdin is not None
        where = {"url": "", "account": "", "style": "path", "secure": False, "ca": "", "home": "."}
        what = {"action": "list", "container": "c", "blob": "", "path": None, "second": None, "source": ""}
        for line in ({**where, "key": None, "sas": None, "token": None}, {**what, "values": {}}):
            orphan.stdin.write(json.dumps(line).encode() + b"\n")
        orphan.stdin.close()
        try:
            assert orphan.wait(20) == 0
        finally:
            orphan.kill()


def test_the_credential_is_in_no_argument_and_no_environment(start: Start) -> None:
    session = start("""
def begin(place):
    return {"list": lambda task: {"argv": " ".join(sys.orig_argv), "environ": dict(os.environ)}}
""")
    facts = session.do(task(), 20).facts
    assert KEY not in facts["argv"] and KEY not in str(facts["environ"])
    assert facts["environ"]["TMPDIR"] == facts["environ"]["HOME"]
