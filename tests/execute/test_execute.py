"""A case from its first step to its last, or to the one that got no answer."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

import harness.execute
from harness.endpoint import Secret
from harness.execute import NoContainerError, World, execute
from harness.judge.judge import judge
from harness.results.finding import verdict
from harness.vocabulary import Verdict
from tests.execute.conftest import make_case
from tests.execute.service import Received, Service, response

THREE = """
- {send: 'GET /{container}/1', expect: {status: 200}}
- {send: 'GET /{container}/2', expect: {status: 200}}
- {send: 'GET /{container}/3', expect: {status: 200}}
"""


def last(request: Received) -> str:
    """The last segment of the path."""
    return request.target.partition("?")[0].rpartition("/")[2]


# --- order, connections, names ---


def test_given_comes_first_and_facts_are_in_the_order_of_the_case(world: World, service: Service) -> None:
    facts = execute(make_case(THREE, given="- {send: 'PUT /{container}/0', expect: {status: 201}}"), world)
    assert [last(request) for request in service.requests] == ["0", "1", "2", "3"]
    assert [fact.label for fact in facts.steps] == ["given 1", "1", "2", "3"]
    assert all(fact.prefix == "/acct" for fact in facts.steps)
    assert facts.not_applicable is None


def test_a_case_has_one_connection_of_its_own(world: World, service: Service) -> None:
    execute(make_case(THREE), world)
    execute(make_case(THREE), world)
    assert [request.connection for request in service.requests] == [1, 1, 1, 2, 2, 2]


def test_a_step_can_have_a_new_connection(world: World, service: Service) -> None:
    case = make_case(THREE.replace("/2',", "/2', connection: new,"))
    execute(case, world)
    assert [request.connection for request in service.requests] == [1, 2, 1]


def test_an_own_container_is_made_before_anything_else(world: World, service: Service) -> None:
    case = make_case(
        "- {send: 'GET /{container}/x', expect: {status: 200, headers: {a: '{own-container}'}}}",
        given="- {send: 'PUT /{container}/y', expect: {status: 201}}",
    )
    execute(case, world)
    lines = [f"{request.method} {request.target}" for request in service.requests]
    assert lines == [
        "PUT /acct/bp-t-own-0001?restype=container",
        "PUT /acct/bp-t-shared/y",
        "GET /acct/bp-t-shared/x",
    ]


def test_without_its_own_container_a_case_sends_nothing(world: World, service: Service) -> None:
    service.answers = lambda request: response(409) if "restype" in request.target else None
    case = make_case("- {send: 'GET /{own-container}/x', expect: {status: 200}}")
    with pytest.raises(NoContainerError, match="bp-t-own-0001 answered 409"):
        execute(case, world)
    assert len(service.requests) == 1


# --- saved values ---

SAVING = """
- send: PUT /{container}/{blob}
  expect: {status: 201}
  save: {etag: ETag, next: {xml: List/Next}}
- send: GET /{container}/{blob}?marker={next}
  headers: {If-Match: "{etag}"}
  expect: {status: 200, headers: {ETag: "{etag}"}}
