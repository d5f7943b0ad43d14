"""Commands that send nothing, or little: help, lists, gates, reports, left-overs."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from blobproof import cli
from harness import manifest as manifests
from harness.data import folder
from harness.endpoint import Endpoint
from harness.results.read import FILE
from harness.results.write import ResultsWriter
from harness.vocabulary import Verdict
from tests.command.process import COMMAND, ESCAPE, Done, blobproof, refused
from tests.e2e.client import Client
from tests.run.made import header, record

IDS = manifests.load(folder("suites"))["strict"].ids


def test_the_command_itself() -> None:
    done = blobproof("--help")
    assert (done.code, done.err) == (0, "")
    assert all(name in done.out for name in cli.COMMANDS)
    assert "5 nothing verified" in done.out
    assert ESCAPE not in done.out
    assert blobproof("--version").out.startswith("blobproof, version 0.")
    nothing = blobproof()
    assert (nothing.code, nothing.out) == (2, "")
    assert nothing.err.startswith("Usage: blobproof")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_says_what_it_does(here: Callable[..., Done], name: str) -> None:
    done = here(name, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: blobproof {name}")
    again = here(name, "-h")
    assert (again.code, again.err, again.out) == (0, "", done.out)


def test_a_bug_of_ours_is_4_and_shows_itself(
    here: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blobproof.commands.list.make_plan", lambda *_, **__: 1 // 0)
    done = here("list")
    assert done.code == 4
    assert "Traceback" in done.err
    assert "ZeroDivisionError" in done.err


@pytest.mark.parametrize("words", [("list",), ("list", "--json")])
def test_a_reader_that_has_gone_away_is_not_green(words: tuple[str, ...]) -> None:
    """As with `| head`, when it has seen enough: the exit code is that of other programs then."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [str(COMMAND), *words], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=30, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_the_committed_suites_are_well_formed() -> None:
    done = blobproof("list", "--check")
    assert (done.code, done.err) == (0, "")
    assert "well-formed" in done.out


def test_lists_can_be_searched_and_read_by_programs(here: Callable[..., Done]) -> None:
    done = here("list")
    lines = done.out.splitlines()
    shown = {re.split(" {2,}", line)[0] for line in lines[:-1]}
    assert shown == set(IDS)
    assert ESCAPE not in done.out
    assert all(line == line.rstrip() for line in lines)
    facts = [json.loads(line) for line in here("list", "put-block", "--json").out.splitlines()]
    assert {one["id"] for one in facts if one["kind"] == "case"} == {
        one for one in IDS if one.startswith("put-block/")
    }


# --- a run that exists ---


def _run(path: Path, verdicts: Mapping[str, Verdict], *, complete: bool = True) -> Path:
    path.mkdir()
    writer = ResultsWriter(path / FILE, header(*IDS), IDS)
    for one in IDS:
        writer.add(record(one, verdicts.get(one, Verdict.PASS)))
    writer.close(complete=complete)
    return path


@pytest.mark.parametrize(
    ("verdict", "complete", "mvp", "strict"),
    [
        (Verdict.PASS, True, 0, 0),
        (Verdict.LENIENT, True, 0, 1),
        (Verdict.DIFFERS, True, 1, 1),
        (Verdict.DIFFERS, False, 1, 1),
        (Verdict.INDETERMINATE, True, 3, 3),
        (Verdict.PASS, False, 3, 3),
        (Verdict.HARNESS_ERROR, True, 4, 4),
        (Verdict.NOT_RUN, True, 5, 5),
    ],
)
def test_a_gate_decides_again(
    here: Callable[..., Done], tmp_path: Path, verdict: Verdict, complete: bool, mvp: int, strict: int
) -> None:
    run = _run(tmp_path / "run", {IDS[0]: verdict}, complete=complete)
    done = here("gate", run)
    assert (done.code, done.err) == (mvp, "")
    assert f"gate mvp {'met' if mvp == 0 else 'not met'}" in done.out
    done = here("gate", run, "--policy", "strict", "--json")
    assert (done.code, done.err) == (strict, "")
    facts = json.loads(done.out)
    assert (facts["exit_code"], facts["met"], facts["gate"]) == (strict, strict == 0, "strict")
    assert bool(facts["reasons"]) is (strict != 0)


