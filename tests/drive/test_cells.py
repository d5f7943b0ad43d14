"""A cell of the matrix of clients, with a made-up client: what ends it, and what it finds."""

from __future__ import annotations

import contextlib
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.clients.stage import GateFaultError
from harness.drive import cells
from harness.drive.action import Task, Told
from harness.drive.client import Cannot, Limit
from harness.drive.place import Place
from harness.endpoint import Endpoint
from harness.matrix.cell import Cell
from harness.matrix.served import Served
from harness.scenario import Ended, Scenario
from harness.tools.find import Found, Missing
from harness.vocabulary import Verdict

_VALUES = {"client": "made-up", "action": "put-small", "auth": "account-sas"}


@dataclass(frozen=True, slots=True)
class _MadeUp:
    """A client of a few lines."""

    does: Callable[[Place, Task], Told]
    limits: tuple[Limit, ...] = ()
    name: str = "made-up"
    tool: str = "rclone"
    auths: frozenset[str] = field(default=frozenset({"account-sas"}))
    large: int = 1

    @contextlib.contextmanager
    def session(self, place: Place) -> Iterator[_Session]:
        yield _Session(self, place)


@dataclass(frozen=True, slots=True)
class _Session:
    client: _MadeUp
    place: Place

    def do(self, task: Task, seconds: float) -> Told:
        return self.client.does(self.place, task)


def _put(place: Place, task: Task, data: bytes | None = None) -> Told:
    assert place.sas is not None
    target = f"{place.url}/{task.container}/{task.blob}?{place.sas.reveal()}"
    sent = task.file.read_bytes() if data is None else data
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2025-07-05"}
    request = urllib.request.Request(target, sent, headers, method="PUT")
    with urllib.request.urlopen(request, timeout=20):
        return Told("done")


@pytest.fixture
def cell(
    facade: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[_MadeUp], tuple[Scenario, Ended | None]]:
    """Run a cell with this client: what the scenario holds, and how it ended early."""
    found = Found("rclone", Path("/bin/true"), "1.0")
    monkeypatch.setattr(cells, "find", lambda name: found)

    def run(client: _MadeUp) -> tuple[Scenario, Ended | None]:
        monkeypatch.setattr(cells, "named", lambda name: client)
        scenario = Scenario("clients/scenarios/task", tmp_path, tmp_path)
        try:
            cells.run(scenario, Cell(_VALUES, 60), Served(facade), "bp-cell-")
        except Ended as ended:
            return scenario, ended
        return scenario, None

    return run


Run = Callable[[_MadeUp], tuple[Scenario, Ended | None]]


def test_what_is_right(cell: Run) -> None:
    scenario, ended = cell(_MadeUp(_put))
    assert ended is None
    assert [finding.verdict for finding in scenario.findings] == [Verdict.PASS] * 2
    assert (scenario.client, scenario.client_version) == ("made-up", "1.0")
    assert [one.request.method for one in scenario.seen] == ["PUT"]


def test_wrong_bytes_differ_whatever_the_client_says(cell: Run) -> None:
    scenario, ended = cell(_MadeUp(lambda place, task: _put(place, task, b"half")))
    assert ended is None
    assert [finding.verdict for finding in scenario.findings] == [Verdict.PASS, Verdict.DIFFERS]


def test_a_client_that_says_that_it_failed(cell: Run) -> None:
    def does(place: Place, task: Task) -> Told:
        _put(place, task)
        return Told("failed", "out of luck")

    scenario, ended = cell(_MadeUp(does))
    assert ended is None
    first, _ = scenario.findings
    assert (first.verdict, first.observed) == (Verdict.DIFFERS, "failed: out of luck")


def test_a_client_that_hangs_is_indeterminate_with_its_last_words(cell: Run) -> None:
    def does(place: Place, task: Task) -> Told:
        _put(place, task)
        return Told("hung", "no end within 50 s: waiting")

    scenario, ended = cell(_MadeUp(does))
    assert ended is not None
    assert (ended.verdict, ended.reason) == (Verdict.INDETERMINATE, "made-up: no end within 50 s: waiting")
    assert len(scenario.seen) == 1


def test_nothing_through_the_tap_proves_nothing(cell: Run) -> None:
    with pytest.raises(GateFaultError, match="nothing went through the tap"):
        cell(_MadeUp(lambda place, task: Told("failed", "no such host")))


def test_what_a_client_cannot_do_is_not_applicable(cell: Run) -> None:
    limit = Limit(Cannot("It has no words for it.", ("clients/0",)), schemes=frozenset({"http"}))
    _, ended = cell(_MadeUp(_put, (limit,)))
    assert ended is not None
    assert (ended.verdict, ended.reason, ended.source) == (
        Verdict.NOT_APPLICABLE,
        "It has no words for it.",
        ("clients/0",),
    )


def test_a_client_that_is_not_here_is_not_run(cell: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    how = "Run: blobproof tools X"
    monkeypatch.setattr(cells, "find", lambda name: Missing(name, "it is not installed", how))
    _, ended = cell(_MadeUp(_put))
    assert ended is not None
    assert ended.verdict is Verdict.NOT_RUN
    assert how in ended.reason


def test_a_table_that_is_not_current_is_our_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cells, "named", lambda name: _MadeUp(_put))
    with pytest.raises(GateFaultError, match="not current"):
        cells.decline(Scenario("clients/scenarios/not-offered", tmp_path, tmp_path), Cell(_VALUES))
