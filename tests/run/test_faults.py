"""Our own faults: each becomes a harness-error of what it hit, and nothing else is lost or blamed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import manifest as manifests
from harness import policy
from harness.cases.load import load_file
from harness.child import RunnerError
from harness.containers import RUN_PREFIX, containers
from harness.data import folder
from harness.endpoint import Endpoint
from harness.endpoints import builtin, open_endpoint
from harness.plan import make_plan, manifest_ids
from harness.results.read import read
from harness.results.record import Record
from harness.run import RunOptions, RunSummary, default_folder, run
from harness.vocabulary import ExitCode, Verdict

SUITES = folder("suites")
GOOD = sum(len(load_file(path, SUITES)) for path in (SUITES / "delete-blob").glob("*.yaml"))
"""How many cases there are in the folder that these runs have beside what is faulty."""

JUDGE = """
import harness.items

real = harness.items.judge

def judge(case, facts):
    if case.id == "faulty/in-the-judge":
        raise RuntimeError("a bug,\\nin two lines")
    return real(case, facts)

harness.items.judge = judge
"""

CLIENT = '''
import pytest

@pytest.fixture
def leaves_a_mess():
    yield
    raise OSError("it cannot be tidied up")

@pytest.fixture
def cannot_begin():
    raise ValueError("Authorization: SharedKey acct:c2lnbmF0dXJlc2lnbmF0dXJl")

def test_good(scenario):
    """T

    W
    """
    scenario.used("client", "1.0")
    scenario.check("bytes", 1, 1)

def test_different(scenario):
    """T

    W
    """
    scenario.check("bytes", "AccountKey=c2VjcmV0c2VjcmV0", 2)

def test_stumbles(scenario):
    """T

    W
    """
    scenario.check("bytes", 1, 1)
    1 / 0

def test_never_begins(scenario, cannot_begin):
    """T

    W
    """

def test_untidy(scenario, leaves_a_mess):
    """T

    W
    """
    scenario.check("bytes", 1, 1)

def test_silent(scenario):
    """T

    W
    """

def test_tool_missing(scenario):
    """T

    W
    """
    scenario.not_run("the tool is missing")

def test_strange_exchanges(scenario):
    """T

    W
    """
    scenario.check("bytes", 1, 1)
    scenario.seen.append("no exchange")
'''

ONE = 'def test_one(scenario):\n    """T\n\n    W\n    """\n    scenario.check("x", 1, 1)\n'
CRASH = 'import os\n\n\ndef test_one(scenario):\n    """T\n\n    W\n    """\n    os._exit(9)\n'

WANTED = {
    "client/mover/good": "pass",
    "client/mover/different": "differs",
    "client/mover/stumbles": "harness-error",
    "client/mover/never-begins": "harness-error",
    "client/mover/untidy": "pass",
    "client/mover/silent": "harness-error",
    "client/mover/tool-missing": "not-run",
    "client/mover/strange-exchanges": "harness-error",
    "client/unloadable/one": "harness-error",
    "faulty/in-the-judge": "harness-error",
    "unloadable/module/one": "harness-error",
}


@pytest.fixture(scope="module")
def façade() -> Iterator[Endpoint]:
    with open_endpoint("reference") as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def named(façade: Endpoint) -> str:
    assert façade.key is not None
    return f"AccountName={façade.account};AccountKey={façade.key.reveal()};BlobEndpoint={façade.url}"


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good cases between everything that can go wrong with us."""
    where = tmp_path_factory.mktemp("faults") / "suites"
    shutil.copytree(SUITES / "delete-blob", where / "delete-blob")
    case = (SUITES / "delete-blob" / "deleted-blob-is-gone.yaml").read_text(encoding="utf-8")
    for name, text in {
        "faulty/in-the-judge.yaml": case.replace("delete-blob/deleted-blob-is-gone", "faulty/in-the-judge"),
        "faulty/conftest.py": JUDGE,
        "client/mover.py": CLIENT,
        "client/unloadable.py": f"import no_such_module\n\n\n{ONE}",
        "unloadable/conftest.py": "raise ImportError('no such client')\n",
        "unloadable/module.py": ONE,
        "crash/worker.py": CRASH,
        "crash/zealous.py": ONE,
    }.items():
        (where / name).parent.mkdir(exist_ok=True)
        (where / name).write_text(text, encoding="utf-8")
    shutil.copy(SUITES / "sets.yaml", where / "sets.yaml")
    manifests.write(where, manifest_ids(where))
    return where


def _run(named: str, suites: Path, out: Path, workers: int, *only: str) -> RunSummary:
    plan = make_plan(suites, only_suites=only)
    return run(RunOptions(named, plan, policy.load("mvp"), out, workers=workers))


