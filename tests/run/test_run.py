"""Whole runs: a real façade, a real pytest child, and a folder that can be trusted afterwards."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness import policy
from harness.containers import RUN_PREFIX, containers
from harness.data import folder
from harness.endpoint import Endpoint
from harness.endpoints import open_endpoint
from harness.plan import Plan, make_plan
from harness.results.read import read
from harness.results.record import Record
from harness.rules.tally import rule_ids
from harness.run import DoctorError, RunFolderError, RunOptions, RunSummary, run
from harness.vocabulary import ExitCode, Verdict

UNKNOWN = "put-block-list/unknown-block-id-is-refused"


@pytest.fixture(scope="module")
def façade() -> Iterator[Endpoint]:
    """One façade for all runs here."""
    with open_endpoint("reference") as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def named(façade: Endpoint) -> str:
    """How a user would name it."""
    assert façade.key is not None
    parts = {"AccountName": façade.account, "AccountKey": façade.key.reveal(), "BlobEndpoint": façade.url}
    return ";".join(f"{name}={value}" for name, value in parts.items())


@functools.cache
def _plan() -> Plan:
    """A few quick cases of several operations."""
    return make_plan(
        folder("suites"), only_suites=("get-blob-properties", "delete-blob"), only_ids=(UNKNOWN,)
    )


def _options(endpoint: str, out: Path, workers: int = 1, plan: Plan | None = None) -> RunOptions:
    return RunOptions(endpoint, plan or _plan(), policy.load("strict"), out, workers=workers)


@pytest.fixture(scope="module")
def whole(named: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunSummary, list[Record]]:
    """A run that meets its gate, and the records as they were watched."""
    watched: list[Record] = []

    def watch(done: int, record: Record | None) -> None:
        if record is not None:
            watched.append(record)

    out = tmp_path_factory.mktemp("runs") / "whole"
    summary = run(_options(named, out), watch)
    return summary, watched


def test_a_right_server_meets_the_gate(whole: tuple[RunSummary, list[Record]]) -> None:
    summary, watched = whole
    assert summary.decision.exit_code is ExitCode.MET, summary.decision.reasons
    assert summary.results.complete
    assert {record["id"] for record in summary.results.records} == set(_plan().ids)
    assert [record["id"] for record in watched] == [record["id"] for record in summary.results.records]
    assert summary.left_over == ()


def test_any_order_gives_the_same_verdicts(
    whole: tuple[RunSummary, list[Record]], named: str, tmp_path: Path
) -> None:
    mixed = run(replace(_options(named, tmp_path / "mixed"), shuffle=1))

    def verdicts(records: Iterable[Record]) -> list[tuple[str, str]]:
        return [(record["id"], record["verdict"]) for record in records if record["kind"] == "case"]

    in_order, shuffled = verdicts(whole[0].results.records), verdicts(mixed.results.records)
    assert in_order != shuffled
    assert sorted(in_order) == sorted(shuffled)
    assert json.loads((tmp_path / "mixed" / "run.json").read_text(encoding="utf-8"))["shuffle"] == 1


def test_the_folder_holds_what_the_page_says(whole: tuple[RunSummary, list[Record]]) -> None:
    out = whole[0].folder
    facts = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert facts["decision"]["exit_code"] == 0
    assert facts["selected"] == len(_plan().ids) < facts["listed"]["strict"]
    for record in read(out).records:
        if record["kind"] == "rule":
            continue
        wire = json.loads((out / record["wire"]).read_text(encoding="utf-8"))
        assert len(wire["exchanges"]) == record["exchanges"]
        for finding in record["findings"]:
            assert finding["exchange"] is None or finding["exchange"] < len(wire["exchanges"])
        assert record["assertions"] > 0


def test_each_wire_rule_is_scored_once(whole: tuple[RunSummary, list[Record]]) -> None:
    records = {record["id"]: record for record in whole[0].results.records}
    rules = [record for record in records.values() if record["kind"] == "rule"]
    assert [record["id"] for record in rules] == list(rule_ids())
    held = [record for record in rules if record["verdict"] == "pass"]
    assert len(held) > len(rules) / 2
    for record in held:
        (finding,) = record["findings"]
        assert finding["count"] == record["exchanges"] > 0
        assert records[record["shown"]]["wire"] == record["wire"]
        assert record["reproduce"].endswith(f"--case {record['shown']}")
    for record in rules:
        assert record["verdict"] in ("pass", "not-applicable")


def test_no_secret_is_in_the_folder(whole: tuple[RunSummary, list[Record]], façade: Endpoint) -> None:
    assert façade.key is not None
    key = façade.key.reveal().encode()
    files = [path for path in whole[0].folder.rglob("*") if path.is_file()]
    assert len(files) > len(_plan().cases)
    for path in files:
        data = path.read_bytes()
        assert key not in data, path
        assert b"SharedKey blobproof:" not in data.replace(b"SharedKey blobproof:REDACTED", b""), path


def test_nothing_is_left_on_the_endpoint(whole: tuple[RunSummary, list[Record]], façade: Endpoint) -> None:
    assert whole
    assert containers(façade, RUN_PREFIX) == ()


def test_several_workers_bring_the_same(
    whole: tuple[RunSummary, list[Record]], named: str, façade: Endpoint, tmp_path: Path
) -> None:
    summary = run(_options(named, tmp_path / "run", workers=2))
    assert summary.decision.met, summary.decision.reasons
    one, other = ({r["id"]: r["verdict"] for r in s.results.records} for s in (whole[0], summary))
    assert one == other
    assert containers(façade, RUN_PREFIX) == ()


def test_an_interrupted_run_keeps_what_it_has_and_meets_no_gate(
    named: str, façade: Endpoint, tmp_path: Path
) -> None:
    def stop(done: int, record: Record | None) -> None:
        if done:
            raise KeyboardInterrupt

    plan = make_plan(folder("suites"), only_suites=("list-blobs", "put-block-list", "get-blob", "names"))
    summary = run(_options(named, tmp_path / "run", plan=plan), stop)
    assert summary.interrupted
    assert summary.decision.exit_code is ExitCode.INDETERMINATE
    assert not read(tmp_path / "run").complete
    assert 0 < len(read(tmp_path / "run").records) < len(plan.cases)
    assert containers(façade, RUN_PREFIX) == ()


def test_a_wrong_server_is_found_and_named(tmp_path: Path) -> None:
    summary = run(_options("reference:unknown-block-accepted", tmp_path / "run"))
    assert summary.decision.exit_code is ExitCode.DIVERGENCE
    differs = [r["id"] for r in summary.results.records if r["verdict"] == Verdict.DIFFERS]
    assert differs == [UNKNOWN]
    assert UNKNOWN in " ".join(summary.decision.reasons)


def test_where_nobody_listens_nothing_is_run(tmp_path: Path) -> None:
    with pytest.raises(DoctorError) as caught:
        run(_options("http://127.0.0.1:9/acct", tmp_path / "run"))
    assert caught.value.exit_code is ExitCode.INDETERMINATE
    assert not (tmp_path / "run").exists()


def test_a_folder_with_something_in_it_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x", encoding="utf-8")
    with pytest.raises(RunFolderError) as caught:
        run(_options("reference", tmp_path))
    assert caught.value.exit_code is ExitCode.USAGE
