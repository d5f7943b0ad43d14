"""What the cases of a worker share: its container, its probes, its names."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

import harness.execute
from harness.endpoint import Secret
from harness.execute import NoContainerError, World, execute
from harness.judge.facts import MADE_UP_COMP, Answer
from harness.rules.identify import Depth
from tests.execute.conftest import make_case
from tests.execute.service import Received, Service, response


def test_a_world_makes_its_container_and_asks_for_what_nobody_offers(service: Service) -> None:
    with World(service.endpoint, "bp-t-") as world:
        made_up = dict(world.made_up)
    first, second, *probes = service.requests
    assert (first.method, first.target) == ("PUT", "/acct/bp-t-shared?restype=container")
    assert (second.method, second.target) == ("PUT", "/acct/bp-t-shared/probe")
    assert all(probe.target.endswith(f"comp={MADE_UP_COMP}") for probe in probes)
    depths: tuple[Depth, ...] = get_args(Depth)
    wanted = {(method, depth) for method in ("GET", "HEAD", "PUT", "POST") for depth in depths}
    assert set(made_up) == wanted | {("DELETE", "blob")}
    assert made_up["GET", "container"] == Answer(400, "InvalidQueryParameterValue", MADE_UP_COMP)
    assert made_up["HEAD", "blob"] == Answer(400, "InvalidQueryParameterValue", "")
    assert len({request.connection for request in service.requests}) == 1


def test_nothing_but_the_probe_blob_is_ever_deleted(service: Service) -> None:
    with World(service.endpoint, "bp-t-"):
        pass
    deleted = [request.target for request in service.requests if request.method == "DELETE"]
    assert deleted == [f"/acct/bp-t-shared/probe?comp={MADE_UP_COMP}"]


def test_every_name_of_a_container_begins_with_the_prefix_and_no_two_cases_share_one(world: World) -> None:
    one, other = world.case_scope(), world.case_scope()
    assert one.container == other.container == "bp-t-shared"
    for scope in (one, other):
        for name in (scope.container, scope.own_container, scope.new_containers):
            assert re.fullmatch(r"bp-t-[a-z0-9-]+", name)
    names = [(scope.own_container, scope.new_containers, scope.blobs, scope.seed) for scope in (one, other)]
    assert not set(names[0]) & set(names[1])


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (response(403), "Create Container for bp-t-shared answered 403"),
        (response(200), "Create Container for bp-t-shared answered 200"),
        (b"", "Create Container for bp-t-shared answered closed-early"),
    ],
)
def test_without_the_container_there_is_no_world(service: Service, answer: bytes, says: str) -> None:
    service.answers = lambda request: answer
    world = World(service.endpoint, "bp-t-")
    with pytest.raises(NoContainerError, match=re.escape(says)):
        world.__enter__()
    assert len(service.requests) == 1
    assert service.closed.acquire(timeout=5), "the connection is not left open"


def test_where_nobody_listens_there_is_no_world(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    endpoint = replace(service.endpoint, url=f"http://127.0.0.1:{port}/acct")
    with pytest.raises(NoContainerError, match="answered refused"):
        World(endpoint, "bp-t-").__enter__()


def test_a_probe_without_a_whole_answer_says_nothing(service: Service) -> None:
    def answers(request: Received) -> bytes | None:
        if MADE_UP_COMP not in request.target or request.method == "GET":
            return None
        return b"" if request.method == "PUT" else b"nonsense\r\n\r\n"

    service.answers = answers
    with World(service.endpoint, "bp-t-") as world:
        assert {method for method, _ in world.made_up} == {"GET"}


def test_an_endpoint_that_hangs_on_probes_is_not_waited_for_again_and_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness.execute, "STEP_SECONDS", 0.2)
    half = b"HTTP/1.1 400 x\r\nContent-Length: 9\r\n\r\nhalf"
    service.answers = lambda request: half if MADE_UP_COMP in request.target else None
    with World(service.endpoint, "bp-t-") as world:
        assert world.made_up == {}
    assert len(service.requests) == 3


def test_a_copy_source_is_read_with_a_sas_of_the_key_or_the_configured_one(service: Service) -> None:
    def source(**changed: object) -> str:
        return World(replace(service.endpoint, **changed), "bp-t-").case_scope().source_sas  # type: ignore[arg-type]

    made = source()
    assert "sp=r&" in made
    assert "srt=o&" in made
    assert source(key=None, sas=Secret("sv=1&sig=x")) == "sv=1&sig=x"
    assert source(key=None) == ""


def test_a_source_sas_that_must_be_refused_is_made_for_the_case(service: Service) -> None:
    bad = World(service.endpoint, "bp-t-").bad_source_sas(datetime(2026, 11, 22, tzinfo=UTC))
    assert set(bad) == {"forged", "expired", "write-only"}
    assert "sp=w&" in bad["write-only"]
    assert "se=2026-11-21T23%3A30%3A00Z" in bad["expired"]
    assert len(set(bad.values())) == 3


def test_a_copy_source_is_named_in_a_case(world: World, service: Service) -> None:
    case = make_case(
        """
        - send: PUT /{container}/{blob}
          headers: {x-ms-copy-source: "{url}/{container}/a?{source-sas}"}
          expect: {status: 201}
        """,
        operation="Copy Blob",
    )
    assert execute(case, world).not_applicable is None
    (named,) = service.requests[0].get("x-ms-copy-source")
    assert named.startswith(f"http://127.0.0.1:{service.port}/acct/bp-t-shared/a?sv=")
