"""Traceability: what tests what, words and pages, and that nothing is untested without a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import sync_playwright

from blobproof.commands import trace as trace_command
from harness import catalogue
from harness.catalogue import Catalogue
from harness.data import folder
from harness.plan import everything
from harness.rules.check import RULES
from harness.rules.rule import Rule
from harness.scenarios import list_tested
from harness.selftest.mutants import Mutant, mutants
from harness.traceability import Area, Status, Traced, trace
from harness.vocabulary import Level
from reports import trace as pages
from tests.command.process import HELP
from tests.reports.test_browser import CHROMIUM, WIDTHS
from tests.selftest import made

RULE = Rule(
    "some-rule",
    Level.EXPECTED,
    "It holds <everywhere>.",
    (),
    ("area.delete",),
    lambda _: True,
    lambda _: None,
)
SCENARIO = '''
def test_reads(scenario):
    """It reads.

    Because it must.
    """
    scenario.check("bytes", b"", b"", requirement="area.nobody")
'''


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up suite, with a client scenario, an untestable requirement and one that nothing tests."""
    suites = made.suite(tmp_path_factory.mktemp("trace") / "suites")
    path = suites / "requirements" / "area.yaml"
    path.write_text(
        path.read_text()
        + "area.hidden: {says: It *is* so., level: expected, source: [x], why: Why., untestable: No wire.}\n"
        + "area.forgotten: {says: It is <so>., level: observed, source: [x], why: Why., clients: [A, B]}\n"
    )
    (suites / "client").mkdir()
    (suites / "client" / "reads.py").write_text(SCENARIO)
    return suites


@pytest.fixture(scope="module")
def known(suites: Path) -> Catalogue:
    return catalogue.load(suites)


@pytest.fixture(scope="module")
def areas(suites: Path, known: Catalogue) -> tuple[Area, ...]:
    cases, scenarios = everything(suites)
    return trace(known, cases, (RULE,), scenarios, (made.KILLED, made.HOLE))


def by_id(areas: tuple[Area, ...]) -> dict[str, Traced]:
    return {one.requirement.id: one for area in areas for one in area.traced}


def test_every_requirement_has_its_testers_and_its_mutants(areas: tuple[Area, ...]) -> None:
    found = by_id(areas)
    assert [area.name for area in areas] == ["area"]
    assert list(found) == [*made.IDS, "area.hidden", "area.forgotten"]
    assert found["area.whole"].cases == ("area/delete", "area/whole")  # a step without tests of its own
    assert found["area.delete"].rules == (RULE,)
    assert found["area.nobody"].scenarios == ("client/reads/reads",)
    assert found["area.range"].mutants == (made.KILLED,)
    assert [found[one].status for one in ("area.range", "area.hidden", "area.forgotten")] == [
        Status.TESTED,
        Status.UNTESTABLE,
        Status.UNTESTED,
    ]
    assert areas[0].counts == {Status.TESTED: 5, Status.UNTESTED: 1, Status.UNTESTABLE: 1}


def test_a_sweep_is_one_name_with_its_number() -> None:
    traced = Traced(catalogue.Requirement("a.b"), ("a/x[n=1]", "a/x[n=2]", "a/y"))
    assert traced.files == {"a/x": 2, "a/y": 1}


def test_words_and_json(
    suites: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(trace_command, "folder", lambda _name: suites)
    monkeypatch.setattr(trace_command, "mutants", lambda: (made.KILLED,))
    trace_command.command.main([], standalone_mode=False, **HELP)
    words = capsys.readouterr().out
    assert "tested" in words
    assert "It *is* so. (No wire.)" in words
    assert words.splitlines()[-1] == "7 requirements: 5 tested, 1 untested, 1 untestable"
    trace_command.command.main(["--json"], standalone_mode=False, **HELP)
    lines = {one["id"]: one for one in map(json.loads, capsys.readouterr().out.splitlines())}
    assert lines["area.range"]["cases"] == ["area/range"]
    assert lines["area.range"]["mutants"] == ["range-ignored"]
    assert lines["area.hidden"]["untestable"] == "No wire."


def test_the_markdown_says_it_all(areas: tuple[Area, ...], known: Catalogue) -> None:
    text = pages.markdown(areas, known)
    assert "| [area](#area) | 7 | 5 | 1 | 1 | 2 |" in text
    assert "### area.hidden\n\nIt \\*is\\* so.\n" in text
    assert "It is &lt;so>." in text
    assert "* **tested** by `area/delete`, wire rule `some-rule`\n" in text
    assert "* **untestable**\n* cannot be tested here: No wire.\n" in text
    assert "* broken by: `range-ignored`\n" in text


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed here")
def test_the_page_stands_alone_fits_and_filters(
    areas: tuple[Area, ...], known: Catalogue, tmp_path: Path
) -> None:
    file = pages.build(areas, known, tmp_path / "trace.html")
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        for width in WIDTHS.values():
            for scheme in schemes:
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                wrong: list[str] = []
                fetched: list[str] = []
                page.on("request", lambda request, all_=fetched: all_.append(request.url))
                page.on("pageerror", lambda error, all_=wrong: all_.append(str(error)))
                page.on("console", lambda said, all_=wrong: all_.append(said.text))
                page.goto(file.as_uri())
                page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert (wrong, fetched) == ([], [file.as_uri()])
                page.get_by_label("Status").select_option("untestable")
                assert page.locator("details.finding:visible").count() == 1
                assert "No wire." in page.locator("#requirements").inner_text()
                page.get_by_role("button", name="Clear").click()
                page.get_by_label("Search").fill("range-ignored")
                assert page.locator("details.finding:visible").count() == 1
                page.close()
        browser.close()


def test_no_name_of_the_page_stands_twice(areas: tuple[Area, ...], known: Catalogue) -> None:
    text = pages.html(areas, known)
    names = [part.partition('"')[0] for part in text.split(' id="')[1:]]
    assert len(names) == len(set(names))
    assert "It holds &lt;everywhere&gt;." in text


def test_scenarios_name_requirements_that_exist() -> None:
    known_ids = catalogue.load(folder("suites")).requirements
    assert not [
        one.id for one in list_tested(folder("suites")) for said in one.tests if said not in known_ids
    ]


# --- the catalogue as it is ---


@pytest.fixture(scope="module")
def ours() -> dict[str, Traced]:
    """The requirements that we hold endpoints to."""
    cases, scenarios = everything(folder("suites"))[0], list_tested(folder("suites"))
    return by_id(trace(catalogue.load(folder("suites")), cases, RULES, scenarios, mutants()))


def test_nothing_is_untested_without_a_reason(ours: dict[str, Traced]) -> None:
    assert not [name for name, one in ours.items() if one.status is Status.UNTESTED]


def test_nothing_that_is_tested_is_called_untestable(ours: dict[str, Traced]) -> None:
    assert not [
        name for name, one in ours.items() if one.requirement.untestable and one.status is Status.TESTED
    ]


def test_every_mutant_breaks_what_is_tested(ours: dict[str, Traced]) -> None:
    def hopeless(mutant: Mutant) -> bool:
        return not any(ours[one].status is Status.TESTED for one in mutant.breaks)

    assert not [mutant.name for mutant in mutants() if hopeless(mutant)]
