"""What may notice that a façade is wrong: the cases, workloads of many clients, and the golden specs."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from harness.cases.case import Case
from harness.execute import NoContainerError, World, execute
from harness.golden.case import as_case
from harness.golden.replay import replay
from harness.golden.spec import GoldenSpec
from harness.history.prove import NOTHING, Proof, recorded
from harness.history.workload import WORKLOADS
from harness.judge.judge import judge
from harness.results.finding import Finding, graded
from harness.results.record import ending
from harness.scenario import Ended
from harness.scenarios import Listed
from harness.selftest.notices import Notice, notices
from harness.vocabulary import Level, Verdict

HISTORIES = "histories"
"""The gate whose scenarios are workloads: what they notice is a race, which no case can see."""

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Witnesses:
    """All of them by id. A golden spec is judged as a case, but sent in its own partial order."""

    cases: Mapping[str, Case]  # those that specs and workloads stand for included
    specs: Mapping[str, GoldenSpec]
    workloads: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # their names

    def look(self, name: str, world: World) -> tuple[Sequence[Finding], Sequence[Notice]]:
        """What one of them says of a façade, and what of that is wrong. Raises NoContainerError."""
        case = self.cases[name]
        if name in self.workloads:
            return _played(case, self.workloads[name], world)
        facts = replay(self.specs[name], world) if name in self.specs else execute(case, world)
        findings = judge(case, facts)
        return findings, tuple(notices(case, facts, findings))


def witnesses(
    cases: Iterable[Case], specs: Iterable[GoldenSpec] = (), scenarios: Iterable[Listed] = ()
) -> Witnesses:
    """These cases, golden specs, and workloads among the scenarios."""
    replays = {spec.id: spec for spec in specs}
    played = dict(_workloads(scenarios))
    known = {case.id: case for case in cases}
    known |= {one.id: _as_case(one) for one in played.values()}
    known |= {name: as_case(spec) for name, spec in replays.items()}
    return Witnesses(known, replays, {one.id: name for name, one in played.items()})


def _workloads(scenarios: Iterable[Listed]) -> Iterator[tuple[str, Listed]]:
    """The scenarios that are a workload, by its name."""
    for one in scenarios:
        name = one.id.rpartition("/")[2]
        if one.gate == HISTORIES and name in WORKLOADS:
            yield name, one


def _as_case(one: Listed) -> Case:
    """What the self-test must know of a workload; it has no steps."""
    return Case(one.id, one.title, "", Level.REQUIRED, one.why, one.tests, (), MappingProxyType({}), ())


def _played(case: Case, workload: str, world: World) -> tuple[Sequence[Finding], Sequence[Notice]]:
    container = f"{world.prefix}history-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="blobproof-history-") as folder:
        try:
            proof = recorded(Path(folder), world.endpoint, None, container, workload, seconds=_SECONDS)
        except Ended as error:
            raise NoContainerError(error.reason) from error
    return _told(case, proof)


def _told(case: Case, proof: Proof) -> tuple[Sequence[Finding], Sequence[Notice]]:
    if proof.holds and proof.doubt:
        return (ending(Verdict.INDETERMINATE, proof.doubt),), ()
    verdict = graded(proof.holds, Level.REQUIRED)
    about = "an order of everything that explains every answer"
    finding = Finding(about, Level.REQUIRED, verdict, NOTHING, proof.said)
    if proof.holds:
        return (finding,), ()
    return (finding,), (Notice(case.id, case.tests, about, verdict, NOTHING, proof.said),)
