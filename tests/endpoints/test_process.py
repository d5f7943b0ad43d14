"""Processes of ours: awaited with a deadline, ended by their own ids, and quoted when they die."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from harness.endpoints.errors import StartError, StartUsageError
from harness.endpoints.process import ServerProcess
from harness.vocabulary import ExitCode

READY = "import sys, time; print('ready', flush=True); time.sleep(60)"


def first_word(line: str) -> str | None:
    return line.split()[0] if line.startswith("ready") else None


def start(folder: Path, code: str) -> ServerProcess:
    return ServerProcess("server", [sys.executable, "-c", code], folder, {})


def gone(pid: int) -> bool:
    """Whether no process with this id is left, waiting a little for init to reap it."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text(encoding="ascii"):
            return True
        time.sleep(0.02)
    return False


def test_ready_and_ended(tmp_path: Path) -> None:
    with start(tmp_path, READY) as process:
        assert process.wait_ready(first_word, 10) == "ready"
        assert process.running
        pid = process.pid
    assert not process.running
    assert gone(pid)
    process.end()  # once more does nothing


def test_the_whole_group_is_ended(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; "
        f"child = subprocess.Popen([sys.executable, '-c', {READY!r}], stdout=subprocess.DEVNULL); "
        "print('ready', child.pid, flush=True); time.sleep(60)"
    )
    with start(tmp_path, code) as process:
        child = process.wait_ready(
            lambda line: int(line.split()[1]) if line.startswith("ready") else None, 10
        )
    assert gone(child)


def test_half_a_line_is_waited_for(tmp_path: Path) -> None:
    code = (
        "import sys, time; sys.stdout.write('ready 1'); sys.stdout.flush(); time.sleep(0.3); "
        "print('2', flush=True); time.sleep(60)"
    )
    with start(tmp_path, code) as process:
        assert process.wait_ready(lambda line: line if line.startswith("ready") else None, 10) == "ready 12"


def test_ended_on_keyboard_interrupt(tmp_path: Path) -> None:
    pid = 0
    with pytest.raises(KeyboardInterrupt), start(tmp_path, READY) as process:
        pid = process.pid
        process.wait_ready(first_word, 10)
        raise KeyboardInterrupt
    assert gone(pid)


def test_the_last_words_of_a_process_that_dies(tmp_path: Path) -> None:
    code = "import sys; sys.stderr.write('first\\nno space left on device\\n\\n'); sys.exit(3)"
    with start(tmp_path, code) as process, pytest.raises(StartError) as caught:
        process.wait_ready(first_word, 10)
    assert str(caught.value) == "server ended at once with exit code 3: no space left on device"
    assert caught.value.exit_code is ExitCode.INDETERMINATE


def test_a_usage_error_of_the_process_is_one_of_ours(tmp_path: Path) -> None:
    with start(tmp_path, "import sys; sys.exit(2)") as process, pytest.raises(StartUsageError) as caught:
        process.wait_ready(first_word, 10)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "without a word" in str(caught.value)


def test_a_process_that_never_gets_ready(tmp_path: Path) -> None:
    with (
        start(tmp_path, "import time; time.sleep(60)") as process,
        pytest.raises(StartError, match="not ready"),
    ):
        process.wait_ready(first_word, 0.3)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="No such file"):
        ServerProcess("server", ["/no/such/program"], tmp_path, {})