def test_a_run_of_some_suites_meets_no_gate(here: Callable[..., Done], tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    writer = ResultsWriter(run / FILE, header(IDS[0], items=len(IDS)), [IDS[0]])
    writer.add(record(IDS[0]))
    writer.close(complete=True)
    done = here("gate", run)
    assert done.code == 5
    assert "not part of this run" in done.out


def test_a_folder_that_is_no_run(here: Callable[..., Done], tmp_path: Path) -> None:
    for command in ("gate", "report"):
        refused(here(command, tmp_path), 2, "no results in")
    (tmp_path / FILE).write_text("{}\n", encoding="utf-8")
    for command in ("gate", "report"):
        refused(here(command, tmp_path), 2, "no line of results")


def test_reports_of_whole_partial_and_empty_runs(here: Callable[..., Done], tmp_path: Path) -> None:
    whole = _run(tmp_path / "whole", {IDS[0]: Verdict.DIFFERS})
    lines = (whole / FILE).read_bytes().splitlines(keepends=True)
    partial, empty = tmp_path / "partial", tmp_path / "empty"
    for folder_, kept in ((partial, [*lines[:9], lines[9][:40]]), (empty, lines[:1])):
        folder_.mkdir()
        (folder_ / FILE).write_bytes(b"".join(kept))
    for run in (whole, partial, empty):
        done = here("report", run)
        assert (done.code, done.out) == (0, f"{run / 'report.html'}\n"), done
        assert (run / "report.html").stat().st_size > 5_000
    matrix = tmp_path / "side by side" / "matrix.html"
    assert here("report", whole, partial, empty, "-o", matrix).code == 0
    said = here("report", whole, partial, "--markdown", "-")
    assert said.code == 0
    assert said.out.count("### Blobproof: ") == 2
    assert matrix.is_file()
    refused(here("report", empty, "-o", "/proc/none/matrix.html"), 2, "/proc/none/matrix.html cannot be")


def test_summaries_for_a_job_are_files_and_draw_no_page(here: Callable[..., Done], tmp_path: Path) -> None:
    run = _run(tmp_path / "run", {IDS[0]: Verdict.DIFFERS})
    summary, junit = tmp_path / "new" / "summary.md", tmp_path / "new" / "junit.xml"
    done = here("report", run, "--markdown", summary, "--junit", junit)
    assert (done.code, done.out) == (0, f"{summary}\n{junit}\n"), done
    assert "### Blobproof: " in summary.read_text(encoding="utf-8")
    assert '<failure message="differs: ' in junit.read_text(encoding="utf-8")
    assert not (run / "report.html").exists()
    refused(here("report", run, "--junit", run), 2, "is a directory")
    taken = tmp_path / "file"
    taken.write_text("")
    refused(here("report", run, "--junit", taken / "junit.xml"), 2, "cannot be written")


# --- left-overs ---


def test_sweep_removes_old_containers_of_runs_and_nothing_else(
    here: Callable[..., Done],
    monkeypatch: pytest.MonkeyPatch,
    facade: Endpoint,
    key: Mapping[str, str],
) -> None:
    for name, value in key.items():
        monkeypatch.setenv(name, value)
    client = Client(facade)
    mine = ("bp-sweep-one", "bp-sweep-two", "sweep-bp-mine")
    for name in mine:
        assert client.status("PUT", f"/{name}?restype=container") == 201
    assert here("sweep", facade.url).out == "0 found, 0 stayed\n"  # they are young
    dry = here("sweep", facade.url, "--hours", "0", "--dry-run")
    assert dry.out.splitlines() == [
        "would remove bp-sweep-one",
        "would remove bp-sweep-two",
        "2 found, 0 stayed",
    ]
    done = here("sweep", facade.url, "--hours", "0", "--json")
    assert json.loads(done.out) == {"found": list(mine[:2]), "stayed": {}, "dry_run": False}
    left = [client.status("GET", f"/{name}?restype=container") for name in mine]
    assert left == [404, 404, 200]
    assert client.status("DELETE", f"/{mine[2]}?restype=container") == 202
    client.close()
