"""A worker process: Locust's worker runner with our player in it.

Started as `python -m loadgen.fleet.worker`. It reads one line of JSON from standard input: where the master
is, and the folder for its operation log. The end of the input is the end of whoever started it, and its own.
The endpoint comes in an environment variable, with its credentials. A worker that joins from another host may
be given none: then the master says where the endpoint is, and the credentials are those of this host.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Before Locust, which takes `select.epoll` away from whoever is imported after it.
from loadgen.fleet.player import Player  # isort: split

import gevent
import locust.runners
from gevent.fileobject import FileObject
from gevent.queue import Queue
from locust.env import Environment
from locust.runners import WorkerRunner

from harness.endpoint import Endpoint, Style
from harness.endpoints import config, handover
from harness.vocabulary import ExitCode
from loadgen.fleet.job import Place, load
from loadgen.fleet.machine import facts, stamp
from loadgen.fleet.messages import TO_WORKER, Word
from loadgen.fleet.user import EngineUser

_MASTER_SILENT = 15
"""Seconds without a heartbeat of the master after which a worker leaves."""
_RETRIES = 12
"""Each takes 5 s: how often a master that is not there yet is tried."""

Message = dict[str, Any]


class Actor:
    """Hears what the master says, and does it in the greenlet of the one user."""

    def __init__(self, runner: WorkerRunner, endpoint: Endpoint | None, folder: Path) -> None:
        self._runner = runner
        self._endpoint = endpoint
        self._folder = folder
        self._orders: Queue[tuple[Word, Message]] = Queue()
        self._player: Player | None = None
        self._busy = False

    def hear(self, word: Word, data: Message) -> None:
        """The master said something. What cannot wait is done at once."""
        if word is Word.PING:
            self.say(Word.PONG, {**data, **stamp()})
        elif word is Word.STOP:
            if self._player is not None:
                self._player.stop(data["phase"])
        else:
            self._orders.put((word, data))

    def say(self, word: Word, data: Message) -> None:
        """Tell the master."""
        self._runner.send_message(word.value, data)

    def perform(self) -> bool:
        """Do everything that the master says. Returns False at once where another user does so already."""
        if self._busy:
            return False
        self._busy = True
        while True:
            word, data = self._orders.get()
            if word is Word.END:
                self.say(Word.BYE, {"op_log": self._player.close() if self._player else ""})
                return True
            try:
                self._do(word, data)
            except Exception as error:
                logging.exception("this worker cannot go on")
                code = getattr(error, "exit_code", ExitCode.HARNESS)
                said = str(error) or type(error).__name__
                told = {"said": said, "hint": getattr(error, "hint", ""), "exit_code": int(code)}
                self.say(Word.UNFIT, told)

    def _do(self, word: Word, data: Message) -> None:
        if word is Word.JOB:
            self._player = self._prepared(data)
            self.say(Word.FIT, {})
            return
        if self._player is None:
            raise RuntimeError("the master spoke of a phase before it gave a job")
        if word is Word.PREPARE:
            self._player.prepare(data["origin"])
            self.say(Word.AT, {"phase": data["phase"]})
        elif word is Word.GO:
            self.say(Word.DONE, self._player.play(data["phase"], data["start"], data["until"]))

    def _prepared(self, data: Message) -> Player:
        job = load(data["job"])
        endpoint = self._endpoint or at_home(job.place)

        def tell(told: Message) -> None:
            self.say(Word.DELTA, told)

        return Player(job, data["index"], data["ranks"], endpoint, self._folder, tell, Hub)


class Hub:
    """Waits for a file descriptor in gevent's hub, so that the other greenlets run meanwhile."""

    def __init__(self, descriptor: int) -> None:
        self._hub = gevent.get_hub()
        self._watcher = self._hub.loop.io(descriptor, 1)

    def wait(self, seconds: float) -> None:
        """Until it can be read, or so long; at least once, the others get their turn."""
        if seconds <= 0:
            gevent.sleep(0)
            return
        with gevent.Timeout(seconds, exception=False):
            self._hub.wait(self._watcher)


def at_home(place: Place) -> Endpoint:
    """The endpoint of a job, with the credentials of this host. Raises an `EndpointError`."""
    return config.from_url(place.url, os.environ, style=Style(place.style))


def main() -> None:
    """Work for one run."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    orders = FileObject(sys.stdin.buffer.fileno(), "rb", close=False)
    order: Message = json.loads(orders.readline())
    held = os.environ.pop(handover.VARIABLE, "")
    locust.runners.MASTER_HEARTBEAT_TIMEOUT = _MASTER_SILENT
    locust.runners.CONNECT_RETRY_COUNT = _RETRIES
    gevent.spawn(_outlive_nobody, orders)
    environment = Environment(user_classes=[EngineUser])
    try:
        runner = environment.create_worker_runner(order["host"], order["port"])
    except ConnectionError:
        sys.exit(ExitCode.INDETERMINATE)
    actor = Actor(runner, handover.load(held) if held else None, Path(order["folder"]))
    # How the user finds it; Locust makes users itself.
    environment.actor = actor  # type: ignore[attr-defined]
    for word in TO_WORKER:
        runner.register_message(word.value, _listener(actor, word))
    actor.say(Word.HELLO, {**facts(), "number": order["number"]})
    runner.greenlet.join()


def _listener(actor: Actor, word: Word) -> Callable[..., None]:
    def heard(msg: Any, **_: object) -> None:
        actor.hear(word, msg.data)

    return heard


def _outlive_nobody(orders: FileObject) -> None:
    """Whoever started us is gone, or says that it is over. What was not told by now is nobody's any more."""
    orders.readline()
    os._exit(ExitCode.INDETERMINATE)


if __name__ == "__main__":
    main()
