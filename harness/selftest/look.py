"""Looking at one façade, right or wrong, through some cases: what they noticed, and how it ended."""

from __future__ import annotations

import enum
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.containers import RUN_PREFIX
from harness.endpoints.builtin import reference
from harness.endpoints.certificates import Certificates
from harness.endpoints.credentials import Issuer
from harness.endpoints.errors import StartError
from harness.execute import NoContainerError, World
from harness.results.finding import Finding, verdict
from harness.results.record import ending, reason
from harness.selftest.notices import Notice
from harness.selftest.witnesses import Witnesses
from harness.vocabulary import Verdict

PREFIX = f"{RUN_PREFIX}selftest-"

_HOLDS = frozenset({Verdict.PASS, Verdict.LENIENT, Verdict.OBSERVED})
"""What a case that others need may end with; as in the results of a run."""


class Until(enum.Enum):
    """When enough is seen."""

    OWN = "a case noticed that one of the mutant's own requirements is broken"
    ANY = "a case noticed anything"
    END = "every case was run"


@dataclass(frozen=True, slots=True)
class Shared:
    """What all façades of a self-test have in common, so that nothing differs but the mutant."""

    certificates: Certificates
    issuer: Issuer


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be looked at. `mutant` None is the right façade."""

    mutant: str | None
    breaks: frozenset[str]
    cases: tuple[str, ...]  # or golden specs, in this order; what they need is run when it matters
    until: Until
    seconds: float  # after these, no further case is begun


@dataclass(frozen=True, slots=True)
class Seen:
    """One case on one façade."""

    case: str
    verdict: Verdict
    said: str  # why it is no pass; empty when it is one
    seconds: float
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What became of a task.

    `trouble` says why the façade could not be looked at to the end (it did not start, ended, hung);
    `fault` what failed in ourselves. Neither ever counts as noticed.
    """

    task: Task
    seen: tuple[Seen, ...] = ()
    trouble: str = ""
    fault: str = ""
    version: str = ""  # of the service, as the cases spoke it

    def own(self) -> Notice | None:
        """The first notice that one of the mutant's own requirements is broken."""
        return next((one for one in self._notices() if self.task.breaks.intersection(one.requirements)), None)

    def any(self) -> Notice | None:
        """The first notice."""
        return next(self._notices(), None)

    def _notices(self) -> Iterator[Notice]:
        return (notice for seen in self.seen for notice in seen.notices)


Tick = Callable[[int], None]
"""Told how many cases have been run."""


def look(task: Task, known: Witnesses, shared: Shared, tick: Tick = lambda done: None) -> Look:
    """Start a façade and run cases on it, until there is nothing more to learn."""
    with tempfile.TemporaryDirectory(prefix="blobproof-selftest-") as logs:
        try:
            with reference(
                task.mutant,
                logs=Path(logs),
                certificates=shared.certificates,
                issuer=shared.issuer,
                extra=("--no-fsync",),  # conformance is not about what a crash of the machine leaves
            ) as running:
                watch = _Watch(task, known, lambda: running.server.running, tick)
                try:
                    with World(running.endpoint, PREFIX) as world:
                        watch.through(world)
                except NoContainerError as error:
                    watch.trouble = str(error)
                return Look(task, tuple(watch.seen), watch.trouble, watch.fault, running.endpoint.version)
        except StartError as error:
            return Look(task, trouble=str(error))


class _Watch:
    """Runs the cases of a task, each at most once, and remembers what they said."""

    def __init__(self, task: Task, known: Witnesses, alive: Callable[[], bool], tick: Tick) -> None:
        self.seen: list[Seen] = []
        self.trouble = ""
        self.fault = ""
        self._task = task
        self._known = known
        self._alive = alive
        self._tick = tick
        self._kept: dict[str, Seen] = {}
        self._deadline = time.monotonic() + task.seconds

    def through(self, world: World) -> None:
        """Run case after case."""
        for number, name in enumerate(self._task.cases):
            if time.monotonic() > self._deadline:
                self.trouble = f"it took more than {self._task.seconds:.0f} s for {number} cases"
                return
            seen = self._run(name, world)
            if seen.notices:
                seen = self._settled(name, world)
            if not self._alive():  # what a dying server said last is no evidence
                self.trouble = f"the façade ended in the middle of {name}"
                return
            self.seen.append(seen)
            self._tick(number + 1)
            if self.fault or self._enough(seen):
                return

    def _enough(self, seen: Seen) -> bool:
        match self._task.until:
            case Until.OWN:
                return any(self._task.breaks.intersection(one.requirements) for one in seen.notices)
            case Until.ANY:
                return bool(seen.notices)
            case Until.END:
                return False

    def _settled(self, name: str, world: World) -> Seen:
        """A case when those that it needs have had their word: one that is blocked has noticed nothing."""
        seen = self._run(name, world)
        for need in self._known.cases[name].needs:
            if need in self._known.cases and (said := self._settled(need, world).verdict) not in _HOLDS:
                return Seen(name, Verdict.BLOCKED, f"{need}, which it needs, is {said}", seen.seconds)
        return seen

    def _run(self, name: str, world: World) -> Seen:
        if name not in self._kept:
            started = time.monotonic()
            findings: Sequence[Finding]
            found: Sequence[Notice] = ()
            try:
                findings, found = self._known.look(name, world)
            except NoContainerError as error:
                findings = (ending(Verdict.BLOCKED, str(error)),)
            except Exception as error:  # a bug of ours: it must not look like a mutant that was noticed
                findings = (ending(Verdict.HARNESS_ERROR, f"{type(error).__name__}: {error}"),)
            said = verdict(findings)
            why = reason(said, findings) or ""
            if said is Verdict.HARNESS_ERROR:
                self.fault = f"{name}: {why}"
            self._kept[name] = Seen(name, said, why, time.monotonic() - started, tuple(found))
        return self._kept[name]
