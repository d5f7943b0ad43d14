"""The scenarios of the gate, one by one: our façade passes, and mutants of it are found."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from harness.crowd.gathering import gathering
from harness.data import folder
from harness.endpoint import Endpoint
from harness.endpoints import open_endpoint
from harness.matrix.cell import Cell
from harness.matrix.served import Served
from harness.scenario import Ended, Scenario
from harness.tools.find import Missing, find
from harness.vocabulary import Verdict, worst

_SCENARIOS = {
    "blocks/out_of_order": {},
    "blocks/one_blob": {},
    "connections/half_sent": {},
    "connections/expect": {},
    "connections/reuse": {"connections": "churn"},
    "leftovers/staging": {},
    "leftovers/deletes": {},
    "listings/while_writing": {"how": "by-folder"},
    "reads/aborted": {},
    "reads/ranges": {},
    "reads/slow_readers": {},
}


def _module(name: str) -> ModuleType:
    path = folder("suites") / "concurrency" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"concurrency_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(endpoint: Endpoint, what: str, tmp_path: Path, face: str | None = None, **axes: str) -> Scenario:
    """Run a scenario; what it says."""
    name, _, function = what.partition("/")
    scenario = Scenario(what, tmp_path, tmp_path / "logs")
    cell = Cell({"parallel": "16", "processes": "1", **axes})
    test = getattr(_module(name), f"test_{function}")
    if function == "files":
        test(scenario, endpoint, cell, SimpleNamespace(prefix="bp-test-"))
    elif name == "boostedblob":
        test(scenario, Served(endpoint, face), cell, SimpleNamespace(prefix="bp-test-"))
    else:
        with gathering(scenario, Served(endpoint, face), cell, "bp-test-") as gathered:
            test(gathered, cell) if axes else test(gathered)
    return scenario


def _verdict(scenario: Scenario) -> Verdict:
    return worst(one.verdict for one in scenario.findings)


@pytest.fixture(scope="module")
def facade() -> Iterator[Endpoint]:
    with open_endpoint("reference") as endpoint:
        yield endpoint


@pytest.mark.parametrize("what", _SCENARIOS)
def test_the_facade_keeps_its_head(facade: Endpoint, what: str, tmp_path: Path) -> None:
    scenario = _run(facade, what, tmp_path, **_SCENARIOS[what])
    assert _verdict(scenario) is Verdict.PASS, scenario.findings
    assert scenario.seen, "no exchange was kept for the wire rules"


def test_no_file_stays(facade: Endpoint, tmp_path: Path) -> None:
    assert _verdict(_run(facade, "leftovers/files", tmp_path)) is Verdict.PASS


def test_boostedblob_and_its_trees(facade: Endpoint, tmp_path: Path) -> None:
    if isinstance(found := find("boostedblob"), Missing):
        pytest.skip(found.reason)
    axes = {"parallel": "64", "direction": "up", "files": "large"}
    scenario = _run(facade, "boostedblob/tree", tmp_path, "host-https", **axes)
    assert _verdict(scenario) is Verdict.PASS, scenario.findings


@pytest.mark.parametrize(
    ("mutant", "what"),
    [
        ("list-skips-last", "listings/while_writing"),
        ("commit-keeps-staged-blocks", "leftovers/staging"),
        ("client-request-id-lost-on-errors", "connections/reuse"),
        ("deletes-at-once-are-one", "leftovers/deletes"),
        ("heads-at-once-are-one", "connections/reuse"),
        ("listings-at-once-are-one", "connections/reuse"),
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, mutant: str, what: str) -> None:
    axes = {**_SCENARIOS[what], **({"connections": "kept"} if what == "connections/reuse" else {})}
    with open_endpoint(f"reference:{mutant}") as endpoint:
        assert _verdict(_run(endpoint, what, tmp_path, **axes)) in (Verdict.DIFFERS, Verdict.LENIENT)


def test_a_limit_of_open_files_that_is_too_low_is_said(
    facade: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.crowd.limits.resource.getrlimit", lambda _what: (64, 64))
    with pytest.raises(Ended) as ended:
        _run(facade, "reads/ranges", tmp_path)
    assert ended.value.verdict is Verdict.NOT_RUN
    assert "open files" in ended.value.reason
