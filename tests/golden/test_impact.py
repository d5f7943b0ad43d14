"""Client impact: what a run's divergences do to whom, from replays, from cases, and from clients that ran."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from harness import catalogue
from harness.cases import case as c
from harness.cases.errors import CaseError
from harness.data import folder
from harness.golden import reliance as tables
from harness.golden.document import dump
from harness.golden.features import Shape, of_step, of_wire
from harness.golden.harm import Severity
from harness.golden.impact import Flow, Impact, State, impact
from harness.golden.phrases import sentence
from harness.golden.plan import write_manifest
from harness.golden.reliance import Effect, Reliance, bindings
from harness.golden.spec import GoldenSpec
from harness.golden.trouble import fields
from harness.results.read import read
from harness.rules.identify import identify
from harness.vocabulary import ExitCode, Level, Verdict
from tests.command.process import blobproof, refused
from tests.golden import made
from tests.golden.made import HEADERS, expect, spec, step
from tests.reports import factory
from tests.reports.test_browser import CHROMIUM, WIDTHS

LENGTH = ("Content-Length", "{length}")
RANGE = ("x-ms-range", "bytes=0-99")
SINCE = ("If-Unmodified-Since", "{modified-1}")

DOWNLOAD = replace(
    spec(
        step(
            "get-blob-properties",
            "HEAD /{own-container}/a.bin",
            operation="Get Blob Properties",
            save=[("modified-1", "Last-Modified")],
        ),
        step(
            "get-blob",
            "GET /{own-container}/a.bin",
            headers=(*HEADERS, RANGE, SINCE),
            wanted=expect(206),
            after=["get-blob-properties"],
        ),
        given=[
            c.Step(
                "PUT",
                "/{own-container}/a.bin",
                (("x-ms-blob-type", "BlockBlob"),),
                c.Random(1000, 1),
                expect=expect(201),
            )
        ],
        name="traces/azcopy/10.32.2/download",
    ),
    client="azcopy",
    flow="download of a small file",
)
UPLOAD = replace(
    made.blocks(), id="traces/azcopy/10.32.2/upload-blocks", client="azcopy", flow="upload of a large file"
)
LISTING = replace(
    spec(
        step(
            "list-blobs",
            "GET /{own-container}?comp=list&prefix=&restype=container",
            operation="List Blobs",
        ),
        name="traces/rclone/1.75.2/list",
    ),
    client="rclone",
    flow="listing",
)
PROVENANCE = dict.fromkeys(("command", "recorded-on", "recorder", "recordings", "date", "validated"), "made")
LIBRARY = (DOWNLOAD, UPLOAD, LISTING)


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of three specs."""
    root = tmp_path_factory.mktemp("library") / "traces"
    for one in LIBRARY:
        path = root.parent / f"{one.id}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dump(replace(one, provenance=PROVENANCE)))
    write_manifest(root)
    return root


@pytest.fixture(scope="module")
def table() -> Reliance:
    return tables.load(folder("traces"))


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


# --- operation shapes ---


TWICE = [("x-ms-meta-a", "1"), ("x-ms-meta-b", "2")]
LISTED = "GET /{own-container}?restype=container&comp=list&prefix=&include=metadata,tags&marker={marker-1}"


@pytest.mark.parametrize(
    ("line", "headers", "features"),
    [
        ("GET /{own-container}/a", [], set()),
        (
            "GET /{own-container}/a?snapshot={snapshot-1}",
            [("x-ms-range", "bytes=0-9")],
            {"snapshot", "x-ms-range"},
        ),
        ("GET /{own-container}/a", [("If-Match", "{etag-1}"), ("x-ms-date", "{now}")], {"If-Match"}),
        ("PUT /{own-container}/a", [("If-None-Match", "*")], {"If-None-Match: *", "no bytes"}),
        ("PUT /{own-container}/a", [("x-ms-blob-type", "AppendBlob")], {"AppendBlob"}),
        ("PUT /{own-container}/a", TWICE, {"x-ms-meta-…", "no bytes"}),
        (LISTED, [], {"include=metadata", "include=tags", "marker"}),
        ("HEAD /{own-container}/a%2Fb%20c", [], {"%2F in the name", "escapes in the name"}),
        ("PUT /{own-container}/a?comp=tier", [("x-ms-access-tier", "Cool")], {"x-ms-access-tier"}),
    ],
)
def test_what_of_a_request_decides(line: str, headers: list[tuple[str, str]], features: set[str]) -> None:
    sent = (*HEADERS, *headers)
    operation = identify(*line.split(" "), sent).operation
    shape = of_step(step("one", line, operation=operation, headers=sent), "sas")
    assert shape == Shape(operation, frozenset(features), "sas")


