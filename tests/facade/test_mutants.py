"""Every mutant is wrong as it says: a façade with it differs where the right one does not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.catalogue import requirements
from harness.data import folder
from reference_impl import mutants as families
from reference_impl.config import UsageError
from reference_impl.mutants import Patch, apply, mutants, registry
from reference_impl.mutants.registry import mutant
from tests.facade.client import REPOSITORY, Client, facade
from tests.facade.symptoms.registry import symptoms

SYMPTOMS = symptoms()


def prepare(client: Client) -> None:
    assert client.create("cont").status == 201
    client.put("/cont/kept", b"kept", {"x-ms-meta-Case": "1"})


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A façade without any mutant. Symptoms are looked for in a container that each of them starts afresh."""
    with facade(tmp_path_factory.mktemp("right")) as client:
        yield client


def afresh(client: Client) -> None:
    client.send("DELETE", "/cont?restype=container")
    prepare(client)


def test_who_lives_has_a_symptom() -> None:
    """What the suite kills is shown to be wrong by that; what it does not must be shown to be wrong here."""
    names = {mutant.name for mutant in mutants()}
    assert sorted(SYMPTOMS.keys() - names) == []
    record = json.loads((folder("suites") / "selftest.json").read_text(encoding="utf-8"))
    lives = {one["mutant"] for one in record["latest"]["results"] if one["outcome"] != "killed"}
    assert sorted(lives - SYMPTOMS.keys() - record["reasons"].keys()) == []


def test_every_mutant_breaks_requirements_that_exist() -> None:
    catalogue = requirements(folder("suites"))
    assert not [(one.name, said) for one in mutants() for said in one.breaks if said not in catalogue]


def test_a_mutant_needs_a_name_of_its_own_a_reason_and_a_requirement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "_MUTANTS", {})

    def change(_patch: Patch) -> None:
        """Something is wrong."""

    def silent(_patch: Patch) -> None: ...

    mutant("one", breaks="area.thing")(change)
    with pytest.raises(ValueError, match="two mutants"):
        mutant("one", breaks="area.thing")(change)
    with pytest.raises(ValueError, match="which requirement"):
        mutant("two", breaks=())(change)
    with pytest.raises(ValueError, match="what is wrong"):
        mutant("three", breaks="area.thing")(silent)


def test_a_new_family_is_found_without_being_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "novel.py").write_text(
        "from reference_impl.mutants.registry import Patch, mutant\n"
        "@mutant('novel', breaks=('area.one', 'area.two'))\n"
        "def novel(patch: Patch) -> None:\n"
        '    """Nothing like it was seen."""\n'
    )
    monkeypatch.setattr(registry, "_MUTANTS", dict(registry._MUTANTS))
    monkeypatch.setattr("reference_impl.mutants.__path__", [*families.__path__, str(tmp_path)])
    found = {one.name: one for one in mutants()}["novel"]
    monkeypatch.delitem(sys.modules, "reference_impl.mutants.novel")
    assert (found.family, found.breaks) == ("novel", ("area.one", "area.two"))


@pytest.mark.parametrize("name", sorted(SYMPTOMS))
def test_symptom(name: str, tmp_path: Path, right: Client) -> None:
    afresh(right)
    expected = SYMPTOMS[name](right)
    with facade(tmp_path, "--mutant", name) as wrong:
        prepare(wrong)
        assert SYMPTOMS[name](wrong) != expected


def test_listing_and_unknown_names() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "reference_impl", "mutants"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    ).stdout
    rows = [tuple(line.split("\t")) for line in listed.splitlines()]
    assert rows == [(mutant.name, ",".join(mutant.breaks), mutant.about) for mutant in mutants()]
    with pytest.raises(UsageError):
        apply("no-such-mutant")
