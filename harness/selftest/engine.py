"""The self-test: first the right façade, then every mutant: its own cases, the golden specs, the others."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.cases.case import Case
from harness.endpoints.builtin import token_issuer
from harness.endpoints.certificates import issue
from harness.golden.spec import GoldenSpec
from harness.scenarios import Listed
from harness.selftest.look import Look, Seen, Shared, Task, Until
from harness.selftest.mutants import Mutant
from harness.selftest.notices import RULE_TESTS, needed, requirements_of_case
from harness.selftest.pool import Pool
from harness.selftest.results import Outcome, Result, Verified, result
from harness.selftest.witnesses import Witnesses, witnesses
from harness.vocabulary import ExitCode, Verdict

_CLEAN = frozenset({Verdict.PASS, Verdict.OBSERVED, Verdict.NOT_APPLICABLE})
_LEAST = 60.0  # seconds that a mutant has for its cases, whatever they are
_TIMES = 10.0  # and so many times as long as the right façade took for them
_BASELINE = 1800.0  # seconds for a share of the baseline, which has nothing to be measured by


class UncleanBaselineError(Exception):
    """The right façade cannot be looked at, or does not pass: that proves nothing about a wrong one."""

    exit_code = ExitCode.HARNESS
    hint = "Mend the cases or the façade first: `blobproof run reference --case ID` shows each."


@dataclass(slots=True)
class Watch:
    """Told how the self-test goes on. Does nothing itself."""

    phase: Callable[[str, int], None] = lambda name, steps: None  # a new one, with so many mutants or cases
    right: Callable[[int], None] = lambda cases: None  # how many cases the right façade has been given
    working: Callable[[str, int], None] = lambda mutant, cases: None  # how many a mutant has been given
    step: Callable[[Result], None] = lambda result: None  # what a mutant has come to in this phase


def selftest(
    cases: Sequence[Case],
    mutants: Sequence[Mutant],
    *,
    specs: Sequence[GoldenSpec] = (),
    scenarios: Sequence[Listed] = (),
    workers: int = 1,
    all_cases: bool = False,
    watch: Watch | None = None,
) -> Verified:
    """Every mutant through the cases, the workloads among the scenarios, and the golden specs.

    Raises UncleanBaselineError, StartError.
    """
    known = witnesses(cases, specs, scenarios)
    with _shared() as shared, Pool(known, shared, workers) as pool:
        engine = _Engine(known, mutants, pool, workers, watch or Watch())
        (engine.look_at_all if all_cases else engine.look_for_kills)()
        return engine.verified()


@contextlib.contextmanager
def _shared() -> Iterator[Shared]:
    with tempfile.TemporaryDirectory(prefix="blobproof-selftest-") as folder:
        certificates = issue(Path(folder) / "certificates")
        with token_issuer(certificates, Path(folder)) as issuer:
            yield Shared(certificates, issuer)


@dataclass(slots=True)
class _Engine:
    known: Witnesses
    mutants: Sequence[Mutant]
    pool: Pool
    workers: int
    watch: Watch
    cases: Mapping[str, Case] = field(init=False)  # authored ones, and workloads
    own: dict[str, tuple[str, ...]] = field(init=False)  # by mutant: the cases that test what it breaks
    looks: dict[str, list[Look]] = field(init=False)  # by mutant
    baseline: dict[str, Seen] = field(default_factory=dict)
    version: str = ""

    def __post_init__(self) -> None:
        specs = self.known.specs
        self.cases = {name: case for name, case in self.known.cases.items() if name not in specs}
        tested = {name: requirements_of_case(case) for name, case in self.cases.items()}
        self.own = {
            one.name: tuple(name for name in self.cases if tested[name].intersection(one.breaks))
            for one in self.mutants
        }
        self.looks = {one.name: [] for one in self.mutants}

    def look_for_kills(self) -> None:
        """Each mutant until a requirement of its own is found broken; else until the suite is at its end."""
        self._baseline(case for one in self.mutants for case in self.own[one.name])
        with_own = [one for one in self.mutants if self.own[one.name]]
        self._phase("their own cases", [self._task(one, self.own[one.name], Until.OWN) for one in with_own])
        if (unsettled := self._unsettled()) and self.known.specs:
            self._baseline(self.known.specs)
            self._phase("golden specs", [self._task(one, self._specs, Until.ANY) for one in unsettled])
        if unsettled := self._unsettled():
            self._baseline(self.cases)
            self._phase(
                "other cases", [self._task(one, self._others(one), self._until(one)) for one in unsettled]
            )

    def look_at_all(self) -> None:
        """Each mutant through every case, its own first, and every golden spec."""
        self._baseline(self.known.cases)
        orders = {one.name: (*self.own[one.name], *self._others(one), *self._specs) for one in self.mutants}
        self._phase("all cases", [self._task(one, orders[one.name], Until.END) for one in self.mutants])

    def verified(self) -> Verified:
        """What has become of all."""
        results = tuple(self._result(one) for one in self.mutants)
        authored = len(self.cases) - len(self.known.workloads)
        return Verified(results, self.baseline, self.version, authored, len(self.known.specs))

    def _result(self, mutant: Mutant) -> Result:
        own, specs = frozenset(self.own[mutant.name]), frozenset(self.known.specs)
        return result(mutant, own, self.looks[mutant.name], specs)

    @property
    def _specs(self) -> tuple[str, ...]:
        return tuple(self.known.specs)

    def _unsettled(self) -> list[Mutant]:
        return [one for one in self.mutants if not self._settled(one)]

    def _settled(self, mutant: Mutant) -> bool:
        """Whether other cases could change nothing any more."""
        if not self.looks[mutant.name]:
            return False
        return self._result(mutant).outcome not in (Outcome.HOLE, Outcome.SURVIVED)

    def _others(self, mutant: Mutant) -> tuple[str, ...]:
        own = frozenset(self.own[mutant.name])
        return tuple(name for name in self.cases if name not in own)

    def _until(self, mutant: Mutant) -> Until:
        """Wire rules look at every exchange: in any case one may find a mutant's own requirement broken."""
        ruled = {one for tests in RULE_TESTS.values() for one in tests}
        return Until.OWN if ruled.intersection(mutant.breaks) else Until.ANY

    def _task(self, mutant: Mutant, cases: tuple[str, ...], until: Until) -> Task:
        usual = sum(self.baseline[name].seconds for name in cases)
        return Task(mutant.name, frozenset(mutant.breaks), cases, until, _LEAST + _TIMES * usual)

    def _phase(self, name: str, tasks: Sequence[Task]) -> None:
        if not tasks:
            return
        by_name = {one.name: one for one in self.mutants}
        self.watch.phase(name, len(tasks))
        for look in self.pool.run(tasks, lambda task, done: self.watch.working(task.mutant or "", done)):
            mutant = by_name[look.task.mutant or ""]
            self.looks[mutant.name].append(look)
            self.watch.step(self._result(mutant))

    def _baseline(self, ids: Iterable[str]) -> None:
        """The right façade through these cases and those they need. Raises UncleanBaselineError."""
        open_ = [name for name in needed(self.known.cases, ids) if name not in self.baseline]
        shares = [tuple(open_[first :: self.workers]) for first in range(self.workers)]
        tasks = [Task(None, frozenset(), share, Until.END, _BASELINE) for share in shares if share]
        if not tasks:
            return
        self.watch.phase("the right façade", len(open_))
        wrong: dict[str, str] = {}
        done: dict[tuple[str, ...], int] = {}

        def tell(task: Task, cases: int) -> None:
            done[task.cases] = cases
            self.watch.right(sum(done.values()))

        for look in self.pool.run(tasks, tell):
            self.baseline |= {seen.case: seen for seen in look.seen}
            self.version = look.version
            wrong |= {seen.case: said for seen in look.seen if (said := _unclean(seen))}
            if said := look.fault or look.trouble:
                raise UncleanBaselineError(f"the right façade cannot be looked at: {said}")
            tell(look.task, len(look.seen))
        if wrong:
            lines = "".join(f"\n  {case}: {said}" for case, said in sorted(wrong.items()))
            count = "1 case does" if len(wrong) == 1 else f"{len(wrong)} cases do"
            raise UncleanBaselineError(
                f"{count} not pass on the right façade, so no mutant is looked at:{lines}"
            )


def _unclean(seen: Seen) -> str:
    """What is wrong with a case on the right façade; empty when nothing is."""
    if seen.verdict not in _CLEAN:
        return seen.said or str(seen.verdict)
    return seen.notices[0].said if seen.notices else ""
