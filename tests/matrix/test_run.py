"""Cells in a run: served as they say, bounded by their budget, and gone on with after an interrupt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness import manifest as manifests
from harness.data import folder
from harness.plan import make_plan, manifest_ids
from harness.policy import Policy
from harness.resume import WAITING, ResumeError
from harness.run import RunOptions, run

_MODULE = '''
import time
from pathlib import Path


def test_served(scenario, cell, served):
    """Served as the cell says

    It must be the address that was asked for.
    """
    face = served.endpoint.face(served.face)
    scenario.check("scheme", cell["scheme"], face.scheme)
    scenario.check("style", cell["style"], face.style.value)
    scenario.outcome = f"{face.scheme} by {cell['processes']}"


def test_slow(scenario, cell):
    """Slow

    It must be ended.
    """
    time.sleep(120)


def test_alone(scenario, cell):
    """Alone

    A scenario of the gates that has no axes.
    """
    scenario.check("budget", 40, cell.seconds)
'''
_TABLE = """
[served.axes]
style = ["path", "host"]
scheme = ["http", "https"]
processes = ["1", "2"]

[slow]
budget = 0.5

[alone]
budget = 40
"""


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with one small suite of cases, and a module of cells."""
    where = tmp_path_factory.mktemp("matrix") / "suites"
    shutil.copytree(folder("suites") / "delete-blob", where / "delete-blob")
    shutil.copytree(folder("suites") / "requirements", where / "requirements")
    for name in ("sources.yaml", "sets.yaml"):
        shutil.copy(folder("suites") / name, where / name)
    (where / "mover").mkdir()
    (where / "mover" / "cells.py").write_text(_MODULE)
    (where / "mover" / "cells.toml").write_text(_TABLE)
    manifests.write(where, manifest_ids(where))
    return where


def options(suites: Path, where: Path, **changed: Any) -> RunOptions:
    """A run of the gates against the façade."""
    plan = make_plan(suites, of_gates=True, exhaustive=True)
    return RunOptions("reference", plan, Policy("gates", set="gates"), where, **changed)


def records(where: Path) -> dict[str, dict[str, Any]]:
    """What a run wrote of its scenarios, by id."""
    lines = [json.loads(line) for line in (where / "results.jsonl").read_text().splitlines()]
    return {line["id"]: line for line in lines if line["kind"] == "scenario"}


@pytest.fixture(scope="module")
def made(suites: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run."""
    where = tmp_path_factory.mktemp("run") / "run"
    run(options(suites, where))
    return where


def test_each_cell_is_served_as_it_says(made: Path) -> None:
    served = {name: one for name, one in records(made).items() if "/served[" in name}
    assert len(served) == 8
    for one in served.values():
        assert one["verdict"] == "pass", one["reason"]
        assert one["outcome"] == f"{one['cell']['scheme']} by {one['cell']['processes']}"


def test_a_cell_is_ended_when_its_budget_is_used_up(made: Path) -> None:
    slow = records(made)["mover/cells/slow"]
    assert slow["verdict"] == "indeterminate"
    assert "budget" in slow["reason"]
    assert slow["cell"] == {}


def test_a_scenario_without_axes_is_one_cell(made: Path) -> None:
    assert records(made)["mover/cells/alone"]["verdict"] == "pass"


def test_a_run_is_gone_on_with(made: Path, suites: Path, tmp_path: Path) -> None:
    where = tmp_path / "run"
    shutil.copytree(made, where)
    lines = (where / "results.jsonl").read_text().splitlines(keepends=True)
    scenarios = [line for line in lines if json.loads(line)["kind"] == "scenario"]
    (where / "results.jsonl").write_text(lines[0] + "".join(scenarios[:4]) + scenarios[4][:40])
    before = {one["id"]: one for one in map(json.loads, scenarios[:4])}
    done = run(options(suites, where, resume=True))
    assert done.results.complete
    after = records(where)
    assert set(after) == set(records(made))
    for name, one in before.items():
        if one["verdict"] != "indeterminate":
            assert after[name] == one, "what stood was run again"
    assert not (where / WAITING).exists()
    with pytest.raises(ResumeError, match="came to its end"):
        run(options(suites, where, resume=True))
    assert (where / "results.jsonl").is_file()


def test_another_run_is_not_gone_on_with(made: Path, suites: Path, tmp_path: Path) -> None:
    with pytest.raises(ResumeError, match="no run to go on with"):
        run(options(suites, tmp_path / "nothing", resume=True))
    where = tmp_path / "run"
    shutil.copytree(made, where)
    text = (where / "results.jsonl").read_text()
    (where / "results.jsonl").write_text("".join(text.splitlines(keepends=True)[:-1]))
    plan = make_plan(suites, only_suites=["delete-blob"])
    with pytest.raises(ResumeError, match="another selection"):
        run(RunOptions("reference", plan, Policy("mvp"), where, resume=True))
    assert (where / "results.jsonl").read_text() == "".join(text.splitlines(keepends=True)[:-1])
