"""Several serving processes under one parent: started together, restarted when they die, ended together."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from reference_impl.config import MachineError, StartError, UsageError

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_STEADY = 10.0
"""Seconds that a process must have lived for its death to count as the first."""

Work: TypeAlias = "Callable[[int, Callable[[], None], int], None]"
"""What a child does: (its index, call when ready, descriptor that is readable once the parent is gone)."""


@dataclass(slots=True)
class _Child:
    """One place in the fleet, whoever fills it just now. Times are monotonic seconds."""

    index: int
    pid: int = 0
    started: float = 0.0
    pause: float = _FIRST_PAUSE
    due: float | None = None
    words: int = -1
    said: bytearray = field(default_factory=bytearray)
    ready: bool = False


class Fleet:
    """A parent and its `size` children. The parent does nothing but watch, so it needs no event loop."""

    def __init__(self, size: int, work: Work, *, grace: float, report: Callable[[str], object]) -> None:
        self._work = work
        self._grace = grace
        self._report = report
        self._children = [_Child(index) for index in range(size)]
        self._selector = selectors.DefaultSelector()
        self._alive_read, self._alive_write = os.pipe()
        self._wake_read, self._wake_write = socket.socketpair()
        self._stopping = False

    def run(self, ready: Callable[[], None]) -> None:
        """Runs until SIGTERM or SIGINT; `ready` is called when every child serves; raises StartError."""
        self._watch_signals()
        try:
            for child in self._children:
                self._start(child)
            while not self._stopping and not all(child.ready for child in self._children):
                self._turn()
                self._give_up_on_the_dead()
            if not self._stopping:
                ready()
            while not self._stopping:
                self._turn()
                self._replace_the_dead()
        finally:
            self._end()

    # signals

    def _watch_signals(self) -> None:
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    def _on_stop(self, *_: object) -> None:
        self._stopping = True

    # one turn of watching

    def _turn(self) -> None:
        """Waits for a signal, a word from a child or the time of a restart, and collects the dead."""
        dues = [child.due for child in self._children if child.due is not None]
        wait = max(0.0, min(dues) - time.monotonic()) if dues else None
        for key, _ in self._selector.select(wait):
            if key.fileobj is self._wake_read:
                self._wake_read.recv(4096)
            else:
                self._listen(key.data)
        for child in self._children:
            if child.pid and os.waitpid(child.pid, os.WNOHANG)[0]:
                self._listen(child)
                child.pid = 0

    def _listen(self, child: _Child) -> None:
        if child.words < 0:
            return
        said = os.read(child.words, 65536)
        child.said += said
        if child.said.startswith(b"ready\n"):
            child.ready = True
        if not said:
            self._selector.unregister(child.words)
            os.close(child.words)
            child.words = -1

    def _give_up_on_the_dead(self) -> None:
        """Before all are ready a death is a failed start: what the child said of it is the error."""
        for child in self._children:
            if not child.pid and not self._stopping:
                code, _, text = child.said.decode(errors="replace").partition("\0")
                what, _, hint = text.partition("\0")
                if not hint:
                    raise MachineError("a serving process died at its start", "see the lines above")
                raise (UsageError if code == "2" else MachineError)(what, hint)

    def _replace_the_dead(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.pid or self._stopping:
                continue
            if child.due is None:
                child.pause = _FIRST_PAUSE if now - child.started > _STEADY else child.pause
                child.due = now + child.pause
                self._report(f"blobproof: serving process {child.index} died, starting it again\n")
                child.pause = min(child.pause * 2, _LONGEST_PAUSE)
            elif child.due <= now:
                self._start(child)

    # children

    def _start(self, child: _Child) -> None:
        words_read, words_write = os.pipe()
        child.pid = os.fork()
        if child.pid == 0:
            self._be_child(child, words_write)
        os.close(words_write)
        os.set_blocking(words_read, False)
        child.words, child.started, child.due = words_read, time.monotonic(), None
        child.ready = False
        child.said.clear()
        self._selector.register(words_read, selectors.EVENT_READ, child)

    def _be_child(self, child: _Child, words: int) -> None:
        """The life of a child; never returns, so that nothing of the parent runs twice."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            self._selector.close()
            self._wake_read.close()
            self._wake_write.close()
            os.close(
                self._alive_write
            )  # held by the parent alone, so that its death is seen at the other end
            self._work(child.index, lambda: _say(words, b"ready\n"), self._alive_read)
            code = 0
        except StartError as error:
            _say(words, f"{error.exit_code}\0{error.what}\0{error.hint}".encode())
            code = error.exit_code
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _end(self) -> None:
        """Asks every child to finish, waits for the grace and a little, then kills."""
        for number, limit in ((signal.SIGTERM, self._grace + 0.5), (signal.SIGKILL, 5.0)):
            living = [child for child in self._children if child.pid]
            for child in living:
                os.kill(child.pid, number)
            end = time.monotonic() + limit
            while living and time.monotonic() < end:
                for child in living:
                    if os.waitpid(child.pid, os.WNOHANG)[0]:
                        child.pid = 0
                living = [child for child in living if child.pid]
                time.sleep(0.01)


def _say(descriptor: int, words: bytes) -> None:
    os.write(descriptor, words)
