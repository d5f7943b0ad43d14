"""Clients that are libraries: a long-lived script in their own environment, a JSON line for each task."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from harness.drive.action import Task, Told
from harness.drive.client import Limit
from harness.drive.clients._identity import identity
from harness.drive.place import Place
from harness.endpoint import Secret

_SCRIPTS = Path(__file__).resolve().parents[1] / "clients" / "scripts"
_LAST_LINES = 60  # of standard error that are kept
_GRACE_SECONDS = 0.5  # in which a script that is ended may say where it stood
_STACK = "(most recent call first):"


@dataclass(frozen=True, slots=True)
class ScriptClient:
    """A library, driven by `script`: a file of harness/clients/scripts, for Python or for Node."""

    name: str
    tool: str
    script: str
    auths: frozenset[str]
    large: int
    limits: tuple[Limit, ...] = ()
    words: tuple[str, ...] = ()  # what the script gets behind its own name: a flavour, say
    identity: bool = False  # it gets a token from a managed identity alone, of which the environment tells

    @contextlib.contextmanager
    def session(self, place: Place) -> Iterator[ScriptSession]:
        """A session, whose process starts with the first task."""
        with identity(place.token if self.identity else None) as env:
            session = ScriptSession(self._argv(place), {**place.environment(), **env}, place)
            try:
                yield session
            finally:
                session.end()

    def _argv(self, place: Place) -> tuple[str, ...]:
        script = str(_SCRIPTS / self.script)
        if self.script.endswith(".py"):
            return (str(place.found.path), "-B", "-u", script, *self.words)
        packages = next(folder for folder in place.found.path.parents if folder.name == "node_modules")
        return ("node", script, str(packages), *self.words)


class ScriptSession:
    """A script that is kept running between tasks. It ends when its standard input does."""

    def __init__(self, argv: tuple[str, ...], env: Mapping[str, str], place: Place) -> None:
        self._argv = argv
        self._env = env
        self._place = place
        self._process: _Process | None = None

    def do(self, task: Task, seconds: float) -> Told:
        """Hand the task to the script and wait for its answer, for at most so many seconds."""
        begun = time.monotonic()
        if self._process is not None and self._process.gone():
            self.end()
        if self._process is None:
            try:
                self._process = _Process(self._argv, self._env, self._place.home)
            except OSError as error:
                return Told("failed", self._place.one_line(f"{self._argv[0]}: {error.strerror or error}"))
            self._process.tell(_introduction(self._place))
        process = self._process
        process.tell(_request(task))
        line = process.answer(begun + seconds - time.monotonic())
        passed = time.monotonic() - begun
        if line is not None and line:
            return _told(line, self._place, passed)
        self._process = None
        words = process.end(self._place)
        if line is None:
            said = f"no answer within {seconds:g} s" + (f": {words}" if words else "")
            return Told("hung", said, seconds=passed)
        return Told("failed", f"its process ended: {words or 'without a word'}", seconds=passed)

    def end(self) -> None:
        """End the process and whatever it has started."""
        if self._process is not None:
            self._process.end(self._place)
            self._process = None


class _Process:
    """The script's process, with threads that read what it says: it must never wait for us."""

    def __init__(self, argv: tuple[str, ...], env: Mapping[str, str], home: Path) -> None:
        self._process = subprocess.Popen(
            argv,
            cwd=home,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._words: deque[bytes] = deque(maxlen=_LAST_LINES)
        self._readers = (
            threading.Thread(target=self._read_answers, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_words, args=(self._process.stderr,), daemon=True),
        )
        for reader in self._readers:
            reader.start()

    def gone(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def tell(self, message: Mapping[str, Any]) -> None:
        """Write one line to it; that it is gone shows when its answer is waited for."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def answer(self, seconds: float) -> bytes | None:
        """Its next line; empty when it has closed its output; None when the time was up."""
        try:
            return self._answers.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None

    def end(self, place: Place) -> str:
        """End its whole process group; its last words on one line, without secrets."""
        # First of all the signal: with its standard input gone it would end without saying where it stood.
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_SECONDS)
        self._signal(signal.SIGKILL)
        self._process.wait()
        for reader in self._readers:
            reader.join(_GRACE_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return place.one_line(_last_words(self._words))

    def _signal(self, how: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, how)

    def _read_answers(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._answers.put(line)
        self._answers.put(b"")

    def _read_words(self, pipe: IO[bytes]) -> None:
        self._words.extend(pipe)


def _introduction(place: Place) -> dict[str, Any]:
    """Where the client is to work. Holds the credential in plain text: for the pipe alone."""
    return {
        "url": place.url,
        "account": place.account,
        "style": place.style.value,
        "secure": place.secure,
        "ca": str(place.ca_file),
        "home": str(place.home),
        "key": _revealed(place.key),
        "sas": _revealed(place.sas),
        "token": _revealed(place.token),
    }


def _request(task: Task) -> dict[str, Any]:
    return {
        "action": task.action.value,
        "container": task.container,
        "blob": task.blob,
        "path": None if task.path is None else str(task.path),
        "second": None if task.path is None else str(task.second),
        "source": task.source,
        "values": dict(task.values),
    }


def _told(line: bytes, place: Place, seconds: float) -> Told:
    try:
        answer = json.loads(line)
        outcome, said, facts = answer["outcome"], str(answer["said"]), answer["facts"]
    except (ValueError, KeyError, TypeError):
        return Told("failed", place.one_line(f"an answer that is none: {line!r}"), seconds=seconds)
    return Told("done" if outcome == "done" else "failed", place.one_line(said), facts, seconds)


def _last_words(lines: deque[bytes]) -> str:
    """The last line that says something; of a stack the innermost call, of which Python prints the file."""
    texts = [text for line in lines if (text := line.decode("utf-8", "replace").strip())]
    for at in range(len(texts) - 2, -1, -1):
        if texts[at].endswith(_STACK):
            return f"it was in {texts[at + 1]}"
    return texts[-1] if texts else ""


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()
