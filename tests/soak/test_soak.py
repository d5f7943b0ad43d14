"""Whole soaks of a few seconds: on the façade, on one that loses what it promised, and given up."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.soak.diary import FILE, schema
from harness.soak.lives import Lives, file_system, free_port
from harness.soak.soak import Wish, soak
from tests.command.process import blobproof, eventually, finish, refused, start

_SMALL = ("--writers", 6, "--readers", 2, "--blobs", 30, "--server-processes", 1)


def _lines(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / FILE).read_text(encoding="utf-8").splitlines()]
    for line in lines:
        jsonschema.validate(line, schema())
    return lines


def test_the_facade_keeps_its_promises_through_kills(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = blobproof(
        "soak", "reference", "--minutes", 0.1, "--kill-every", 2, *_SMALL, "--out", out, "--json"
    )
    assert done.code == 0, done
    facts = json.loads(done.out)
    assert facts["violations"] == 0
    assert facts["complete"]
    assert facts["acknowledged"] > 20
    assert facts["verified"] == 30
    assert facts["kills"] >= 2
    assert f"seed {facts['seed']}" in done.err
    lines = _lines(out)
    assert [lines[0]["kind"], lines[-1]["kind"]] == ["header", "footer"]
    assert sum(line["kind"] == "kill" for line in lines) == facts["kills"]
    assert "zero acknowledged bytes lost" in (out / "summary.md").read_text(encoding="utf-8")
    assert not (out / "data").exists()


class _Forgetful(Lives):
    """A façade whose disk loses half of its blobs with each kill, and whose containers stay."""

    def kill(self) -> None:
        super().kill()
        blobs = sorted(path for path in self._root.rglob("soak/*/*") if path.is_file())
        for path in blobs[::2]:
            path.unlink()


def test_what_is_lost_is_found(tmp_path: Path) -> None:
    wish = Wish(tmp_path, "reference", 0.05, 3, 1.0, writers=6, readers=2, blobs=30)
    with _Forgetful(tmp_path / "data", tmp_path / "logs", processes=1) as lives:
        done = soak(wish, lives.endpoint, lives, tmp_path / "data", lambda _counts: None)
    assert done.exit_code == 1
    assert {"lost"} <= {one.what for one in done.violations}
    lines = _lines(tmp_path)
    assert sum(line["kind"] == "violation" for line in lines) == len(done.violations)


class _Mortal(Lives):
    """A façade that does not come back."""

    def start(self) -> None:
        if self.count:
            self._processes = 0
        super().start()


def test_a_facade_that_does_not_come_back_is_a_violation(tmp_path: Path) -> None:
    wish = Wish(tmp_path, "reference", 1, 3, 1.0, writers=2, readers=1, blobs=8)
    with _Mortal(tmp_path / "data", tmp_path / "logs", processes=1) as lives:
        done = soak(wish, lives.endpoint, lives, tmp_path / "data", lambda _counts: None)
    assert (done.exit_code, [one.what for one in done.violations]) == (1, ["gone"])
    footer = _lines(tmp_path)[-1]
    assert (footer["kind"], footer["complete"]) == ("footer", False)


def test_an_interrupt_keeps_what_is_there_and_says_so(tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = start("soak", "reference", "--minutes", 5, "--kill-every", 0, *_SMALL, "--out", out)
    eventually(lambda: (out / FILE).exists())
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert done.code == 3, done
    assert "interrupted" in done.err
    assert FILE in done.err
    footer = _lines(out)[-1]
    assert (footer["kind"], footer["complete"], footer["why"]) == ("footer", False, "interrupted")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("full")
    (folder / "file").write_text("x", encoding="utf-8")
    yield folder


def test_bad_input(full: Path) -> None:
    refused(blobproof("soak", "nowhere"), 2, "nowhere")
    refused(blobproof("soak", "reference", "--minutes", "0"), 2, "minutes")
    refused(blobproof("soak", "reference", "--out", full), 2, "not empty")
    refused(blobproof("soak", "reference:no-such-mutant", "--dry-run"), 2, "no-such-mutant")
    refused(blobproof("soak", "azurite", "--data", full), 2, "--data")


def test_a_dry_run_starts_nothing(tmp_path: Path) -> None:
    done = blobproof("soak", "azurite", "--dry-run", cwd=tmp_path)
    assert done.code == 0
    assert "we cannot kill it" in done.out
    assert not any(tmp_path.iterdir())
    facts = json.loads(blobproof("soak", "reference", "--dry-run", "--json", "--seed", 4, cwd=tmp_path).out)
    assert (facts["seed"], facts["kill_every"]) == (4, 20.0)


def test_ports_are_none_that_the_kernel_gives_away(tmp_path: Path) -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    assert 1024 < free_port() < first
    assert file_system(tmp_path) not in ("", "unknown")