def test_a_block_list_decides_by_its_elements() -> None:
    listed = c.BlockListXml((c.ListedBlock("Uncommitted", "{block:1/36}"),))
    asked = step("one", "PUT /{own-container}/a?comp=blocklist", operation="Put Block List", body=listed)
    assert of_step(asked).features == {"<Uncommitted>"}
    empty = step(
        "one", "PUT /{own-container}/a?comp=blocklist", operation="Put Block List", body=c.BlockListXml(())
    )
    assert of_step(empty).features == {"an empty list"}


def test_the_same_shape_from_a_wire() -> None:
    exchange = factory.exchange(
        "PUT /blobproof/c/a?comp=blocklist&sv=2026-10-06&sig=REDACTED", "201 Created", sent=b"x"
    )
    exchange["request"]["headers"] = [["If-Match", '"0x1"'], ["x-ms-version", "2025-07-05"]]
    exchange["request"]["body"]["text"] = "<?xml?><BlockList><Latest>aa</Latest></BlockList>"
    assert of_wire(exchange["request"], "/blobproof") == Shape(
        "Put Block List", frozenset({"If-Match", "<Latest>"}), "sas"
    )
    assert of_wire({"line": "nonsense"}, "") is None


def test_a_client_depends_on_what_it_sends_back() -> None:
    (one,) = bindings(DOWNLOAD)
    assert (one.operation, one.field, one.place) == (
        "Get Blob Properties",
        "header Last-Modified",
        "If-Unmodified-Since",
    )


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("status", ("status",)),
        ("header ETag", ("header ETag",)),
        ("ETag to remember", ("header ETag",)),
        ("EnumerationResults/NextMarker to remember", ("xml EnumerationResults/NextMarker",)),
        ("error Code", ("error",)),
        ("part 3 status", ("parts",)),
        ("outcome", ("answer",)),
    ],
)
def test_what_a_finding_is_about(about: str, expected: tuple[str, ...]) -> None:
    assert fields(factory.finding(about, "a", "b")) == expected


# --- the table ---


def test_every_fact_has_a_known_source(table: Reliance) -> None:
    known = catalogue.load(folder("suites"))
    assert len(table.facts) > 50
    for fact in table.facts:
        assert fact.effect is Effect.NONE or fact.says
        for source in fact.source:
            assert known.source(source).title, source


def fact(**changed: str) -> str:
    """A table with one fact."""
    said = {
        "clients": "[a]",
        "operation": "'*'",
        "field": "status",
        "effect": "none",
        "source": "x",
    } | changed
    return f"clients: {{a: {{name: A}}}}\nfacts:\n  - {{{', '.join(f'{k}: {v}' for k, v in said.items())}}}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clients: {}", "'facts'"),
        (fact(clients="[b]"), "'b'"),
        (fact(operation="Get"), "'Get'"),
        (fact(field="colour"), "colour"),
        (fact(effect="fails"), "says"),
    ],
)
def test_a_wrong_table_names_the_line(text: str, words: str) -> None:
    with pytest.raises(CaseError, match=r"reliance\.yaml:") as error:
        tables.parse(text)
    assert words in str(error.value)


def test_a_client_has_several_names(table: Reliance) -> None:
    assert table.client("AzCopy").id == "azcopy"
    assert table.client("object_store").id == "obstore"
    assert table.client("mystery").name == "mystery"


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


