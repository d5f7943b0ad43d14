"""The generated pages of the documentation are what the code, the suites and the record say now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from harness.selftest.mutants import Mutant
from harness.selftest.record import add, read
from harness.selftest.results import Outcome
from reports.selftest import markdown
from tests.selftest import made
from tests.selftest.test_record import run

REPOSITORY = Path(__file__).resolve().parents[2]
MUTANTS = (made.KILLED, made.HOLE, Mutant("list-delimiter-ignored", ("area.whole",), "No folders."))


def test_the_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/generate_docs.py", "--check"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_run_the_page_says_so() -> None:
    assert markdown(None, MUTANTS).endswith("\n## First and latest\n\nNo whole run has been recorded yet.\n")


def test_the_page_has_the_first_run_beside_the_latest(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    add(path, run(Outcome.KILLED, Outcome.HOLE, Outcome.SURVIVED))
    path.write_text(
        path.read_text().replace('"reasons": {}', '"reasons": {"list-delimiter-ignored": "It cannot."}')
    )
    add(path, run(Outcome.KILLED, Outcome.KILLED, Outcome.SURVIVED))
    text = markdown(read(path), MUTANTS)
    assert "| **kill rate** | **33.33 %** | **66.67 %** |" in text
    assert "| survived | 1 | 1 |" in text
    first, latest = text.split("## What the first run did not catch")[1].split(
        "## What the latest run did not catch"
    )
    assert "* `range-end-exclusive` (hole), breaks `area.whole`. The last byte is left out." in first
    assert "Noticed by `area/range`." in first
    assert "It cannot." not in first
    assert "* `list-delimiter-ignored` (survived), breaks `area.whole`. No folders." in latest
    assert "**Why it lives:** It cannot." in latest
    assert "| `range-ignored` | `area.range` | `area/range`, status: differs |" in latest
    assert "only a replay" not in text


def test_the_page_names_the_golden_spec_that_alone_noticed(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    add(path, run(Outcome.KILLED, Outcome.REPLAYED, Outcome.SURVIVED))
    text = markdown(read(path), MUTANTS)
    assert "| **kill rate** | **66.67 %** | **66.67 %** |" in text
    section = text.split("## What only a replay noticed, in the latest run")[1]
    assert "| `range-end-exclusive` | `traces/mover/1.0/made`, status: differs |" in section
