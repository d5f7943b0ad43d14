"""The SDK's scenarios of use: they hold on our façade, and a broken façade is found."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clients.azure_storage_blob import USE, SdkGate, sdk_gate
from harness.clients.data import MIB, content
from harness.clients.truth import said
from harness.endpoint import Endpoint
from harness.endpoints import open_endpoint
from harness.faults.catalogue import catalogue
from harness.scenario import Scenario
from harness.tools.find import Missing, find

_UNMET = ("ResourceModifiedError", "ConditionNotMet", 412)


@contextlib.contextmanager
def _gate(endpoint: Endpoint, tmp_path: Path, *, faulty: bool = False) -> Iterator[SdkGate]:
    found = find("azure-storage-blob")
    if isinstance(found, Missing):
        pytest.skip(f"azure-storage-blob is not installed: {found.reason}")
    scenario = Scenario("x", tmp_path, tmp_path / "logs")
    with sdk_gate(scenario, endpoint, "bp-", program=USE["python"], faulty=faulty) as gate:
        yield gate


def _broken(gate: SdkGate) -> set[str]:
    return {finding.about for finding in gate.scenario.findings if not finding.held}


def test_a_download_that_mixes_two_blobs_is_found(tmp_path: Path) -> None:
    with open_endpoint("reference:if-match-ignored") as endpoint, _gate(endpoint, tmp_path) as gate:
        gate.run("resume", half=MIB)
        gate.expect("bytes", said(content(2 * MIB, 62)))
        gate.refused("the rest of what was replaced", *_UNMET)
        assert _broken(gate) == {f"the rest of what was replaced ({flavour})" for flavour in ("sync", "aio")}


def test_a_lease_that_holds_nobody_is_found(tmp_path: Path) -> None:
    with open_endpoint("reference:leases-hold-nobody") as endpoint, _gate(endpoint, tmp_path) as gate:
        gate.run("lease")
        gate.refused("write without it", "HttpResponseError", "LeaseIdMissing", 412)
        assert "write without it (sync)" in _broken(gate)


def test_one_flavour_at_a_time_and_a_fault_for_each(tmp_path: Path) -> None:
    with open_endpoint("reference") as endpoint, _gate(endpoint, tmp_path, faulty=True) as gate:
        gate.stage.reach.faults.arm([catalogue()["busy"].on("write")])
        gate.run("under-fault", flavours=("aio",), action="write", blob="b")
        strikes = gate.stage.reach.faults.disarm()
        gate.expect("refusal", None)
        gate.stage.stored("b", content(20_000, 64))
        assert len(strikes) == 1 and not _broken(gate)
        assert gate.facts is not None and set(gate.facts.told) == {"aio"}
