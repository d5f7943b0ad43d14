"""The page in a real Chromium: nothing is fetched, nothing fails, nothing runs off the screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from harness.vocabulary import Level, Verdict
from reports import matrix
from tests.reports import factory as made
from tests.reports import matrices as cells

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20"><rect width="90" height="20"/></svg>'
CHROMIUM = shutil.which("chromium")
WIDTHS = {"desktop": 1440, "phone": 390}
_QUIET = ("--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed here")


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    operations = ["put-blob", "get-blob", "list-blobs"]
    good = [made.case(f"{operation}/one") for operation in operations]
    bad = [
        made.case("put-blob/one", Verdict.DIFFERS, findings=[made.finding("status", "201", "500")]),
        made.case(
            "get-blob/one",
            Verdict.LENIENT,
            findings=[made.finding("header ETag", "present", "absent", level=Level.EXPECTED)],
        ),
        made.case("list-blobs/one", Verdict.UNSUPPORTED, reason="501 NotImplemented"),
    ]
    runs = [made.write(folder / name, lines) for name, lines in (("good", good), ("bad", bad))]
    return matrix.build(runs, folder / "matrix.html", suites=folder)


@pytest.fixture(scope="module")
def clients_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every matrix; its client safety matrix stands beside it."""
    folder = tmp_path_factory.mktemp("clients")
    why = f"no order explains it: {'x' * 80}"
    broke = made.scenario("histories/keys/linearisable", Verdict.DIFFERS, reason=why)
    long = (
        "Several writers stage to one blob, each with ids of its own, and one list takes what all have staged"
    )
    records = [
        cells.cell("concurrency/blocks/one-blob-of-several-writers-at-once", {"parallel": "16"}, title=long),
        *cells.clients(
            {("rclone", "list"): Verdict.DIFFERS, ("azcopy", "create-only"): Verdict.NOT_APPLICABLE}
        ),
        *cells.safety(),
        *cells.transfers(failing=3),
        broke,
    ]
    run = made.write(folder / "run", records)
    (run / "clients/histories/keys/linearisable").mkdir(parents=True)
    (run / "clients/histories/keys/linearisable/contradiction-1.svg").write_text(SVG)
    return matrix.build([run], run / "report.html", suites=folder)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *_QUIET]
        )
        yield browser
        browser.close()


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_stands_alone_and_fits(
    chromium: Browser, page_file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    fetched: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(page_file.as_uri())
    open_everything(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
    assert fetched == [page_file.as_uri()]
    assert wrong == []


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
@pytest.mark.parametrize("name", ["report.html", "safety.html"])
def test_matrices_fit_and_show_their_pictures(
    chromium: Browser, clients_page: Path, name: str, width: int
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(clients_page.with_name(name).as_uri())
    open_everything(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for image in page.locator("img").all():
        image.scroll_into_view_if_needed()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    page.close()
    assert wrong == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize(
    ("name", "square", "shown"),
    [
        ("report.html", "rclone, list: differs", "it is differs"),
        ("safety.html", "boostedblob, short-body: corrupts silently (4 trials)", "the first 4 of 9 bytes"),
    ],
)
def test_a_square_leads_to_what_is_behind_it(
    chromium: Browser, clients_page: Path, name: str, square: str, shown: str, scripts: bool
) -> None:
    context = chromium.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(clients_page.with_name(name).as_uri())
    lines = page.locator("details.line")
    assert not lines.get_by_text(shown).first.is_visible()
    page.get_by_title(square, exact=True).click()
    opened = page.locator("details.line[open]")
    opened.get_by_text(shown).first.wait_for(state="visible", timeout=5000)
    context.close()


def test_the_filter_finds_cells_that_have_no_row(chromium: Browser, clients_page: Path) -> None:
    page = chromium.new_page()
    page.goto(clients_page.as_uri())
    transfer = page.locator("details.finding", has_text="A transfer (down, size 0B").first
    history = page.locator("details.finding", has_text="histories/keys/linearisable").first
    page.get_by_label("Search").fill("linearisable")
    transfer.wait_for(state="hidden", timeout=5000)
    assert history.is_visible()
    page.get_by_label("Search").fill("size 0B")
    history.wait_for(state="hidden", timeout=5000)
    assert transfer.is_visible()
    page.close()


def test_the_filter_hides_what_does_not_match(chromium: Browser, page_file: Path) -> None:
    page = chromium.new_page()
    page.goto(page_file.as_uri())
    open_everything(page)
    operations = page.get_by_role("table").first
    assert operations.get_by_text("get-blob/one").is_visible()
    page.get_by_label("Search").fill("put-blob/one")
    operations.get_by_text("get-blob/one").wait_for(state="hidden", timeout=5000)
    assert operations.get_by_text("put-blob/one").is_visible()
    page.close()


def test_everything_essential_is_there_without_scripts(chromium: Browser, page_file: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    for row in page.locator("summary").all():
        if row.is_visible():
            row.click()
    text = page.locator("body").inner_text()
    for said in ("put-blob/one", "differs", "501 NotImplemented"):
        assert said in text
    context.close()


def open_everything(page: Page) -> None:
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
