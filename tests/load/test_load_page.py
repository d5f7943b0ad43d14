"""The page of a load run: what the tables say, what the charts are given, and that a browser draws them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, sync_playwright

from loadgen.compare.read import read as read_comparison
from loadgen.record.histogram import Histogram
from loadgen.record.lines import Phase
from loadgen.record.read import read
from reports.load import comparison, tables
from reports.load.charts import GANTT_RANKS, charts
from reports.load.frames import ecdf, nines, operations, timeline
from reports.load.page import build, draw
from reports.page import data_block
from tests.load.made_up import made_up, made_up_comparison


def test_no_percentile_is_given_that_fewer_than_one_value_is_beyond() -> None:
    frame = nines(Histogram.of(range(1, 101)))
    assert frame["q"].max() == 99
    assert nines(Histogram()).empty
    assert ecdf(Histogram()).empty


def test_an_ecdf_ends_at_the_greatest_value_and_never_falls() -> None:
    frame = ecdf(Histogram.of(range(1000, 900_000, 7)))
    assert frame["share"].is_monotonic_increasing
    assert frame["share"].iloc[-1] == 1
    assert frame["ms"].iloc[-1] == pytest.approx(899.997, rel=1e-3)
    assert len(frame) <= 240


def test_intervals_of_one_second_add_up(tmp_path: Path) -> None:
    frame = timeline(read(made_up(tmp_path / "run")))
    assert frame["ops"].sum() == 3 * 12 * 40
    assert frame["errors"].sum() == 4
    assert frame["bytes"].sum() == 2 * 12 * 40 * (8 << 20)


def test_of_many_ranks_the_slowest_are_shown(tmp_path: Path) -> None:
    run = read(made_up(tmp_path / "run", ranks=3 * GANTT_RANKS))
    picture = charts(run)["gantt"][0]
    assert picture["of"] == 3 * GANTT_RANKS
    assert picture["shown"] <= GANTT_RANKS
    ends = {row["rank"]: row["end_s"] for row in picture["rows"]}
    assert max(ends.values()) == pytest.approx(picture["last"], rel=1e-5)


def test_a_phase_is_rated_by_all_bytes_over_the_barrier_time(tmp_path: Path) -> None:
    row = tables.phase_rows(read(made_up(tmp_path / "run")).phases)[0]
    assert row.gb_per_s == pytest.approx(40 * (8 << 20) / 1e9)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.000123456, "0.000123"),
        (12.3456, "12.3"),
        (123456.7, "123,457"),
        (None, "–"),
        (0, "0"),
        (1000.0, "1,000"),
    ],
)
def test_figures(value: float | None, text: str) -> None:
    assert tables.figure(value) == text


def test_scale_stands_on_every_row(tmp_path: Path) -> None:
    page = draw(read(made_up(tmp_path / "run")))
    assert page.count("1/1,000 of full size") >= 5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "full size"),
        (0.5, "1/2 of full size"),
        (0.7, "70 % of full size"),
        (0.96, "96 % of full size"),
        (0.001, "1/1,000 of full size"),
        (0.000998, "1/1,002 of full size"),
    ],
)
def test_a_scale_is_called_a_fraction_only_where_it_is_one(value: float, text: str) -> None:
    assert tables.scale(value) == text


def test_without_all_ranks_a_phase_has_neither_time_nor_rate() -> None:
    phase = Phase("write", 1, True, 0.0, 11.0, 11.0, 100, 12 * 10**9, 0, (2, 3))
    row = tables.phase_rows([phase])[0]
    assert (row.barrier_s, row.gb_per_s, row.ops_per_s) == (None, None, None)
    assert row.bytes == 12 * 10**9


def test_the_table_gives_no_percentile_of_too_few_values(tmp_path: Path) -> None:
    row = operations(read(made_up(tmp_path / "run")), ["write"]).to_dict(orient="records")[0]
    assert row["count"] == 12 * 40
    assert row["p99"] is not None
    assert row["p99.9"] is None


def test_wider_steps_have_the_percentiles_of_all_their_seconds(tmp_path: Path) -> None:
    run = read(made_up(tmp_path / "run"))
    wide = timeline(run, 100)
    row = wide[wide["op"] == "get-blob"].iloc[0]
    whole = run.histogram("restore")
    assert row["ops"] == whole.count
    assert row["p99_ms"] == whole.percentile(99) / 1e3


def test_a_list_of_blocks_is_no_payload(tmp_path: Path) -> None:
    run = read(made_up(tmp_path / "run"))
    listed = tuple(replace(one, op="put-block-list", bytes_sent=900) for one in run.intervals)
    assert timeline(replace(run, intervals=listed))["bytes"].sum() == 0


def test_a_partial_run_says_so_first(tmp_path: Path) -> None:
    page = draw(read(made_up(tmp_path / "run", complete=False)))
    assert page.index("Partial run.") < page.index("<nav")


def test_nothing_in_a_data_block_can_end_it() -> None:
    text = str(data_block({"a": "</script><!--\u2028"}))
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!--\u2028"}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for this module."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.mark.parametrize(
    ("slower", "noise", "said"),
    [
        (1.1, 0.02, "B is better"),
        (0.9, 0.02, "B is worse"),
        (1.0, 0.005, "equivalent"),
        (1 / 1.02, 0.06, "Inconclusive"),
    ],
)
def test_a_comparison_says_its_verdict_first(tmp_path: Path, slower: float, noise: float, said: str) -> None:
    page = comparison.draw(
        read_comparison(made_up_comparison(tmp_path / "c", slower=1 / slower, noise=noise))
    )
    text = re.sub(r"<[^>]+>", "", page[page.index("<section") :])
    assert text.index(said) < text.index("Block by block")
    assert page.count("1/1,000 of full size") >= 12


def test_a_comparison_that_was_cut_off_has_no_verdict(tmp_path: Path) -> None:
    page = comparison.draw(read_comparison(made_up_comparison(tmp_path / "c", complete=False)))
    assert "Partial comparison." in page
    assert "Inconclusive" in page


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
@pytest.mark.parametrize(("kind", "charts_drawn"), [("load", 6), ("comparison", 6)])
def test_a_browser_draws_every_chart_and_fetches_nothing(
    chromium: Browser,
    tmp_path: Path,
    width: int,
    scheme: Literal["light", "dark"],
    kind: str,
    charts_drawn: int,
) -> None:
    if kind == "load":
        file = build(made_up(tmp_path / "run", ranks=70))
    else:
        file = comparison.build(made_up_comparison(tmp_path / "run"))
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    fetched: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(file.as_uri())
    drawn = page.locator(".chart svg[viewBox]").count()
    within = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert wrong == []
    assert fetched == [file.as_uri()]
    assert within <= width
    assert drawn == charts_drawn


_OVERLAPS = """selector => {
  const all = [...document.querySelectorAll(selector)].map(one => one.getBoundingClientRect());
  return [all.length, all.filter((a, i) => all.some((b, j) => i < j
    && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length];
}"""


_CUT_OFF = """selector => [...document.querySelectorAll(selector)].filter(one => {
  const at = one.getBoundingClientRect();
  return at.width && (at.left < 0 || at.right > innerWidth);
}).map(one => one.textContent)"""


@pytest.mark.parametrize("slower", [1.0, 1.1, 9.0, 400.0])
def test_labels_of_an_axis_do_not_lie_on_each_other(chromium: Browser, tmp_path: Path, slower: float) -> None:
    """However far apart the arms are: per cents crowd together far out on an axis of ratios."""
    file = comparison.build(made_up_comparison(tmp_path / "run", slower=slower))
    for width in (1440, 390):
        page = chromium.new_page(viewport={"width": width, "height": 900})
        page.goto(file.as_uri())
        for axis in (
            '#chart-effects [aria-label="x-axis tick label"] text',
            '#chart-blocks [aria-label="y-axis tick label"] text',
        ):
            labels, overlapping = page.evaluate(_OVERLAPS, axis)
            assert labels >= 3
            assert overlapping == 0, (axis, width)
        cut = page.evaluate(_CUT_OFF, "#chart-effects svg text")
        assert cut == [], width
        page.close()


def test_names_of_short_phases_do_not_lie_on_each_other(chromium: Browser, tmp_path: Path) -> None:
    """Three iterations of a second each, with waits between: names begin within a few pixels."""
    run = read(made_up(tmp_path / "run"))
    begins = [(name, nth, 12.0 * nth + at) for nth in (1, 2) for at, name in enumerate(("write", "restore"))]
    short = [("remove", 1, 11.6), *begins, ("remove", 2, 23.6)]
    phases = [Phase(name, nth, name != "remove", at, at + 0.3, 0.3, 9, 10**9, 0) for name, nth, at in short]
    file = tmp_path / "page.html"
    file.write_text(draw(replace(run, phases=tuple(phases))))
    for width, wanted in ((1440, 6), (390, 4)):
        page = chromium.new_page(viewport={"width": width, "height": 900})
        page.goto(file.as_uri())
        for chart in ("#chart-throughput", "#chart-latency-time"):
            names, overlapping = page.evaluate(_OVERLAPS, f'{chart} [aria-description="phases"] text')
            assert (names >= wanted, overlapping) == (True, 0), (chart, width, names)
        page.close()


def test_heads_of_a_table_do_not_break_into_letters(chromium: Browser, tmp_path: Path) -> None:
    """On a phone: a table that is too wide scrolls."""
    file = build(made_up(tmp_path / "run"))
    page = chromium.new_page(viewport={"width": 390, "height": 900})
    page.goto(file.as_uri())
    heads = page.evaluate(
        "[...document.querySelectorAll('#phases thead th')].map(one => one.getBoundingClientRect().height)"
    )
    page.close()
    assert heads and max(heads) < 100


def test_small_chances_are_not_0() -> None:
    assert [comparison.chance(p) for p in (0.0, 0.00099, 0.04)] == ["< 0.001", "< 0.001", "0.04"]
