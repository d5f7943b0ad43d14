"""The examples of the documentation: the workflow is YAML, actions are pinned, every command parses."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from blobproof.cli import group
from harness import ledger
from harness.data import folder
from harness.policy import from_table, load

WORKFLOW = folder("fixtures") / "ci" / "github-actions.yml"
DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = ("ci.md", "gates.md")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def workflow() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return found


def steps() -> list[dict[str, Any]]:
    return [step for job in workflow()["jobs"].values() for step in job["steps"]]


def lines_of(script: str) -> Iterator[str]:
    """The command lines of a shell script."""
    yield from (line.strip() for line in script.replace("\\\n", " ").splitlines() if line.strip())


def blocks(page: str, *kinds: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [body for kind, body in BLOCK.findall(text) if kind in kinds]


def documented() -> Iterator[str]:
    for page in PAGES:
        for body in blocks(page, ""):
            yield from lines_of(body)
        for body in blocks(page, "yaml"):
            for job in yaml.safe_load(body).values():
                yield from (*job["script"], *job["after_script"])


def commands() -> list[str]:
    """Every line of the workflow and of the pages that starts our command."""
    scripts = [line for step in steps() for line in lines_of(step.get("run", ""))]
    return [line for line in dict.fromkeys([*scripts, *documented()]) if "blobproof " in line]


def test_there_are_commands_to_look_at() -> None:
    said = {shlex.split(line)[1] for line in commands()}
    assert {"doctor", "run", "report", "gate", "sweep"} <= said


@pytest.mark.parametrize("line", commands())
def test_every_command_line_parses(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for run in ("ci", "quick", "RUN"):
        (tmp_path / "runs" / run).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    program, name, *arguments = shlex.split(line)
    assert program in ("blobproof", ".venv/bin/blobproof")
    found = group.get_command(click.Context(group), name)
    assert found is not None, name
    found.make_context(name, arguments)  # raises what our command would say


def test_gates_that_are_named_exist() -> None:
    for line in commands():
        words = shlex.split(line)
        for option, gate in pairwise(words):
            if option in ("--gate", "--policy") and gate not in ("$GATE", "ours.toml"):
                load(gate)
    inputs = workflow()[True]["workflow_dispatch"]["inputs"]  # YAML takes the word `on` for true
    load(inputs["gate"]["default"])


def test_every_action_is_named_by_its_commit_and_the_version_beside_it() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    used = [step["uses"] for step in steps() if "uses" in step]
    assert len(used) >= 4
    for one in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", one)
        assert re.search(rf"{re.escape(one)} # v\d+\.\d+\.\d+$", text, re.MULTILINE)


def test_the_job_asks_for_no_more_than_it_needs() -> None:
    whole = workflow()
    assert whole["permissions"] == {"contents": "read"}
    assert "pull_request" not in whole[True]
    assert "pull_request_target" not in whole[True]
    assert all("timeout-minutes" in job for job in whole["jobs"].values())
    checkout = next(step for step in steps() if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["persist-credentials"] is False


def test_no_expression_stands_in_a_script() -> None:
    """What somebody types into the form of a workflow would otherwise be run by the shell."""
    assert not [step["run"] for step in steps() if "${{" in step.get("run", "")]


def test_the_run_is_kept_and_told_whatever_came_of_it() -> None:
    by_use = [
        step
        for step in steps()
        if "upload-artifact" in step.get("uses", "") or "report" in step.get("run", "")
    ]
    assert len(by_use) == 2
    assert all("!cancelled()" in step["if"] for step in by_use)


def test_gates_and_ledgers_of_the_page_can_be_read(tmp_path: Path) -> None:
    gate, known = blocks("gates.md", "toml")
    assert from_table(Path("fleet.toml"), tomllib.loads(gate)).name == "fleet"
    (tmp_path / "known.toml").write_text(known, encoding="utf-8")
    ids = [
        "put-block-list/unknown-block-id-is-refused",
        "azcopy/transfer/transfer[size=0B,auth=bearer,style=path]",
    ]
    assert sorted(ledger.load(tmp_path / "known.toml", ids)) == sorted(ids)


def test_the_page_names_every_key_and_every_gate() -> None:
    page = (DOCS / "gates.md").read_text(encoding="utf-8")
    for gate in (folder("fixtures") / "gates").glob("*.toml"):
        assert f"`{gate.stem}`" in page
        for key in tomllib.loads(gate.read_text(encoding="utf-8")):
            assert key in page
