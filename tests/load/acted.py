"""A fleet that is only acted: workers that follow the messages in a time of our own making."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from loadgen.fleet.conductor import NS, Conductor
from loadgen.fleet.job import Auth, Job, Place, Waits
from loadgen.fleet.messages import Word
from loadgen.fleet.surroundings import Message
from loadgen.plan.values import Action, FileSet, Lane, Phase, Plan
from loadgen.record import lines
from loadgen.record.recorder import Recorder
from tests.load.attempts import attempt

WAITS = Waits(gather=10, ready=5, stop=2, give_up=6)
_WAY = NS // 2000  # ns that a message takes


def plan(*, ranks: int = 4, phases: tuple[str, ...] = ("write", "restore"), deadline_s: float = 20) -> Plan:
    """A plan of so many phases with one lane each."""
    lane = Lane("lane", Action.UPLOAD, ("files",), ranks)
    return Plan(
        *("acted", "Acted", 1.0, 1, ranks, ranks, 1, "bp-acted", "bench"),
        (FileSet("files", ranks, 4096, "text"),),
        tuple(Phase(name, (lane,), deadline_s) for name in phases),
    )


def job(workers: int = 2, **how: Any) -> Job:
    """A job for so many workers."""
    place = Place("acted", "http://127.0.0.1:1/acted", "acted", "path", "2025-07-05")
    return Job(plan(**how), place, Auth.SHARED_KEY, workers, waits=WAITS)


@dataclass
class Actor:
    """How a worker behaves. Times are seconds; `ahead_ns` is what its clock is ahead of the master's."""

    ahead_ns: int = 0
    takes: float = 2.0  # a phase
    dies: float = float("inf")  # at this time of the master
    deaf_to: frozenset[Word] = frozenset()
    fails: bool = False  # every operation
    unfit: str = ""
    version: str = "1"
    comes: float = 0.0
    unfinished: bool = False  # when it is stopped
    said: list[Word] = field(default_factory=list)


class Stage:
    """The time, the workers and the audience of a run, all in one."""

    def __init__(self, job: Job, *actors: Actor) -> None:
        self._now = 1_000 * NS
        self._origin = self._now
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self.actors = {f"worker-{number}": actor for number, actor in enumerate(actors)}
        self.lines: list[lines.Line] = []
        self.notes: list[Message] = []
        self._phase: dict[str, int] = {}
        self._recorders: dict[str, Recorder] = {}
        self.conductor = Conductor(job, self, self, self)
        for number, (name, actor) in enumerate(self.actors.items()):
            hello = {"host": "here", "version": actor.version, "number": number}
            self.later(actor.comes, lambda name=name, hello=hello: self._speak(name, Word.HELLO, hello))

    # What the conductor needs of its surroundings.

    def there(self) -> Collection[str]:
        """Those who have come and have not died."""
        at = (self._now - self._origin) / NS
        return {name for name, actor in self.actors.items() if actor.comes <= at < actor.dies}

    def send(self, worker: str, word: Word, data: Message) -> None:
        """After a while, it hears it."""
        self.actors[worker].said.append(word)
        self.later(_WAY / NS, lambda: self._hear(worker, word, data))

    def now(self) -> int:
        """The master's clock."""
        return self._now

    def wall(self) -> int:
        """Its wall clock."""
        return self._now

    def rest(self, seconds: float) -> None:
        """Time passes, and what is due in it happens."""
        end = self._now + int(seconds * NS)
        while self._due and self._due[0][0] <= end:
            at, _, act = heapq.heappop(self._due)
            self._now = max(self._now, at)
            act()
        self._now = end

    def line(self, line: lines.Line) -> None:
        """A line of the run's file."""
        self.lines.append(line)

    def note(self, what: str, **facts: object) -> None:
        """What is not kept."""
        self.notes.append({"what": what, **facts})

    # What tests ask and do.

    def run(self) -> Stage:
        """The whole run."""
        self.conductor.run()
        return self

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Something happens after so long."""
        heapq.heappush(self._due, (self._now + int(seconds * NS), next(self._numbers), act))

    @property
    def over(self) -> Message:
        """How it ended."""
        return self.notes[-1]

    def events(self, what: str) -> list[lines.Event]:
        """The events of a kind."""
        return [one for one in self.lines if isinstance(one, lines.Event) and one.what == what]

    @property
    def phases(self) -> list[lines.Phase]:
        """The phases that came to an end."""
        return [one for one in self.lines if isinstance(one, lines.Phase)]

    @property
    def ranks(self) -> list[lines.Rank]:
        """What ranks told."""
        return [one for one in self.lines if isinstance(one, lines.Rank)]

    # The workers.

    def _speak(self, name: str, word: Word, data: Message) -> None:
        self.later(_WAY / NS, lambda: name in self.there() and self.conductor.hear(name, word, data))

    def _hear(self, name: str, word: Word, data: Message) -> None:
        actor = self.actors[name]
        if name not in self.there() or word in actor.deaf_to:
            return
        clock = self._now + actor.ahead_ns
        match word:
            case Word.PING:
                self._speak(name, Word.PONG, {**data, "received": clock, "answered": clock, "wall": clock})
            case Word.JOB if actor.unfit:
                self._speak(name, Word.UNFIT, {"said": actor.unfit, "hint": "", "exit_code": 2})
            case Word.JOB:
                self._speak(name, Word.FIT, {})
            case Word.PREPARE:
                self._recorders.setdefault(name, Recorder(data["origin"]))
                self._speak(name, Word.AT, {"phase": data["phase"]})
            case Word.GO:
                self._phase[name] = data["phase"]
                self._play(name, actor, data)
            case Word.STOP if self._phase.get(name) == data["phase"]:
                self._done(name, data["phase"], clock, [0, 1][: actor.unfinished])
            case Word.END:
                self._speak(name, Word.BYE, {"op_log": ""})

    def _play(self, name: str, actor: Actor, data: Message) -> None:
        number, start = data["phase"], data["start"]
        begin = (start - actor.ahead_ns - self._now) / NS
        self._recorders[name].begin(("write", "restore")[number])
        for second in range(1, int(actor.takes)):
            self.later(begin + second, lambda: self._tell(name, Word.DELTA, number))
        done = start + int(actor.takes * NS)
        self.later(begin + actor.takes, lambda: self._done(name, number, done, []))

    def _tell(self, name: str, word: Word, number: int, **more: Any) -> None:
        if self._phase.get(name) != number:
            return
        actor = self.actors[name]
        clock = self._now + actor.ahead_ns
        recorder = self._recorders[name]
        op, outcome = attempt(status=503 if actor.fails else 201)
        op.intended = clock - NS // 100
        recorder.op(op, outcome._replace(started=clock - NS // 100, first=clock, last=clock))
        through = (self._now - self._origin) // NS
        self._speak(
            name, word, {"phase": number, "through": through, "delta": recorder.take().to_json(), **more}
        )

    def _done(self, name: str, number: int, end: int, unfinished: list[int]) -> None:
        if self._phase.get(name) != number:
            return
        rank = int(name.rpartition("-")[2])
        times = {"begin": end - NS, "end": end, "data_end": end, "sealing": 0}
        tally = {
            "lane": "lane",
            "rank": rank,
            **times,
            "files": 1,
            "failed": 0,
            "ops": 1,
            "errors": 0,
            "bytes": 10,
        }
        self._tell(name, Word.DONE, number, tallies=[tally], unfinished=unfinished, trouble="")
        self._phase.pop(name)
