"""`blobproof replay`: plans, records, exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cases.errors import CaseTreeError
from harness.endpoint import Style
from harness.golden.document import dump
from harness.golden.plan import NoSuchTraceError, NoTracesError, make_plan, write_manifest
from harness.golden.spec import GoldenSpec
from harness.golden.ways import Way
from harness.manifest import GOLDEN, ManifestError
from harness.policy import decide, load
from harness.results.read import read
from harness.rules.tally import rule_ids
from harness.run import RunOptions, run
from harness.vocabulary import ExitCode, Verdict
from tests.command.process import blobproof, refused
from tests.golden.made import blocks

PROVENANCE = {
    "command": "mover up",
    "recorded-on": "paper",
    "recorder": "a pen",
    "recordings": "2",
    "date": "2026-01-01",
    "validated": "by hand",
}


def put(traces: Path, *names: str, of: GoldenSpec | None = None) -> None:
    """Write a spec under each of these names, CLIENT/VERSION/NAME."""
    for name in names:
        client, version, _ = name.split("/")
        made = replace(
            of or blocks(2),
            id=f"traces/{name}",
            client=client,
            client_version=version,
            provenance=PROVENANCE,
        )
        path = traces / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dump(made), encoding="utf-8")


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """A library of three specs, with its manifest."""
    where = tmp_path / "traces"
    put(where, "mover/1.0/up", "mover/1.1/up", "other/2.0/up")
    assert write_manifest(where) == 3
    return where


def names(traces: Path, *only: str) -> list[str]:
    """The specs that a plan chooses."""
    return [spec.id for spec in make_plan(traces, only).specs]


def test_a_plan_of_all_or_of_what_is_named(traces: Path) -> None:
    assert names(traces) == ["traces/mover/1.0/up", "traces/mover/1.1/up", "traces/other/2.0/up"]
    assert names(traces, "mover") == ["traces/mover/1.0/up", "traces/mover/1.1/up"]
    assert names(traces, "mover/1.1") == ["traces/mover/1.1/up"]
    assert names(traces, "traces/other/2.0/up", "mover/1.0/up") == [
        "traces/mover/1.0/up",
        "traces/other/2.0/up",
    ]
    plan = make_plan(traces, ["mover/1.0"])
    assert plan.files == ("mover/1.0/up.yaml",)
    assert plan.ids == ("traces/mover/1.0/up", *rule_ids())
    assert len(plan.manifests[GOLDEN].ids) == 3 + len(rule_ids())
    assert (plan.requests, plan.bytes) == (5, 256 * 1024)


def test_what_there_is_not(traces: Path) -> None:
    for name in ("move", "mover/1", "mover/1.0/u", "azcopy"):
        with pytest.raises(NoSuchTraceError, match=f"no golden spec, client or client version '{name}'"):
            make_plan(traces, [name])


def test_a_library_is_what_its_manifest_says(traces: Path) -> None:
    put(traces, "mover/1.2/up")
    with pytest.raises(ManifestError, match=r"traces/mover/1\.2/up is not in the golden manifest"):
        make_plan(traces)
    assert len(make_plan(traces, frozen=False).manifests[GOLDEN].ids) == 4 + len(rule_ids())
    (traces / "golden.manifest").unlink()
    with pytest.raises(ManifestError, match="no manifest"):
        make_plan(traces)


def test_an_empty_library_and_a_broken_file(tmp_path: Path, traces: Path) -> None:
    with pytest.raises(NoTracesError, match="there are no golden specs in"):
        make_plan(tmp_path)
    (traces / "mover/1.0/up.yaml").write_text("id: traces/mover/1.0/up\nsteps: [\n")
    with pytest.raises(CaseTreeError):
        make_plan(traces)


def test_a_replay_is_a_run(traces: Path, tmp_path: Path) -> None:
    wrong = replace(blocks(2), then=(replace(blocks(2).then[0], target="/{own-container}/not-there"),))
    put(traces, "other/2.0/up", of=wrong)
    broken = replace(wrong, then=(replace(wrong.then[0], target="/{nothing}"),))
    put(traces, "other/2.0/broken", of=broken)
    plan = make_plan(traces, frozen=False)
    done = run(
        RunOptions(
            "reference",
            plan,
            load("golden"),
            tmp_path / "run",
            workers=2,
            style=Style.HOST,
            way=Way.SERVICE_SAS,
        )
    )
    results = read(tmp_path / "run")
    assert results.complete
    assert results.sets == ("golden",)
    assert results.header["endpoint"]["style"] == "host"
    by_id = {record["id"]: record for record in results.records}
    assert set(by_id) == set(plan.ids)
    assert by_id["traces/mover/1.0/up"]["verdict"] == "pass"
    assert by_id["traces/other/2.0/broken"]["verdict"] == "harness-error"
    record = by_id["traces/other/2.0/up"]
    assert (record["client"], record["client_version"], record["flow"]) == ("other", "2.0", "a test")
    assert record["reason"] == "step then 1, status: expected 200, got 404 BlobNotFound"
    assert record["reproduce"] == (
        "blobproof replay reference --auth service-sas --style host --trace traces/other/2.0/up"
    )
    wire = json.loads((tmp_path / "run" / record["wire"]).read_text())
    assert [one["step"] for one in wire["exchanges"]][-3:] == ["put-block-list", "get-blob", "then 1"]
    assert "TemplateError" in by_id["traces/other/2.0/broken"]["reason"]
    assert done.decision.exit_code is ExitCode.HARNESS
    assert results.score().divergent == 1
    assert decide(results, load("strict")).exit_code is ExitCode.NOTHING_VERIFIED
    assert results.counts[Verdict.DIFFERS] == 1


def test_words_and_exit_codes(traces: Path, tmp_path: Path) -> None:
    words, url = ("replay", "--library", traces), "http://127.0.0.1:1/acct"
    refused(blobproof(*words, url, "--trace", "azcopy"), 2, "no golden spec, client", "azcopy")
    refused(blobproof(*words, url, "--face", "host"), 2, "has no address 'host'; it has: main")
    refused(blobproof(*words, url, "--face", "host", "--style", "host"), 2, "give one of them")
    refused(blobproof("replay", url, "--library", tmp_path), 5, "there are no golden specs")
    dry = blobproof(*words, "reference", "--trace", "mover", "--dry-run", "--json")
    assert dry.code == 0
    facts = json.loads(dry.out)
    assert facts["ids"][:2] == ["traces/mover/1.0/up", "traces/mover/1.1/up"]
    assert facts["requests"] == 10


def test_the_whole_way(traces: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = blobproof("replay", "reference", "--library", traces, "--strict", "--auth", "bearer", "--out", out)
    assert done.code == 0, done
    assert "gate golden-strict met" in done.out
    assert "golden: divergence 0 of" in done.out
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "traces/mover/1.0/up" in page
    assert blobproof("gate", out, "--policy", "strict").code == 5  # what it is about was not part of this