"""


def test_saved_values_come_back_in_targets_headers_and_expectations(world: World, service: Service) -> None:
    service.answers = lambda request: response(
        201 if request.method == "PUT" else 200, 'ETag: "0x8D"', b"<List><Next>a/b c&amp;d</Next></List>"
    )
    case = make_case(SAVING)
    facts = execute(case, world)
    _, second = service.requests
    assert second.target == "/acct/bp-t-shared/blob-0001?marker=a%2Fb%20c%26d"
    assert second.get("If-Match") == ['"0x8D"']
    held = {finding.about: finding.held for finding in judge(case, facts)}
    assert held["header ETag"]


@pytest.mark.parametrize("body", [b"", b"<List/>", b"no XML"])
def test_what_is_not_there_to_save_ends_the_case(world: World, service: Service, body: bytes) -> None:
    service.answers = lambda request: response(201, 'ETag: "0x8D"', body)
    case = make_case(SAVING)
    facts = execute(case, world)
    assert len(service.requests) == len(facts.steps) == 1
    assert verdict(judge(case, facts)) is Verdict.DIFFERS


# --- no answer ---


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"", "closed-early"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "timeout"),
        (b"nonsense\r\n\r\n", "protocol"),
    ],
)
def test_after_a_missing_answer_nothing_is_sent_again_or_further(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch, answer: bytes, failure: str
) -> None:
    monkeypatch.setattr(harness.execute, "STEP_SECONDS", 0.2)
    service.answers = lambda request: answer if last(request) == "2" else None
    facts = execute(make_case(THREE), world)
    assert [last(request) for request in service.requests] == ["1", "2"]
    assert [fact.exchange.failure is None for fact in facts.steps] == [True, False]
    assert (facts.steps[1].exchange.failure or "").startswith(failure)


def test_a_premise_without_an_answer_ends_the_case_too(world: World, service: Service) -> None:
    service.answers = lambda request: b""
    case = make_case(THREE, given="- {send: 'PUT /{container}/0', expect: {status: 201}}")
    facts = execute(case, world)
    assert len(service.requests) == 1
    assert verdict(judge(case, facts)) is Verdict.INDETERMINATE


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_no_status_makes_us_try_again(world: World, service: Service, status: int) -> None:
    service.answers = lambda request: response(status, "Retry-After: 0")
    execute(make_case("- {send: 'GET /{container}/x', expect: {status: 200}}"), world)
    assert len(service.requests) == 1


def test_a_server_that_closes_after_each_answer_gets_each_request_once(
    world: World, service: Service
) -> None:
    service.answers = lambda request: response(200, "Connection: close")
    facts = execute(make_case(THREE), world)
    assert [last(request) for request in service.requests] == ["1", "2", "3"]
    assert [request.connection for request in service.requests] == [1, 2, 3]
    assert all(fact.exchange.failure is None for fact in facts.steps)


# --- at once, and again ---

AT_ONCE = """
- {send: 'GET /{container}/1', parallel: a, expect: {status: 200}}
- {send: 'GET /{container}/2', parallel: a, expect: {status: 200}, save: {etag: ETag}}
- {send: 'GET /{container}/3', parallel: a, expect: {status: 200}}
- {send: 'GET /{container}/4', headers: {If-Match: "{etag}"}, expect: {status: 200}}
"""


def test_a_parallel_group_is_under_way_at_once(world: World, service: Service) -> None:
    together = threading.Barrier(3)  # breaks when the three are not there at the same time

    def answers(request: Received) -> bytes | None:
        if last(request) != "4":
            together.wait(5)
        return response(200, f"ETag: {last(request)}")

    service.answers = answers
    facts = execute(make_case(AT_ONCE), world)
    assert [fact.label for fact in facts.steps] == ["1", "2", "3", "4"]
    assert [fact.exchange.request.target[-1] for fact in facts.steps] == ["1", "2", "3", "4"]
    assert {last(request) for request in service.requests[:3]} == {"1", "2", "3"}
    assert len({request.connection for request in service.requests}) == 4
    assert service.requests[3].get("If-Match") == ["2"]


def test_of_a_parallel_group_everything_that_was_sent_is_kept(world: World, service: Service) -> None:
    service.answers = lambda request: b"" if last(request) == "1" else response(200, "ETag: x")
    facts = execute(make_case(AT_ONCE), world)
    assert [fact.exchange.failure is None for fact in facts.steps] == [False, True, True]
    assert len(service.requests) == 3


def test_two_groups_next_to_each_other_are_two(world: World, service: Service) -> None:
    pairs = {name: threading.Barrier(2) for name in ("a", "b")}

    def answers(request: Received) -> bytes | None:
        pairs["a" if last(request) in "12" else "b"].wait(5)
        return None

    service.answers = answers
    steps = "\n".join(
        f"- {{send: 'GET /{{container}}/{number}', parallel: {group}, expect: {{status: 200}}}}"
        for number, group in zip("1234", "aabb", strict=True)
    )
    execute(make_case(steps), world)
    arrived = [last(request) for request in service.requests]
    assert set(arrived[:2]) == {"1", "2"}
    assert set(arrived[2:]) == {"3", "4"}


REPEATED = """
- send: PUT /{container}/{blob:n}?comp=block&blockid={id:n}
  headers: {x-ms-meta-n: "{n}"}
  body: {text: "round {n}"}
  repeat: 3
  expect: {status: 201}
