"""Workloads on real façades: the right one is never contradicted, each race of a mutant is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.clients.truth import Truth
from harness.endpoint import Endpoint
from harness.endpoints.builtin import reference, token_issuer
from harness.endpoints.certificates import Certificates, issue
from harness.endpoints.credentials import Issuer
from harness.history import document
from harness.history.check import check
from harness.history.client import Client, surprising
from harness.history.contradiction import Anomaly, Checked
from harness.history.prove import NOTHING, prove
from harness.history.recorder import Recorder
from harness.history.values import Outcome, Run
from harness.history.workload import WORKLOADS, play
from harness.scenario import Ended, Scenario
from harness.vocabulary import Verdict
from reference_impl.mutants import mutants

MUTANTS = {
    "blocks-change-while-committed": ("commits", {Anomaly.TORN, Anomaly.MIXED, Anomaly.STALE, Anomaly.ORDER}),
    "commit-shows-data-first": ("commits", {Anomaly.MIXED}),
    "condition-checked-before-the-lock": ("updates", {Anomaly.LOST, Anomaly.STALE, Anomaly.ORDER}),
    "deleted-blob-comes-back": ("deletions", {Anomaly.RESURRECTED, Anomaly.STALE, Anomaly.ORDER}),
    "listing-is-remembered": ("listings", {Anomaly.LISTING}),
    "read-opens-twice": ("writers", {Anomaly.TORN}),
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return issue(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def issuer(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    with token_issuer(certificates, tmp_path_factory.mktemp("issuer")) as started:
        yield started


@pytest.fixture(scope="module")
def facade(certificates: Certificates, issuer: Issuer) -> Iterator[Endpoint]:
    with reference(processes=2, certificates=certificates, issuer=issuer) as running:
        yield running.endpoint


def played(
    endpoint: Endpoint, path: Path, workload: str, operations: int, face: str | None = None
) -> Checked:
    container = f"bp-{workload}"
    with Truth(endpoint) as truth:
        truth.create_container(container)
    with Recorder(path, {"workload": workload}) as recorder:
        play(
            WORKLOADS[workload], recorder, endpoint, container,
            face=face, operations=operations, seconds=30, seed=1,
        )  # fmt: skip
    return check(document.read(path))


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_facade_contradicts_nothing(workload: str, facade: Endpoint, tmp_path: Path) -> None:
    checked = played(facade, tmp_path / "h.jsonl", workload, 300, "host-https")
    assert checked.holds, checked.contradictions
    operations = checked.history.operations
    assert len(operations) >= 300
    assert not [one for one in operations if surprising(one) or one.outcome is Outcome.UNKNOWN]


@pytest.mark.parametrize("name", MUTANTS)
def test_a_race_is_found(name: str, tmp_path: Path, certificates: Certificates, issuer: Issuer) -> None:
    workload, anomalies = MUTANTS[name]
    with reference(name, certificates=certificates, issuer=issuer, extra=("--no-fsync",)) as running:
        found = played(running.endpoint, tmp_path / "h.jsonl", workload, 1500).contradictions
    assert found
    assert {one.anomaly for one in found} <= anomalies


def test_every_mutant_of_this_kind_is_looked_for() -> None:
    assert {one.name for one in mutants() if one.family == "histories"} == MUTANTS.keys()


def test_a_client_notes_what_it_was_told(facade: Endpoint, tmp_path: Path) -> None:
    with Truth(facade) as truth:
        truth.create_container("bp-client")
    path = tmp_path / "h.jsonl"
    with Recorder(path, {}) as recorder, Client(recorder, "c1", facade, "bp-client") as client:
        absent = client.read("b")
        first = client.put("b", 3, create_only=True)
        again = client.put("b", 1, create_only=True)
        other = client.put("b", 2, if_match="0x1")
        ranged = client.read("b", first=1, count=2, if_match=first.etag)
        client.stage("b", "b0", "c1.9/b0", 4)
        unknown = client.commit("b", "c1.9", ["b1"])
        commit = client.commit("b", "c1.10", ["b0"])
        whole, stat = client.read("b"), client.stat("b")
        listing = client.list("", 1)
        gone, twice = client.delete("b"), client.delete("b")
    assert [one.outcome for one in (absent, first, again, other, unknown, gone, twice)] == [
        Outcome.ABSENT, Outcome.DONE, Outcome.UNMET, Outcome.UNMET, Outcome.NO_BLOCK, Outcome.DONE,
        Outcome.ABSENT,
    ]  # fmt: skip
    assert ranged.seen is not None
    assert ranged.seen.runs == (Run("c1.1", 1, 2),)
    assert ranged.seen.length == 96
    assert whole.seen is not None
    assert (whole.seen.tag, whole.seen.kind, whole.seen.etag) == ("c1.10", "c1.10", commit.etag)
    assert whole.seen.runs == (Run("c1.9/b0", 0, 4),)
    assert stat.seen is not None
    assert listing.listed["b"] == stat.seen
    assert check(document.read(path)).holds


def test_nobody_answers(facade: Endpoint, tmp_path: Path) -> None:
    """What was never sent has not happened; what was sent and not answered may have."""
    nowhere = replace(facade, url="http://127.0.0.1:9/blobproof", connect=("127.0.0.1", 9))
    with Recorder(tmp_path / "h.jsonl", {}) as recorder, Client(recorder, "c1", nowhere, "none") as client:
        assert client.put("b", 1).outcome is Outcome.REFUSED
        assert not surprising(recorder.history().operations[0])


def test_a_scenario_keeps_its_history_and_draws_what_is_wrong(
    facade: Endpoint, tmp_path: Path, certificates: Certificates, issuer: Issuer
) -> None:
    scenario = Scenario("histories/concurrent/updates", tmp_path / "work", tmp_path)
    proof = prove(scenario, facade, None, "bp-", "updates", seconds=60, operations=200)
    assert (proof.holds, proof.said, proof.surprises) == (True, NOTHING, "")
    assert document.read(tmp_path).complete
    with reference(
        "condition-checked-before-the-lock", certificates=certificates, issuer=issuer, extra=("--no-fsync",)
    ) as running:
        proof = prove(scenario, running.endpoint, None, "bp-", "updates", seconds=60, operations=1000)
    assert not proof.holds
    assert "Picture: " in proof.said
    assert (tmp_path / "contradiction-1.svg").is_file()
    assert (tmp_path / "contradiction-1.txt").is_file()


def test_too_few_answers_prove_nothing(facade: Endpoint, tmp_path: Path) -> None:
    scenario = Scenario("histories/concurrent/writers", tmp_path / "work", tmp_path)
    with pytest.raises(Ended, match="of 100000 operations") as ended:
        prove(scenario, facade, None, "bp-", "writers", seconds=2, operations=100_000)
    assert ended.value.verdict is Verdict.INDETERMINATE
