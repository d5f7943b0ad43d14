"""Plans: what a filter selects, what it must not select in silence, and the manifest as denominator."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness import manifest as manifests
from harness.cases.errors import CaseError
from harness.data import folder
from harness.manifest import ManifestError
from harness.plan import NothingSelectedError, SelectionError, make_plan, manifest_ids
from harness.rules.tally import rule_ids
from harness.scenarios import ScenarioError, list_scenarios
from harness.vocabulary import ExitCode

SUITES = folder("suites")


def test_the_committed_manifest_is_the_tree() -> None:
    frozen = manifests.load(SUITES)
    manifests.check(frozen, manifest_ids(SUITES))
    assert len(frozen["mvp"].ids) > 150


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    """A small tree with a manifest that fits."""
    where = tmp_path / "suites"
    for name in ("delete-blob", "get-blob-properties"):
        shutil.copytree(SUITES / name, where / name)
    shutil.copytree(SUITES / "requirements", where / "requirements")
    shutil.copy(SUITES / "sources.yaml", where / "sources.yaml")
    scenario = 'def test_small_file(scenario):\n    """A small file\n\n    It matters.\n    """\n'
    (where / "mover").mkdir()
    (where / "mover" / "upload.py").write_text(scenario, encoding="utf-8")
    shutil.copy(SUITES / "sets.yaml", where / "sets.yaml")
    manifests.write(where, manifest_ids(where))
    return where


def test_everything_is_planned_and_counted(suites: Path) -> None:
    plan = make_plan(suites)
    assert plan.ids[-1 - len(rule_ids())] == "mover/upload/small-file"
    assert plan.ids[-len(rule_ids()) :] == rule_ids()
    assert sorted(plan.ids) == list(plan.manifests["strict"].ids)
    assert plan.requests >= len(plan.cases)
    assert plan.bytes > 0


def test_filters_select_by_folder_and_by_id(suites: Path) -> None:
    def chosen(**filters: list[str]) -> tuple[str, ...]:
        ids = make_plan(suites, **filters).ids
        assert ids[-len(rule_ids()) :] == rule_ids()  # wire rules look at whatever is sent
        return ids[: -len(rule_ids())]

    assert {one.partition("/")[0] for one in chosen(only_suites=["delete-blob"])} == {"delete-blob"}
    one = "delete-blob/deleted-blob-is-gone"
    assert chosen(only_ids=[one]) == (one,)
    assert chosen(only_suites=["mover"], only_ids=[one]) == (one, "mover/upload/small-file")
    assert chosen(only_suites=["mover/upload"]) == ("mover/upload/small-file",)


def test_a_filter_that_matches_nothing_is_never_green(suites: Path) -> None:
    for name in ("delete", "delete-blobs", "nowhere/"):
        with pytest.raises(NothingSelectedError) as caught:
            make_plan(suites, only_suites=["delete-blob", name])
        assert caught.value.exit_code is ExitCode.NOTHING_VERIFIED


def test_an_id_that_does_not_exist_is_a_usage_error(suites: Path) -> None:
    with pytest.raises(SelectionError) as caught:
        make_plan(suites, only_ids=["delete-blob/nothing"])
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_tree_that_the_manifest_does_not_fit_is_not_run(suites: Path) -> None:
    path = manifests.manifest_path(suites, "mvp")
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.split("\n", 1)[1], encoding="utf-8")
    with pytest.raises(ManifestError, match="is not in the mvp manifest"):
        make_plan(suites)
    path.write_text(whole + "zzz/nowhere\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="lists zzz/nowhere, which does not belong there"):
        make_plan(suites)
    path.write_text("".join(reversed(whole.splitlines(keepends=True))), encoding="utf-8")
    with pytest.raises(ManifestError, match="not sorted"):
        make_plan(suites)
    path.unlink()
    with pytest.raises(ManifestError, match="no manifest"):
        make_plan(suites)


@pytest.mark.parametrize(
    ("there", "instead", "says"),
    [
        ("- Create Container", "- Creat Container", r"sets\.yaml:6: 'Creat Container' is no operation"),
        ("  operations:", "  operation:", r"sets\.yaml:3: does not say the operations of mvp"),
        ("mvp:", "mpv:", r"sets\.yaml:3: does not say the operations of mvp"),
    ],
)
def test_a_mistake_in_the_sets_is_named(suites: Path, there: str, instead: str, says: str) -> None:
    path = suites / "sets.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(there, instead, 1), encoding="utf-8")
    with pytest.raises(CaseError, match=says) as caught:
        make_plan(suites)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def test_x(scenario):\n    pass\n", "mover/upload.py:1: test_x needs a title and a reason"),
        ('def test_x(scenario):\n    """Only a title"""\n', "mover/upload.py:1: test_x needs a title"),
        ("def test_x(:\n", "mover/upload.py:1: not Python"),
    ],
)
def test_a_scenario_says_what_it_is_for(suites: Path, source: str, says: str) -> None:
    (suites / "mover" / "upload.py").write_text(source, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        list_scenarios(suites)
    assert says in str(caught.value)


def test_scenarios_are_listed_without_being_imported(suites: Path) -> None:
    text = (suites / "mover" / "upload.py").read_text(encoding="utf-8")
    (suites / "mover" / "upload.py").write_text(f"raise SystemExit(1)\n{text}", encoding="utf-8")
    (listed,) = list_scenarios(suites)
    assert (listed.id, listed.gate, listed.title, listed.why) == (
        "mover/upload/small-file",
        "mover",
        "A small file",
        "It matters.",
    )
