"""The client safety matrix: what it says of whom, what it claims, and that it stands alone."""

from __future__ import annotations

import re
from pathlib import Path

from harness.safety.outcome import Outcome
from reports import matrix
from reports.outcomes import LETTER, MEANING, SAYS, WORST_FIRST
from tests.reports import factory as made
from tests.reports import matrices as cells
from tests.reports.factory import HOSTILE
from tests.reports.html import Page, parse


def build(folder: Path, records: list[dict[str, object]]) -> tuple[str, Page]:
    (folder / "suites").mkdir(parents=True, exist_ok=True)
    run = made.write(folder / "run", records)
    matrix.build([run], run / "report.html", suites=folder / "suites")
    text = (run / "safety.html").read_text(encoding="utf-8")
    page = parse(text)
    assert page.problems == []
    assert len(page.ids) == len(set(page.ids))
    assert page.dangling() == []
    assert {one for one in page.hrefs if not one.startswith("#")} == {"data:,", "report.html"}
    return text, page


def square(text: str, client: str, fault: str) -> str:
    found = re.search(rf'title="{client}, {fault}: ([^"(]*?)(?: \(.*?\))?"', text)
    return found[1] if found else ""


def test_every_outcome_has_a_letter_a_word_and_a_meaning() -> None:
    assert set(WORST_FIRST) == set(LETTER) == set(SAYS) == set(MEANING) == set(Outcome)
    assert len(set(LETTER.values())) == len(Outcome)


def test_a_square_shows_the_worst_outcome(tmp_path: Path) -> None:
    text, page = build(tmp_path, list(cells.safety()))
    assert square(text, "boostedblob", "short-body") == "corrupts silently"
    assert square(text, "boostedblob", "busy") == "recovers"
    assert square(text, "azcopy", "stall") == "hangs"
    assert square(text, "rclone", "lost-answer") == "fails loudly"
    said = " ".join(page.text.split())
    assert "short: the first 4 of 9 bytes" in said
    assert "AzCopy has no such option." in said
    assert "blobproof run reference --case" in said


def test_the_first_sentences_say_who_corrupts_silently_and_under_what(tmp_path: Path) -> None:
    _, page = build(tmp_path, list(cells.safety()))
    said = " ".join(page.text.split())
    assert "Under flipped-byte 1 client corrupts silently: boostedblob 1.1.0 (get-large)." in said
    assert "Under short-body 1 client corrupts silently: boostedblob 1.1.0 (get-large)." in said
    assert "Under stall 1 client hangs: azcopy 10.32.2 (put-small, get-large, list, create-only)." in said
    assert "No silent corruption was seen with azcopy 10.32.2 and rclone 1.75.2." in said
    assert "in the run run, 22 November 2026, 15:30 UTC. Compare clients/2." in said


def test_a_corruption_is_explained_or_said_to_be_unexplained(tmp_path: Path) -> None:
    why = "boostedblob compares no lengths."
    known = cells.trial("boostedblob", "get-large", "short-body", "corrupts-silently", "short", why)
    new = cells.trial("boostedblob", "get-large", "busy", "corrupts-silently", "short")
    _, page = build(tmp_path, [known, new])
    said = " ".join(page.text.split())
    assert f"short {why}" in said
    assert said.count("It is not explained yet.") == 1


def test_what_a_client_has_no_cells_of_is_said_with_the_reason(tmp_path: Path) -> None:
    suite = tmp_path / "suites" / "safety"
    suite.mkdir(parents=True)
    (suite / "clients.py").write_text("def test_survives(cell): ...\n")
    (suite / "clients.toml").write_text(TABLE)
    _, page = build(tmp_path, list(cells.safety()))
    assert "listn/a rclone lists nothing here." in " ".join(page.text.split())


TABLE = """
[survives]
[survives.axes]
client = ["rclone", "azcopy"]
action = ["put-small", "list"]
[[survives.without]]
when = {client = "rclone", action = "list"}
because = "rclone lists nothing here."
"""


def test_what_is_claimed_is_said(tmp_path: Path) -> None:
    _, page = build(tmp_path, list(cells.safety()))
    said = " ".join(page.text.split())
    for claim in (
        "This page is about clients.",
        "One fault strikes one request",
        "the version that stands beside",
    ):
        assert claim in said


def test_a_client_of_which_nothing_was_learnt_is_not_called_safe(tmp_path: Path) -> None:
    records = [
        cells.trial("rclone", "put-small", "busy", "not-struck"),
        cells.trial("azcopy", "put-small", "busy", "", verdict="not-run", reason="azcopy is not installed"),
    ]
    text, page = build(tmp_path, records)
    said = " ".join(page.text.split())
    assert "Nothing was learnt of azcopy and rclone" in said
    assert "No silent corruption was seen" not in said
    assert square(text, "azcopy", "busy") == "not-run"
    assert square(text, "rclone", "busy") == "not struck"


def test_the_report_links_to_it_and_is_silent_where_there_is_none(tmp_path: Path) -> None:
    build(tmp_path, list(cells.safety()))
    assert 'href="safety.html"' in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    run = made.write(tmp_path / "other", [made.case("put-blob/a")])
    matrix.build([run], run / "report.html", suites=tmp_path / "suites")
    assert not (run / "safety.html").exists()
    assert "safety.html" not in (run / "report.html").read_text(encoding="utf-8")


def test_a_report_of_another_name_has_a_page_of_another_name(tmp_path: Path) -> None:
    assert matrix.safety_page(tmp_path / "report.html").name == "safety.html"
    assert matrix.safety_page(tmp_path / "monday.html").name == "monday-safety.html"


def test_nothing_in_a_run_can_break_the_page(tmp_path: Path) -> None:
    records = [
        cells.trial(evil, evil, evil, "corrupts-silently", evil, client_version=evil) for evil in HOSTILE
    ]
    text, page = build(tmp_path, records)
    assert [one for one in page.tags if one[0] in ("script", "img", "svg")] == [("script", {})]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202e]", text)


def test_an_outcome_that_nobody_knows_is_none(tmp_path: Path) -> None:
    text, _ = build(tmp_path, [cells.trial("rclone", "put-small", "busy", "explodes")])
    assert square(text, "rclone", "busy") == "pass"