def _records(summary: RunSummary) -> dict[str, Record]:
    return {record["id"]: record for record in summary.results.records if record["kind"] != "rule"}


@pytest.fixture(scope="module", params=[1, 2])
def faults(
    request: pytest.FixtureRequest, named: str, suites: Path, tmp_path_factory: pytest.TempPathFactory
) -> RunSummary:
    """A run through all of them, by one process and by two."""
    out = tmp_path_factory.mktemp("runs") / "run"
    return _run(named, suites, out, request.param, "delete-blob", "faulty", "client", "unloadable")


def test_each_fault_hits_only_its_own(faults: RunSummary) -> None:
    verdicts = {name: record["verdict"] for name, record in _records(faults).items()}
    good = {name: found for name, found in verdicts.items() if name.startswith("delete-blob/")}
    assert len(good) == GOOD
    assert set(good.values()) == {"pass"}
    assert {name: found for name, found in verdicts.items() if name not in good} == WANTED
    assert faults.results.complete
    assert faults.decision.exit_code is ExitCode.HARNESS
    assert read(faults.folder).counts == faults.results.counts


def test_each_says_what_happened_in_one_line(faults: RunSummary) -> None:
    reasons = {name: record["reason"] for name, record in _records(faults).items()}
    for name, words in {
        "client/mover/stumbles": "ZeroDivisionError: division by zero (see errors/client/mover/stumbles.txt)",
        "client/mover/silent": "the scenario ended without a finding",
        "client/mover/tool-missing": "the tool is missing",
        "client/unloadable/one": "No module named 'no_such_module' (see pytest.log)",
        "unloadable/module/one": "no such client",
        "faulty/in-the-judge": "RuntimeError: a bug, in two lines (see errors/faulty/in-the-judge.txt)",
    }.items():
        assert words in reasons[name]
        assert "\n" not in reasons[name]
    trace = (faults.folder / "errors" / "faulty" / "in-the-judge.txt").read_text(encoding="utf-8")
    assert "in judge" in trace
    assert not (faults.folder / "errors" / "client" / "mover" / "good.txt").exists()


def test_findings_that_were_made_are_kept(faults: RunSummary) -> None:
    stumbles = _records(faults)["client/mover/stumbles"]
    assert [finding["verdict"] for finding in stumbles["findings"]] == ["pass", "harness-error"]
    good = _records(faults)["client/mover/good"]
    assert (good["client"], good["client_version"], good["assertions"]) == ("client", "1.0", 1)


def test_no_secret_gets_into_what_is_kept(faults: RunSummary) -> None:
    for path in faults.folder.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            assert "c2lnbmF0dXJlc2lnbmF0dXJl" not in text, path
            assert "c2VjcmV0c2VjcmV0" not in text, path
    reason = _records(faults)["client/mover/different"]["reason"]
    assert reason.startswith("bytes: expected AccountKey=REDACTED")


def test_nothing_is_left_on_the_endpoint(faults: RunSummary, façade: Endpoint) -> None:
    assert faults.left_over == ()
    assert containers(façade, RUN_PREFIX) == ()


