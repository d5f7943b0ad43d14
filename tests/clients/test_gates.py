"""The gates end to end: the real clients pass on our façade, and a broken façade is found."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clients.azcopy_gate import AzcopyGate, azcopy_gate
from harness.clients.azure_storage_blob import SdkGate, read_facts, sdk_gate
from harness.clients.data import content
from harness.clients.process import Ran
from harness.clients.stage import GateFaultError
from harness.clients.truth import said
from harness.endpoint import Endpoint
from harness.endpoints import open_endpoint
from harness.scenario import Scenario
from harness.tools.find import Missing, find


def _needs(tool: str) -> None:
    found = find(tool)
    if isinstance(found, Missing):
        pytest.skip(f"{tool} is not installed: {found.reason}")


@pytest.fixture(scope="module")
def facade() -> Iterator[Endpoint]:
    with open_endpoint("reference") as endpoint:
        yield endpoint


@contextlib.contextmanager
def _sdk(endpoint: Endpoint, tmp_path: Path) -> Iterator[SdkGate]:
    with sdk_gate(Scenario("x", tmp_path, tmp_path / "logs"), endpoint, "bp-") as gate:
        yield gate


def _download(gate: AzcopyGate) -> None:
    data = content(3000, 1)
    gate.stage.truth.put(gate.stage.container, "b", data)
    target = gate.stage.work / "b"
    gate.succeeded(
        gate.copy(gate.stage.url("b", sas=gate.stage.sas()), str(target), "BlobLocal"), completed=1
    )
    gate.stage.same_file(target, data)


def test_facts_are_read_line_by_line() -> None:
    lines = [
        '{"flavour": "sync", "fact": "a", "value": 1}',
        "noise",
        "[]",
        '{"flavour": "aio", "fact": "raised", "value": "E: x"}',
    ]
    facts = read_facts(Ran(0, "\n".join(lines), "", 0.1))
    assert facts.of("sync", "a") == 1
    assert facts.of("sync", "b") == "not told"
    assert facts.of("aio", "a") == "not told: E: x"


def test_the_sdk_passes_on_the_facade(facade: Endpoint, tmp_path: Path) -> None:
    _needs("azure-storage-blob")
    with _sdk(facade, tmp_path) as gate:
        data = content(1_000_000, 53)
        gate.stage.truth.put(gate.stage.container, "large", data)
        gate.run("ranges")
        gate.expect("bytes from 10, 90", said(data[10:100]))
        assert all(finding.held for finding in gate.scenario.findings)
        assert gate.scenario.client_version == "12.31.1"
        gate.expect("bytes from 10, 90", said(data[11:101]))
        assert not gate.scenario.findings[-1].held


def test_secrets_of_the_sdk_scenario_are_not_kept(facade: Endpoint, tmp_path: Path) -> None:
    _needs("azure-storage-blob")
    assert facade.key is not None
    with _sdk(facade, tmp_path) as gate:
        gate.run("blocks")
    kept = "".join(path.read_text() for path in (tmp_path / "logs").iterdir())
    assert "uncommitted" in kept and facade.key.reveal() not in kept


def test_azcopy_passes_on_the_facade(facade: Endpoint, tmp_path: Path) -> None:
    _needs("azcopy")
    scenario = Scenario("x", tmp_path, tmp_path / "logs")
    with azcopy_gate(scenario, facade, "bp-") as gate:
        _download(gate)
        gate.asked("Get Blob with a range", 1, method="GET", has="x-ms-range")
    assert scenario.findings and all(finding.held for finding in scenario.findings)
    assert scenario.seen and not any(e.failure or e.anomalies for e in scenario.seen)


def test_what_a_job_did_not_send_is_our_fault_unless_it_gave_up(facade: Endpoint, tmp_path: Path) -> None:
    _needs("azcopy")
    scenario = Scenario("x", tmp_path, tmp_path / "logs")
    with azcopy_gate(scenario, facade, "bp-") as gate:
        _download(gate)
        with pytest.raises(GateFaultError, match="0 times Put Block"):
            gate.asked("Put Block", 1, method="PUT", comp="block")
        sas = gate.stage.sas()
        outcome = gate.copy(gate.stage.url("gone.bin", sas=sas), str(tmp_path / "gone"), "BlobLocal")
        gate.asked("Put Block", 1, method="PUT", comp="block")
        gate.succeeded(outcome, completed=1)
    assert not scenario.findings[-1].held


def test_azcopy_finds_a_facade_that_ignores_ranges(tmp_path: Path) -> None:
    """AzCopy itself says Completed and exits 0 then: only the bytes and the wire tell."""
    _needs("azcopy")
    scenario = Scenario("x", tmp_path, tmp_path / "logs")
    with (
        open_endpoint("reference:range-ignored") as endpoint,
        azcopy_gate(scenario, endpoint, "bp-") as gate,
    ):
        _download(gate)
    broken = {finding.about for finding in scenario.findings if not finding.held}
    assert "a ranged read is answered with exactly that range" in broken


def test_the_sdk_finds_a_facade_that_ignores_conditions(tmp_path: Path) -> None:
    _needs("azure-storage-blob")
    with open_endpoint("reference:if-match-ignored") as endpoint, _sdk(endpoint, tmp_path) as gate:
        gate.run("conditions")
        gate.expect("stale replace", ["ResourceModifiedError", "ConditionNotMet", 412])
    assert [finding.held for finding in gate.scenario.findings[-2:]] == [False, False]
