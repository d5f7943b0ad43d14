"""The command drr: its words, JSON, wrong use, what cannot be read, Ctrl-C."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from blobproof.cli import main
from blobproof.drr_screen import Reading
from harness.vocabulary import ExitCode
from loadgen.payload.layout import seed_for
from loadgen.payload.payloads import Payloads
from loadgen.reduce import measure as measuring
from loadgen.reduce.measure import CorpusError
from tests.load.corpora import measured


def ran(*words: str) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(["drr", *words])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Some files of two types, that are twice there."""
    for number in range(12):
        body = b"".join(Payloads().body("compress=2", seed_for(1, "x", number % 6), 0, 40_000))
        (tmp_path / f"{number}.bin").write_bytes(body)
    (tmp_path / "[red]note\x1b.md").write_bytes(b"words and words and more words " * 500)
    return tmp_path


def test_words(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(str(data), "--assumed", "9") == ExitCode.OBJECTIVE_MISSED
    said = capsys.readouterr().out
    assert "13 files" in said
    assert "9 is outside the interval" in said
    assert "reduces less than assumed" in said
    assert "similarity reduction" in said
    for wanted in ("4 KiB, fixed", "32 KiB, content-defined", "bin", "md", "95% interval"):
        assert wanted in said


def test_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(str(data), "--json", "--grain", "64KiB", "--grain", "cdc:16KiB", "--assumed", "1.01") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["judged"] == "cdc:16KiB"
    assert found["read"] == found["found"] == {"files": 13, "bytes": 12 * 40_000 + 15_500}
    assert set(found["whole"]) == {"64KiB", "cdc:16KiB"}
    assert found["types"]["bin"]["64KiB"]["duplicate"]["ratio"] == pytest.approx(2)
    assert found["types"]["bin"]["64KiB"]["compress"]["ratio"] == pytest.approx(2, rel=0.1)
    assert found["assumed"] == {"ratio": 1.01, "state": "below"}
    assert found["partial"] is None


@pytest.mark.parametrize(
    "words", [("nowhere",), (".", "--grain", "5KiB"), (".", "--judge", "1MiB"), (".", "--assumed", "0.5")]
)
def test_wrong_use(words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_bytes(b"a")
    assert ran(*words) == ExitCode.USAGE


def test_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(str(tmp_path)) == ExitCode.USAGE
    assert "no files" in capsys.readouterr().err


def test_what_cannot_be_read_is_named(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = measuring._open

    def refuse(name: str) -> Any:
        if name.endswith(("3.bin", ".md")):
            raise PermissionError(13, "Permission denied", name)
        return opened(name)

    monkeypatch.setattr(measuring, "_open", refuse)
    assert ran(str(data)) == ExitCode.INDETERMINATE
    said = capsys.readouterr().out
    assert "2 cannot be read" in said
    assert "3.bin: Permission denied" in said
    assert "\x1b" not in said
    assert "11 files" in said


def test_ctrl_c_gives_what_was_read(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def watch(_self: Reading, name: str, _done: int) -> None:
        if name.endswith("5.bin"):
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(Reading, "watch", watch)
    assert ran(str(data), "--json") == ExitCode.INDETERMINATE
    found = json.loads(capsys.readouterr().out)
    assert found["partial"] == "interrupted"
    assert 0 < found["read"]["bytes"] < found["found"]["bytes"]
    assert found["whole"]["32KiB"]["bytes"] == found["read"]["bytes"]
    assert signal.getsignal(signal.SIGINT) is before


def test_stopping_before_anything_was_read(data: Path) -> None:
    with pytest.raises(CorpusError, match="interrupted") as caught:
        measured(data, stopped=lambda: True)
    assert caught.value.exit_code is ExitCode.INDETERMINATE
