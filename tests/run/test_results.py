"""Results on disk: written line by line, read back whole, and never taken for whole when they are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.results.read import FILE, Results, ResultsError, read
from harness.results.record import Record, file_name, outcome
from harness.results.write import ResultsWriter
from harness.vocabulary import Verdict
from tests.run.made import finding, header, record


def _write(folder: Path, ids: list[str], records: list[Record], *, complete: bool = True) -> Results:
    writer = ResultsWriter(folder / FILE, header(*ids), ids)
    for one in records:
        writer.add(one)
    writer.close(complete=complete)
    return read(folder)


def _verdicts(results: Results) -> dict[str, str]:
    return {one["id"]: one["verdict"] for one in results.records}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    results = _write(tmp_path, ["a/1", "a/2"], [record("a/1"), record("a/2", Verdict.DIFFERS)])
    assert results.complete
    assert results.counts == {Verdict.PASS: 1, Verdict.DIFFERS: 1}
    assert results.score().divergent == 1
    assert results.score().verified == results.score().listed == 2


def test_a_run_is_whole_only_when_everything_came(tmp_path: Path) -> None:
    assert not _write(tmp_path, ["a/1", "a/2"], [record("a/1")]).complete


def test_an_interrupted_run_is_not_whole(tmp_path: Path) -> None:
    assert not _write(tmp_path, ["a/1"], [record("a/1")], complete=False).complete


def test_the_file_can_be_cut_anywhere_and_is_never_whole(tmp_path: Path) -> None:
    _write(tmp_path, ["a/1", "a/2"], [record("a/1"), record("a/2")])
    path = tmp_path / FILE
    data = path.read_bytes()
    first = data.index(b"\n")
    last_line = data.rstrip(b"\n").rindex(b"\n")
    for cut in range(first + 1, last_line + 2, 97):
        path.write_bytes(data[:cut])
        results = read(tmp_path)
        assert not results.complete
        assert len(results.records) <= 2
    path.write_bytes(data[: first // 2])
    with pytest.raises(ResultsError, match="header"):
        read(tmp_path)


def _changed(folder: Path, change: str) -> None:
    path = folder / FILE
    lines = path.read_text(encoding="utf-8").splitlines()
    match change:
        case "a line is gone":
            del lines[1]
        case "a line is not JSON":
            lines[1] = "{"
        case "a verdict is unknown":
            lines[1] = lines[1].replace('"verdict": "pass"', '"verdict": "great"')
        case "a key is unknown":
            lines[1] = json.dumps({**json.loads(lines[1]), "surprise": 1})
        case "a key is missing":
            value = json.loads(lines[1])
            del value["verdict"]
            lines[1] = json.dumps(value)
        case "the header is gone":
            del lines[0]
        case "a line after the footer":
            lines.append(lines[1])
        case "a kind is unknown":
            lines[1] = '{"kind": "guess"}'
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        "a line is gone",
        "a line is not JSON",
        "a verdict is unknown",
        "a key is unknown",
        "a key is missing",
        "the header is gone",
        "a line after the footer",
        "a kind is unknown",
    ],
)
def test_a_file_that_was_changed_is_refused(tmp_path: Path, change: str) -> None:
    _write(tmp_path, ["a/1", "a/2"], [record("a/1"), record("a/2")])
    _changed(tmp_path, change)
    with pytest.raises(ResultsError):
        read(tmp_path)


def test_a_folder_without_results_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no results in"):
        read(tmp_path)


def test_the_writer_never_overwrites_a_run(tmp_path: Path) -> None:
    _write(tmp_path, ["a/1"], [record("a/1")])
    with pytest.raises(FileExistsError):
        ResultsWriter(tmp_path / FILE, header("a/1"), ["a/1"])


# --- needs ---


@pytest.mark.parametrize(
    ("premise", "own", "wanted"),
    [
        (Verdict.PASS, Verdict.DIFFERS, Verdict.DIFFERS),
        (Verdict.LENIENT, Verdict.PASS, Verdict.PASS),
        (Verdict.DIFFERS, Verdict.DIFFERS, Verdict.BLOCKED),
        (Verdict.DIFFERS, Verdict.PASS, Verdict.BLOCKED),
        (Verdict.UNSUPPORTED, Verdict.PASS, Verdict.BLOCKED),
        (Verdict.BLOCKED, Verdict.DIFFERS, Verdict.BLOCKED),
        (Verdict.INDETERMINATE, Verdict.PASS, Verdict.BLOCKED),
        (Verdict.NOT_APPLICABLE, Verdict.PASS, Verdict.NOT_APPLICABLE),
        (Verdict.DIFFERS, Verdict.HARNESS_ERROR, Verdict.HARNESS_ERROR),
        (Verdict.DIFFERS, Verdict.NOT_APPLICABLE, Verdict.NOT_APPLICABLE),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_a_failed_premise_blocks_what_needs_it(
    tmp_path: Path, premise: Verdict, own: Verdict, wanted: Verdict, late: bool
) -> None:
    records = [record("a/first", premise), record("a/then", own, needs=("a/first",))]
    results = _write(tmp_path, ["a/first", "a/then"], records[::-1] if late else records)
    assert _verdicts(results)["a/then"] == wanted
    assert results.complete
    if wanted is Verdict.BLOCKED:
        (blocked,) = [one for one in results.records if one["id"] == "a/then"]
        assert "a/first" in blocked["reason"]


def test_blame_goes_down_a_chain_in_any_order(tmp_path: Path) -> None:
    records = [
        record("a/3", needs=("a/2",)),
        record("a/2", needs=("a/1",)),
        record("a/1", Verdict.DIFFERS),
    ]
    results = _write(tmp_path, ["a/1", "a/2", "a/3"], records)
    assert _verdicts(results) == {"a/1": "differs", "a/2": "blocked", "a/3": "blocked"}


def test_a_premise_outside_the_selection_blocks_nobody(tmp_path: Path) -> None:
    results = _write(tmp_path, ["a/2"], [record("a/2", needs=("a/1",))])
    assert _verdicts(results) == {"a/2": "pass"}
    assert results.complete


def test_a_premise_that_never_came_leaves_the_run_incomplete(tmp_path: Path) -> None:
    results = _write(tmp_path, ["a/1", "a/2"], [record("a/2", needs=("a/1",))])
    assert not results.complete
    assert len(results.records) == 1


# --- records ---


def test_a_record_says_why_it_is_no_pass() -> None:
    assert outcome([finding(Verdict.PASS)])["reason"] is None
    said = outcome([finding(Verdict.PASS), finding(Verdict.LENIENT), finding(Verdict.DIFFERS)])
    assert (said["verdict"], said["reason"]) == ("differs", "step 1, status: expected 201, got 500")
    assert outcome([finding(Verdict.BLOCKED)])["reason"].startswith("a premise failed: ")


def test_assertions_are_those_that_the_case_made() -> None:
    said = outcome([finding(Verdict.PASS), finding(Verdict.PASS, rule="date")])
    assert (said["assertions"], len(said["findings"])) == (1, 2)


@pytest.mark.parametrize(
    "name", ["a/../../etc/passwd", "a/[x=../..]", "a/[x=y z:\\?*|]", "a/..", "a/[x=ü\0]"]
)
def test_no_id_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    made = (tmp_path / "wires" / f"{file_name(name)}.json").resolve()
    assert made.is_relative_to(tmp_path / "wires")
    assert "\0" not in str(made)
