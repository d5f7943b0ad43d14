"""Client impact: what a run's divergences do to whom, from replays, from cases, and from clients that ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import catalogue
from harness.data import folder
from harness.golden.harm import Severity
from harness.golden.impact import Flow, Impact, State, impact
from harness.golden.phrases import sentence
from harness.golden.reliance import Reliance
from harness.golden.spec import GoldenSpec
from harness.results.read import read
from harness.vocabulary import ExitCode, Level, Verdict
from tests.golden.library import DOWNLOAD, LIBRARY, LISTING, UPLOAD
from tests.golden.made import HEADERS, expect, spec, step
from tests.reports import factory


def of_run(path: Path, table: Reliance, specs: Sequence[GoldenSpec] = LIBRARY) -> Impact:
    return impact(read(path), specs, table, catalogue.load(folder("suites")))


def flow(found: Impact, name: str) -> Flow:
    (one,) = [one for one in found.flows if one.name == name]
    return one


def said(one: Flow) -> str:
    return sentence(one.client.name, one.name, one.harms[0])


def replayed(of: GoldenSpec, verdict: Verdict = Verdict.DIFFERS, **more: Any) -> dict[str, Any]:
    """The record of a spec that was replayed."""
    return factory.case(of.id, verdict, operation=of.steps[0].operation, **more)


# --- replays ---


def test_a_replay_that_differs_breaks_the_flow(tmp_path: Path, table: Reliance) -> None:
    wires = {
        UPLOAD.id: [
            factory.exchange("PUT /blobproof/c/big.bin?comp=blocklist", "500 Internal", step="put-block-list")
        ]
    }
    finding = factory.finding("status", "201", "500 InternalError", step="put-block-list", exchange=0)
    run = factory.write(tmp_path / "run", [replayed(UPLOAD, findings=[finding])], wires=wires)
    found = of_run(run, table)
    one = flow(found, "upload of a large file")
    assert one.severity is Severity.BREAKS
    assert said(one) == (
        "AzCopy: upload of a large file breaks: Put Block List answers 500 InternalError where 201 is due, "
        "and it is tried 20 times more, for a quarter of an hour, if the answer has x-ms-error-code, "
        "else never (traces/azcopy/10.32.2/upload-blocks)"
    )
    assert one.harms[0].step == "put-block-list"
    assert found.exit_code is ExitCode.DIVERGENCE
    assert flow(found, "listing").state is State.UNVERIFIED


def test_what_a_refusal_lacks_is_no_reason_of_its_own(tmp_path: Path, table: Reliance) -> None:
    found = [
        factory.finding("status", "201", "409 BlobNotFound", step="put-block-list", exchange=0),
        factory.finding("header ETag", "an ETag", "absent", step="put-block-list", exchange=0),
        factory.finding("ETag to remember", "present", "absent", step="put-block-list", exchange=0),
    ]
    wires = {UPLOAD.id: [factory.exchange("PUT /blobproof/c/big.bin?comp=blocklist", "409 Conflict")]}
    run = factory.write(tmp_path / "run", [replayed(UPLOAD, findings=found)], wires=wires)
    (harm,) = flow(of_run(run, table), UPLOAD.flow).harms
    assert harm.reason == "Put Block List answers 409 BlobNotFound where 201 is due"


def test_a_stale_etag_that_is_accepted_loses_data(tmp_path: Path, table: Reliance) -> None:
    exchange = factory.exchange("PUT /blobproof/c/a", "201 Created", step="put-blob")
    exchange["request"]["headers"].append(["If-Match", '"0x1"'])
    finding = factory.finding("status", "412", "201", step="put-blob", exchange=0)
    guarded = replace(
        spec(
            step(
                "put-blob",
                "PUT /{own-container}/a",
                operation="Put Blob",
                headers=(*HEADERS, ("If-Match", "{etag-1}")),
                wanted=expect(412),
            ),
            name="traces/adlfs/1/guarded",
        ),
        client="adlfs",
    )
    run = factory.write(
        tmp_path / "run", [replayed(guarded, findings=[finding])], wires={guarded.id: [exchange]}
    )
    one = flow(of_run(run, table, [guarded]), guarded.flow)
    assert one.severity is Severity.DATA_LOSS
    assert said(one).startswith("adlfs: a test loses data: Put Blob answers 201 where 412 is due (")


def test_who_is_told_of_a_failure_loses_nothing(tmp_path: Path, table: Reliance) -> None:
    told = factory.finding("status", "201", "400 InvalidBlockList", step="put-block-list", exchange=0)
    after = factory.finding("status", "200", "404 BlobNotFound", step="then 1", exchange=1)
    wires = {
        UPLOAD.id: [
            factory.exchange("PUT /blobproof/c/big.bin?comp=blocklist", "400 Bad", step="put-block-list"),
            factory.exchange("GET /blobproof/c/big.bin", "404 Not Found", step="then 1"),
        ]
    }
    run = factory.write(tmp_path / "a", [replayed(UPLOAD, findings=[told, after])], wires=wires)
    assert flow(of_run(run, table), UPLOAD.flow).severity is Severity.BREAKS
    run = factory.write(tmp_path / "b", [replayed(UPLOAD, findings=[after])], wires=wires)
    one = flow(of_run(run, table), UPLOAD.flow)
    assert one.severity is Severity.DATA_LOSS
    assert "afterwards, Get Blob answers 404 BlobNotFound where 200 is due" in said(one)


def test_a_field_that_the_client_does_without_is_a_risk_only(tmp_path: Path, table: Reliance) -> None:
    finding = factory.finding("header x-ms-request-id", "present", "absent", step="get-blob", exchange=0)
    wires = {DOWNLOAD.id: [factory.exchange("GET /blobproof/c/a.bin", "206 Partial", step="get-blob")]}
    run = factory.write(tmp_path / "run", [replayed(DOWNLOAD, findings=[finding])], wires=wires)
    one = flow(of_run(run, table), DOWNLOAD.flow)
    assert one.severity is Severity.AT_RISK
    assert "but the client was seen to go on without it" in said(one)


def test_unsupported_blocked_and_known(tmp_path: Path, table: Reliance) -> None:
    refusal = factory.finding(
        "outcome", "Put Block to be offered", "501", verdict=Verdict.UNSUPPORTED, step="put-block-1"
    )
    records = [
        replayed(UPLOAD, Verdict.UNSUPPORTED, findings=[{**refusal, "exchange": 0}], reason="501"),
        replayed(DOWNLOAD, Verdict.BLOCKED, findings=[], reason="a premise failed: no container"),
        replayed(LISTING, Verdict.KNOWN, findings=[factory.finding("status", "200", "404")], reason="STOR-1"),
    ]  # fmt: skip
    wires = {UPLOAD.id: [factory.exchange("PUT /blobproof/c/big.bin?comp=block&blockid=aa", "501 No")]}
    found = of_run(factory.write(tmp_path / "run", records, wires=wires), table)
    assert "Put Block is not offered (501)" in said(flow(found, UPLOAD.flow))
    blocked = flow(found, DOWNLOAD.flow)
    assert (blocked.state, blocked.note) == (State.UNVERIFIED, "a premise failed: no container")
    assert flow(found, LISTING.flow).known
    (rclone,) = [one for one in found.clients if one.client.id == "rclone"]
    assert (
        impact(read(tmp_path / "run"), LIBRARY, table, catalogue.Catalogue(), frozenset({"rclone"})).exit_code
        is ExitCode.MET
    )
    assert rclone.verified


def test_a_client_that_ran_and_failed_breaks(tmp_path: Path, table: Reliance) -> None:
    failed = factory.scenario(
        "azcopy/upload/small-file", Verdict.DIFFERS, client="AzCopy", reason="bytes: expected 1\n2, got 3"
    )
    found = of_run(factory.write(tmp_path / "run", [failed]), table, ())
    (one,) = found.flows
    assert said(one) == (
        "AzCopy: upload/small-file breaks: bytes: expected 1 2, got 3 (azcopy/upload/small-file)"
    )


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.PASS, ExitCode.MET),
        (Verdict.INDETERMINATE, ExitCode.INDETERMINATE),
        (Verdict.HARNESS_ERROR, ExitCode.HARNESS),
        (Verdict.NOT_RUN, ExitCode.NOTHING_VERIFIED),
    ],
)
def test_exit_codes(tmp_path: Path, table: Reliance, verdict: Verdict, code: ExitCode) -> None:
    records = [replayed(one, verdict, findings=[], reason="because") for one in LIBRARY]
    found = of_run(factory.write(tmp_path / "run", records), table)
    assert found.exit_code is code
    cut = factory.write(tmp_path / "cut", records, footer=False)
    if verdict is Verdict.PASS:
        assert {one.state for one in found.flows} == {State.HELD}
        assert of_run(cut, table).exit_code is ExitCode.NOTHING_VERIFIED


# --- cases and wire rules ---


def judged(tmp_path: Path, table: Reliance, line: str, finding: dict[str, Any], **more: Any) -> Impact:
    """The impact of one authored case with one exchange and one broken finding."""
    identity = "suite/a-case"
    record = factory.case(identity, Verdict.DIFFERS, findings=[{**finding, "exchange": 0}], **more)
    wires = {identity: [factory.exchange(line, "200 OK")]}
    return of_run(factory.write(tmp_path / "run", [record], wires=wires), table)


def test_a_case_puts_flows_of_its_shape_at_risk(tmp_path: Path, table: Reliance) -> None:
    finding = factory.finding("status", "201", "409")
    found = judged(
        tmp_path, table, "PUT /blobproof/c/a?comp=block&blockid=aa", finding, operation="Put Block"
    )
    one = flow(found, UPLOAD.flow)
    assert one.severity is Severity.AT_RISK
    assert "upload of a large file is at risk: Put Block answers 409 where 201 is due" in said(one)
    assert flow(found, DOWNLOAD.flow).state is State.UNVERIFIED


def test_a_case_about_what_no_client_sends_hurts_none(tmp_path: Path, table: Reliance) -> None:
    finding = factory.finding("status", "200", "400 InvalidQueryParameterValue")
    line = "GET /blobproof/c?comp=list&restype=container&include=deleted"
    found = judged(tmp_path, table, line, finding, operation="List Blobs")
    assert not flow(found, LISTING.flow).harms


def test_a_wrong_refusal_hurts_only_who_is_refused(tmp_path: Path, table: Reliance) -> None:
    finding = factory.finding("status", "400", "201")
    line = "PUT /blobproof/c/a?comp=blocklist"
    found = judged(tmp_path, table, line, finding, operation="Put Block List")
    assert not flow(found, UPLOAD.flow).harms


def test_a_field_is_a_risk_for_who_sends_it_back(tmp_path: Path, table: Reliance) -> None:
    finding = factory.finding("header ETag", "present", "absent")
    line = "PUT /blobproof/c/a?comp=blocklist"
    found = judged(tmp_path, table, line, finding, operation="Put Block List")
    # AzCopy looks at no ETag of a commit; the spec made by hand does.
    assert not flow(found, UPLOAD.flow).harms or "If-Match" in said(flow(found, UPLOAD.flow))


def test_a_known_effect_is_said(tmp_path: Path, table: Reliance) -> None:
    finding = factory.finding("status", "206", "200")
    exchange = factory.exchange("GET /blobproof/c/a", "200 OK")
    exchange["request"]["headers"].append(["x-ms-range", "bytes=0-9"])
    record = factory.case(
        "get-blob/a", Verdict.DIFFERS, operation="Get Blob", findings=[{**finding, "exchange": 0}]
    )
    run = factory.write(tmp_path / "run", [record], wires={record["id"]: [exchange]})
    one = flow(of_run(run, table), DOWNLOAD.flow)
    assert one.severity is Severity.DATA_LOSS
    assert "may lose data: Get Blob answers 200 where 206 is due, and the first bytes" in said(one)


def test_what_held_in_a_replay_is_not_at_risk_for_its_shape(tmp_path: Path, table: Reliance) -> None:
    finding = factory.finding("status", "201", "409", exchange=0)
    record = factory.case("put-block/a", Verdict.DIFFERS, operation="Put Block", findings=[finding])
    wires = {record["id"]: [factory.exchange("PUT /blobproof/c/a?comp=block&blockid=aa", "409 Conflict")]}
    records = [record, replayed(UPLOAD, Verdict.PASS, findings=[])]
    assert (
        flow(of_run(factory.write(tmp_path / "run", records, wires=wires), table), UPLOAD.flow).state
        is State.HELD
    )


def test_what_is_expected_only_breaks_nobody(tmp_path: Path, table: Reliance) -> None:
    finding = factory.finding("status", "201", "200", level=Level.EXPECTED)
    found = judged(
        tmp_path, table, "PUT /blobproof/c/a?comp=block&blockid=aa", finding, operation="Put Block"
    )
    assert not flow(found, UPLOAD.flow).harms
