"""A case as a pytest item, and what all our items share: the world of their worker, wires, our own faults."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.cases.case import Case
from harness.cases.load import load_file
from harness.endpoint import Endpoint
from harness.exchange import Exchange
from harness.execute import NoContainerError, World, execute
from harness.judge.facts import Facts
from harness.judge.judge import judge
from harness.redact import redact_text
from harness.results.finding import Finding
from harness.results.record import Record, case_record, ending, file_name
from harness.results.wires import wire_json
from harness.session import Session
from harness.vocabulary import Verdict

SESSION = pytest.StashKey[Session]()
ENDPOINT = pytest.StashKey[Endpoint]()
WORLD = pytest.StashKey["World | NoContainerError"]()
RECORD = "blobproof"
"""The user property of a report that holds an item's record."""


class CaseFile(pytest.File):
    """A YAML file: one case, or a sweep of them."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its cases."""
        for case in load_file(self.path, self.config.stash[SESSION].root):
            yield CaseItem.from_parent(self, name=case.id, case=case)


class CaseItem(pytest.Item):
    """A case."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case

    def runtest(self) -> None:
        """Execute, judge, keep the wire. A server's faults are findings, never exceptions."""
        started = time.monotonic()
        exchanges = 0
        try:
            facts = self.execute(world(self.config))
            findings = judge(self.case, facts)
            seen = [fact.exchange for fact in facts.steps]
            keep_wire(self.config, self.case.id, seen, [fact.label for fact in facts.steps])
            exchanges = len(seen)
        except NoContainerError as error:
            findings = (ending(Verdict.BLOCKED, str(error)),)
        except Exception as error:  # our own bug: it stops no other case, nor does it look like the server's
            findings = (own_fault(self.config, self.case.id, error),)
        record = self.record(findings, exchanges, time.monotonic() - started)
        self.user_properties.append((RECORD, record))

    def execute(self, there: World) -> Facts:
        """Send it. Raises NoContainerError."""
        return execute(self.case, there)

    def record(self, findings: Sequence[Finding], exchanges: int, seconds: float) -> Record:
        """Its line in the results."""
        return case_record(self.case, findings, exchanges, seconds)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands, for pytest's own output."""
        return self.path, self.case.line - 1, self.case.id


def world(config: pytest.Config) -> World:
    """What the cases of this worker share, made when the first of them runs. Raises NoContainerError."""
    if WORLD not in config.stash:
        worker = getattr(config, "workerinput", {}).get("workerid", "")
        prefix = f"{config.stash[SESSION].prefix}{worker}{'-' if worker else ''}"
        try:
            config.stash[WORLD] = World(config.stash[ENDPOINT], prefix).__enter__()
        except NoContainerError as error:
            config.stash[WORLD] = error
    there = config.stash[WORLD]
    if isinstance(there, NoContainerError):
        raise there
    return there


def keep_wire(
    config: pytest.Config, record: str, exchanges: Sequence[Exchange], labels: Sequence[str]
) -> None:
    """Write the wire file of a case or scenario."""
    path = config.stash[SESSION].folder / "wires" / f"{file_name(record)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    wire = wire_json(record, exchanges, labels, config.stash[ENDPOINT])
    path.write_text(json.dumps(wire, ensure_ascii=False), encoding="utf-8", errors="backslashreplace")


def own_fault(config: pytest.Config, record: str, error: BaseException) -> Finding:
    """A failure of ours: one line in the results, the whole traceback in the run folder."""
    endpoint, name = config.stash[ENDPOINT], f"errors/{file_name(record)}.txt"
    path = config.stash[SESSION].folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(redact_text("".join(traceback.format_exception(error)), endpoint), encoding="utf-8")
    said = " ".join(redact_text(f"{type(error).__name__}: {error}", endpoint).split())
    return ending(Verdict.HARNESS_ERROR, f"{said} (see {name})")
