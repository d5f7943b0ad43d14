"""A handful of real trials: what is known of these clients is found, and the endpoint keeps what it owes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.drive.action import Action
from harness.drive.clients import client
from harness.endpoint import Endpoint
from harness.endpoints import open_endpoint
from harness.safety.bench import Bench
from harness.safety.outcome import Outcome
from harness.safety.trial import Trial
from harness.scenario import Ended, Scenario
from harness.tools.find import Missing, find
from harness.vocabulary import Level, Verdict


@pytest.fixture(scope="module")
def facade() -> Iterator[Endpoint]:
    with open_endpoint("reference") as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench() as ready:
        yield ready


@pytest.mark.parametrize(
    ("name", "action", "on", "fault", "outcome", "note"),
    [
        ("azure-storage-blob", "put-small", "write", "busy", Outcome.RECOVERS, ""),
        ("azure-storage-blob", "get-small", "read", "flipped-byte", Outcome.CORRUPTS_SILENTLY, "is wrong"),
        ("azure-storage-blob-validated", "get-small", "read", "flipped-byte", Outcome.RECOVERS, ""),
        (
            "azure-storage-blob",
            "put-small",
            "write",
            "throttle-429",
            Outcome.FAILS_LOUDLY,
            "nothing is there",
        ),
        (
            "azure-storage-blob",
            "create-only",
            "write",
            "lost-answer",
            Outcome.FAILS_LOUDLY,
            "false failure: all is as it should be",
        ),
        ("boostedblob", "get-small", "read", "short-body", Outcome.CORRUPTS_SILENTLY, "short: the first"),
        ("obstore", "get-small", "read", "short-body", Outcome.CORRUPTS_SILENTLY, "short: the first"),
        ("duckdb", "put-small", "write", "lost-answer", Outcome.CORRUPTS_SILENTLY, "written twice"),
        ("rclone", "get-small", "read", "flipped-byte", Outcome.RECOVERS, ""),
        ("azure-storage-blob", "put-small", "commit", "busy", Outcome.NOT_STRUCK, ""),
    ],
)
def test_a_known_outcome_is_found(
    name: str,
    action: str,
    on: str,
    fault: str,
    outcome: Outcome,
    note: str,
    facade: Endpoint,
    bench: Bench,
    tmp_path: Path,
) -> None:
    if isinstance(found := find(client(name).tool), Missing):
        pytest.skip(f"{found.name} is not installed: {found.reason}")
    scenario = Scenario("x", tmp_path, tmp_path / "logs")
    try:
        Trial(name, Action(action), on, fault).run(scenario, facade, bench, "bp-safety-")
    except Ended as ended:
        assert ended.verdict is Verdict.NOT_APPLICABLE
    notes = [one.observed for one in scenario.findings if one.about == "what was found"]
    assert (scenario.outcome, notes) == (outcome.value, notes)
    assert note in "".join(notes)
    assert all(one.held for one in scenario.findings if one.level is Level.REQUIRED)


def test_what_goes_wrong_without_a_fault_is_blamed_on_none(
    facade: Endpoint, bench: Bench, tmp_path: Path
) -> None:
    if isinstance(find(client("azure-storage-blob").tool), Missing):
        pytest.skip("azure-storage-blob is not installed")
    with open_endpoint("reference:listed-size-zero") as broken:
        scenario = Scenario("x", tmp_path, tmp_path / "logs")
        with pytest.raises(Ended) as ended:
            Trial("azure-storage-blob", Action.LIST, "list", "busy").run(
                scenario, broken, bench, "bp-safety-"
            )
    assert ended.value.verdict is Verdict.BLOCKED
    assert scenario.outcome == ""
