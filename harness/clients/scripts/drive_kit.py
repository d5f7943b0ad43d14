"""What the scripts of driven clients share: tasks on standard input, answers on standard output, a line each.

The first line says where to work, every further one is a task. Whatever a library prints goes to standard
error, so that it cannot be taken for an answer. Imports nothing of ours: it runs in a client's environment.
"""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

MIB = 1024 * 1024


@dataclass(frozen=True)
class Place:
    """Where the client works, and its one credential: of `key`, `sas` and `token` the others are None."""

    url: str  # service root without a trailing slash
    account: str
    style: str
    secure: bool
    ca: str
    home: Path
    key: str | None = field(repr=False)
    sas: str | None = field(repr=False)
    token: str | None = field(repr=False)

    @property
    def authority(self) -> str:
        """Host and port of the service root."""
        return self.url.split("/")[2]


@dataclass(frozen=True)
class Task:
    """One thing to do. `second` is the file of the second try of create-only."""

    action: str
    container: str
    blob: str
    path: Path
    second: Path
    source: str
    values: Mapping[str, str]


Facts = dict[str, Any] | None
Doing = Callable[[Task], Facts]


def serve(begin: Callable[[Place], Mapping[str, Doing]]) -> NoReturn:
    """Do tasks until standard input ends; then end at once, in the middle of whatever it is.

    `begin` is called with the place, and gives a function for each action that the client can do.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # Whoever ends a client that hangs reads on standard error where it stood.
    faulthandler.register(signal.SIGTERM, all_threads=False, chain=True)
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    place = _place(json.loads(lines.get()))
    doings: Mapping[str, Doing] | None = None
    while True:
        task = _task(json.loads(lines.get()))
        answer: dict[str, Any] = {"outcome": "done", "said": "", "facts": {}}
        try:
            if doings is None:
                doings = begin(place)
            answer["facts"] = doings[task.action](task) or {}
        except Exception as error:  # whatever it is, it is the client's answer
            answer |= {"outcome": "failed", "said": " ".join(f"{type(error).__name__}: {error}".split())}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _read(lines: queue.SimpleQueue[bytes]) -> NoReturn:
    for line in iter(sys.stdin.buffer.readline, b""):
        lines.put(line)
    os._exit(0)


def _place(told: Mapping[str, Any]) -> Place:
    return Place(**{**told, "home": Path(told["home"])})


def _task(told: Mapping[str, Any]) -> Task:
    return Task(
        **{**told, "path": Path(told["path"] or os.devnull), "second": Path(told["second"] or os.devnull)}
    )
