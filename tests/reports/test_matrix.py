"""The page as a whole: what it says, that it stands alone, and that nothing in a run can break it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.results.read import ResultsError
from harness.vocabulary import Level, Verdict
from reports import matrix
from tests.reports import factory as made
from tests.reports.built import build, differing, every_verdict, wires


def test_a_stranger_reads_what_was_tested_and_how_it_ended(tmp_path: Path, suites: Path) -> None:
    good = made.write(tmp_path / "run-1", [made.case("put-blob/a"), made.scenario("azcopy/upload")])
    bad = made.write(
        tmp_path / "run-2", [differing()], name="azurite", server="Azurite-Blob/3.35.0", declared=None
    )
    _, page = build(tmp_path, suites, good, bad)
    text = " ".join(page.text.split())
    assert "Azure Blob compatibility of reference and azurite" in text
    assert "measured 22 November 2026 · Blobproof 0.1.0" in text
    assert "Gate mvp met" in text
    assert "Gate mvp not met" in text
    assert "differs: put-block-list/unknown-block-id" in text
    assert "Azurite-Blob/3.35.0" in text
    assert "2025-07-05" in text
    assert "22 November 2026, 15:30 UTC, took 1 min 40 s" in text
    assert "blobproof reference façade 0.1.0" in text
    for verdict in Verdict:
        assert verdict.meaning in text


def test_divergence_and_coverage_stand_together(tmp_path: Path, suites: Path) -> None:
    run = made.write(tmp_path / "run", every_verdict(), items=30)
    _, page = build(tmp_path, suites, run)
    text = " ".join(page.text.split())
    # Verified: pass, differs, lenient, known, stale. Outside: not-applicable, observed.
    assert "Divergence, set mvp2 of 5 verified Coverage, set mvp5 of 28 listed" in text
    assert "12 checks were chosen of 30 that the manifest lists" in text


def test_a_cell_says_its_worst_verdict_in_word_symbol_and_colour(tmp_path: Path, suites: Path) -> None:
    run = made.write(tmp_path / "run", [made.case("put-blob/a"), differing("put-blob/b")])
    text, _ = build(tmp_path, suites, run)
    cell = re.search(r'<td class="bad">(.*?)</td>', text)
    assert cell
    assert '<use href="#i-differs"/>' in cell[1]
    assert "differs</span>" in cell[1]
    assert re.sub("<[^>]*>", "", cell[1]).split() == ["differs", "1", "passed", "of", "/", "2"]


def test_every_verdict_is_shown_with_its_reason(tmp_path: Path, suites: Path) -> None:
    text, page = build(tmp_path, suites, made.write(tmp_path / "run", every_verdict()))
    for verdict in Verdict:
        assert f"i-{verdict.value}" in page.ids
        if verdict is not Verdict.PASS:
            assert f"Because {verdict.value}." in page.text
            assert f"get-blob/{verdict.value}@reference" in page.ids
    assert "get-blob/pass@reference" not in text


def test_a_finding_brings_its_evidence(tmp_path: Path, suites: Path) -> None:
    run = made.write(tmp_path / "run", [differing()], wires=wires())
    text, page = build(tmp_path, suites, run)
    shown = " ".join(page.text.split())
    assert "Unknown block id" in shown
    assert "accepting an unknown ID would commit a hole" in shown
    assert "Unknown blocks are refused." in shown
    assert "Breaks without it: AzCopy and boostedblob." in shown
    assert "The page of Put Block List" in shown
    assert "recorded: azure 2018-11-09" in shown
    assert "1 of 3 assertions held." in shown
    assert "blobproof run reference --case put-block-list/unknown-block-id" in shown
    assert '<mark data-mark="differs">HTTP/1.1 201 Created</mark>' in text
    assert '<mark data-mark="differs">ETag: &#34;0x8DD2222&#34;</mark>' in text
    assert "Authorization: SharedKey blobproof:REDACTED" in shown
    assert "put-block-list/unknown-block-id@reference" in page.ids


def test_a_pass_embeds_no_wire(tmp_path: Path, suites: Path) -> None:
    run = made.write(tmp_path / "run", [made.case("put-blob/a")], wires=wires("put-blob/a"))
    text, _ = build(tmp_path, suites, run)
    assert "comp=blocklist" not in text


def test_blocked_leads_to_its_premise(tmp_path: Path, suites: Path) -> None:
    blocked = made.case(
        "get-blob/a", Verdict.BLOCKED, findings=[], reason="put-blob/b, which it needs, is differs"
    )
    text, _ = build(tmp_path, suites, made.write(tmp_path / "run", [differing("put-blob/b"), blocked]))
    assert '<a href="#put-blob/b">Go to that case.</a>' in text


def test_scenarios_show_client_versions(tmp_path: Path, suites: Path) -> None:
    missing = made.scenario("sdk/list", Verdict.NOT_RUN, reason="azure-storage-blob is not installed.")
    run = made.write(tmp_path / "run", [made.scenario("azcopy/upload/small-file"), missing])
    _, page = build(tmp_path, suites, run)
    assert "azcopy 10.32.2" in " ".join(page.text.split())
    assert "Azure-storage-blob is not installed." in page.text


def test_a_scenario_has_one_row_though_its_client_did_not_run_everywhere(
    tmp_path: Path, suites: Path
) -> None:
    ran = made.scenario("sdk/list", client="azure-storage-blob", client_version="12.31.1")
    did_not = made.scenario("sdk/list", Verdict.NOT_RUN, client="sdk", client_version=None, reason="absent")
    runs = [
        made.write(tmp_path / "one", [did_not], name="without"),
        made.write(tmp_path / "two", [ran], name="with"),
    ]
    text, _ = build(tmp_path, suites, *runs)
    assert text.count('<tr class="row"') == 1
    assert "not in this run" not in text


def test_a_cut_off_run_is_marked_everywhere(tmp_path: Path, suites: Path) -> None:
    whole = made.write(tmp_path / "one", [made.case("put-blob/a"), made.case("get-blob/b")])
    cut = made.write(
        tmp_path / "two",
        [made.case("put-blob/a")],
        name="cut",
        selection=["put-blob/a", "get-blob/b", "get-blob/c"],
        footer=False,
    )
    _, page = build(tmp_path, suites, whole, cut)
    text = " ".join(page.text.split())
    assert "Partial run. It was cut off: 2 chosen checks have no record." in text
    assert "2 without a record" in text
    assert "cut partial run" in text
    assert "cut off before: get-blob/b, get-blob/c" in text
    assert "Gate mvp not met" in text


def test_a_case_that_one_run_lacks_is_not_a_pass(tmp_path: Path, suites: Path) -> None:
    both = made.write(tmp_path / "one", [made.case("put-blob/a"), made.case("put-blob/b")])
    one = made.write(tmp_path / "two", [made.case("put-blob/a")], name="other")
    text, _ = build(tmp_path, suites, both, one)
    assert '<td class="none">not in this run</td>' in text


def test_two_runs_of_one_endpoint_are_told_apart(tmp_path: Path, suites: Path) -> None:
    runs = [made.write(tmp_path / name, [differing()]) for name in ("monday", "tuesday")]
    _, page = build(tmp_path, suites, *runs)
    assert {"put-block-list/unknown-block-id@reference", "put-block-list/unknown-block-id@reference-2"} <= {
        *page.ids
    }
    assert "monday" in page.text
    assert "tuesday" in page.text


def test_versions_stand_in_the_heads_where_there_are_several(tmp_path: Path, suites: Path) -> None:
    note = "the clients run once for an endpoint"
    runs = [
        made.write(
            tmp_path / version,
            [differing(), made.scenario("azcopy/up", Verdict.PASS)],
            service_version=version,
        )
        for version in ("2018-11-09", "2025-07-05")
    ]
    text, page = build(tmp_path, suites, *runs)
    for version in ("2018-11-09", "2025-07-05"):
        assert f'<th scope="col">reference {version}</th>' in text
    assert "<title>Azure Blob compatibility: reference</title>" in text
    assert "1 endpoint · service versions 2018-11-09 and 2025-07-05 ·" in page.text
    assert note in text
    alone, page = build(tmp_path / "alone", suites, runs[0])
    assert '<th scope="col">reference</th>' in alone
    assert "service versions" not in page.text
    assert note not in alone


def test_tables_name_their_rows_and_columns(tmp_path: Path, suites: Path) -> None:
    _, page = build(tmp_path, suites, made.write(tmp_path / "run", every_verdict()))
    assert all(attributes.get("scope") in ("col", "row", "rowgroup") for attributes in page.of("th"))
    assert len(page.of("caption")) == len(page.of("table"))
    assert page.of("html") == [{"lang": "en"}]
    assert len(page.of("h1")) == 1


def test_a_refusal_decides_and_does_not_differ(tmp_path: Path, suites: Path) -> None:
    refused = made.finding("outcome", "an offer", "501", verdict=Verdict.UNSUPPORTED, exchange=0)
    line = made.case("put-blob/a", Verdict.UNSUPPORTED, findings=[refused])
    kept = {"put-blob/a": [made.exchange("PUT /c/b", "501 Not Implemented")]}
    text, page = build(tmp_path, suites, made.write(tmp_path / "run", [line], wires=kept))
    assert '<mark data-mark="decides">HTTP/1.1 501 Not Implemented</mark>' in text
    assert "decides here" in page.text


def test_the_same_broken_assertion_stands_once(tmp_path: Path, suites: Path) -> None:
    same = [
        made.finding(
            "header Date", "present", "absent", level=Level.EXPECTED, exchange=number, step=str(number)
        )
        for number in range(3)
    ]
    line = made.case("put-blob/a", Verdict.LENIENT, findings=same)
    text, _ = build(tmp_path, suites, made.write(tmp_path / "run", [line]))
    assert text.count("header Date <span") == 1
    assert "step 0, step 1, step 2" in text


def test_the_same_runs_give_the_same_page(tmp_path: Path, suites: Path) -> None:
    run = made.write(tmp_path / "run", [differing()], wires=wires())
    assert build(tmp_path, suites, run)[0] == build(tmp_path, suites, run)[0]


def test_a_folder_without_results_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no results"):
        matrix.build([tmp_path], tmp_path / "out.html")
    with pytest.raises(ResultsError, match="no run"):
        matrix.build([], tmp_path / "out.html")


def test_a_policy_of_the_vendor_is_known_by_its_recorded_decision(tmp_path: Path, suites: Path) -> None:
    run = made.write(tmp_path / "run", [made.case("put-blob/a")])
    decision = {"policy": "ours", "met": False, "exit_code": 1, "reasons": ["too slow"]}
    (run / "run.json").write_text(json.dumps({"policy": "gone.toml", "decision": decision}))
    _, page = build(tmp_path, suites, run)
    assert "Gate ours not met" in page.text
    assert "too slow" in page.text
