"""What may notice that a façade is wrong: the cases, and the golden specs beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.cases.case import Case
from harness.execute import World, execute
from harness.golden.case import as_case
from harness.golden.replay import replay
from harness.golden.spec import GoldenSpec
from harness.judge.facts import Facts


@dataclass(frozen=True, slots=True)
class Witnesses:
    """All of them by id. A golden spec is judged as a case, but sent in its own partial order."""

    cases: Mapping[str, Case]  # those that specs are judged as included
    specs: Mapping[str, GoldenSpec]

    def facts(self, name: str, world: World) -> Facts:
        """What one of them sees of a façade. Raises NoContainerError."""
        if name in self.specs:
            return replay(self.specs[name], world)
        return execute(self.cases[name], world)


def witnesses(cases: Iterable[Case], specs: Iterable[GoldenSpec] = ()) -> Witnesses:
    """These cases and golden specs."""
    recorded = {spec.id: spec for spec in specs}
    known = {case.id: case for case in cases} | {name: as_case(spec) for name, spec in recorded.items()}
    return Witnesses(known, recorded)
