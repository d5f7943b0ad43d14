"""How a contradiction is told: as a table, as a line, and as a picture that stands alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from harness.history import document
from harness.history.check import check
from harness.history.picture import picture
from harness.history.story import sentence, table
from tests.command.conftest import here
from tests.command.process import Done
from tests.history.made import history

__all__ = ["here"]

STALE = ("0-1 put a", "2-3 put b", "4-5 read -> a", "4-6 put z", "7-8 read -> z")
SVG = "{http://www.w3.org/2000/svg}"


def test_the_table_names_every_operation() -> None:
    (found,) = check(history(*STALE)).contradictions
    text = table(found)
    assert text.startswith("stale read: blob blob, 2 operations\n")
    rows = text.partition("answer\n")[2].partition("\n\n")[0].splitlines()
    assert [row.split()[0] for row in rows] == ["·", "2", ">"]
    assert "put z" not in text


def test_the_sentence_is_one_line() -> None:
    (found,) = check(history(*STALE)).contradictions
    assert "#2 c2: put b → done, e-b; #3 c3: read → a, e-a" in sentence(found)
    assert "\n" not in sentence(found)


def test_the_picture_has_a_bar_for_each_and_one_is_marked() -> None:
    (found,) = check(history(*STALE)).contradictions
    root = ElementTree.fromstring(picture(found))
    kinds = [bar.get("class") for bar in root.iter(f"{SVG}rect")]
    assert kinds == ["paper", "context", "kept", "bad"]
    bars = [bar for bar in root.iter(f"{SVG}rect") if bar.get("class") != "paper"]
    starts = [float(bar.get("x", "0")) for bar in bars]
    assert starts == sorted(starts)
    assert all(float(bar.get("width", "0")) > 0 for bar in bars)
    assert "prefers-color-scheme:dark" in picture(found)


def test_bars_of_one_client_do_not_overlap_and_words_are_escaped() -> None:
    (found,) = check(history("@<&> 0-1 put a", "@<&> 2-3 read -> none")).contradictions
    assert "blob <&>" in (ElementTree.fromstring(picture(found)).findtext(f"{SVG}title") or "")


def test_the_command_tells_draws_and_ends_with_1(here: Callable[..., Done], tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    path.write_text(document.dump(history(*STALE)), encoding="utf-8")
    done = here("history", path, "--out", "drawn")
    assert done.code == 1
    assert "stale read: blob blob" in done.out
    assert (tmp_path / "drawn" / "contradiction-1.svg").is_file()
    told = json.loads(here("history", path, "--json").out)
    assert (told["holds"], told["contradictions"][0]["at"]) == (False, 3)
    assert [one["needed"] for one in told["contradictions"][0]["operations"]] == [False, True, True]


def test_the_command_ends_with_0_or_says_why_not(here: Callable[..., Done], tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    whole = document.dump(history("0-1 put a", "2-3 read -> a"))
    path.write_text(whole, encoding="utf-8")
    assert here("history", path).code == 0
    path.write_text("\n".join(whole.splitlines()[:-1]) + "\n", encoding="utf-8")
    cut = here("history", path)
    assert (cut.code, "cut off" in cut.out) == (3, True)
    path.write_text(whole.splitlines()[0] + "\n", encoding="utf-8")
    assert here("history", path).code == 5
    path.write_text("no history\n", encoding="utf-8")
    bad = here("history", path)
    assert (bad.code, bad.err.count("\n")) == (2, 2)
