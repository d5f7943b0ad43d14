"""Our pytest plugin: cases and golden specs become items, client scenarios get their fixtures.

`harness.run` starts pytest with it. Workers (with pytest-xdist, or the one process there is without) run the
items and hand their records over in the reports; the controller alone writes results.jsonl.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import pytest

from harness.controller import Controller, settled
from harness.endpoint import Endpoint
from harness.endpoints import handover, open_endpoint
from harness.exchange import Exchange
from harness.execute import World
from harness.golden.items import GoldenFile
from harness.items import ENDPOINT, RECORD, SESSION, WORLD, CaseFile, CaseItem, keep_wire, own_fault
from harness.matrix.cell import Cell
from harness.matrix.served import Served, serve
from harness.results.finding import Finding
from harness.results.read import FILE
from harness.results.record import Record, ending, file_name, scenario_record
from harness.results.write import ResultsWriter
from harness.rules.check import check
from harness.rules.tally import in_passing
from harness.scenario import Ended, Scenario
from harness.scenarios import LARGE, Listed, list_cells, list_scenarios, scenario_id
from harness.session import Session
from harness.vocabulary import Verdict

_WANTED = pytest.StashKey[frozenset[Path]]()
_SCENARIO = pytest.StashKey[Scenario]()
_ENDING = pytest.StashKey[Finding]()
_STARTED = pytest.StashKey[float]()
_LISTED = pytest.StashKey[dict[str, Listed]]()
_SLACK = 15.0  # seconds beyond its budget that a cell may take at most to end its client and to look around


def pytest_addoption(parser: pytest.Parser) -> None:
    """What conftest files of the suites may ask for."""
    parser.addoption("--scale", default="normal", choices=("normal", LARGE), help="size of the data sets")


def pytest_configure(config: pytest.Config) -> None:
    """Read what the run has told us; the controller opens the results."""
    # A shell that starts the command in the background has it ignore Ctrl-C, and we would inherit that; but
    # the signal is how `run` asks us to end, and no terminal sends it here: this session is our own.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    session = Session.load(Path(os.environ[Session.VARIABLE]))
    config.stash[SESSION] = session
    files = [session.root / file for file in session.files]
    config.stash[_WANTED] = frozenset({*files, *(folder for file in files for folder in file.parents)})
    config.stash[ENDPOINT] = endpoint = handover.load(os.environ[handover.VARIABLE])
    if not hasattr(config, "workerinput"):
        writer = ResultsWriter(
            session.folder / FILE,
            session.header,
            session.ids,
            lambda record: settled(record, session, endpoint),
        )
        config.pluginmanager.register(Controller(session, writer), "blobproof-controller")


# --- collecting ---


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Only files that hold something of this run are looked at, and the folders above them."""
    return None if collection_path in config.stash[_WANTED] else True


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Case files are those in a folder of the suites; the files beside the folders say other things."""
    session = parent.config.stash[SESSION]
    if file_path.suffix != ".yaml" or file_path.parent == session.root:
        return None
    kind: type[pytest.File] = CaseFile if session.way is None else GoldenFile
    return kind.from_parent(parent, path=file_path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Only what the run selected; cases first, they are quick and say most."""
    session = config.stash[SESSION]
    there = frozenset(session.kept)
    order = {one: number for number, one in enumerate(session.ids) if one not in there}
    kept = [item for item in items if _id(item, session) in order]
    items[:] = sorted(kept, key=lambda item: order[_id(item, session)])


def _id_of(item: pytest.Item) -> str:
    return _id(item, item.config.stash[SESSION])


def _id(item: pytest.Item, session: Session) -> str:
    if isinstance(item, CaseItem):
        return item.case.id
    return scenario_id(item.path.relative_to(session.root), item.name)


# --- client scenarios ---


@pytest.fixture
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    """The endpoint under test."""
    return request.config.stash[ENDPOINT]


@pytest.fixture(scope="session")
def options(request: pytest.FixtureRequest) -> Session:
    """What the run was told: `prefix` for container names, `scale` of the data."""
    return request.config.stash[SESSION]


