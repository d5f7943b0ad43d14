"""The one process of a run that writes results: it takes the records of all items, and settles them."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import pytest

from harness.cases.load import load_tree
from harness.endpoint import Endpoint
from harness.golden import document as golden
from harness.golden.items import golden_record
from harness.items import RECORD
from harness.ledger import settle
from harness.redact import redact_text
from harness.results.finding import Finding
from harness.results.record import Record, case_record, ending, reproduce, scenario_record
from harness.results.write import ResultsWriter
from harness.resume import standing
from harness.rules.tally import Tally
from harness.scenarios import list_cells, list_scenarios
from harness.session import Session
from harness.vocabulary import Verdict


def settled(record: Record, session: Session, endpoint: Endpoint) -> Record:
    """The record as it is written: with the ledger's word on it, and no secret that an answer repeated."""

    def clean(finding: Record) -> Record:
        return {
            **finding,
            **{name: redact_text(finding[name], endpoint) for name in ("expected", "observed")},
        }

    said = {
        "reason": record["reason"] and redact_text(record["reason"], endpoint),
        "findings": [clean(finding) for finding in record["findings"]],
        "reproduce": reproduce(session.again, record),
    }
    return settle({**record, **said}, session.ledger, session.today)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """An interrupt waits until this is done: between a line and its count it would leave a file that lies."""
    waiting: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: waiting.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if waiting:
        raise KeyboardInterrupt


class Controller:
    """The one process that writes: without xdist ours, with it the one that the workers report to."""

    def __init__(self, session: Session, writer: ResultsWriter) -> None:
        self.session = session
        self.writer = writer
        self.tally = Tally()
        if session.kept:
            for record in standing(session.folder):
                self.tally.add(record)
                self.writer.add(record)
        self.uncollected: dict[str, str] = {}  # by the file's path below the root: why not

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Workers' reports come by here too. The last of an item's reports brings its record."""
        if report.when != "teardown":
            return
        for name, record in report.user_properties:
            if name == RECORD and isinstance(record, dict):
                with _undisturbed():
                    self.tally.add(record)
                    self.writer.add(record)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported brings nothing; what it said is for the records that are missing."""
        if report.failed:
            words = [line.lstrip("E ") for line in str(report.longrepr).splitlines() if line.strip()]
            self.uncollected[report.nodeid.partition("::")[0]] = words[-1] if words else "no reason was given"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """The footer says whether everything came. What never came, and was not interrupted, is our fault."""
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        with _undisturbed():
            for record in self.tally.records():
                self.writer.add(record)
            if self.writer.missing and not interrupted:
                for record in self._lost(frozenset(self.writer.missing)):
                    self.writer.add(record)
            self.writer.close(complete=not interrupted)

    def _lost(self, ids: frozenset[str]) -> Iterator[Record]:
        root = self.session.root
        if self.session.way is not None:
            for spec in golden.load_tree(root):
                if spec.id in ids:
                    yield golden_record(spec, (self._loss(spec.file.partition("/")[2]),), 0, 0.0)
            return
        for case in load_tree(root):
            if case.id in ids:
                yield case_record(case, (self._loss(case.file),), 0, 0.0)
        scale = self.session.scale
        for one in (*list_scenarios(root, scale=scale), *list_cells(root, scale=scale)):
            if one.id in ids:
                findings = (self._loss(one.file),)
                values = one.cell.values if one.cell is not None else None
                yield scenario_record(one.id, one.title, one.why, ("", ""), findings, 0, 0.0, cell=values)

    def _loss(self, file: str) -> Finding:
        found = (said for path, said in self.uncollected.items() if f"{file}/".startswith(f"{path}/"))
        why = next(found, None)
        said = f"it could not be loaded: {why}" if why else "the runner lost it"
        return ending(Verdict.HARNESS_ERROR, f"{said} (see pytest.log)")
