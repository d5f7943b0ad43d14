"""Clients that are commands: a process for each command of a task, all within one budget."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.clients.process import Ran, run_client
from harness.drive.action import Action, Outcome, Task, Told
from harness.drive.client import Limit
from harness.drive.clients._identity import identity
from harness.drive.place import Place


class CommandFailedError(Exception):
    """The client said that it failed; its last words."""


class CommandHungError(Exception):
    """The client did not end in time; its last words."""


LastWords = Callable[[Ran, Path], str]
"""What a client said last: from its output, and from its folder where its logs alone say it."""


def last_lines(ran: Ran, folder: Path) -> str:
    """The end of what a client complained of, or else of what it said."""
    lines = [line.strip() for line in (ran.stderr.strip() or ran.stdout).splitlines() if line.strip()]
    return " / ".join(lines[-2:])


def telling(pattern: str) -> LastWords:
    """The last lines that hold this pattern, for clients that end with lines of no use; else the end."""
    wanted = re.compile(pattern)

    def said(ran: Ran, folder: Path) -> str:
        lines = [line.strip() for line in ran.stderr.splitlines() if wanted.search(line)]
        return " / ".join(dict.fromkeys(lines[-2:])) or last_lines(ran, folder)

    return said


@dataclass(slots=True)
class Turn:
    """One task while it is done: runs commands until its time is up. Each has a folder that goes with it."""

    place: Place
    deadline: float  # of time.monotonic
    last_words: LastWords

    def run(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        exits: Sequence[int] = (0,),
        stdin: bytes = b"",
        in_folder: Callable[[Path], Mapping[str, str]] = lambda folder: {},
        look: Callable[[Ran, Path], None] = lambda ran, folder: None,
    ) -> Ran:
        """Run one command. `in_folder` says what its environment needs of its folder.

        `look` sees what it said and left in its folder, and may raise CommandFailedError. So does another
        exit code than these; CommandHungError when it does not end in time.
        """
        folder = Path(tempfile.mkdtemp(prefix="command-", dir=self.place.home))
        own = {"HOME": str(folder), "TMPDIR": str(folder)}
        try:
            ran = run_client(
                argv,
                env={**self.place.environment(), **own, **in_folder(folder), **env},
                cwd=folder,
                seconds=max(0.0, self.deadline - time.monotonic()),
                stdin=stdin,
            )
            if ran.exit is None:
                raise CommandHungError(self.last_words(ran, folder))
            look(ran, folder)
            if ran.exit not in exits:
                how = f"exit code {ran.exit}" if ran.exit >= 0 else f"signal {-ran.exit}"
                raise CommandFailedError(f"{how}: {self.last_words(ran, folder) or 'without a word'}")
            return ran
        except OSError as error:
            raise CommandFailedError(f"{argv[0]}: {error.strerror or error}") from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


Does = Callable[[Turn, Task], Mapping[str, Any] | None]
"""One action of a client: the facts that it told, if any."""


@dataclass(frozen=True, slots=True)
class CommandClient:
    """A command line tool: what it does for each action. What it has no words for stands in its limits."""

    name: str
    tool: str
    auths: frozenset[str]
    large: int
    does: Mapping[Action, Does]
    limits: tuple[Limit, ...] = ()
    last_words: LastWords = last_lines

    @contextlib.contextmanager
    def session(self, place: Place) -> Iterator[CommandSession]:
        """A session. Between tasks nothing of the client runs; with a token, a managed identity gives it."""
        with identity(place.token) as env:
            where = replace(place, env=MappingProxyType({**place.env, **env}))
            yield CommandSession(where, self.does, self.last_words)


@dataclass(frozen=True, slots=True)
class CommandSession:
    """A client that is started anew for each command."""

    place: Place
    does: Mapping[Action, Does]
    last_words: LastWords

    def do(self, task: Task, seconds: float) -> Told:
        """Do a task, for at most so many seconds; then whatever runs is ended with all that it started."""
        begun = time.monotonic()
        outcome: Outcome = "done"
        said, facts = "", None
        try:
            facts = self.does[task.action](Turn(self.place, begun + seconds, self.last_words), task)
        except CommandHungError as error:
            outcome, said = "hung", f"no end within {seconds:g} s" + (f": {error}" if str(error) else "")
        except CommandFailedError as error:
            outcome, said = "failed", str(error)
        return Told(outcome, self.place.one_line(said), facts or {}, time.monotonic() - begun)
