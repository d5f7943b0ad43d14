"""What a client is told: placeholders of its words, the request of a script, local files."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.cases.case import Join, Random, Recipe, Slice, Text, Zeros
from harness.cases.recipes import content
from harness.cases.template import Scope
from harness.endpoint import Secret, Style
from harness.recording.drivers import UnknownClientError, driver
from harness.recording.payload import MODIFIED, write_files
from harness.recording.place import Place, PlaceholderError, script_input
from harness.recording.scenario import ClientScenario, Run
from harness.tools.find import Found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    scenario = ClientScenario(
        "thing", "one", "t", "w", "f", (Run(("go", "{sas}")),), files={"a.txt": Text("a")}
    )
    return Place(
        scenario=scenario,
        found=Found("thing", Path("/thing"), "1.0", {"FROM_PIN": "1"}),
        url="http://127.0.0.1:1/acct",
        style=Style.PATH,
        secure=False,
        account="acct",
        containers={"own-container": "c1", "own-container:2": "c2"},
        files=tmp_path / "files",
        out=tmp_path / "out",
        home=tmp_path / "home",
        ca_file=tmp_path / "ca.pem",
        source_sas=Secret("sv=1&sig=abc"),
        env={"SSL_CERT_FILE": "ca"},
        saved={"snapshot": "2026"},
    )


@pytest.mark.parametrize(
    ("word", "becomes"),
    [
        ("{url}/{own-container}/x?{sas}", "http://127.0.0.1:1/acct/c1/x?sv=1&sig=abc"),
        ("{own-container:2}{account}{authority}", "c2acct127.0.0.1:1"),
        ("snapshot={snapshot}", "snapshot=2026"),
        ("{file:a.txt}", "FILES/a.txt"),
        ("{folder:}", "FILES"),
        ("{folder:sub}", "FILES/sub"),
        ("{out:x.bin}", "OUT/x.bin"),
        ('{"a": 1, "b": {"C": 2}}', '{"a": 1, "b": {"C": 2}}'),
    ],
)
def test_words_are_filled(place: Place, word: str, becomes: str) -> None:
    becomes = becomes.replace("FILES", str(place.files)).replace("OUT", str(place.out))
    assert place.fill(word) == becomes


@pytest.mark.parametrize("word", ["{file:b.txt}", "{own-container:3}", "{nothing}"])
def test_a_placeholder_that_means_nothing(place: Place, word: str) -> None:
    with pytest.raises(PlaceholderError, match="thing/one"):
        place.fill(word)


def test_no_sas_to_fill_in(place: Place) -> None:
    with pytest.raises(PlaceholderError, match="no key and no SAS"):
        replace(place, source_sas=None).fill("{sas}")


def test_a_script_is_told_everything(place: Place) -> None:
    told = json.loads(script_input(place.scenario.run[0], replace(place, key=Secret("k"))))
    assert told["scenario"] == "go"
    assert told["arguments"] == ["sv=1&sig=abc"]
    assert (told["key"], told["sas"], told["token"]) == ("k", None, None)
    assert told["source_sas"] == "sv=1&sig=abc"
    assert told["files"] == {"a.txt": str(place.files / "a.txt")}


def test_the_environment_is_whole(place: Place) -> None:
    env = place.environment(Run(("go",), env={"WHERE": "{url}"}))
    assert env["WHERE"] == place.url
    assert env["FROM_PIN"] == "1"
    assert env["SSL_CERT_FILE"] == "ca"
    assert env["HOME"] == str(place.home)


def test_files_are_written_piece_by_piece_with_one_time(tmp_path: Path) -> None:
    scope = Scope("", "", "", "", "", "", "", datetime(2026, 1, 1, tzinfo=UTC))
    big = Random((1 << 20) + 33, 5)
    files: dict[str, Recipe] = {
        "big.bin": big,
        "deep/er/part.bin": Slice(big, 7, (1 << 20) + 9),
        "deep/mixed.bin": Join((Text("x"), Zeros(3), Slice(Random(10, 1), 2, 100))),
    }
    write_files(tmp_path, files, scope)
    for name, recipe in files.items():
        written = (tmp_path / name).read_bytes()
        assert hashlib.sha256(written).digest() == hashlib.sha256(content(recipe, scope)).digest()
    everything = [tmp_path, *tmp_path.rglob("*")]
    assert len(everything) == 6
    assert {path.stat().st_mtime for path in everything} == {MODIFIED.timestamp()}


def test_a_client_without_a_driver() -> None:
    with pytest.raises(UnknownClientError) as raised:
        driver("azcpy")
    assert raised.value.hint == "Did you mean azcopy?"
