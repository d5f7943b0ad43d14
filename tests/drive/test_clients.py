"""Every library that is driven, against the façade: each action that it can do, compared by digest."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.clients.reach import reach
from harness.clients.truth import Truth
from harness.drive import cells, clients
from harness.drive.action import Action
from harness.drive.client import Client, cannot
from harness.drive.clients import UnknownClientError, client
from harness.drive.place import AUTHS, Auth, place
from harness.drive.scene import Scene
from harness.drive.script import ScriptClient
from harness.endpoint import Endpoint, Style
from harness.scenario import Ended, Scenario
from harness.signing.authorise import CredentialMissingError
from harness.tools.find import Found, Missing, find, pins
from harness.vocabulary import Verdict

EVERY = tuple(client(name) for name in clients.clients())
LIBRARIES = tuple(one for one in EVERY if isinstance(one, ScriptClient))
SECONDS = 60.0


def installed(one: Client) -> Found:
    """The client's environment; the test is skipped where it is missing."""
    found = find(one.tool)
    if isinstance(found, Missing):
        pytest.skip(f"{one.name}: {found.reason}")
    return found


def worked(
    one: Client,
    auth: Auth,
    face: str,
    actions: Iterable[Action],
    endpoint: Endpoint,
    truth: Truth,
    work: Path,
) -> dict[str, Any]:
    """What went wrong, by action; empty when all is well."""
    container = f"drive-{secrets.token_hex(4)}"
    truth.create_container(container)
    where, wrong = endpoint.face(face), {}
    with reach(endpoint, work, face) as reached:
        spot = place(endpoint, reached, auth, container, home=work / "home", found=installed(one))
        with one.session(spot) as session:
            for action in actions:
                assert cannot(one, action, where.style, where.scheme, auth) is None
                scene = Scene.for_action(
                    action, truth, container, work / action, f"at/{action}", large=one.large
                )
                told = session.do(scene.task, SECONDS)
                differing = [found for found in scene.right(told) if not found.holds]
                if told.outcome != "done" or differing or not reached.tap.take():
                    wrong[action.value] = (told, differing)
    return wrong


def doable(one: Client) -> list[Action]:
    return [action for action in Action if cannot(one, action) is None]


@pytest.mark.parametrize("one", LIBRARIES, ids=[one.name for one in LIBRARIES])
def test_a_library_does_all_that_it_can(
    one: ScriptClient, facade: Endpoint, truth: Truth, tmp_path: Path
) -> None:
    face = "main" if cannot(one, Action.PUT_SMALL, Style.PATH) is None else "host"
    auth: Auth = "shared-key" if "shared-key" in one.auths else "service-sas"
    assert worked(one, auth, face, doable(one), facade, truth, tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "auth", "face"),
    [
        ("azure-storage-blob", "bearer", "https"),
        ("azure-storage-js", "user-delegation-sas", "host-https"),
        ("duckdb", "account-sas", "host"),
        ("pyarrow", "bearer", "host-https"),
    ],
)
def test_over_tls_and_in_host_style(
    name: str, auth: Auth, face: str, facade: Endpoint, truth: Truth, tmp_path: Path
) -> None:
    actions = (Action.PUT_LARGE, Action.GET_SMALL, Action.LIST)
    assert worked(client(name), auth, face, actions, facade, truth, tmp_path) == {}


@pytest.mark.parametrize("one", EVERY, ids=[one.name for one in EVERY])
def test_what_a_client_says_of_itself(one: Client) -> None:
    assert one.tool in pins()
    assert one.auths and one.auths <= set(AUTHS)
    assert doable(one), "a client that can do nothing is none"
    for action in Action:
        for auth in AUTHS:
            why = cannot(one, action, Style.HOST, "https", auth)
            if why is not None:
                assert why.reason.endswith(".") and why.source
            elif isinstance(one, ScriptClient):
                assert auth in one.auths, "a credential that it does not take is one of its limits"


def test_a_script_has_a_function_for_each_action_that_its_client_can_do() -> None:
    scripts = Path(__file__).parents[2] / "harness" / "clients" / "scripts"
    for one in LIBRARIES:
        text = (scripts / one.script).read_text("utf-8")
        for action in doable(one):
            assert f'"{action}"' in text or f"{action}:" in text, f"{one.script} does not know {action}"


def test_a_client_is_found_by_its_module() -> None:
    assert {"azure-storage-blob", "azure-storage-blob-aio", "azure-storage-blob-validated"} <= {
        one.name for one in LIBRARIES
    }
    assert [one.name for one in EVERY] == list(clients.clients())


def test_an_unknown_client_is_named_with_a_hint() -> None:
    with pytest.raises(UnknownClientError, match="azure-storage-blub") as caught:
        client("azure-storage-blub")
    assert caught.value.hint == "Did you mean azure-storage-blob?"
    with pytest.raises(UnknownClientError) as caught:
        client("nothing like it")
    assert "obstore" in caught.value.hint


@pytest.mark.parametrize("one", EVERY, ids=[one.name for one in EVERY])
def test_a_client_whose_environment_is_missing_is_not_run(
    one: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOBPROOF_TOOLS", str(tmp_path / "tools"))
    with pytest.raises(Ended) as caught:
        cells.installed(Scenario("x", tmp_path, tmp_path), one)
    assert caught.value.verdict is Verdict.NOT_RUN
    assert caught.value.reason.startswith(f"{one.name} is missing: ")
    assert caught.value.reason.endswith(f"Run: blobproof tools {one.tool}")


def test_an_endpoint_without_the_credential(facade: Endpoint, tmp_path: Path) -> None:
    bare = replace(facade, key=None, tokens=None)
    with reach(facade, tmp_path) as reached:
        for auth in AUTHS:
            with pytest.raises(CredentialMissingError):
                place(bare, reached, auth, "c", home=tmp_path, found=Found("x", tmp_path, "1"))
