"""Matrices on the page: clients by action, counts by axis, what failed told once, pictures of histories."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.vocabulary import Verdict
from reports import matrix
from tests.reports import factory as made
from tests.reports import matrices as cells
from tests.reports.html import Page, parse

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'


def build(folder: Path, *runs: Path) -> tuple[str, Page]:
    (folder / "suites").mkdir(exist_ok=True)
    text = matrix.build(runs, folder / "report.html", suites=folder / "suites").read_text(encoding="utf-8")
    page = parse(text)
    assert page.problems == []
    assert len(page.ids) == len(set(page.ids))
    assert page.dangling() == []
    return text, page


def said(page: Page) -> str:
    return " ".join(page.text.split())


def test_a_square_says_the_worst_verdict_and_the_counts(tmp_path: Path) -> None:
    records = list(cells.clients({("rclone", "list"): Verdict.DIFFERS}))
    run = made.write(tmp_path / "run", records)
    text, page = build(tmp_path, run)
    assert "Clients × actions" in said(page)
    assert "rclone, list: differs" in text
    assert "rclone, put-small: pass" in text
    assert "6 of 8 cells passed" in said(page)
    assert "rclone 1.75.2" in said(page)
    heads = re.findall(r'<th scope="col"><span>([^<]*)</span></th>', text)
    assert heads == ["put-small", "get-large", "list", "create-only"]


def test_a_client_that_cannot_says_why(tmp_path: Path) -> None:
    records = list(cells.clients({("azcopy", "create-only"): Verdict.NOT_APPLICABLE}))
    _, page = build(tmp_path, made.write(tmp_path / "run", records))
    assert "n/a" in page.text
    assert "2 × clients/scenarios/does: it is not-applicable" in said(page)
    assert not [one for one in page.ids if one.startswith("clients/scenarios/does-client=azcopy")]


def test_every_endpoint_has_a_board_of_its_own(tmp_path: Path) -> None:
    runs = [made.write(tmp_path / name, list(cells.clients()), name=name) for name in ("one", "two")]
    text, _ = build(tmp_path, *runs)
    assert text.count('<table class="board">') == 2


def test_cells_are_counted_by_the_values_of_their_axes(tmp_path: Path) -> None:
    run = made.write(tmp_path / "run", list(cells.transfers(failing=5)))
    text, page = build(tmp_path, run)
    assert "direction = up" in page.text
    rows = re.findall(r'<tr class="row" data-id="azcopy/transfer/transfer size=0B".*?</tr>', text, re.DOTALL)
    assert re.sub("<[^>]*>", " ", rows[0]).split() == [
        "size",
        "=",
        "0B",
        "differs",
        "8",
        "passed",
        "of",
        "/",
        "10",
    ]


def test_cells_that_went_the_same_way_are_told_once(tmp_path: Path) -> None:
    run = made.write(tmp_path / "run", list(cells.transfers(failing=30, cells=40)))
    text, page = build(tmp_path, run)
    assert text.count('<details class="finding"') == 1
    assert "29 other cells" in said(page)
    assert text.count("it is differs") == 29


def test_cells_that_went_other_ways_are_told_apart(tmp_path: Path) -> None:
    records = list(cells.transfers(failing=3))
    records[1]["findings"] = [made.finding("the list", "3 names", "2 names")]
    records[2]["verdict"] = "indeterminate"
    text, _ = build(tmp_path, made.write(tmp_path / "run", records))
    assert text.count('<details class="finding"') == 3


def test_thousands_of_cells_do_not_drown_the_page(tmp_path: Path) -> None:
    few = build(tmp_path, made.write(tmp_path / "few", list(cells.transfers(cells=20))))[0]
    many = build(tmp_path, made.write(tmp_path / "many", list(cells.transfers(cells=3000))))[0]
    # The values of the axis `n` are rows; nothing else may grow.
    assert len(many) - len(few) < 3000 * 250


def test_what_happens_at_once_stands_together_with_its_pictures(tmp_path: Path) -> None:
    broke = made.scenario("histories/keys/linearisable", Verdict.DIFFERS, reason="no order explains it")
    held = made.scenario("concurrency/blocks/out-of-order")
    run = made.write(tmp_path / "run", [made.case("put-blob/a"), broke, held])
    folder = run / "clients/histories/keys/linearisable"
    folder.mkdir(parents=True)
    (folder / "history.svg").write_bytes(SVG)
    text, page = build(tmp_path, run)
    assert 'id="races"' in text
    pictures = page.of("img")
    assert [one["alt"] for one in pictures] == ["no order explains it"]
    assert (pictures[0]["src"] or "").startswith("data:image/svg+xml;base64,")
    assert "alert(1)" not in text
    assert "histories/keys/linearisable@reference" in page.ids


@pytest.mark.parametrize("logs", ["../outside/", "/", "\x00", "no/such/"])
def test_a_picture_never_comes_from_outside_the_run(tmp_path: Path, logs: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "history.svg").write_bytes(SVG)
    broke = made.scenario("histories/keys/linearisable", Verdict.DIFFERS, logs=logs)
    _, page = build(tmp_path, made.write(tmp_path / "run", [broke]))
    assert page.of("img") == []


def test_a_huge_picture_is_left_out(tmp_path: Path) -> None:
    broke = made.scenario("histories/keys/linearisable", Verdict.DIFFERS, logs="clients/h/")
    run = made.write(tmp_path / "run", [broke])
    (run / "clients/h").mkdir(parents=True)
    (run / "clients/h/history.svg").write_bytes(SVG + b" " * 400_000)
    assert build(tmp_path, run)[1].of("img") == []


def test_a_run_of_gates_alone_has_no_table_of_operations(tmp_path: Path) -> None:
    text, page = build(tmp_path, made.write(tmp_path / "run", list(cells.transfers(cells=4))))
    assert 'id="operations"' not in text
    assert "Operations" not in said(page)
