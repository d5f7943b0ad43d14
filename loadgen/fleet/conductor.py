"""The conductor of a run: gathers the workers, holds the barriers, names who is missing, and ends every wait.

It knows neither Locust nor sockets: who is there, how a word is sent and what time it is are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from loadgen.fleet.barrier import Barrier
from loadgen.fleet.clock import NS, Sample
from loadgen.fleet.job import Job, dump
from loadgen.fleet.ledger import Ledger
from loadgen.fleet.member import Member
from loadgen.fleet.messages import Word
from loadgen.fleet.ranks import ranks_of, spoken
from loadgen.fleet.surroundings import Audience, Clock, Fleet, Message
from loadgen.plan.values import Phase
from loadgen.record import lines
from loadgen.record.delta import Delta
from loadgen.validity.contents import CONTENTS

_POLL = 0.02  # seconds between two looks at a wait
_PINGS = 8
_CLOCKS = 2.0  # seconds that all pings may take
_LEAD = 0.2  # seconds between the word "go" and the begin of a phase, so that it reaches everybody in time
_PROGRESS = 0.2  # seconds


class Conductor:
    """One run."""

    def __init__(self, job: Job, fleet: Fleet, clock: Clock, audience: Audience) -> None:
        self._job = job
        self._fleet = fleet
        self._clock = clock
        self._audience = audience
        self._origin = clock.now()
        self._arrived: dict[str, Message] = {}  # what each worker said of itself
        self._members: dict[str, Member] = {}
        self._fit: set[str] = set()
        self._byes: dict[str, Message] = {}
        self._barrier = Barrier((), 0)
        self._stage: tuple[Word, int] | None = None  # what the barrier is for: a word and a phase
        self._ledger: Ledger | None = None
        self._why = ""  # the run ends early
        self._short = ""  # ranks that did not come through a phase
        self._closing = False
        self._noted = 0

    def run(self) -> None:
        """The run from its first worker to its last. Every way out ends with the note `over`."""
        try:
            if self._gather():
                self._phases()
                self._part()
        finally:
            self._closing = True
            lost = [member for member in self._members.values() if member.lost]
            why = self._why or (f"{_several(lost)} lost on the way" if lost else self._short)
            self._audience.note("over", complete=not why, why=why)

    def end(self, what: str, said: str, **facts: object) -> None:
        """Ask for an early end: the phase is stopped, what was done is kept, and the run is marked."""
        if not self._why and not self._closing:
            self._why = said
            self._event(what, said, **facts)

    def hear(self, worker: str, word: Word, data: Message) -> None:
        """A worker said something."""
        if word is Word.HELLO:
            self._greet(worker, data)
            return
        member = self._members.get(worker)
        if member is None or member.lost:
            return
        match word:
            case Word.FIT:
                self._fit.add(worker)
            case Word.UNFIT:
                self._refuse(member, data)
            case Word.PONG:
                self._pong(member, data)
            case Word.AT:
                self._arrive(worker, Word.AT, data["phase"])
            case Word.DELTA | Word.DONE:
                self._report(member, word, data)
            case Word.BYE:
                self._byes[worker] = data
            case _:
                raise ValueError(f"workers do not say {word}")

    # ------------------------------------------------------------------------------------- before

    def _greet(self, worker: str, data: Message) -> None:
        if self._members and worker not in self._members:
            # Its ranks are played by others, or lost for good: a phase cannot be joined on the way.
            self._event("worker-late", f"a worker of {data['host']} came too late and takes no part")
            self._fleet.send(worker, Word.END, {})
        else:
            self._arrived[worker] = data

    def _gather(self) -> bool:
        """Everybody is there, knows the job and can do it."""
        job, waits = self._job, self._job.waits
        if not self._wait(lambda: len(self._here()) >= job.workers, waits.gather):
            self.end("gather", f"{len(self._here())} of {job.workers} workers came within {waits.gather:g} s")
            return False
        for index, worker in enumerate(self._here()[: job.workers]):
            ranks = ranks_of(index, job.workers, job.plan.ranks)
            self._members[worker] = Member(worker, index, ranks, self._arrived[worker])
        versions = sorted({str(member.facts["version"]) for member in self._members.values()})
        if len(versions) > 1:
            self.end("versions", f"the workers are of different versions: {', '.join(versions)}")
            return False
        told = dump(job)
        for member in self._members.values():
            data = {"job": told, "index": member.index, "ranks": [*member.ranks]}
            self._fleet.send(member.id, Word.JOB, data)
        if not self._wait(lambda: self._fit >= {m.id for m in self._present()}, waits.ready):
            late = [member for member in self._present() if member.id not in self._fit]
            self.end("gather", f"{_several(late)} did not begin within {waits.ready:g} s")
        if not self._present():
            self.end("gather", "no worker is left")
        if self._why:
            return False
        workers = [{"worker": m.index, "ranks": spoken(m.ranks), **m.facts} for m in self._members.values()]
        self._event("fleet", f"{len(workers)} workers play {job.plan.ranks} ranks", workers=workers)
        self._set_clocks("start")
        return True

    def _here(self) -> list[str]:
        """Those who said hello and are still there: by number, then those without one as they came."""
        there = self._fleet.there()
        here = [worker for worker in self._arrived if worker in there]
        return sorted(here, key=lambda worker: _number(self._arrived[worker]))

    def _refuse(self, member: Member, data: Message) -> None:
        """It cannot go on, and says why."""
        if member.id not in self._fit:
            self._audience.note("refused", **data)
            self.end("unfit", f"{member.name}: {data['said']}")
        else:
            self._lose(member, f"gave up: {data['said']}")

    def _set_clocks(self, when: str) -> None:
        """Ask every clock some times; the answer that took the shortest way counts."""
        asked = self._present()
        for member in asked:
            member.samples = []
            self._ping(member)
        self._wait(lambda: all(m.lost or len(m.samples) >= _PINGS for m in asked), _CLOCKS, through=True)
        for member in asked:
            member.settle()
        self._event(
            "clock",
            f"clocks compared at the {when}",
            at=when,
            workers=[member.clock() for member in asked],
        )

    def _ping(self, member: Member) -> None:
        self._fleet.send(member.id, Word.PING, {"sent": self._clock.now()})

    def _pong(self, member: Member, data: Message) -> None:
        back = self._clock.now()
        sample = Sample(data["sent"], data["received"], data["answered"], back)
        if all(sample.round_trip < other.round_trip for other in member.samples):
            member.wall_offset_ns = data["wall"] - (self._clock.wall() - sample.round_trip // 2)
        member.samples.append(sample)
        if len(member.samples) < _PINGS:
            self._ping(member)

    # ------------------------------------------------------------------------------------- phases

    def _phases(self) -> None:
        phases = self._job.plan.phases
        for number, phase in enumerate(phases):
            self._phase(number, phase)
            if self._why:
                return
            if phase.pause_s and number + 1 < len(phases):
                self._wait(lambda: False, phase.pause_s)

    def _phase(self, number: int, phase: Phase) -> None:
        """From barrier to barrier."""
        ready = self._begin(number, phase)
        if not ready:
            self.end("abandoned", f"{_titled(phase)}: no worker is left")
            return
        start = self._clock.now() + int(_LEAD * NS)
        until = start + int(phase.deadline_s * NS)
        ledger = self._ledger = Ledger(phase, number, self._seconds(start), [m.index for m in ready])
        for member in ready:
            theirs = member.offset.theirs
            data = {"phase": number, "start": theirs(start), "until": theirs(until)}
            self._fleet.send(member.id, Word.GO, data)
        done = self._meet(Word.DONE, number, [m.id for m in ready], (until - self._clock.now()) / NS)
        if done.waiting:
            if not self._why:
                said = f"{_titled(phase)} was not through within its {phase.deadline_s:g} s"
                self._event("deadline", said, phase=phase.name, iteration=phase.iteration)
            self._say_all(Word.STOP, {"phase": number})
            done = self._meet(Word.DONE, number, done.waiting, self._job.waits.stop, through=True)
        if done.waiting:
            self._name("silent", phase, done.waiting, "did not say what they did")
        self._close(ledger)

    def _begin(self, number: int, phase: Phase) -> list[Member]:
        """The barrier before a phase: those who stand at it."""
        if number:  # clocks drift, and a long phase may lie behind
            self._set_clocks(f"begin of {_titled(phase)}")
        for member in self._present():
            data = {"phase": number, "origin": member.offset.theirs(self._origin)}
            self._fleet.send(member.id, Word.PREPARE, data)
        at = self._meet(Word.AT, number, [m.id for m in self._present()], self._job.waits.ready)
        if at.waiting and not self._why:
            self._name("late", phase, at.waiting, f"did not come to it within {self._job.waits.ready:g} s")
        return [] if self._why else [m for m in self._present() if m.id not in at.missing]

    def _close(self, ledger: Ledger) -> None:
        """The barrier after a phase: those who never came to it are named."""
        gone = {r for m in self._members.values() if m.index not in ledger.finished for r in m.ranks}
        missing = sorted((gone | ledger.unfinished) & _cast(ledger.phase))
        for line in ledger.close(missing):
            self._audience.line(line)
        self._note_progress(ledger)
        self._ledger = None
        if missing:
            said = f"ranks {spoken(missing)} did not come to the barrier after {_titled(ledger.phase)}"
            self._short = self._short or said
            self._event("missing-ranks", said, ranks=missing)

    def _meet(
        self, word: Word, number: int, expected: Iterable[str], seconds: float, *, through: bool = False
    ) -> Barrier:
        """Wait for all of them to say so; those that are lost meanwhile are waited for no longer."""
        barrier = Barrier(expected, self._clock.now() + int(max(0.0, seconds) * NS))
        self._stage, self._barrier = (word, number), barrier
        self._wait(lambda: barrier.over(self._clock.now()), seconds, through=through)
        self._stage = None
        return barrier

    def _arrive(self, worker: str, word: Word, number: int) -> None:
        if self._stage == (word, number):
            self._barrier.arrive(worker)

    def _report(self, member: Member, word: Word, data: Message) -> None:
        """What a worker did since it last spoke."""
        ledger = self._ledger
        if ledger is None or ledger.number != data["phase"]:
            return
        delta = Delta.from_json(data["delta"])
        for line in ledger.add(member.index, delta, float(data["through"]), self._clock.now()):
            self._audience.line(line)
        if "usage" in data:
            self._use(member.index, member.facts["host"], data["usage"])
        if word is Word.DONE:
            ranks = [self._rank(member, ledger.phase, tally) for tally in data["tallies"]]
            ledger.finish(member.index, ranks, data["unfinished"])
            if data["trouble"]:
                self._event("op-log", f"{member.name}: {data['trouble']}", worker=member.index)
            if found := data.get("contents"):
                phase = {"phase": ledger.phase.name, "iteration": ledger.phase.iteration}
                self._event(CONTENTS, "reads were compared", worker=member.index, **phase, **found)
            self._arrive(member.id, Word.DONE, data["phase"])

    def _use(self, worker: int | str, host: str, sample: Message) -> None:
        self._event("usage", "what the generator used", worker=worker, host=host, **sample)

    def _rank(self, member: Member, phase: Phase, tally: Message) -> lines.Rank:
        """A rank's tally, its times as seconds from the run's start by the master's clock."""

        def moment(name: str) -> float | None:
            return self._seconds(member.offset.ours(tally[name])) if tally[name] else None

        return lines.Rank(
            phase.name,
            phase.iteration,
            tally["lane"],
            tally["rank"],
            member.index,
            moment("begin"),
            moment("end"),
            moment("data_end"),
            tally["sealing"] / NS,
            tally["files"],
            tally["ops"],
            tally["bytes"],
            tally["errors"],
            tally["failed"],
        )

    # --------------------------------------------------------------------------------------- after

    def _part(self) -> None:
        """Nobody is needed any more."""
        if self._present():
            self._set_clocks("end")
        self._closing = True
        self._say_all(Word.END, {})
        self._wait(
            lambda: all(m.id in self._byes for m in self._present()), self._job.waits.stop, through=True
        )
        logs = {str(self._members[worker].index): said["op_log"] for worker, said in self._byes.items()}
        if any(logs.values()):
            self._event("op-logs", "where the operation logs are", files=logs)

    # ----------------------------------------------------------------------------------------- all

    def _wait(self, over: Callable[[], bool], seconds: float, *, through: bool = False) -> bool:
        """Whether it came true within so many seconds; an early end of the run ends it, unless `through`."""
        deadline = self._clock.now() + int(max(0.0, seconds) * NS)
        while True:
            self._look()
            if over():
                return True
            if (self._why and not through) or self._clock.now() >= deadline:
                return False
            self._clock.rest(_POLL)

    def _look(self) -> None:
        """Who has gone since the last look, and whether the endpoint still does anything for anybody."""
        there = self._fleet.there()
        for member in self._present():
            if member.id not in there and not self._closing:
                self._lose(member, "is gone")
        ledger = self._ledger
        if ledger is not None:
            if self._clock.now() - self._noted >= _PROGRESS * NS:
                self._note_progress(ledger)
            if ledger.failing_for(self._clock.now()) >= self._job.waits.give_up:
                self.end("endpoint-lost", f"every operation has failed for {self._job.waits.give_up:g} s")

    def _lose(self, member: Member, how: str) -> None:
        member.lost = True
        self._barrier.lose(member.id)
        if self._ledger is not None:
            self._ledger.lose(member.index)
        said = f"{member.name} {how}, and with it ranks {spoken(member.ranks) or 'none'}"
        self._event("worker-lost", said, worker=member.index, ranks=[*member.ranks])
        # Should it come back, it takes no part any more.
        if self._ledger is not None:
            self._fleet.send(member.id, Word.STOP, {"phase": self._ledger.number})
        self._fleet.send(member.id, Word.END, {})

    def _note_progress(self, ledger: Ledger) -> None:
        self._noted = self._clock.now()
        phase = ledger.phase
        self._audience.note(
            "progress",
            t_s=self._seconds(self._noted),
            phase=phase.name,
            iteration=phase.iteration,
            begin_s=ledger.begin_s,
            **ledger.so_far,
        )

    def _name(self, what: str, phase: Phase, workers: Iterable[str], said: str) -> None:
        ranks = sorted(rank for worker in workers for rank in self._members[worker].ranks)
        self._event(what, f"the barrier of {_titled(phase)}: ranks {spoken(ranks)} {said}", ranks=ranks)

    def _present(self) -> list[Member]:
        return [member for member in self._members.values() if not member.lost]

    def _say_all(self, word: Word, data: Message) -> None:
        for member in self._present():
            self._fleet.send(member.id, word, data)

    def _event(self, what: str, said: str, **facts: object) -> None:
        self._audience.line(lines.Event(self._seconds(self._clock.now()), what, said, facts))

    def _seconds(self, at: int) -> float:
        return (at - self._origin) / NS


def _number(hello: Message) -> float:
    """The number that a worker was started with; those that joined have none."""
    return float("inf") if hello["number"] is None else float(hello["number"])


def _cast(phase: Phase) -> set[int]:
    """The ranks that have a part in a phase."""
    return {rank for lane in phase.lanes for rank in range(lane.first_rank, lane.first_rank + lane.ranks)}


def _titled(phase: Phase) -> str:
    return f"{phase.name} {phase.iteration}"


def _several(members: Iterable[Member]) -> str:
    return ", ".join(member.name for member in members)
