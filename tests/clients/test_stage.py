"""The stage: nothing passes on nothing, and trees are compared by name and digest."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.clients.data import AWKWARD_NAMES, content, digests, read_tree, tree, write_tree
from harness.clients.stage import GateFaultError, Stage, stage
from harness.clients.truth import PremiseError, Truth
from harness.endpoint import Endpoint, Secret, Style
from harness.scenario import Ended, Scenario
from harness.vocabulary import Verdict
from tests.tap.wires import RawServer, client, receive_head


def _endpoint(address: tuple[str, int], key: bool = True) -> Endpoint:
    return Endpoint(
        "x", f"http://127.0.0.1:{address[1]}/acct", "acct", Style.PATH, key=Secret("a2V5") if key else None
    )


def _always(answer: bytes) -> Callable[[socket.socket], None]:
    def script(sock: socket.socket) -> None:
        while receive_head(sock):
            sock.sendall(answer)

    return script


@contextlib.contextmanager
def _stage(tmp_path: Path, answer: bytes) -> Iterator[tuple[Scenario, Stage]]:
    scenario = Scenario("x", tmp_path, tmp_path / "logs")
    with (
        RawServer(_always(answer)) as server,
        stage(scenario, _endpoint(server.address), "bp-", container=False) as ready,
    ):
        yield scenario, ready


def _get(ready: Stage) -> None:
    with client(ready.reach.tap.address) as sock:
        sock.sendall(b"GET /acct/c/b?comp=odd HTTP/1.1\r\nHost: x\r\n\r\n")
        receive_head(sock)


def test_a_client_that_sends_nothing_is_our_fault(tmp_path: Path) -> None:
    with _stage(tmp_path, b"") as (_, ready), pytest.raises(GateFaultError, match="nothing went through"):
        ready.settle("exit 0")


def test_what_the_endpoint_does_not_offer_is_unsupported(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 501 Not Implemented\r\nx-ms-error-code: NotImplemented\r\nContent-Length: 0\r\n\r\n"
    with _stage(tmp_path, answer) as (scenario, ready):
        _get(ready)
        with pytest.raises(Ended) as ended:
            ready.settle("exit 1")
        assert ended.value.verdict is Verdict.UNSUPPORTED
        assert "comp=odd" in ended.value.reason and "501" in ended.value.reason
        assert len(scenario.seen) == 1


def test_exchanges_reach_the_scenario(tmp_path: Path) -> None:
    with _stage(tmp_path, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (scenario, ready):
        _get(ready)
        assert [e.request.target for e in ready.settle("exit 0")] == ["/acct/c/b?comp=odd"]
        assert scenario.seen == ready.seen


def test_a_failed_premise_blocks(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
    with RawServer(_always(answer)) as server, Truth(_endpoint(server.address)) as truth:
        with pytest.raises(PremiseError, match="needed 201, got 500 Oops") as ended:
            truth.create_container("cont")
        assert ended.value.verdict is Verdict.BLOCKED


def test_no_credential_is_not_applicable(tmp_path: Path) -> None:
    scenario = Scenario("x", tmp_path, tmp_path / "logs")
    with (
        RawServer(_always(b"")) as server,
        stage(scenario, _endpoint(server.address, key=False), "bp-", container=False) as ready,
        pytest.raises(Ended) as ended,
    ):
        ready.sas()
    assert ended.value.verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("found", "held"),
    [
        ({"a": "1", "b": "2"}, [True, True]),
        ({"a": "1"}, [False, False]),
        ({"a": "1", "b": "2", "c": "3"}, [False, True]),
        ({"a": "1", "b": "3"}, [True, False]),
    ],
)
def test_trees_are_compared_by_name_and_digest(
    tmp_path: Path, found: dict[str, str], held: list[bool]
) -> None:
    with _stage(tmp_path, b"") as (scenario, ready):
        ready.same("a tree", {"a": "1", "b": "2"}, found)
        assert [finding.held for finding in scenario.findings] == held


def test_trees_survive_the_file_system(tmp_path: Path) -> None:
    files = tree(10)
    assert set(AWKWARD_NAMES) <= set(files)
    assert read_tree(write_tree(tmp_path / "t", files)) == digests(files)
    assert content(10, 1) == content(10, 1) != content(10, 2)
