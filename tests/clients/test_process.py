"""Running clients: a budget that holds for the whole process group, and no secret in what is kept."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from harness.clients import process
from harness.clients.process import base_environment, redacted, run_client


def test_a_client_gets_exactly_its_environment_and_input(tmp_path: Path) -> None:
    ran = run_client(
        ["/bin/sh", "-c", "env; cat; echo to-stderr >&2; exit 3"],
        env={"ONLY": "this"},
        cwd=tmp_path,
        seconds=10,
        stdin=b"the input",
    )
    assert ran.exit == 3
    assert "ONLY=this" in ran.stdout and "HOME=" not in ran.stdout
    assert ran.stdout.endswith("the input")
    assert ran.stderr == "to-stderr\n"


def test_the_whole_group_ends_when_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_GRACE_SECONDS", 0.3)
    begun = time.monotonic()
    ran = run_client(
        ["/bin/sh", "-c", "trap '' TERM; sleep 300 & echo $!; wait"],
        env=base_environment(tmp_path),
        cwd=tmp_path,
        seconds=0.5,
    )
    assert ran.exit is None
    assert time.monotonic() - begun < 60
    child = int(ran.stdout)
    for _ in range(200):
        if not _alive(child):
            return
        time.sleep(0.02)
    raise AssertionError("the client's child lives on")


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_our_secrets_do_not_reach_the_client(tmp_path: Path) -> None:
    os.environ["AZURE_STORAGE_KEY"] = "secret"
    try:
        assert "AZURE_STORAGE_KEY" not in base_environment(tmp_path)
    finally:
        del os.environ["AZURE_STORAGE_KEY"]


def test_redaction() -> None:
    text = redacted(
        "key=abc/def== url?sv=1&sig=Zm9v%2B&se=2 Authorization: SharedKey a:Zm9vYmFy=", ["abc/def=="]
    )
    assert "abc/def" not in text and "Zm9v" not in text
    assert "se=2" in text and "SharedKey a:" in text


def test_a_client_is_killed_as_a_crash_would_end_it(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    ran = run_client(
        ["/bin/sh", "-c", f"echo said; touch {begun}; trap '' TERM; sleep 300; echo never"],
        env=base_environment(tmp_path),
        cwd=tmp_path,
        seconds=60,
        kill_when=begun.exists,
    )
    assert (ran.exit, ran.stdout) == (-9, "said\n")


def test_a_client_that_ends_first_is_not_killed(tmp_path: Path) -> None:
    ran = run_client(
        ["/bin/cat"],
        env=base_environment(tmp_path),
        cwd=tmp_path,
        seconds=60,
        stdin=b"x" * 1_000_000,
        kill_when=lambda: False,
    )
    assert (ran.exit, len(ran.stdout)) == (0, 1_000_000)


def test_who_is_to_be_killed_keeps_to_the_budget_too(tmp_path: Path) -> None:
    ran = run_client(
        ["/bin/sleep", "300"],
        env=base_environment(tmp_path),
        cwd=tmp_path,
        seconds=0.3,
        kill_when=lambda: False,
    )
    assert ran.exit is None
