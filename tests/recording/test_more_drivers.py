"""boostedblob, DuckDB, rclone, obstore, pyarrow: what becomes of words and credentials, and a run of each."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.data import folder
from harness.endpoint import Endpoint
from harness.recording.drivers import driver
from harness.recording.place import Place
from harness.recording.recorders import Recorders
from harness.recording.scenario import ClientScenario, Run
from harness.recording.scenarios import load_scenarios
from harness.recording.session import record_once
from harness.tools.find import Missing, find, pins
from tests.recording import made
from tests.recording.made import KEY, SAS, TOKEN

SCRIPTS = Path(__file__).parents[2] / "harness" / "clients" / "scripts"
CLIENTS = ("boostedblob", "duckdb", "obstore", "pyarrow", "rclone")
ALL = [(client, one) for client in CLIENTS for one in load_scenarios(folder("traces"), client).values()]


def place(tmp_path: Path, scenario: ClientScenario) -> Place:
    """Where the scenario would work."""
    return made.place(tmp_path, scenario, Path("/opt/client/bin/client"))


@pytest.mark.parametrize(("client", "scenario"), ALL, ids=[one.id for _, one in ALL])
def test_every_scenario_can_be_told(client: str, scenario: ClientScenario, tmp_path: Path) -> None:
    how = driver(client)
    assert how.tool in pins()
    for run in scenario.run:
        command = how.command(run, place(tmp_path, scenario))
        words = " ".join(command.argv)
        assert "{" not in words
        assert KEY not in words and SAS not in words and TOKEN not in words


@pytest.mark.parametrize("client", [client for client in CLIENTS if client != "rclone"])
def test_scenarios_and_scripts_know_the_same_functions(client: str) -> None:
    """A function that no scenario names is never recorded; one that is not there fails when it is run."""
    tree = ast.parse((SCRIPTS / f"record_{client}.py").read_text("utf-8"))
    main = next(node for node in tree.body if isinstance(node, ast.If))
    names = {node.id for node in ast.walk(main) if isinstance(node, ast.Name)}
    defined = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    runs = [
        run.words for scenario in load_scenarios(folder("traces"), client).values() for run in scenario.run
    ]
    if client == "boostedblob":
        runs = [words[1:] for words in runs if words[0] == "library"]
    assert {words[0] for words in runs} == names & defined - {"used"}


def test_rclone_s_remote_is_made_of_its_environment(tmp_path: Path) -> None:
    how = driver("rclone")
    told = {}
    for name in ("copy-small", "with-sas"):
        scenario = load_scenarios(folder("traces"), "rclone")[name]
        told[name] = how.command(Run(("lsf", "az:{own-container}")), place(tmp_path, scenario)).env
    assert told["copy-small"]["RCLONE_CONFIG_AZ_KEY"] == KEY
    assert told["copy-small"]["RCLONE_CONFIG_AZ_ENDPOINT"] == "http://127.0.0.1:9/acct"
    assert told["with-sas"]["RCLONE_CONFIG_AZ_SAS_URL"] == f"http://127.0.0.1:9/acct?{SAS}"
    assert "RCLONE_CONFIG_AZ_KEY" not in told["with-sas"]


def test_rclone_reads_a_stream_from_a_file(tmp_path: Path) -> None:
    scenario = load_scenarios(folder("traces"), "rclone")["rcat-small"]
    command = driver("rclone").command(scenario.run[0], place(tmp_path, scenario))
    assert command.stdin_file == tmp_path / "files" / "dump.sql"


def test_boostedblob_is_its_command_or_our_script(tmp_path: Path) -> None:
    how = driver("boostedblob")
    there = place(tmp_path, load_scenarios(folder("traces"), "boostedblob")["lstree"])
    command = how.command(Run(("ls", "az://{account}/x")), there)
    assert command.argv == ("/opt/client/bin/client", "ls", "az://acct/x")
    assert command.env["BBB_DISABLE_CACHE"] == "1"  # else the key stays behind in a file
    assert command.env["AZURE_STORAGE_KEY"] == KEY
    library = how.command(Run(("library", "listing", "{account}")), there)
    assert library.argv[0] == "/opt/client/bin/python"
    told = json.loads(library.stdin)
    assert (told["scenario"], told["arguments"]) == ("listing", ["acct"])


SCRIPT = """
import os, urllib.request
from record_kit import expect, main, refused

def right(work):
    expect("content", b"a", work.content("a.txt"))
    refused("nothing", FileNotFoundError, lambda: open(work.out / "none"))

def wrong(work):
    expect("content", b"b", work.content("a.txt"))

def through(work):
    refused("everything", FileNotFoundError, lambda: None)

def asks(work):
    with urllib.request.urlopen(os.environ["IDENTITY_ENDPOINT"], timeout=10) as answer:
        expect("token", True, work.token.encode() in answer.read())

main({one.__name__: one for one in (right, wrong, through, asks)})
"""


@pytest.mark.parametrize(
    ("function", "code", "says"),
    [
        ("right", 0, ""),
        ("wrong", 1, "WrongError: content: wanted b'b', got b'a'"),
        ("through", 1, "WrongError: everything: it went through, FileNotFoundError was wanted"),
        ("asks", 0, ""),
        ("none", 1, "KeyError: 'none'"),
    ],
)
def test_a_script_says_in_one_line_what_is_wrong(tmp_path: Path, function: str, code: int, says: str) -> None:
    (tmp_path / "a.txt").write_text("a")
    told = {
        "scenario": function,
        "arguments": [],
        "url": "http://127.0.0.1:9/acct",
        "account": "acct",
        "containers": {"own-container": "c"},
        "files": {"a.txt": str(tmp_path / "a.txt")},
        "out": str(tmp_path),
        "ca": "",
        "secure": False,
        "key": None,
        "sas": None,
        "token": "ey.token" if function == "asks" else None,
    }
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(told),
        env={"PYTHONPATH": str(SCRIPTS), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ran.returncode, ran.stderr.strip()) == (code, says)


@pytest.mark.parametrize(
    ("client", "name", "shape"),
    [
        ("boostedblob", "cp-within-account", ("PUT", "x-ms-copy-source", ".blob.core.windows.net/")),
        ("duckdb", "write-csv", ("PUT", "x-ms-blob-type", "AppendBlob")),
        ("obstore", "delete", ("POST", "content-type", "multipart/mixed")),
        ("pyarrow", "write-empty", ("PUT", "expect", "100-continue")),
        ("rclone", "copy-blocks-from-url", ("PUT", "x-ms-source-range", "bytes=2097152-3145727")),
    ],
)
def test_each_client_is_recorded(
    ground: tuple[Endpoint, Recorders], client: str, name: str, shape: tuple[str, str, str]
) -> None:
    """One scenario each, with what only this client sends."""
    if isinstance(find(client), Missing):
        pytest.skip(f"needs {client}: blobproof tools {client}")
    endpoint, recorders = ground
    recording = record_once(load_scenarios(folder("traces"), client)[name], endpoint, recorders)
    method, header, value = shape
    requests = [flow.exchange.request for flow in recording.flows]
    sent = [
        text for one in requests if one.method == method for key, text in one.headers if key.lower() == header
    ]
    assert any(value in text for text in sent)
    assert all(outcome.exit == 0 for outcome in recording.outcomes)
