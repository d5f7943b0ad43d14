"""`blobproof compare` as it is called: what exists, judged again; what is refused; what would be done."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from blobproof.cli import group
from blobproof.runs import empty_folder
from harness.vocabulary import ExitCode
from loadgen.compare.values import (
    CompareError,
    NotComparableError,
)
from tests.load.made_up import made_up, made_up_comparison


def run(*words: object) -> Result:
    """The command with these words."""
    return CliRunner().invoke(group, ["compare", *map(str, words)], standalone_mode=False)


def test_a_comparison_is_judged_again_by_another_margin(tmp_path: Path) -> None:
    folder = made_up_comparison(tmp_path / "x", slower=1.1, noise=0.01)
    said = run(folder, "--gate")
    assert said.return_value == ExitCode.OBJECTIVE_MISSED
    assert "worse: write.barrier_s of B is +" in said.output
    wide = run(folder, "--margin", "20%", "--json")
    assert wide.return_value == ExitCode.MET
    facts = json.loads(wide.output)
    assert facts["verdict"] == "equivalent"
    assert not facts["meets_gate"]
    assert not facts["primary"]["meets_gate"]
    assert "chosen afterwards" in facts["afterwards"]
    assert run(folder).return_value == ExitCode.MET
    ignored = run(folder, "--primary", "read.barrier_s").exception
    assert "--primary does nothing here: a comparison that exists" in str(ignored)


@pytest.mark.parametrize("chosen", [("--margin", "30%"), ("--margin", "0.1%"), ("--alpha", "10%")])
def test_no_gate_is_met_by_rules_that_were_chosen_afterwards(tmp_path: Path, chosen: tuple[str, str]) -> None:
    folder = made_up_comparison(tmp_path / "x", slower=0.8, noise=0.01)
    assert run(folder, "--gate").return_value == ExitCode.MET
    assert run(folder, "--gate", "--margin", "5%", "--alpha", "0.05").return_value == ExitCode.MET
    said = run(folder, "--gate", *chosen)
    assert said.return_value == ExitCode.OBJECTIVE_MISSED
    assert "chosen afterwards" in said.output


@pytest.mark.parametrize(
    ("words", "code"), [((), ExitCode.MET), (("--must-be-better",), ExitCode.OBJECTIVE_MISSED)]
)
def test_equivalent_may_be_not_enough(tmp_path: Path, words: tuple[str, ...], code: ExitCode) -> None:
    folder = made_up_comparison(tmp_path / "x", slower=1.0, noise=0.005)
    assert run(folder, "--gate", *words).return_value == code


def test_a_partial_comparison_is_shown_and_is_not_a_met_gate(tmp_path: Path) -> None:
    folder = made_up_comparison(tmp_path / "x", complete=False)
    said = run(folder, "--gate")
    assert said.return_value == ExitCode.INDETERMINATE
    assert "partial" in said.output


def test_folders_on_both_sides_of_two_dashes(tmp_path: Path) -> None:
    a, b = ([made_up(tmp_path / f"{arm}{n}", ranks=2, seconds=2) for n in range(2)] for arm in "ab")
    said = run("--json", *a, "--", *b)
    assert json.loads(said.output)["verdict"] == "inconclusive"
    assert "the least p" in run(*a, "--", *b).output
    assert isinstance(run(a[0], b[0]).exception, NotComparableError)
    assert "--blocks does nothing here: load runs" in str(run("--blocks", 3, *a, "--", *b).exception)


def test_a_dry_run_says_the_order_and_the_cost() -> None:
    words = ("reference", "reference", "--profile", "checkpoint-llama3-8b", "--scale", "1/5000")
    said = run(*words, "--dry-run")
    assert said.return_value == ExitCode.MET
    assert "156 runs" in said.output
    facts = json.loads(run(*words, "--dry-run", "--json").output)
    assert len(facts["schedule"]) == 39
    wrong = run(*words, "--primary", "write.barier_s").exception
    assert isinstance(wrong, CompareError)
    assert "write.barrier_s" in str(wrong)
    assert "no better and no worse" in str(run(*words, "--primary", "write.bytes").exception)


def test_a_run_gets_a_folder_that_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = empty_folder(None, "compare-stage-mds/upload")
    assert made.parent == Path("runs")
    assert made.name.endswith("-compare-stage-mds-upload")
    assert empty_folder(made, "x") == made
    (made / "kept").touch()
    with pytest.raises(click.UsageError, match="is not empty"):
        empty_folder(made, "x")
    with pytest.raises(click.UsageError, match="cannot be written: Not a directory"):
        empty_folder(made / "kept" / "below", "x")


@pytest.mark.parametrize("words", [("reference", "azurite"), (), ("--profile", "churn", "reference")])
def test_words_that_make_no_comparison(words: tuple[str, ...]) -> None:
    assert "wan" in str(run(*words).exception)
