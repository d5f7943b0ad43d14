"""The crowd against servers that refuse, mix up, forget and hang up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from harness.crowd import call
from harness.crowd.crowd import Budget, Crowd, UnansweredError, each
from harness.crowd.tally import Tally
from harness.endpoint import Endpoint
from harness.scenario import Scenario
from tests.crowd.server import Behave, Head, answer, serving

GET = call.get("c", "b")
_QUICK = Budget(tries=3, first_pause=0.01, longest_pause=0.02, connect=5.0, answer=5.0)


def _with(behave: Behave, work: Callable[[Crowd], Awaitable[None]]) -> Tally:
    async def run(endpoint: Endpoint) -> Tally:
        async with Crowd(endpoint, endpoint.face(), budget=_QUICK) as crowd:
            await work(crowd)
            return crowd.tally

    with serving(behave) as endpoint:
        return asyncio.run(run(endpoint))


def test_refusals_are_asked_again_and_told() -> None:
    def behave(number: int, _first: str, head: Head) -> bytes:
        return answer("503 Busy", head) if number < 2 else answer("200 OK", head, body=b"x")

    async def work(crowd: Crowd) -> None:
        assert (await crowd.must(GET, 200)).body == b"x"

    tally = _with(behave, work)
    assert (sum(tally.throttled.values()), tally.connections, tally.unexpected) == (2, 1, [])


def test_a_refusal_that_does_not_end_is_no_answer() -> None:
    async def work(crowd: Crowd) -> None:
        with pytest.raises(UnansweredError, match="503, 3 times"):
            await crowd.must(GET, 200)

    tally = _with(lambda _number, _first, head: answer("503 Busy", head), work)
    assert len(tally.unanswered) == 1


def test_an_answer_that_belongs_to_another_is_told_of_its_request() -> None:
    async def work(crowd: Crowd) -> None:
        assert not (await crowd.ask(GET)).own

    tally = _with(lambda _number, _first, head: answer("200 OK", head, own="somebody"), work)
    assert (len(tally.foreign), len(tally.silent)) == (1, 0)


def test_an_answer_without_an_id_is_another_matter() -> None:
    async def work(crowd: Crowd) -> None:
        await crowd.ask(GET)

    tally = _with(lambda _number, _first, _head: answer("404 None", {}), work)
    assert (len(tally.foreign), len(tally.silent)) == (0, 1)


def test_request_ids_that_come_twice() -> None:
    async def work(crowd: Crowd) -> None:
        await each(2, range(2), lambda _number: crowd.ask(GET))

    tally = _with(lambda _number, _first, head: answer("200 OK", head, extra="x-ms-request-id: 1"), work)
    assert len(tally.twins) == 1


def test_an_idle_connection_that_was_closed_is_no_fault() -> None:
    def behave(number: int, _first: str, head: Head) -> bytes | None:
        return None if number == 1 else answer("200 OK", head)

    async def work(crowd: Crowd) -> None:
        await crowd.must(GET, 200)
        await crowd.must(GET, 200)

    tally = _with(behave, work)
    assert (tally.connections, sum(tally.broken.values())) == (2, 0)


def test_a_fresh_connection_that_is_closed_is_told() -> None:
    async def work(crowd: Crowd) -> None:
        answered = await crowd.ask(GET)
        assert answered.status == 0
        assert answered.said.startswith("closed-early")

    assert _with(lambda *_: None, work).broken["closed-early"] == 3


def test_a_body_waits_until_it_is_wanted() -> None:
    async def work(crowd: Crowd) -> None:
        asked = call.Call("PUT", "/c/b", (), b"body", awaits=True)
        assert (await crowd.must(asked, 201)).status == 201

    _with(lambda _number, _first, head: answer("201 Made", head), work)


def test_one_connection_for_each_request() -> None:
    async def run(endpoint: Endpoint) -> int:
        async with Crowd(endpoint, endpoint.face(), churn=True, budget=_QUICK) as crowd:
            await each(2, range(6), lambda _number: crowd.must(GET, 200))
            return crowd.tally.connections

    with serving(lambda _number, _first, head: answer("200 OK", head)) as endpoint:
        assert asyncio.run(run(endpoint)) == 6


def test_what_is_mixed_up_is_required_and_what_is_refused_is_only_told(tmp_path: object) -> None:
    tally = Tally()
    tally.foreign.append("GET /c/b")
    tally.throttled["503 ServerBusy"] += 4
    scenario = Scenario("x", None, None)  # type: ignore[arg-type]
    tally.report(scenario)
    verdicts = {one.about.partition(",")[0]: one.verdict.value for one in scenario.findings}
    assert verdicts["answers that belong to their requests"] == "differs"
    assert verdicts["refusals under load (503"] == "observed"
    assert verdicts["answers other than expected"] == "pass"
