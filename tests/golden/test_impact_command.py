"""The command impact, on real runs: who is hurt, JSON, bad input, and its page in a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from harness.data import folder
from tests.command.process import blobproof, refused
from tests.reports.test_browser import CHROMIUM, WIDTHS


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
