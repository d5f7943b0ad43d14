"""A golden spec as a pytest item, beside the cases of the suites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from harness.execute import World
from harness.golden.case import as_case
from harness.golden.document import load
from harness.golden.replay import replay
from harness.golden.spec import GoldenSpec
from harness.golden.ways import Way
from harness.items import SESSION, CaseItem
from harness.judge.facts import Facts
from harness.results.finding import Finding
from harness.results.record import Record, case_record


class GoldenFile(pytest.File):
    """A YAML file under the traces: one spec."""

    def collect(self) -> Iterator[pytest.Item]:
        """It."""
        spec = load(self.path, self.config.stash[SESSION].root)
        yield GoldenItem.from_parent(self, name=spec.id, spec=spec)


class GoldenItem(CaseItem):
    """A golden spec, replayed as the session says."""

    def __init__(self, *, spec: GoldenSpec, **rest: Any) -> None:
        super().__init__(case=as_case(spec), **rest)
        self.spec = spec

    def execute(self, there: World) -> Facts:
        """Replay it. Raises NoContainerError."""
        return replay(self.spec, there, self.config.stash[SESSION].way or Way.RECORDED)

    def record(self, findings: Sequence[Finding], exchanges: int, seconds: float) -> Record:
        """Its line in the results."""
        return golden_record(self.spec, findings, exchanges, seconds)


def golden_record(spec: GoldenSpec, findings: Sequence[Finding], exchanges: int, seconds: float) -> Record:
    """The line of a spec that was replayed: that of a case, with whose flow it is."""
    return {
        **case_record(as_case(spec), findings, exchanges, seconds),
        "client": spec.client,
        "client_version": spec.client_version,
        "flow": spec.flow,
    }