@pytest.fixture
def scenario(request: pytest.FixtureRequest, options: Session) -> Iterator[Scenario]:
    """What this scenario says about the endpoint; `work` is gone afterwards, `logs` stays with the run."""
    name = _id(request.node, options)
    logs = options.folder / "clients" / file_name(name)
    logs.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="scenario-", dir=os.environ[Session.WORK]))
    request.node.stash[_SCENARIO] = made = Scenario(id=name, work=work, logs=logs)
    yield made
    shutil.rmtree(work, ignore_errors=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A scenario of a matrix becomes one for each of its cells that this run is to bring."""
    if "cell" not in metafunc.fixturenames:
        return
    session = metafunc.config.stash[SESSION]
    base = scenario_id(metafunc.definition.path.relative_to(session.root), metafunc.function.__name__)
    listed = _listed(metafunc.config)
    wanted = (listed[one] for one in session.ids if one.partition("[")[0] == base and one in listed)
    cells = [one.cell for one in wanted if one.cell is not None]
    if [cell.values for cell in cells] != [{}]:
        metafunc.parametrize("cell", cells, ids=[cell.text for cell in cells])


@pytest.fixture
def cell(request: pytest.FixtureRequest, options: Session) -> Cell:
    """The cell of a scenario whose table has no axes: its budget alone."""
    listed = _listed(request.config)[_id(request.node, options)]
    assert listed.cell is not None, "a scenario that asks for its cell needs a table"
    return listed.cell


@pytest.fixture(scope="session")
def facades(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Facades]:
    """Façades with more processes than that of the run, each started when a cell first asks for it."""
    with contextlib.ExitStack() as stack:
        yield _Facades(request.config.stash[ENDPOINT].name, stack, tmp_path_factory.mktemp("facades"))


class _Facades:
    """Starts a façade of the run's kind with so many processes, once."""

    def __init__(self, name: str, stack: contextlib.ExitStack, logs: Path) -> None:
        self._name, self._stack, self._logs = name, stack, logs
        self._there: dict[int, Endpoint] = {}

    def __call__(self, processes: int) -> Endpoint:
        if processes not in self._there:
            logs = self._logs / f"processes-{processes}"
            opened = open_endpoint(self._name, processes=processes, logs=logs)
            self._there[processes] = self._stack.enter_context(opened)
        return self._there[processes]


@pytest.fixture
def served(scenario: Scenario, endpoint: Endpoint, cell: Cell, facades: _Facades) -> Served:
    """Where the cell is run: the address of its scheme and style, served by as many processes as it says."""
    return serve(scenario, endpoint, cell, facades)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A cell that does not keep to its budget is ended, whatever it waits for."""
    listed = None if isinstance(item, CaseItem) else _listed(item.config).get(_id_of(item))
    if listed is None or listed.cell is None:
        return (yield)
    seconds = listed.cell.seconds

    def over(_number: int, _frame: FrameType | None) -> None:
        raise Ended(Verdict.INDETERMINATE, f"it did not end within its budget of {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds + min(seconds, _SLACK))
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A scenario's record is complete when it has been torn down: it then goes with that report."""
    if not isinstance(item, CaseItem):
        if call.excinfo is not None and call.when != "teardown" and _ENDING not in item.stash:
            item.stash[_ENDING] = _ending(item, call.excinfo.value)
        if call.when == "teardown":
            item.user_properties.append((RECORD, _scenario_record(item, call)))
    return (yield)


def _ending(item: pytest.Item, error: BaseException) -> Finding:
    if isinstance(error, Ended):
        return ending(error.verdict, error.reason, error.source)
    return own_fault(item.config, _id(item, item.config.stash[SESSION]), error)


def _scenario_record(item: pytest.Item, call: pytest.CallInfo[None]) -> Record:
    name = _id(item, item.config.stash[SESSION])
    listed = _listed(item.config)[name]
    made = item.stash.get(_SCENARIO, None)
    findings = [*made.findings] if made else []
    if _ENDING in item.stash:
        findings.append(item.stash[_ENDING])
    exchanges = [*made.seen] if made else []
    try:
        findings += _judged(exchanges, item.config.stash[ENDPOINT])
        keep_wire(item.config, name, exchanges, [""] * len(exchanges))
    except Exception as error:  # our own bug again
        findings.append(own_fault(item.config, name, error))
    if not findings:
        findings.append(ending(Verdict.HARNESS_ERROR, "the scenario ended without a finding"))
    client = (made.client, made.client_version) if made else ("", "")
    seconds = call.stop - item.stash.get(_STARTED, call.start)
    return scenario_record(
        name,
        listed.title,
        listed.why,
        client,
        findings,
        len(exchanges),
        seconds,
        cell=listed.cell.values if listed.cell is not None else None,
        became=made.outcome if made else "",
    )


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
        session = config.stash[SESSION]
        root, scale = session.root, session.scale
        every = (*list_scenarios(root, scale=scale), *list_cells(root, scale=scale))
        config.stash[_LISTED] = {one.id: one for one in every}
    return config.stash[_LISTED]


def _prefix(target: str, endpoint: Endpoint) -> str:
    prefix = f"/{endpoint.account}"
    return prefix if target == prefix or target.startswith((f"{prefix}/", f"{prefix}?")) else ""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the connections that the cases shared."""
    world = session.config.stash.get(WORLD, None)
    if isinstance(world, World):
        world.__exit__(None, None, None)