# --- real runs ---


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few cases against a façade whose answers lack Last-Modified."""
    out = tmp_path_factory.mktemp("impact") / "run"
    cases = (
        "get-blob/range-selects-bytes",
        "get-blob-properties/head-says-what-get-says",
        "put-blob/new-etag-each-time",
    )
    known = [one for one in cases if (folder("suites") / f"{one}.yaml").exists()]
    words = [word for one in known for word in ("--case", one)]
    done = blobproof("run", "reference:last-modified-missing", *words, "--out", out)
    assert done.code == 1, done
    return out


def test_the_command_says_what_breaks_for_whom(run: Path, traces: Path) -> None:
    done = blobproof("impact", run, "--library", traces)
    assert done.code == 1, done
    assert "AzCopy: download of a small file is at risk: " in done.out
    assert "Last-Modified, and downloads fail (" in done.out
    assert "rclone\n  nothing was verified: nothing in this run is about it" in done.out
    done = blobproof("impact", run, "--library", traces, "--client", "rclone", "--client", "GDAL")
    assert done.code == 5, done
    assert "GDAL\n  nothing was verified: there is no golden spec of it" in done.out


def test_the_command_speaks_json(run: Path, traces: Path) -> None:
    done = blobproof("impact", run, "--library", traces, "--json", "--client", "AzCopy")
    facts = json.loads(done.out)
    assert (done.code, facts["exit_code"], facts["complete"]) == (1, 1, True)
    (client,) = facts["clients"]
    by_name = {one["flow"]: one for one in client["flows"]}
    assert by_name["download of a small file"]["severity"] == "at risk"
    assert by_name["download of a small file"]["reasons"][0]["source"] == ["azcopy/3.7"]
    assert by_name["upload of a large file"]["severity"] is None


def test_a_replay_on_a_wrong_server_says_who_loses_data(traces: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = blobproof("replay", "reference:range-ignored", "--library", traces, "--out", out)
    assert done.code == 1, done
    done = blobproof("impact", out, "--library", traces)
    assert done.code == 1, done
    assert (
        "  data loss    AzCopy: download of a small file loses data: Get Blob answers 200 where 206 is due, "
        "and the first bytes of the blob are written in the place of every range, and the job is reported "
        "as completed (traces/azcopy/10.32.2/download)"
    ) in done.out.splitlines()
    assert "  1 flow unharmed" in done.out.splitlines()


def test_what_a_client_sends_and_depends_on_needs_no_run(traces: Path) -> None:
    done = blobproof("impact", "--uses", "--library", traces, "--client", "AzCopy", "--json")
    assert done.code == 0, done
    (one,) = json.loads(done.out)
    asked = {asked["operation"]: asked for asked in one["asks"]}
    assert {"Get Blob Properties", "Put Block List"} <= set(asked)
    back = [(back["field"], back["in"], back["flows"]) for back in one["sends_back"]]
    assert ("header Last-Modified", "If-Unmodified-Since", ["download of a small file"]) in back
    assert "downloads fail" in [fact["says"] for fact in one["depends"]]
    done = blobproof("impact", "--uses", "--library", traces, "--client", "rclone")
    assert done.out.splitlines()[:2] == ["rclone 1.0", "  asks          List Blobs (1 flow)"]


def test_bad_input_is_said_in_a_line(run: Path, tmp_path: Path) -> None:
    refused(blobproof("impact"), 2, "RUN")
    refused(blobproof("impact", run, "--client", "nobody"), 2, "no client 'nobody'")
    refused(blobproof("impact", tmp_path / "none"), 2, "does not exist")
    refused(blobproof("impact", tmp_path), 2, "no results in")


def test_the_page_stands_in_a_browser(run: Path, traces: Path, tmp_path: Path) -> None:
    out = tmp_path / "impact.html"
    done = blobproof("impact", run, "--library", traces, "-o", out)
    assert done.code == 1, done
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in WIDTHS.values():
            page = browser.new_page(viewport={"width": width, "height": 900})
            complaints: list[str] = []
            page.on("console", lambda said, heard=complaints: heard.append(said.text))
            page.on("pageerror", lambda error, heard=complaints: heard.append(str(error)))
            page.goto(out.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.get_by_text("Download of a small file").first.click()
            assert page.get_by_text("and downloads fail.").first.is_visible()
            page.select_option("select[name=word]", "breaks")
            assert page.locator("details.finding:visible").count() == 0
            assert complaints == []
        browser.close()
