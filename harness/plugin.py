"""Our pytest plugin: YAML cases become items, client scenarios get their fixtures, and each yields a record.

`harness.run` starts pytest with it. Workers (with pytest-xdist, or the one process there is without) run the
items and hand their records over in the reports; the controller alone writes results.jsonl.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.cases.case import Case
from harness.cases.load import load_file, load_tree
from harness.endpoint import Endpoint
from harness.endpoints import handover
from harness.exchange import Exchange
from harness.execute import NoContainerError, World, execute
from harness.judge.judge import judge
from harness.ledger import settle
from harness.redact import redact_text
from harness.results.finding import Finding
from harness.results.read import FILE
from harness.results.record import Record, case_record, ending, file_name, reproduce, scenario_record
from harness.results.wires import wire_json
from harness.results.write import ResultsWriter
from harness.rules.check import check
from harness.rules.tally import Tally, in_passing
from harness.scenario import Ended, Scenario
from harness.scenarios import LARGE, Listed, list_scenarios, scenario_id
from harness.session import Session
from harness.vocabulary import Verdict

_SESSION = pytest.StashKey[Session]()
_ENDPOINT = pytest.StashKey[Endpoint]()
_WANTED = pytest.StashKey[frozenset[Path]]()
_WORLD = pytest.StashKey["World | NoContainerError"]()
_SCENARIO = pytest.StashKey[Scenario]()
_ENDING = pytest.StashKey[Finding]()
_STARTED = pytest.StashKey[float]()
_LISTED = pytest.StashKey[dict[str, Listed]]()
_RECORD = "blobproof"


def pytest_addoption(parser: pytest.Parser) -> None:
    """What conftest files of the suites may ask for."""
    parser.addoption("--scale", default="normal", choices=("normal", LARGE), help="size of the data sets")


def pytest_configure(config: pytest.Config) -> None:
    """Read what the run has told us; the controller opens the results."""
    # A shell that starts the command in the background has it ignore Ctrl-C, and we would inherit that; but
    # the signal is how `run` asks us to end, and no terminal sends it here: this session is our own.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    session = Session.load(Path(os.environ[Session.VARIABLE]))
    config.stash[_SESSION] = session
    files = [session.suites / file for file in session.files]
    config.stash[_WANTED] = frozenset({*files, *(folder for file in files for folder in file.parents)})
    config.stash[_ENDPOINT] = endpoint = handover.load(os.environ[handover.VARIABLE])
    if not hasattr(config, "workerinput"):
        writer = ResultsWriter(
            session.folder / FILE,
            session.header,
            session.ids,
            lambda record: _settled(record, session, endpoint),
        )
        config.pluginmanager.register(_Controller(session, writer), "blobproof-controller")


# --- collecting ---


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Only files that hold something of this run are looked at, and the folders above them."""
    return None if collection_path in config.stash[_WANTED] else True


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Case files are those in a folder of the suites; the files beside the folders say other things."""
    if file_path.suffix == ".yaml" and file_path.parent != parent.config.stash[_SESSION].suites:
        return CaseFile.from_parent(parent, path=file_path)
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Only what the run selected; cases first, they are quick and say most."""
    session = config.stash[_SESSION]
    order = {one: number for number, one in enumerate(session.ids)}
    kept = [item for item in items if _id(item, session) in order]
    items[:] = sorted(kept, key=lambda item: order[_id(item, session)])


def _id(item: pytest.Item, session: Session) -> str:
    if isinstance(item, CaseItem):
        return item.case.id
    return scenario_id(item.path.relative_to(session.suites), item.name)


class CaseFile(pytest.File):
    """A YAML file: one case, or a sweep of them."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its cases."""
        for case in load_file(self.path, self.config.stash[_SESSION].suites):
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
            findings, exchanges = _run_case(self.config, self.case)
        except NoContainerError as error:
            findings = (ending(Verdict.BLOCKED, str(error)),)
        except Exception as error:  # our own bug: it stops no other case, nor does it look like the server's
            findings = (_own_fault(self.config, self.case.id, error),)
        record = case_record(self.case, findings, exchanges, time.monotonic() - started)
        self.user_properties.append((_RECORD, record))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands, for pytest's own output."""
        return self.path, self.case.line - 1, self.case.id


def _run_case(config: pytest.Config, case: Case) -> tuple[tuple[Finding, ...], int]:
    facts = execute(case, _world(config))
    findings = judge(case, facts)
    exchanges = [fact.exchange for fact in facts.steps]
    _keep(config, case.id, exchanges, [fact.label for fact in facts.steps])
    return findings, len(exchanges)


def _world(config: pytest.Config) -> World:
    """What the cases of this worker share, made when the first of them runs. Raises NoContainerError."""
    if _WORLD not in config.stash:
        worker = getattr(config, "workerinput", {}).get("workerid", "")
        prefix = f"{config.stash[_SESSION].prefix}{worker}{'-' if worker else ''}"
        try:
            config.stash[_WORLD] = World(config.stash[_ENDPOINT], prefix).__enter__()
        except NoContainerError as error:
            config.stash[_WORLD] = error
    world = config.stash[_WORLD]
    if isinstance(world, NoContainerError):
        raise world
    return world


def _keep(config: pytest.Config, record: str, exchanges: Sequence[Exchange], labels: Sequence[str]) -> None:
    path = config.stash[_SESSION].folder / "wires" / f"{file_name(record)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    wire = wire_json(record, exchanges, labels, config.stash[_ENDPOINT])
    path.write_text(json.dumps(wire, ensure_ascii=False), encoding="utf-8", errors="backslashreplace")


# --- client scenarios ---


