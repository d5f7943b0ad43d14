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
