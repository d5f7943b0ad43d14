"""The committed suites: every case loads, renders, tests what it says it tests, and is in the manifest."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from harness import manifest as manifests
from harness.cases import case as c
from harness.cases.load import case_files, known_requirements, load_tree
from harness.cases.marks import read
from harness.cases.recipes import render_body, size
from harness.cases.template import BAD_SAS, Scope, names, render, render_target
from harness.data import folder
from harness.plan import manifest_ids
from harness.rules.identify import identify

SUITES = folder("suites")
CASES = load_tree(SUITES)
SCOPE = Scope(
    account="acct",
    url="http://h/acct",
    container="bp-shared",
    own_container="bp-own",
    new_containers="bp-new",
    blobs="blob-0001",
    seed="seed",
    now=datetime(2026, 11, 22, tzinfo=UTC),
    source_sas="sv=1&sig=x",
    bad_source_sas=dict.fromkeys(BAD_SAS, "sv=1&sig=x"),
)
each_case = pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])


def steps(case: c.Case) -> tuple[c.Step, ...]:
    """All that a case sends."""
    return (*case.given, *case.steps)


def rendered(step: c.Step, saved: dict[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The target and the headers of a step as they would be sent."""
    scope = replace(SCOPE.knowing(saved), counter=0 if step.repeat else None)
    pairs = tuple((name, render(value, scope)) for name, value in step.headers if value is not None)
    if step.body is not None and (size(step.body) or 0) <= 1 << 20:
        made = render_body(step.body, scope, lambda part, counted: b"")
        known = size(step.body)
        assert known is None or known == len(made.data)
    return render_target(step.target, scope), pairs


@each_case
def test_a_case_renders_and_sends_the_operation_it_is_about(case: c.Case) -> None:
    saved: dict[str, str] = {}
    operations = set()
    for step in steps(case):
        target, headers = rendered(step, saved)
        assert target.startswith("/")
        assert target.isascii()
        operations.add(identify(step.method, target, headers).operation)
        saved |= {one.name: "saved" for one in step.save}
    # Refusals are understood as unsupported on this operation only.
    assert case.operation in operations


@each_case
def test_a_case_writes_only_to_containers_of_the_run(case: c.Case) -> None:
    for step in steps(case):
        if step.method in ("PUT", "POST", "DELETE") and step.target.startswith("/{"):
            assert names(step.target)[0].name in ("container", "own-container", "new-container")


@each_case
def test_a_case_asserts_something(case: c.Case) -> None:
    assert any(
        expect.status or expect.error or expect.headers or expect.body or expect.xml or expect.parts
        for expect in (step.expect for step in case.steps)
    )


def test_the_manifests_list_exactly_what_there_is() -> None:
    frozen = manifests.load(SUITES)
    manifests.check(frozen, manifest_ids(SUITES))
    assert {case.id for case in CASES} <= set(frozen["strict"].ids)
    assert set(frozen["mvp"].ids) < set(frozen["strict"].ids)


def test_every_requirement_is_tested_and_every_folder_is_an_area() -> None:
    listed = known_requirements(SUITES)
    assert listed is not None
    tested = {test for case in CASES for test in case.tests}
    tested |= {test for case in CASES for step in steps(case) for test in step.tests}
    assert tested <= listed
    areas = Counter(case.id.partition("/")[0] for case in CASES)
    assert set(areas) == {path.relative_to(SUITES).parts[0] for path in case_files(SUITES)}


def test_every_source_has_a_title() -> None:
    titles = read("sources.yaml", (SUITES / "sources.yaml").read_text(encoding="utf-8")).value
    cited = {source for case in CASES for source in case.source}
    assert {
        source for source in cited if source not in titles and source.partition("/")[0] not in titles
    } == set()
