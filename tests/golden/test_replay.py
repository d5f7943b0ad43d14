"""Replays at a façade: every way of signing, every address, and servers that are wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.endpoint import Endpoint
from harness.endpoints import open_endpoint
from harness.golden.address import turned
from harness.golden.case import as_case
from harness.golden.replay import replay_once
from harness.golden.spec import GoldenSpec
from harness.golden.ways import Way
from harness.judge.facts import Facts
from harness.judge.judge import judge
from harness.results.finding import Finding, verdict
from harness.vocabulary import Verdict
from tests.golden.made import blocks


@pytest.fixture(scope="module")
def facade() -> Iterator[Endpoint]:
    """One façade for all of them."""
    with open_endpoint("reference") as endpoint:
        yield endpoint


def judged(of: GoldenSpec, facts: Facts) -> tuple[Finding, ...]:
    """What the judge says, without what wire rules say in passing."""
    return tuple(one for one in judge(as_case(of), facts) if one.verdict is not Verdict.OBSERVED)


def wrong(found: tuple[Finding, ...]) -> list[str]:
    """What did not hold."""
    return [f"{one.step}: {one.about}: {one.observed}" for one in found if one.verdict is not Verdict.PASS]


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("face", ["main", "https", "host", "host-https"])
def test_an_upload_in_blocks_passes_in_each_way_at_each_address(
    facade: Endpoint, face: str, way: Way
) -> None:
    of = blocks()
    facts = replay_once(of, turned(facade, face), way=way)
    found = judged(of, facts)
    assert wrong(found) == []
    assert verdict(found) is Verdict.PASS
    assert len(facts.steps) == 7
