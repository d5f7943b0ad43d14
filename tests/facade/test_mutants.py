"""Every mutant is wrong as it says: a façade with it differs where the right one does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.catalogue import requirements
from harness.data import folder
from reference_impl import mutants as families
from reference_impl.config import UsageError
from reference_impl.mutants import Patch, apply, mutants, registry
from reference_impl.mutants.registry import mutant
from tests.facade.client import REPOSITORY, Client, block_id, facade

SYMPTOMS: dict[str, Callable[[Client], object]] = {}


def symptom(name: str) -> Callable[[Callable[[Client], object]], Callable[[Client], object]]:
    def register(look: Callable[[Client], object]) -> Callable[[Client], object]:
        SYMPTOMS[name] = look
        return look

    return register


@symptom("etag-never-changes")
def _(client: Client) -> object:
    return client.put("/cont/b", b"1")["ETag"] == client.put("/cont/b", b"2")["ETag"]


@symptom("if-match-ignored")
def _(client: Client) -> object:
    return client.put("/cont/b", b"1", {"If-Match": '"0x1"'}).status


@symptom("if-none-match-ignored")
def _(client: Client) -> object:
    return client.put("/cont/kept", b"1", {"If-None-Match": "*"}).status


@symptom("if-unmodified-since-ignored")
def _(client: Client) -> object:
    return client.get("/cont/kept", {"If-Unmodified-Since": "Wed, 01 Jan 2020 00:00:00 GMT"}).status


@symptom("unmet-read-answers-412")
def _(client: Client) -> object:
    return client.get("/cont/kept", {"If-None-Match": client.head("/cont/kept")["ETag"]}).status


@symptom("create-only-answers-412")
def _(client: Client) -> object:
    return client.put("/cont/kept", b"1", {"If-None-Match": "*"}).code


@symptom("block-list-order-ignored")
def _(client: Client) -> object:
    for number in (0, 1):
        client.block("/cont/b", number, b"%d" % number)
    client.commit("/cont/b", [block_id(1), block_id(0)])
    return client.get("/cont/b").body


@symptom("unknown-block-accepted")
def _(client: Client) -> object:
    return client.commit("/cont/b", [block_id(404)]).status


@symptom("uncommitted-visible")
@symptom("list-skips-last")
def _(client: Client) -> object:
    client.block("/cont/staged", 0, b"x")
    return [n.text for n in client.get("/cont?restype=container&comp=list").xml.iterfind("Blobs/Blob/Name")]


@symptom("list-delimiter-ignored")
def _(client: Client) -> object:
    client.put("/cont/d/e", b"x")
    return client.get("/cont?restype=container&comp=list&delimiter=/").xml.find("Blobs/BlobPrefix") is None


@symptom("list-marker-exclusive")
def _(client: Client) -> object:
    client.put("/cont/a", b"x")
    marker = client.get("/cont?restype=container&comp=list&maxresults=1").xml.findtext("NextMarker", "")
    page = client.get(f"/cont?restype=container&comp=list&marker={marker.replace('+', '%2B')}")
    return page.xml.findtext("Blobs/Blob/Name")


@symptom("list-includes-rejected")
def _(client: Client) -> object:
    return client.get("/cont?restype=container&comp=list&include=metadata").status


@symptom("error-code-header-missing")
@symptom("missing-container-is-missing-blob")
def _(client: Client) -> object:
    return client.get("/nothing/b").code


@symptom("error-body-empty")
def _(client: Client) -> object:
    return len(client.get("/nothing/b").body)


@symptom("head-error-has-body-type")
def _(client: Client) -> object:
    return client.head("/cont/none").get("Content-Type")


@symptom("range-ignored")
@symptom("range-end-exclusive")
def _(client: Client) -> object:
    return client.get("/cont/kept", {"x-ms-range": "bytes=1-2"}).body


@symptom("whole-range-answers-200")
def _(client: Client) -> object:
    return client.get("/cont/kept", {"x-ms-range": "bytes=0-"}).status


@symptom("last-modified-missing")
@symptom("content-md5-not-kept")
@symptom("metadata-lowercased")
def _(client: Client) -> object:
    return [name for name in client.head("/cont/kept").names if name != "Date"]


@symptom("content-md5-unchecked")
def _(client: Client) -> object:
    return client.put("/cont/b", b"1", {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}).status


@symptom("delete-answers-204")
@symptom("delete-does-nothing")
def _(client: Client) -> object:
    client.put("/cont/b", b"1")
    return client.send("DELETE", "/cont/b").status, client.head("/cont/b").status


@symptom("put-blob-crc-missing")
def _(client: Client) -> object:
    return client.put("/cont/b", b"1").get("x-ms-content-crc64")


@symptom("copy-answers-201")
def _(client: Client) -> object:
    source = f"http://127.0.0.1:{client.port}/{client.account}/cont/kept"
    return client.send("PUT", "/cont/copy", {"x-ms-copy-source": source}).status


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


def test_every_mutant_has_a_symptom() -> None:
    assert {mutant.name for mutant in mutants()} == set(SYMPTOMS)


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
