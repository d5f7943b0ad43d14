"""Whole runs by the real command: verdicts as exit codes, output for people and for programs, interrupts."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from harness.containers import RUN_PREFIX, containers
from harness.endpoint import Endpoint
from harness.results.read import FILE, read
from tests.command.process import ESCAPE, alive, blobproof, eventually, finish, start

SUITES = ("--suite", "delete-blob", "--suite", "get-blob-properties")
LONG = ("--suite", "put-block-list", "--suite", "list-blobs", "--suite", "names")


def test_a_met_gate_is_0(tmp_path: Path) -> None:
    done = blobproof("run", "reference", *SUITES, cwd=tmp_path)
    assert done.code == 0, done
    assert re.fullmatch(r"reference: \d+ checks\n", done.err)
    (run,) = (tmp_path / "runs").iterdir()
    lines = done.out.splitlines()
    assert re.fullmatch(r"reference: gate mvp met by a selection, \d+ of [\d,]+ checks", lines[0])
    assert "divergence 0 of " in done.out
    assert lines[-2:] == [f"  run: runs/{run.name}", f"report: runs/{run.name}/report.html"]
    assert (run / "report.html").stat().st_size > 10_000
    assert ESCAPE not in done.out + done.err
    assert all(line == line.rstrip() for line in lines)


def test_divergence_is_1_and_named(tmp_path: Path) -> None:
    out = tmp_path / "run"
    case = "get-blob/range-selects-bytes"
    done = blobproof("run", "reference:range-ignored", "--case", case, "--out", out)
    assert done.code == 1, done
    assert "reference:range-ignored: gate mvp not met" in done.out
    lines = [line.split() for line in done.out.splitlines()]
    at = lines.index(["differs", case])
    assert "206" in " ".join(lines[at + 1])
    (record,) = [one for one in read(out).records if one["id"] == case]
    assert record["reproduce"] == (
        "blobproof run reference:range-ignored --case get-blob/range-selects-bytes"
    )


def test_a_missing_client_is_5(tmp_path: Path, facade: Endpoint, key: Mapping[str, str]) -> None:
    (tmp_path / "tools").mkdir()
    done = blobproof(
        *("run", facade.url, "--suite", "sdk", "--out", tmp_path / "run", "--json"),
        env={**key, "BLOBPROOF_TOOLS": str(tmp_path / "tools")},
    )
    assert done.code == 5, done
    (line,) = done.out.splitlines()
    facts = json.loads(line)
    assert (facts["met"], facts["exit_code"], facts["sets"]["mvp"]["verified"]) == (False, 5, 0)
    assert set(facts["counts"]) <= {"not-run", "not-applicable"}
    (record, *_) = [one for one in read(tmp_path / "run").records if one["verdict"] == "not-run"]
    assert "blobproof tools azure-storage-blob" in record["reason"]


def test_ctrl_c_keeps_what_there_is_and_leaves_nothing_behind(
    tmp_path: Path, facade: Endpoint, key: Mapping[str, str]
) -> None:
    out = tmp_path / "run"
    process = start("run", facade.url, *LONG, "--out", out, "--workers", 2, env=key)
    _begun(process, out)
    process.send_signal(signal.SIGINT)
    done = finish(process, 30)
    assert done.code == 3, done
    assert "interrupted: what was brought so far is kept, and marked as partial" in done.out
    assert "Traceback" not in done.err
    results = read(out)
    assert not results.complete
    assert 0 < len(results.records) < len(results.selection)
    facts = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert (facts["interrupted"], facts["left_over"], facts["decision"]["exit_code"]) == (True, [], 3)
    assert "partial" in (out / "report.html").read_text(encoding="utf-8").lower()
    assert containers(facade, RUN_PREFIX) == ()


def test_sigterm_ends_what_was_started_too(tmp_path: Path) -> None:
    """Even where a shell has put it into the background, so that it ignores Ctrl-C."""
    out = tmp_path / "run"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    process = start(
        *("run", "reference", *LONG, "--out", out),
        env={"TMPDIR": str(temporary)},
        before=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    _begun(process, out)
    started = [
        json.loads((out / "servers" / f"{name}.out").read_text().splitlines()[0])["pid"]
        for name in ("reference", "issuer")
    ]
    assert all(alive(pid) for pid in started)
    process.send_signal(signal.SIGTERM)
    done = finish(process, 60)
    assert done.code == 3, done
    assert done.seconds < 60  # bounded, on however busy a machine
    assert not read(out).complete
    assert not any(alive(pid) for pid in started)
    assert not list(temporary.glob("blobproof-*"))


def _begun(process: subprocess.Popen[str], out: Path) -> None:
    def some() -> bool:
        assert process.poll() is None, process.communicate()
        return (out / FILE).exists() and (out / FILE).read_bytes().count(b"\n") > 3

    eventually(some)
