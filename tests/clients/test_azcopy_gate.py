"""The AzCopy gate's own parts: ways in, a second service, a job that hangs and one that is killed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.clients.azcopy import read_outcome
from harness.clients.azcopy_auth import access
from harness.clients.azcopy_gate import azcopy_gate
from harness.clients.data import MIB, big_file, content
from harness.clients.peers import Peers, beside
from harness.clients.process import Ran
from harness.clients.stage import Stage, stage
from harness.clients.truth import Truth
from harness.endpoint import Endpoint
from harness.endpoints import open_endpoint
from harness.faults.catalogue import catalogue
from harness.scenario import Ended, Scenario
from harness.signing.spec import Anonymous
from harness.tools.find import Missing, find
from harness.vocabulary import Verdict


@pytest.fixture(scope="module")
def facade() -> Iterator[Endpoint]:
    with open_endpoint("reference") as endpoint:
        yield endpoint


@pytest.fixture
def ready(facade: Endpoint, tmp_path: Path) -> Iterator[Stage]:
    with stage(Scenario("x", tmp_path, tmp_path / "logs"), facade, "bp-", face="https") as made:
        yield made


def _scenario(tmp_path: Path) -> Scenario:
    found = find("azcopy")
    if isinstance(found, Missing):
        pytest.skip(f"AzCopy is not installed: {found.reason}")
    return Scenario("x", tmp_path, tmp_path / "logs")


def test_a_sas_of_every_kind_opens_its_container(ready: Stage) -> None:
    marks = {"account-sas": "ss=b", "service-sas": "sr=c", "user-delegation-sas": "skoid="}
    for kind, mark in marks.items():
        way = access(ready, kind)
        assert way.sas is not None and way.credential is None
        assert mark in way.sas.reveal()
        with Truth(ready.endpoint, Anonymous()) as anybody:
            target = f"/{ready.container}/{kind}?{way.sas.reveal()}"
            exchange = anybody.send("PUT", target, [("x-ms-blob-type", "BlockBlob")], b"x")
            assert exchange.response is not None and exchange.response.status == 201


@pytest.mark.parametrize("kind", ["shared-key", "bearer"])
def test_a_credential_is_in_no_url(ready: Stage, kind: str) -> None:
    way = access(ready, kind)
    assert way.sas is None and way.credential is not None


@pytest.mark.parametrize(
    "kind", ["account-sas", "service-sas", "shared-key", "user-delegation-sas", "bearer"]
)
def test_what_the_endpoint_lacks_is_not_applicable(facade: Endpoint, tmp_path: Path, kind: str) -> None:
    with stage(Scenario("x", tmp_path, tmp_path), facade, "bp-") as made:
        made.endpoint = replace(facade, key=None, tokens=None)
        with pytest.raises(Ended) as ended:
            access(made, kind)
    assert ended.value.verdict is Verdict.NOT_APPLICABLE


def test_a_second_service_reads_the_endpoint_at_every_address(facade: Endpoint, tmp_path: Path) -> None:
    with Peers(tmp_path / "peers") as peers:
        for face in ("main", "https", "host-https"):
            work = tmp_path / face
            work.mkdir()
            with (
                stage(Scenario("x", work, work), facade, "bp-", face=face) as here,
                beside(here, peers, "bp-", face) as other,
            ):
                here.truth.put(here.container, "b", b"data")
                exchange = other.truth.send(
                    "PUT",
                    f"/{other.container}/b",
                    [
                        ("x-ms-blob-type", "BlockBlob"),
                        ("x-ms-copy-source", here.url("b", sas=here.sas())),
                    ],
                )
                assert exchange.response is not None and exchange.response.status == 201
                copied = other.truth.get(other.container, "b")
                assert copied is not None and copied.length == 4
        assert peers.beside(facade) is peers.beside(facade)


def test_last_words_are_those_of_the_last_attempt() -> None:
    log = (
        "==> REQUEST/RESPONSE (Try=1/1ms, OpTime=1ms) -- REQUEST ERROR\n   PUT http://h/c/b?sig=SECRET\n"
        '   ----\n   ERROR:\nPut "http://h/c/b?sig=SECRET": dial tcp: connection refused\n'
        "==> REQUEST/RESPONSE (Try=2/1ms, OpTime=2s) -- RESPONSE SUCCESSFULLY RECEIVED\n"
        "   PUT http://h/c/b?sig=SECRET\n   ----\n   RESPONSE Status: 503 Server is busy.\n"
    )
    assert read_outcome(Ran(None, "", "", 60.0), log).reasons[0] == "at try 2 503 Server is busy."
    first = log.partition("==> REQUEST/RESPONSE (Try=2")[0]
    said = read_outcome(Ran(None, "", "", 60.0), first, ["SECRET"]).reasons[0]
    assert said.startswith("at try 1 Put ") and "connection refused" in said and "SECRET" not in said


def test_a_job_that_hangs_is_indeterminate_with_its_last_words(facade: Endpoint, tmp_path: Path) -> None:
    """AzCopy would go on trying for 16 minutes: it is ended, and so is every process of its."""
    scenario = _scenario(tmp_path)
    with azcopy_gate(scenario, facade, "bp-", seconds=0.0, faulty=True) as gate:
        gate.stage.reach.faults.arm([catalogue()["refused"].on("any", times=0)])
        path, _ = gate.stage.file("f.bin", 100)
        with pytest.raises(Ended) as ended:
            gate.copy(str(path), gate.stage.url("f.bin", sas=gate.stage.sas()), "LocalBlob")
        gate.stage.reach.faults.disarm()
    assert ended.value.verdict is Verdict.INDETERMINATE
    assert "did not finish within" in ended.value.reason and "at try" in ended.value.reason
    assert "sig=" not in ended.value.reason.replace("sig=REDACTED", "")
    assert not _running(str(tmp_path))


def _running(place: str) -> list[str]:
    """Command lines of processes that work in this folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                words = (process / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if place in words:
                found.append(words)
    return found


def test_a_job_is_killed_in_the_middle_and_resumed(facade: Endpoint, tmp_path: Path) -> None:
    scenario = _scenario(tmp_path)
    with azcopy_gate(scenario, facade, "bp-") as gate:
        path = tmp_path / "big.bin"
        said = big_file(path, 24 * MIB)
        sas = gate.stage.sas()
        outcome = gate.copy(
            str(path),
            gate.stage.url("big.bin", sas=sas),
            "LocalBlob",
            "--block-size-mb=1",
            "--cap-mbps=40",
            kill_when=lambda seen: len(seen) >= 4,
        )
        assert outcome.exit == -9 and outcome.job is not None
        gate.stage.absent("big.bin")
        outcome = gate.run("jobs", "resume", outcome.job, f"--destination-sas={sas.reveal()}")
        gate.succeeded(outcome, completed=1)
        gate.stage.stored_as("big.bin", said)
    assert all(finding.held for finding in scenario.findings), scenario.findings
    kept = "".join(file.read_text() for file in (tmp_path / "logs").iterdir())
    assert "sig=" not in kept.replace("sig=REDACTED", "") and "resume" in kept


def test_budgets_are_shared_by_jobs(facade: Endpoint, tmp_path: Path) -> None:
    with azcopy_gate(_scenario(tmp_path), facade, "bp-", seconds=1000.0) as gate:
        assert gate.until is not None and 900 < gate.until - time.monotonic() <= 1000


def test_blobs_are_laid_from_files(ready: Stage) -> None:
    path = ready.work / "file"
    path.write_bytes(content(9 * MIB + 1, 3))
    ready.truth.put_file(ready.container, "f", path)
    ready.stored("f", path.read_bytes())
    assert ready.scenario.findings[-1].held
