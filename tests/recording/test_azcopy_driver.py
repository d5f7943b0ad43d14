"""AzCopy as a client to record: what becomes of the words of a run, and of every scenario that there is."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from harness.data import folder
from harness.endpoint import Secret, Style
from harness.recording.drivers import azcopy, driver
from harness.recording.place import Place, PlaceholderError
from harness.recording.scenario import ClientScenario, Run
from harness.recording.scenarios import load_scenarios
from harness.tools.find import Found, pins
from tests.recording.made import place as place_of

SCENARIOS = load_scenarios(folder("traces"), "azcopy")
JOB = "f7568ae1-e974-2340-4b87-cc7ce715d6f0"


def _place(tmp_path: Path, scenario: ClientScenario | None = None) -> Place:
    one = scenario or next(iter(SCENARIOS.values()))
    return place_of(
        tmp_path,
        one,
        Path("/opt/azcopy"),
        found=Found("azcopy", Path("/opt/azcopy"), "10.32.2", {"LD_LIBRARY_PATH": "/opt/lib"}),
        url="http://127.0.0.1:9/acct",
        style=Style.PATH,
        secure=False,
        key=None,
        sas=None,
        token=None,
        source_sas=Secret("sv=1&sig=s"),
        env={"SSL_CERT_FILE": "/ca.pem"},
        saved={save.name: "a-value" for step in one.given for save in step.save},
    )


def test_it_is_found_by_its_name_and_has_a_pin() -> None:
    assert driver("azcopy").tool in pins()


def test_words_and_environment(tmp_path: Path) -> None:
    place = replace(_place(tmp_path), sas=Secret("sv=1&sig=s"))
    run = Run(("list", "{url}/{own-container}?{sas}"), env={"AZCOPY_CONCURRENCY_VALUE": "1"})
    command = azcopy.command(run, place)
    container = place.containers["own-container"]
    assert command.argv == (
        "/opt/azcopy",
        "list",
        f"http://127.0.0.1:9/acct/{container}?sv=1&sig=s",
        "--output-type=json",
        "--log-level=INFO",
    )
    assert command.env["AZCOPY_CONCURRENCY_VALUE"] == "1"  # the scenario's word is the last
    assert command.env["AZCOPY_DISABLE_HIERARCHICAL_SCAN"] == "true"
    assert command.env["LD_LIBRARY_PATH"] == "/opt/lib" and command.env["SSL_CERT_FILE"] == "/ca.pem"
    assert command.env["HOME"] == str(tmp_path)
    assert "ACCOUNT_KEY" not in command.env and "AZCOPY_OAUTH_TOKEN_INFO" not in command.env


def test_the_key_and_the_token_are_in_the_environment_alone(tmp_path: Path) -> None:
    run = Run(("copy", "{url}/{own-container}/a"))
    signed = azcopy.command(run, replace(_place(tmp_path), key=Secret("a2V5")))
    assert (signed.env["AZCOPY_CRED_TYPE"], signed.env["ACCOUNT_NAME"]) == ("SharedKey", "acct")
    assert signed.env["ACCOUNT_KEY"] == "a2V5"
    assert "--trusted-microsoft-suffixes=:9" in signed.argv
    bearer = azcopy.command(run, replace(_place(tmp_path), token=Secret("t.o.k")))
    assert json.loads(bearer.env["AZCOPY_OAUTH_TOKEN_INFO"])["access_token"] == "t.o.k"
    assert not any(secret in word for secret in ("a2V5", "t.o.k") for word in (*signed.argv, *bearer.argv))
    named = replace(_place(tmp_path), token=Secret("t.o.k"), url="https://acct.blob.localhost")
    assert "--trusted-microsoft-suffixes=acct.blob.localhost" in azcopy.command(run, named).argv


def test_a_job_is_resumed_by_its_id(tmp_path: Path) -> None:
    run = Run(("jobs", "resume", "{job}"))
    place = _place(tmp_path)
    with pytest.raises(PlaceholderError, match="no job has run yet"):
        azcopy.command(run, place)
    for at, job in enumerate((JOB.replace("f", "0"), JOB)):
        plan = tmp_path / "plans" / f"{job}--00000.steV21"
        plan.touch()
        os.utime(plan, (at, at))
    assert azcopy.command(run, place).argv[1:4] == ("jobs", "resume", JOB)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda one: one.name)
def test_every_scenario_can_be_told(scenario: ClientScenario, tmp_path: Path) -> None:
    place = _place(tmp_path, scenario)
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / f"{JOB}--00000.steV21").touch()
    for run in scenario.run:
        command = azcopy.command(run, place)
        assert not any("{" in word for word in command.argv)
        assert command.stdin_file == (place.files / run.stdin if run.stdin else None)
    assert all(one.startswith("azcopy/") for one in scenario.source) and scenario.source
    if scenario.faults:  # what follows a failure depends on what else is under way
        assert all(run.env.get("AZCOPY_CONCURRENCY_VALUE") == "1" for run in scenario.run)
