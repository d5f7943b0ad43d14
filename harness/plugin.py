"""Our pytest plugin: cases and golden specs become items, client scenarios get their fixtures.

`harness.run` starts pytest with it. Workers (with pytest-xdist, or the one process there is without) run the
items and hand their records over in the reports; the controller alone writes results.jsonl.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.controller import Controller, settled
from harness.endpoint import Endpoint
from harness.endpoints import handover
from harness.exchange import Exchange
from harness.execute import World
from harness.golden.items import GoldenFile
from harness.items import ENDPOINT, RECORD, SESSION, WORLD, CaseFile, CaseItem, keep_wire, own_fault
from harness.results.finding import Finding
from harness.results.read import FILE
from harness.results.record import Record, ending, file_name, scenario_record
from harness.results.write import ResultsWriter
from harness.rules.check import check
from harness.rules.tally import in_passing
from harness.scenario import Ended, Scenario
from harness.scenarios import LARGE, Listed, list_scenarios, scenario_id
from harness.session import Session
from harness.vocabulary import Verdict

_WANTED = pytest.StashKey[frozenset[Path]]()
_SCENARIO = pytest.StashKey[Scenario]()
_ENDING = pytest.StashKey[Finding]()
_STARTED = pytest.StashKey[float]()
_LISTED = pytest.StashKey[dict[str, Listed]]()


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
    order = {one: number for number, one in enumerate(session.ids)}
    kept = [item for item in items if _id(item, session) in order]
    items[:] = sorted(kept, key=lambda item: order[_id(item, session)])


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
        session = config.stash[SESSION]
        config.stash[_LISTED] = {one.id: one for one in list_scenarios(session.root, scale=session.scale)}
    return config.stash[_LISTED]


def _prefix(target: str, endpoint: Endpoint) -> str:
    prefix = f"/{endpoint.account}"
    return prefix if target == prefix or target.startswith((f"{prefix}/", f"{prefix}?")) else ""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close the connections that the cases shared."""
    world = session.config.stash.get(WORLD, None)
    if isinstance(world, World):
        world.__exit__(None, None, None)