def test_a_worker_that_dies_loses_one_record(
    named: str, suites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    summary = _run(named, suites, tmp_path / "run", 2, "crash", "delete-blob")
    records = _records(summary)
    assert records["crash/worker/one"]["verdict"] == "harness-error"
    assert "the runner lost it" in records["crash/worker/one"]["reason"]
    assert records["crash/zealous/one"]["verdict"] == "pass"
    assert summary.results.counts[Verdict.HARNESS_ERROR] == 1
    assert summary.decision.exit_code is ExitCode.HARNESS
    assert not [*room.glob("blobproof-work-*")], "what it could not clear away itself is gone all the same"


def test_a_runner_that_dies_leaves_a_run_that_is_cut_off(named: str, suites: Path, tmp_path: Path) -> None:
    summary = _run(named, suites, tmp_path / "run", 1, "crash", "delete-blob")
    assert not summary.results.complete
    assert summary.results.footer is None
    assert not summary.interrupted
    assert summary.decision.exit_code is ExitCode.INDETERMINATE
    assert len(_records(summary)) == GOOD
    assert summary.left_over == ()


def test_a_runner_that_cannot_begin_is_our_fault(
    named: str, suites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "pytest.py").write_text("raise SystemExit('no pytest here')\n", encoding="utf-8")
    monkeypatch.setattr("harness.child._PACKAGES", tmp_path)
    with pytest.raises(RunnerError, match="the runner ended without results: no pytest here") as caught:
        _run(named, suites, tmp_path / "run", 1, "delete-blob")
    assert caught.value.exit_code is ExitCode.HARNESS
    assert (tmp_path / "run" / "pytest.log").is_file()


def test_somebodys_settings_for_pytest_are_not_ours(
    named: str, suites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    summary = _run(named, suites, tmp_path / "run", 1, "delete-blob")
    assert summary.decision.met


def test_a_ctrl_c_that_pytest_ignores_ends_it_all_the_same(
    named: str, suites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = tmp_path / "suites"
    shutil.copytree(suites / "delete-blob", where / "delete-blob")
    (where / "stubborn").mkdir()
    deaf = tmp_path / "deaf"
    stubborn = ONE.replace(
        'scenario.check("x", 1, 1)',
        f"signal.pthread_sigmask(0, {{2}}); open({str(deaf)!r}, 'x').close(); time.sleep(600)",
    )
    (where / "stubborn" / "one.py").write_text(f"import signal, time\n\n\n{stubborn}", encoding="utf-8")
    shutil.copy(SUITES / "sets.yaml", where / "sets.yaml")
    manifests.write(where, manifest_ids(where))
    monkeypatch.setattr("harness.child._GRACE", 0.5)

    def stop(done: int, record: Record | None) -> None:
        if done == GOOD:
            deadline = time.monotonic() + 30
            while not deaf.exists():  # before that, pytest would still listen
                assert time.monotonic() < deadline
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

    plan = make_plan(where)
    summary = run(RunOptions(named, plan, policy.load("mvp"), tmp_path / "run"), stop)
    assert summary.interrupted
    assert summary.results.footer is None
    assert len(summary.results.records) == GOOD
    assert summary.decision.exit_code is ExitCode.INDETERMINATE


# --- names ---


@pytest.mark.parametrize(
    ("endpoint", "wanted"),
    [
        ("reference", "reference"),
        ("reference:etag-never-changes", "reference-etag-never-changes"),
        ("http://127.0.0.1:10000/acct?sv=1&sig=secret", "127.0.0.1-10000-acct"),
        ("AccountKey=c2VjcmV0;AccountName=acct", "acct.blob.core.windows.net"),
        ("../../lab/my endpoint.toml", "lab-my-endpoint.toml"),
        ("https://ünicöde.example/acct", "nic-de.example-acct"),
        ("…", "endpoint"),
    ],
)
def test_a_runs_folder_is_named_by_its_endpoint_without_its_secrets(
    tmp_path: Path, endpoint: str, wanted: str
) -> None:
    made = default_folder(endpoint, tmp_path)
    assert made.parent == tmp_path
    assert made.name.split("-", 2)[2] == wanted
    made.mkdir()
    assert default_folder(endpoint, tmp_path) != made
    dated = default_folder(endpoint, tmp_path, "2018-11-09")
    assert dated.name.split("-", 2)[2] == f"{wanted}-2018-11-09"


def test_what_is_said_again_runs_again(named: str, façade: Endpoint, suites: Path, tmp_path: Path) -> None:
    plan = make_plan(suites, only_ids=["delete-blob/deleted-blob-is-gone"])
    options = RunOptions(named, plan, policy.load("mvp"), tmp_path / "run", service_version="2021-12-02")
    (record,) = _records(run(options)).values()
    assert record["reproduce"] == (
        f"blobproof run {façade.url} --service-version 2021-12-02 --case delete-blob/deleted-blob-is-gone"
    )
    facts = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert facts["endpoint"]["name"] == façade.url
    assert facts["endpoint"]["credentials"] == ["key"]


def test_an_endpoint_that_dies_is_indeterminate_and_never_blamed(tmp_path: Path) -> None:
    plan = make_plan(SUITES, only_suites=["get-blob", "put-block-list"], only_ids=["sdk/contents/errors"])
    with builtin.reference() as running:
        key = running.endpoint.key
        assert key is not None
        named = f"AccountName=blobproof;AccountKey={key.reveal()};BlobEndpoint={running.endpoint.url}"

        def watch(done: int, record: Record | None) -> None:
            if done == 3:
                running.server.kill()

        summary = run(RunOptions(named, plan, policy.load("mvp"), tmp_path / "run"), watch)
    verdicts = {record["verdict"] for record in _records(summary).values()}
    assert verdicts <= {"pass", "indeterminate", "blocked", "not-run"}
    assert {"pass", "indeterminate"} <= verdicts
    assert summary.decision.exit_code is ExitCode.INDETERMINATE
    assert summary.results.complete
    assert len(summary.left_over) == 1
    assert "refused" in summary.left_over[0]
