"""Scenario files: what they may say, and complaints that name the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cases.case import Graded, Random, Text
from harness.cases.errors import CaseError
from harness.data import folder
from harness.endpoint import Style
from harness.recording.drivers import clients
from harness.recording.scenario import Fault, Run
from harness.recording.scenarios import (
    UnknownScenarioError,
    find_scenario,
    load_scenarios,
    parse_scenarios,
    scenario_clients,
)
from harness.recording.stage import symbols

FILE = "traces/thing/scenarios.yaml"
WHOLE = """\
up-and-down:
  title: A file goes up
  why: >
    Somebody
    needs it.
  flow: upload
  source: [azcopy/3.3]
  signed: bearer
  style: host
  secure: true
  files: {big.bin: {random: 2KiB, seed: 11}, dir/a.txt: {text: "a"}}
  given:
    - {send: "PUT /{own-container:2}/src.bin", headers: {x-ms-blob-type: BlockBlob}, body: {text: x}}
    - {send: "PUT /{own-container:2}/src.bin?comp=tier", expect: {status: 200}}
  run:
    - [copy, "{file:big.bin}", 4]
    - {words: [again], exits: [1, 2], stdin: big.bin, env: {A: 1}, seconds: 5}
  faults:
    - {kind: status, method: PUT, comp: blocklist, first: 2, times: 3, status: 429, error: null,
       headers: {Retry-After: 1}}
  permissions: rl
"""
SHORT = "one:\n  title: A title\n  why: A reason\n  flow: a flow\n  run: [go]\n"


def test_everything_that_a_scenario_can_say() -> None:
    scenario = parse_scenarios(FILE, "thing", WHOLE)["up-and-down"]
    assert scenario.id == "thing/up-and-down"
    assert scenario.why == "Somebody needs it."
    assert (scenario.signed, scenario.style, scenario.secure) == ("bearer", Style.HOST, True)
    assert scenario.files == {"big.bin": Random(2048, 11), "dir/a.txt": Text("a")}
    assert [step.target for step in scenario.given] == [
        "/{own-container:2}/src.bin",
        "/{own-container:2}/src.bin?comp=tier",
    ]
    assert [step.expect.status for step in scenario.given] == [Graded((201,)), Graded((200,))]
    assert scenario.run == (
        Run(("copy", "{file:big.bin}", "4")),
        Run(("again",), exits=(1, 2), stdin="big.bin", env={"A": "1"}, seconds=5.0),
    )
    assert scenario.faults == (
        Fault("status", "PUT", "blocklist", "", 2, 3, 429, None, (("Retry-After", "1"),)),
    )
    assert scenario.permissions == "rl"
    assert symbols(scenario) == ("new-container", "own-container", "own-container:2")


def test_what_need_not_be_said() -> None:
    scenario = parse_scenarios(FILE, "thing", SHORT)["one"]
    assert scenario.run == (Run(("go",)),)
    assert (scenario.signed, scenario.style, scenario.secure) == ("account-sas", Style.PATH, False)
    assert symbols(scenario) == ("new-container", "own-container")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("flow:", "flo:", 4, "did you mean 'flow'"),
        ("  flow: a flow\n", "", 1, "'flow' is missing"),
        ("one:", "One:", 1, "unknown key 'One'"),
        ("run: [go]", "run: []", 5, "a command as a list of words"),
        ("run: [go]", "run: [null]", 5, "is not text or a number"),
        ("run: [go]", "run: {words: [go], stdin: a}", 5, "no file 'a' among `files`"),
        ("run: [go]", "run: [go]\n  files: {../a: {text: x}}", 6, "no path below the folder"),
        ("run: [go]", "run: [go]\n  files: {a: {random: 1XB, seed: 1}}", 6, "not a size"),
        ("run: [go]", "run: [go]\n  faults: [{kind: explode}]", 6, "'explode' is not one of"),
        ("run: [go]", "run: [go]\n  given: [{send: PUT x}]", 6, "a target begins with '/'"),
        ("run: [go]", "run: [go]\n  given: [{send: PUT /x, auth: magic}]", 6, "unknown auth: 'magic'"),
        ("run: [go]", "run: [go]\n  given: [{send: 'PUT /{nothing}'}]", 6, "{nothing} is neither"),
        ("run: [go]", "run: [go]\n  run: [go]", 6, "stands twice"),
        ("one:", "one: [", 3, "not YAML"),
    ],
)
def test_a_complaint_names_the_line(old: str, new: str, line: int, says: str) -> None:
    with pytest.raises(CaseError) as raised:
        parse_scenarios(FILE, "thing", SHORT.replace(old, new))
    assert says in raised.value.message
    assert (raised.value.file, raised.value.line) == (FILE, line)
    assert "docs/record.md" in raised.value.hint


def test_a_name_that_is_nearly_right(tmp_path: Path) -> None:
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "scenarios.yaml").write_text(SHORT.replace("one:", "upload-blocks:"))
    assert scenario_clients(tmp_path) == ("thing",)
    with pytest.raises(UnknownScenarioError) as raised:
        find_scenario(tmp_path, "thing", "upload-block")
    assert raised.value.hint == "Did you mean upload-blocks?"
    with pytest.raises(UnknownScenarioError, match="other has no scenarios") as raised:
        load_scenarios(tmp_path, "other")
    assert raised.value.hint == "Clients with scenarios: thing."


def test_every_committed_scenario_loads_and_has_a_driver() -> None:
    traces = folder("traces")
    for client in scenario_clients(traces):
        assert client in clients()
        assert load_scenarios(traces, client)