@pytest.fixture
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    """The endpoint under test."""
    return request.config.stash[_ENDPOINT]


@pytest.fixture(scope="session")
def options(request: pytest.FixtureRequest) -> Session:
    """What the run was told: `prefix` for container names, `scale` of the data."""
    return request.config.stash[_SESSION]


@pytest.fixture
def scenario(request: pytest.FixtureRequest, options: Session) -> Iterator[Scenario]:
    """What this scenario says about the endpoint; `work` is gone afterwards, `logs` stays with the run."""
    name = _id(request.node, options)
    logs = options.folder / "clients" / file_name(name)
    logs.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="blobproof-scenario-"))
    request.node.stash[_SCENARIO] = made = Scenario(id=name, work=work, logs=logs)
    yield made
    shutil.rmtree(work, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A scenario's record is complete when it has been torn down: it then goes with that report."""
    if not isinstance(item, CaseItem):
        if call.excinfo is not None and call.when != "teardown" and _ENDING not in item.stash:
            item.stash[_ENDING] = _ending(item, call.excinfo.value)
        if call.when == "teardown":
            item.user_properties.append((_RECORD, _scenario_record(item, call)))
    return (yield)


def _ending(item: pytest.Item, error: BaseException) -> Finding:
    if isinstance(error, Ended):
        return ending(error.verdict, error.reason, error.source)
    return _own_fault(item.config, _id(item, item.config.stash[_SESSION]), error)


def _own_fault(config: pytest.Config, record: str, error: BaseException) -> Finding:
    """A failure of ours: one line in the results, the whole traceback in the run folder."""
    endpoint, name = config.stash[_ENDPOINT], f"errors/{file_name(record)}.txt"
    path = config.stash[_SESSION].folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(redact_text("".join(traceback.format_exception(error)), endpoint), encoding="utf-8")
    said = " ".join(redact_text(f"{type(error).__name__}: {error}", endpoint).split())
    return ending(Verdict.HARNESS_ERROR, f"{said} (see {name})")


def _scenario_record(item: pytest.Item, call: pytest.CallInfo[None]) -> Record:
    name = _id(item, item.config.stash[_SESSION])
    listed = _listed(item.config)[name]
    made = item.stash.get(_SCENARIO, None)
    findings = [*made.findings] if made else []
    if _ENDING in item.stash:
        findings.append(item.stash[_ENDING])
    exchanges = [*made.seen] if made else []
    try:
        findings += _judged(exchanges, item.config.stash[_ENDPOINT])
        _keep(item.config, name, exchanges, [""] * len(exchanges))
    except Exception as error:  # our own bug again
        findings.append(_own_fault(item.config, name, error))
    if not findings:
        findings.append(ending(Verdict.HARNESS_ERROR, "the scenario ended without a finding"))
    client = (made.client, made.client_version) if made else ("", "")
    seconds = call.stop - item.stash.get(_STARTED, call.start)
    return scenario_record(name, listed.title, listed.why, client, findings, len(exchanges), seconds)


def _judged(exchanges: Sequence[Exchange], endpoint: Endpoint) -> Iterator[Finding]:
    """The wire rules over what a client sent and got: path style and host style each on their own."""
    prefixes = [_prefix(one.request.target, endpoint) for one in exchanges]
    for prefix in dict.fromkeys(prefixes):
        numbers = [number for number, one in enumerate(prefixes) if one == prefix]
        for finding in check([exchanges[number] for number in numbers], prefix).findings:
            # A finding's number is that in the wire file, where the others stand in between.
            yield dataclasses.replace(in_passing(finding), exchange=numbers[finding.exchange or 0])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """When it began."""
    item.stash[_STARTED] = time.time()


def _listed(config: pytest.Config) -> dict[str, Listed]:
    if _LISTED not in config.stash:
        session = config.stash[_SESSION]
        config.stash[_LISTED] = {one.id: one for one in list_scenarios(session.suites, scale=session.scale)}
    return config.stash[_LISTED]


def _prefix(target: str, endpoint: Endpoint) -> str:
    prefix = f"/{endpoint.account}"
    return prefix if target == prefix or target.startswith((f"{prefix}/", f"{prefix}?")) else ""


# --- results ---


def _settled(record: Record, session: Session, endpoint: Endpoint) -> Record:
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


class _Controller:
    """The one process that writes: without xdist ours, with it the one that the workers report to."""

    def __init__(self, session: Session, writer: ResultsWriter) -> None:
        self.session = session
        self.writer = writer
        self.tally = Tally()
        self.uncollected: dict[str, str] = {}  # by the file's path below the suites: why not

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Workers' reports come by here too. The last of an item's reports brings its record."""
        if report.when != "teardown":
            return
        for name, record in report.user_properties:
            if name == _RECORD and isinstance(record, dict):
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
        suites = self.session.suites
        for case in load_tree(suites):
            if case.id in ids:
                yield case_record(case, (self._loss(case.file),), 0, 0.0)
        for one in list_scenarios(suites, scale=self.session.scale):
            if one.id in ids:
                findings = (self._loss(one.file),)
                yield scenario_record(one.id, one.title, one.why, ("", ""), findings, 0, 0.0)

    def _loss(self, file: str) -> Finding:
        found = (said for path, said in self.uncollected.items() if f"{file}/".startswith(f"{path}/"))
        why = next(found, None)
        said = f"it could not be loaded: {why}" if why else "the runner lost it"
        return ending(Verdict.HARNESS_ERROR, f"{said} (see pytest.log)")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the connections that the cases shared."""
    world = session.config.stash.get(_WORLD, None)
    if isinstance(world, World):
        world.__exit__(None, None, None)