"""


def test_a_repeated_step_counts_from_nought(world: World, service: Service) -> None:
    facts = execute(make_case(REPEATED, operation="Put Block"), world)
    assert [request.body for request in service.requests] == [b"round 0", b"round 1", b"round 2"]
    assert [request.get("x-ms-meta-n") for request in service.requests] == [["0"], ["1"], ["2"]]
    assert [last(request) for request in service.requests] == [f"blob-0001-{n}" for n in range(3)]
    assert service.requests[1].target.endswith("blockid=YmxvY2stMDAwMDAwMDE%3D")
    assert [fact.label for fact in facts.steps] == ["1 round 1", "1 round 2", "1 round 3"]


def test_a_repeated_step_ends_with_the_first_missing_answer(world: World, service: Service) -> None:
    service.answers = lambda request: b"" if request.body == b"round 1" else None
    case = make_case(REPEATED, operation="Put Block")
    assert len(execute(case, world).steps) == len(service.requests) == 2


def test_a_step_waits_before_it_is_sent(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[tuple[float, int]] = []
    monkeypatch.setattr("time.sleep", lambda seconds: waited.append((seconds, len(service.requests))))
    execute(make_case(THREE.replace("/2',", "/2', wait: 1.5s,")), world)
    assert [one for one in waited if one[0]] == [(1.5, 1)]


# --- what the configuration cannot do ---


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("send: 'GET /x/y', auth: bearer", "endpoint scripted has no token source"),
        ("send: 'GET /x/y', auth: shared-key", "endpoint scripted has no account key"),
        ("send: 'GET /x/y', auth: {account-sas: {}}", "endpoint scripted has no account key"),
        ("send: 'GET /x/y', face: https", "endpoint scripted has no address 'https'"),
        (
            "send: 'GET /x/y', headers: {x-ms-copy-source: '{url}/a/b?{source-sas}'}",
            "neither an account key nor",
        ),
    ],
)
def test_what_the_endpoint_is_not_configured_for_is_not_applicable(
    service: Service, step: str, says: str
) -> None:
    world = World(replace(service.endpoint, key=None), "bp-t-")
    case = make_case(f"- {{{step}, expect: {{status: 200}}}}")
    facts = execute(case, world)
    assert says in (facts.not_applicable or "")
    assert service.requests == []
    assert verdict(judge(case, facts)) is Verdict.NOT_APPLICABLE


class _Broken:
    """A token source with a bug of our own."""

    def token(self) -> Secret:
        raise KeyError("ours")

    def mint(self, claims: Mapping[str, object]) -> Secret:
        raise KeyError("ours")


def test_a_bug_of_our_own_is_not_taken_for_a_missing_credential(service: Service) -> None:
    world = World(replace(service.endpoint, tokens=_Broken()), "bp-t-")
    with pytest.raises(KeyError, match="ours"):
        execute(make_case("- {send: 'GET /x/y', auth: bearer, expect: {status: 200}}"), world)


class _Minting:
    """A token source that keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, object]] = []

    def token(self) -> Secret:
        return Secret("plain")

    def mint(self, claims: Mapping[str, object]) -> Secret:
        self.asked.append(claims)
        return Secret("minted")


def test_placeholders_are_filled_wherever_they_stand_in_an_auth(service: Service) -> None:
    tokens = _Minting()
    with World(replace(service.endpoint, tokens=tokens), "bp-t-") as world:
        step = "{send: 'GET /x/y', auth: {bearer: {claims: {roles: ['reader:{container}'], n: 1}}}"
        execute(make_case(f"- {step}, expect: {{status: 200}}}}"), world)
    assert [dict(claims) for claims in tokens.asked] == [{"roles": ["reader:bp-t-shared"], "n": 1}]


# --- together with the judge ---


def test_an_operation_that_is_refused_like_a_made_up_one_is_unsupported(service: Service) -> None:
    def answers(request: Received) -> bytes | None:
        comp = request.target.partition("comp=")[2]
        return response(400, "x-ms-error-code: InvalidInput", f"no {comp} here".encode()) if comp else None

    case = make_case(
        "- {send: 'PUT /{container}/{blob}?comp=tier', expect: {status: 200}}", operation="Set Blob Tier"
    )
    service.answers = answers
    with World(service.endpoint, "bp-t-") as world:
        found = judge(case, execute(case, world))
    assert verdict(found) is Verdict.UNSUPPORTED
    assert "exactly as to an operation that does not exist" in found[0].observed


# --- what takes its time ---

LATE = "- {send: 'GET /{container}/x', within: 20s, expect: {status: 200}}"


def _seen_at(count: int) -> Callable[[Received], bytes]:
    """Answers 404 until the request of this number, and 200 from then on."""
    asked = itertools.count(1)
    return lambda request: response(200 if next(asked) >= count else 404)


def test_what_takes_its_time_is_asked_again_until_it_is_seen(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.execute._AGAIN_AFTER", 0.0)
    service.answers = _seen_at(3)
    facts = execute(make_case(LATE), world)
    assert [fact.exchange.response.status for fact in facts.steps if fact.exchange.response] == [200]
    assert len(service.requests) == 3


def test_where_changes_are_seen_at_once_nobody_asks_again(service: Service) -> None:
    service.answers = _seen_at(2)
    world = World(replace(service.endpoint, settles=False), "bp-t-")
    facts = execute(make_case(LATE), world)
    world.hang_up()
    assert [fact.exchange.response.status for fact in facts.steps if fact.exchange.response] == [404]
    assert len(service.requests) == 1
