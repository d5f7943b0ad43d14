"""`blobproof selftest` as a user gives it: words, exit codes, files, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
import pytest

from blobproof.cli import say
from blobproof.commands import mutants as mutants_command
from blobproof.commands import selftest as selftest_command
from harness.selftest import record
from harness.selftest.document import FILE, check
from harness.selftest.mutants import Mutant
from harness.selftest.results import Outcome, Result, Verified
from tests.command.process import HELP
from tests.golden.made import blocks
from tests.selftest import made
from tests.selftest.test_record import NOTICE

REPOSITORY = Path(__file__).resolve().parents[2]
MUTANTS = (made.KILLED, made.SURVIVOR)

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """The command in this process, over the made-up suite: its exit code, output and errors."""
    suites = made.suite(tmp_path / "suites")
    monkeypatch.setattr(selftest_command, "folder", lambda _name: suites)
    monkeypatch.setattr(selftest_command, "mutants", lambda: MUTANTS)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        try:
            code = selftest_command.command.main([*words], standalone_mode=False, **HELP)
        except click.ClickException as error:
            code = error.exit_code
            click.echo(error.format_message(), err=True)
        except Exception as error:
            code = say(error)
        said = capsys.readouterr()
        return int(code), said.out, said.err

    yield run


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """No façade is started: one mutant is killed, the others survive. The mutants that were asked for."""
    asked: list[tuple[str, ...]] = []

    def selftest(_cases: object, mutants: Sequence[Mutant], **_options: object) -> Verified:
        asked.append(tuple(one.name for one in mutants))
        results = tuple(
            Result(one, Outcome.KILLED, NOTICE, ran=4, noticed=(NOTICE,))
            if one is made.KILLED
            else Result(one, Outcome.SURVIVED, reason="2 cases test what it breaks: 2 pass")
            for one in mutants
        )
        return Verified(results, {}, "2025-07-05", 4)

    monkeypatch.setattr(selftest_command, "selftest", selftest)
    return asked


def test_it_prints_the_rate_and_what_killed_each(command: Command) -> None:
    code, out, _ = command("--workers", "2", "--at-least", "50")
    assert code == 0
    assert "range-ignored" in out
    assert "area/range" in out
    assert "differs: expected 206, got 200" in out
    assert "survivors: noticed by nothing\n  list-delimiter-ignored breaks area.whole\n" in out
    assert "kill rate 50 %: 1 of 2 mutants by a requirement of their own; at least 50 %: met" in out
    assert "service version 20" in out
    assert "(4 cases," in out


@pytest.mark.usefixtures("quick")
def test_below_what_was_asked_for_it_is_a_divergence(command: Command) -> None:
    code, out, _ = command("--mutant", "list-delimiter-ignored")
    assert code == 1
    assert "at least 95 %: not met" in out


@pytest.mark.usefixtures("quick")
def test_json_file_and_record(command: Command, tmp_path: Path) -> None:
    code, out, _ = command("--json", "--out", "run", "--record", "selftest.json", "--at-least", "0")
    assert code == 0
    said = json.loads(out)
    check(said, "selftest.schema.json")
    assert json.loads((tmp_path / "run" / FILE).read_text()) == said
    kept = record.read(tmp_path / "selftest.json")
    assert kept["first"] == kept["latest"]
    assert (kept["latest"]["killed"], kept["latest"]["mutants"]) == (1, 2)


@pytest.mark.usefixtures("quick")
def test_what_was_found_is_said_even_if_it_cannot_be_kept(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_arguments: object) -> None:
        raise record.RecordError("the disk is full")

    monkeypatch.setattr(record, "add", full)
    code, out, err = command("--record", tmp_path / "x.json")
    assert (code, err.strip().splitlines()[-2]) == (2, "blobproof: the disk is full")
    assert "range-ignored" in out


@pytest.mark.usefixtures("quick")
def test_all_cases_are_listed_on_request(command: Command) -> None:
    _, out, _ = command("--all-cases", "--mutant", "range-ignored")
    assert "range-ignored: 1 case\n    own area/range" in out


def test_only_the_mutants_of_a_requirement(command: Command, quick: list[tuple[str, ...]]) -> None:
    assert command("--requirement", "area.range")[0] == 0
    assert command("--requirement", "area.whole", "--mutant", "list-delimiter-ignored")[0] == 1
    assert quick == [("range-ignored",), ("list-delimiter-ignored",)]


@pytest.mark.parametrize(("words", "specs"), [((), 1), (("--by", "cases"), 0)])
def test_golden_specs_are_replayed_unless_it_is_told_not_to(
    command: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], specs: int
) -> None:
    asked: list[int] = []

    def selftest(
        _cases: object, _mutants: object, *, specs: Sequence[object], **_options: object
    ) -> Verified:
        asked.append(len(specs))
        replayed = Result(made.SURVIVOR, Outcome.REPLAYED, replace(NOTICE, case=blocks().id))
        return Verified((replayed,), {}, "2025-07-05", 4, len(specs))

    monkeypatch.setattr(selftest_command, "selftest", selftest)
    monkeypatch.setattr(selftest_command, "load_tree", lambda _traces: (blocks(),))
    code, out, _ = command(*words)
    assert (code, asked) == (0, [specs])
    assert "list-delimiter-ignored  traces/mover/1.0/made" in out
    assert "0 of 1 mutants by a requirement of their own, 1 by a replay alone; at least 95 %: met" in out


def test_replays_alone(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def selftest(
        cases: Sequence[object], *_: object, specs: Sequence[object], **_options: object
    ) -> Verified:
        asked.append((len(cases), len(specs)))
        return Verified((), {}, "2025-07-05", 0, 1)

    monkeypatch.setattr(selftest_command, "selftest", selftest)
    monkeypatch.setattr(selftest_command, "load_tree", lambda _traces: (blocks(),))
    command("--by", "replays")
    assert asked == [(0, 1)]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--mutant", "range-ignore"], 2, "there is no mutant 'range-ignore'\n  Did you mean range-ignored?"),
        (
            ["--requirement", "area.rang"],
            2,
            "there is no requirement 'area.rang'\n  Did you mean area.range?",
        ),
        (["--requirement", "area.nobody"], 5, "no mutant breaks area.nobody"),
        (["--at-least", "101"], 2, "101"),
        (["--by", "replays"], 5, "there are no golden specs in"),
        (["--by", "cases and replays"], 2, "--by"),
        (["--workers", "0"], 2, "0"),
        (["--record", "x.json", "--mutant", "range-ignored"], 2, "--record keeps whole runs only"),
        (["--record", "x.json", "--by", "cases"], 2, "--record keeps whole runs only"),
        (["--record", "no/folder/x.json"], 2, "no/folder is no folder"),
        (["--record", "suites/sources.yaml"], 2, "is no JSON"),
        (["--record", "/proc/x.json"], 2, "/proc/x.json cannot be written"),
        (["--out", "/proc/x"], 2, "/proc/x/selftest.json cannot be written"),
        (["--out", "suites/sources.yaml"], 2, "sources.yaml"),
    ],
)
def test_bad_input_is_said_in_a_line_before_anything_is_started(
    command: Command, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, said: str
) -> None:
    def never(*_arguments: object, **_options: object) -> None:
        raise AssertionError("nothing may be started")

    monkeypatch.setattr(selftest_command, "selftest", never)
    found, out, err = command(*words)
    assert (found, out) == (code, "")
    assert said in err
    assert "Traceback" not in err


def test_a_case_that_fails_on_the_right_facade_is_named(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "suites" / "area" / "whole.yaml"
    path.write_text(path.read_text().replace("status: 200", "status: 299"))
    code, out, err = command("--mutant", "list-delimiter-ignored")
    assert (code, out) == (4, "")
    assert "area/whole: step 1, status: expected 299, got 200" in err


def test_the_list_of_mutants_has_their_requirements(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        mutants_command, "mutants", lambda: (Mutant("one", ("a.b", "a.c"), "It is [wrong]."),)
    )
    mutants_command.command.main(["--json"], standalone_mode=False, **HELP)
    assert json.loads(capsys.readouterr().out) == {
        "name": "one",
        "breaks": ["a.b", "a.c"],
        "about": "It is [wrong].",
    }
    mutants_command.command.main([], standalone_mode=False, **HELP)
    assert capsys.readouterr().out == "one  a.b, a.c  It is [wrong].\n"


_DRIVER = """
import sys
from pathlib import Path
from blobproof.cli import main
from blobproof.commands import selftest
from tests.selftest import made
selftest.folder = lambda name: Path(sys.argv[1])
selftest.mutants = lambda: (made.KILLED,)
main(["selftest", "--workers", "2", *sys.argv[2:]])
"""


@pytest.mark.parametrize("phase", ["the right façade", "their own cases"])
def test_ctrl_c_ends_everything_that_was_started(tmp_path: Path, phase: str) -> None:
    suites = made.suite(tmp_path / "suites")
    # A step that waits keeps the façades busy until the interrupt has come.
    path = suites / "area" / "range.yaml"
    waits = "steps:\n  - {send: GET /, wait: 3s, expect: {status: [200, 400]}}\n"
    path.write_text(path.read_text().replace("steps:\n", waits))
    mark = str(uuid.uuid4())
    process = subprocess.Popen(
        [sys.executable, "-c", _DRIVER, str(suites), "--mutant", "range-ignored"],
        cwd=REPOSITORY,
        env={**os.environ, "BLOBPROOF_TEST_MARK": mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        seen = ""
        for line in process.stderr:
            seen += line
            if phase in line:
                break
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        out, err = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert (process.returncode, out) == (3, "")
    assert (seen + err).rstrip().endswith("blobproof: interrupted")
    assert "Traceback" not in seen + err
    deadline = time.monotonic() + 10
    while (left := _marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def _marked(mark: str) -> list[str]:
    """The processes that were started with this mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found
