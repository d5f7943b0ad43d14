"""The order of a replay: as much at once as the spec allows, the last named first, and `after` held."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.cases import case as c
from harness.execute import World
from harness.golden.case import as_case
from harness.golden.replay import OrderError, replay
from harness.golden.spec import GoldenSpec, Injected
from harness.judge.facts import Facts
from harness.judge.judge import judge
from harness.results.finding import verdict
from harness.vocabulary import Verdict
from tests.execute.service import Received, Service, response, service
from tests.golden.made import HEADERS, blocks, expect, spec, step


@pytest.fixture(name="there")
def _there() -> Iterator[Service]:
    with service() as made:
        yield made


def sent(of: GoldenSpec, there: Service, **options: int) -> Facts:
    """A replay at the service."""
    return replay(of, World(there.endpoint, "bp-t-"), **options)  # type: ignore[arg-type]


def names(there: Service) -> list[str]:
    """The last segments of the paths, in the order of the requests."""
    paths = (one.target.partition("?")[0] for one in there.requests)
    return [path.rpartition("/")[2] for path in paths if path.count("/") > 2]


def steps(*of: str) -> GoldenSpec:
    """Steps such as `c<a,b`: c comes after a and b."""
    parsed = [one.partition("<")[::2] for one in of]
    return spec(
        *(
            step(name, f"GET /{{own-container}}/{name}", after=after.split(",") if after else ())
            for name, after in parsed
        )
    )


def test_the_last_named_of_those_that_may_go_is_first(there: Service) -> None:
    facts = sent(steps("a", "b", "c<a", "d", "e<b,d", "f"), there, at_once=1)
    assert names(there) == ["f", "d", "b", "e", "a", "c"]
    assert [fact.label for fact in facts.steps] == names(there)


def test_steps_that_may_go_are_under_way_at_the_same_time(there: Service) -> None:
    together = threading.Barrier(8)
    there.answers = lambda request: None if "container" in request.target else _met(together)
    facts = sent(steps(*"abcdefghijklmnop"), there)
    assert len(facts.steps) == 16
    assert not together.broken
    assert set(names(there)[:8]) == set("ijklmnop")
    assert len({one.connection for one in there.requests[1:]}) == 8  # kept alive, and used again


def _met(together: threading.Barrier) -> bytes:
    together.wait(5)
    return response(200)


def test_a_chain_needs_one_connection(there: Service) -> None:
    sent(steps("a", "b<a", "c<b", "d<c"), there)
    assert names(there) == ["a", "b", "c", "d"]
    assert len({one.connection for one in there.requests[1:]}) == 1


def test_a_step_waits_for_the_answers_and_not_only_for_the_requests(there: Service) -> None:
    answered: list[str] = []
    lock = threading.Lock()

    def answers(request: Received) -> bytes | None:
        last = request.target.partition("?")[0].rpartition("/")[2]
        if last == "z":
            with lock:
                answered.append(f"z after {len(answered)}")
        elif last in "abcd":
            threading.Event().wait(0.05)
            with lock:
                answered.append(last)
        return None

    there.answers = answers
    sent(steps("a", "b", "c", "d", "z<a,b,c,d"), there)
    assert answered[-1] == "z after 4"


def test_what_was_injected_is_not_sent_and_what_waits_for_it_waits_for_its_own(there: Service) -> None:
    made = steps("a", "b<a", "c<b", "d")
    hidden = Injected("503", 503, "ServerBusy")
    of = spec(*(replace(one, injected=hidden) if one.name == "b" else one for one in made.steps))
    facts = sent(of, there, at_once=1)
    assert names(there) == ["d", "a", "c"]
    assert [one.step for one in judge(as_case(of), facts) if one.about == "status"] == ["d", "a", "c"]


def test_a_recorder_is_sent_what_it_is_to_spoil_again(there: Service) -> None:
    there.answers = lambda request: b"" if request.target.partition("?")[0].endswith("/b") else None
    made = steps("a", "b<a", "c<b", "d")
    hidden = Injected("reset-before")
    of = spec(*(replace(one, injected=hidden) if one.name == "b" else one for one in made.steps))
    replay(of, World(there.endpoint, "bp-t-"), spoilt=True)
    assert names(there) == ["a", "b", "c", "d"]  # one by one as they are written, so that the same is spoilt


def test_steps_that_wait_for_each_other_are_our_fault(there: Service) -> None:
    with pytest.raises(OrderError, match="wait for each other: a, b"):
        sent(steps("a<b", "b<a"), there)


# --- saved values, and endings ---


def tagged(request: Received) -> bytes | None:
    """An answer with an ETag to a PUT of a blob."""
    if request.method == "PUT" and "restype" not in request.target:
        return response(201, 'ETag: "0x8D"')
    return None


def test_a_saved_value_is_known_to_what_comes_later(there: Service) -> None:
    there.answers = tagged
    of = spec(
        step("put", "PUT /{own-container}/a", wanted=expect(201), save=[("etag-1", "ETag")]),
        step("get", "GET /{own-container}/a", headers=(*HEADERS, ("If-Match", "{etag-1}")), after=["put"]),
        then=[c.Step("GET", "/{own-container}/a", (("If-None-Match", "{etag-1}"),), expect=expect(200))],
    )
    facts = sent(of, there)
    assert there.requests[-2].get("If-Match") == ['"0x8D"']
    assert there.requests[-1].get("If-None-Match") == ['"0x8D"']
    assert [dict(fact.scope.saved) for fact in facts.steps] == [
        {},
        {"etag-1": '"0x8D"'},
        {"etag-1": '"0x8D"'},
    ]
    assert [fact.label for fact in facts.steps] == ["put", "get", "then 1"]


def test_a_value_that_does_not_come_ends_the_spec(there: Service) -> None:
    of = spec(
        step("put", "PUT /{own-container}/a", wanted=expect(201), save=[("etag-1", "ETag")]),
        step("get", "GET /{own-container}/a?e={etag-1}", after=["put"]),
        then=[c.Step("GET", "/{own-container}/a", expect=expect(200))],
    )
    facts = sent(of, there)
    assert names(there) == ["a"]
    found = judge(as_case(of), facts)
    assert verdict(found) is Verdict.DIFFERS
    assert [one.about for one in found if one.verdict is Verdict.DIFFERS] == ["ETag to remember"]


def test_no_answer_ends_the_spec_and_what_was_under_way_is_kept(there: Service) -> None:
    there.answers = lambda request: b"" if request.target.partition("?")[0].endswith("/b") else None
    of = steps("a", "b", "c<a,b", "d<c")
    facts = sent(of, there)
    assert sorted(names(there)) == ["a", "b"]
    assert sorted(fact.label for fact in facts.steps) == ["a", "b"]
    found = judge(as_case(of), facts)  # whether the answer to a is judged too depends on which came first
    assert [one.step for one in found if one.verdict is Verdict.INDETERMINATE] == ["b"]


def test_any_operation_of_a_client_may_be_unsupported(there: Service) -> None:
    def answers(request: Received) -> bytes | None:
        return response(501, "x-ms-error-code: NotImplemented") if "comp=block&" in request.target else None

    there.answers = lambda request: answers(request) or tagged(request)
    of = blocks(2)
    staged = spec(step("get", "GET /{own-container}/x"), *of.steps)
    found = judge(as_case(staged), sent(staged, there))
    assert as_case(staged).operation == "Get Blob"
    said = next(one for one in found if one.verdict is Verdict.UNSUPPORTED)
    assert said.expected == "Put Block to be offered"


def test_premises_come_first_and_block_when_they_fail(there: Service) -> None:
    of = spec(
        step("get", "GET /{own-container:2}/a"),
        given=[c.Step("PUT", "/{own-container}/a", expect=expect(409))],
    )
    facts = sent(of, there)
    made = [one.target for one in there.requests if "restype=container" in one.target]
    assert made == [
        "/acct/bp-t-own-0001?restype=container",
        "/acct/bp-t-own-0001-2?restype=container",
    ]
    assert verdict(judge(as_case(of), facts)) is Verdict.BLOCKED
