"""The Azure SDKs for Python and JavaScript and adlfs: what their scripts are told, and what they notice."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data import folder
from harness.endpoint import Endpoint
from harness.golden.compile import compile_recordings
from harness.golden.document import dump
from harness.recording.drivers import driver
from harness.recording.errors import ClientFailedError
from harness.recording.recorders import Recorders, endpoint_and_recorders
from harness.recording.scenario import ClientScenario
from harness.recording.scenarios import load_scenarios
from harness.recording.session import record_once
from harness.tools.find import Missing, find, pins
from tests.recording.made import KEY, SAS, TOKEN, place

SCRIPTS = Path(__file__).parents[2] / "harness" / "clients" / "scripts"
CLIENTS = ("adlfs", "azure-storage-blob", "azure-storage-blob-aio", "azure-storage-js")


def scenarios(client: str) -> list[ClientScenario]:
    """All scenarios of a client."""
    return list(load_scenarios(folder("traces"), client).values())


ALL = [one for client in CLIENTS for one in scenarios(client)]


def functions_of_blob() -> set[str]:
    """The functions that the two flavours of the Azure SDK for Python share."""
    trees = [ast.parse(path.read_text("utf-8")) for path in SCRIPTS.glob("record_blob_*.py")]
    return {
        node.name.replace("_", "-")
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_")
    }


def functions_of_js() -> set[str]:
    """The functions that are scenarios of the Azure SDK for JavaScript."""
    names = [
        name
        for part in ("reads", "states", "writes")
        for name in re.findall(
            r"^export async function (\w+)", (SCRIPTS / f"record_js_{part}.mjs").read_text("utf-8"), re.M
        )
    ]
    return {re.sub(r"[A-Z]", lambda letter: f"-{letter[0].lower()}", name) for name in names}


def functions_of_adlfs() -> set[str]:
    """The names that the script of adlfs hands to `main`."""
    tree = ast.parse((SCRIPTS / "record_adlfs.py").read_text("utf-8"))
    names = next(node for node in ast.walk(tree.body[-1]) if isinstance(node, ast.Dict))
    return {key.value for key in names.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


@pytest.mark.parametrize(
    ("client", "functions"),
    [
        ("adlfs", functions_of_adlfs),
        ("azure-storage-blob", functions_of_blob),
        ("azure-storage-js", functions_of_js),
    ],
)
def test_scenarios_and_scripts_know_the_same_functions(
    client: str, functions: Callable[[], set[str]]
) -> None:
    """A function that no scenario names is never recorded; one that is not there fails when it is run."""
    assert {run.words[0] for one in scenarios(client) for run in one.run} == functions()


def test_the_two_flavours_run_the_same_functions() -> None:
    named = {run.words[0] for one in scenarios("azure-storage-blob-aio") for run in one.run}
    assert named <= functions_of_blob()
    one, other = driver("azure-storage-blob"), driver("azure-storage-blob-aio")
    assert one.tool == other.tool


def test_the_older_sdk_is_the_same_package() -> None:
    new, old = pins()["azure-storage-blob"], pins()["azure-storage-blob-12.27.0"]
    assert (old.package, old.version, old.program) == (new.package, "12.27.0", new.program)


@pytest.mark.parametrize("scenario", ALL, ids=[one.id for one in ALL])
def test_a_credential_goes_through_the_pipe_alone(scenario: ClientScenario, tmp_path: Path) -> None:
    here = place(tmp_path, scenario, Path("/opt/node_modules/@azure/storage-blob/package.json"))
    for run in scenario.run:
        command = driver(scenario.client).command(run, here)
        open_words = " ".join((*command.argv, *command.env.values()))
        assert not any(secret in open_words for secret in (KEY, SAS, TOKEN))
        told = json.loads(command.stdin)
        assert {"shared-key": told["key"], "account-sas": told["sas"], "bearer": told["token"]}[
            scenario.signed
        ]
        assert not any("{" in word for word in told["arguments"])
        assert (SCRIPTS / Path(command.argv[1 if command.argv[0] == "node" else 3]).name).is_file()


def test_node_is_told_where_its_packages_are(tmp_path: Path) -> None:
    (scenario,) = (one for one in scenarios("azure-storage-js") if one.name == "append")
    here = place(tmp_path, scenario, Path("/opt/js/node_modules/@azure/storage-blob/package.json"))
    command = driver("azure-storage-js").command(scenario.run[0], here)
    assert command.argv == ("node", str(SCRIPTS / "record_azure_storage_js.mjs"), "/opt/js/node_modules")


def installed(client: str) -> None:
    """Skip the test where the client is not installed."""
    if isinstance(missing := find(driver(client).tool), Missing):
        pytest.skip(f"{missing.reason}: {missing.how}")


@pytest.mark.parametrize(
    ("client", "name"),
    [
        ("adlfs", "write-blocks"),
        ("azure-storage-blob", "upload-blocks"),
        ("azure-storage-blob-aio", "download-chunks"),
        ("azure-storage-js", "upload-file"),
    ],
)
def test_a_client_sends_the_same_each_time(
    client: str, name: str, ground: tuple[Endpoint, Recorders]
) -> None:
    """Though each of these sends several requests at once, in whatever order they come."""
    installed(client)
    scenario = load_scenarios(folder("traces"), client)[name]
    one, other = (
        dump(compile_recordings([record_once(scenario, *ground)], date="2026-01-01")) for _ in range(2)
    )
    assert one == other
    assert "after:" in one


@pytest.mark.parametrize(
    ("client", "names"),
    [
        ("azure-storage-blob", ["download-overwritten", "conditional-writes"]),
        ("azure-storage-js", ["conditional-writes"]),
    ],
)
def test_a_scenario_notices_what_went_wrong(client: str, names: list[str]) -> None:
    """On a server that overlooks If-Match the client is not refused, and the script says so."""
    installed(client)
    with endpoint_and_recorders("reference:if-match-ignored") as (endpoint, recorders):
        for name in names:
            with pytest.raises(ClientFailedError, match="expected"):
                record_once(load_scenarios(folder("traces"), client)[name], endpoint, recorders)
