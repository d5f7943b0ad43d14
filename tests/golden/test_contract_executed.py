"""The contract model against a server: what it predicts of random sequences must come true."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.endpoints import open_endpoint
from harness.execute import World, execute
from harness.golden.contract import predict
from harness.judge.judge import judge
from harness.vocabulary import Verdict
from tests.golden.sequences import as_case, sequence

_FINE = frozenset({Verdict.PASS, Verdict.OBSERVED})


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_endpoint("reference") as endpoint, World(endpoint, "bp-contract-") as made:
        yield made


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(random=st.randoms(use_true_random=False))
def test_predictions_come_true(world: World, random: Random) -> None:
    steps = sequence(random)
    said = predict((), steps, {})
    case = as_case("contract/random", steps, said)
    facts = execute(case, world)
    wrong = [finding for finding in judge(case, facts) if finding.verdict not in _FINE]
    assert not wrong, [
        (step.step.method, step.step.target, step.step.headers, step.step.body) for step in steps
    ] + [(one.step, one.about, one.expected, one.observed) for one in wrong]


def test_most_answers_are_predicted() -> None:
    """A model that says nothing is never wrong."""
    sequences = [sequence(Random(seed)) for seed in range(60)]
    expects = [one for steps in sequences for one in predict((), steps, {}).expects]
    assert sum(one.status is not None for one in expects) > 0.95 * len(expects)
    assert sum(one.status is not None and len(one.status.value) == 1 for one in expects) > 0.7 * len(expects)
