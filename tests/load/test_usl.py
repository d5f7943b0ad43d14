"""The law of scalability: the published illustration, synthetic laws, its bounds and intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies

from loadgen.forecast.points import By, Point, Series, series
from loadgen.forecast.predict import predict
from loadgen.forecast.usl import Usl, fit, interval
from tests.load.scaled_runs import LAW, SIZES, scaled


@pytest.mark.parametrize(
    ("three", "six", "predicted"),
    [(33.62, 64.51, 119.3), (34.2, 61.4, 101.9), (16_560 / 483.7, 16_560 / 259.1, 112.9)],
)
def test_the_published_illustration(three: float, six: float, predicted: float) -> None:
    """MLPerf Storage v3.0, AIStore at 3 and 6 nodes, predicting 12: rank 0, barrier, rank 0 + lower tail."""
    assert fit(np.array([3.0, 6.0]), np.array([three, six])).law.at(12) == pytest.approx(predicted, rel=0.003)


def test_more_than_linear_is_never_extrapolated() -> None:
    """Rank-0 reads grew faster than the nodes. Without bounds that gives 147.0; linear is the most here."""
    found = fit(np.array([3.0, 6.0]), np.array([34.2, 70.01]))
    assert found.law.linear
    assert found.law.at(12) == pytest.approx(138.4, abs=0.1)


@pytest.mark.parametrize("law", [LAW, Usl(1e8, 0.02, 0.0), Usl(1e8, 0.0, 0.0), Usl(1e8, 0.0, 0.002)])
def test_the_interval_holds_the_truth_as_often_as_it_says(law: Usl) -> None:
    """200 cases a law, at twice the largest size: 95 % of 200, three standard deviations either way."""
    generator = np.random.default_rng(7)
    sizes = np.repeat(np.array(SIZES, float), 3)
    rates = np.array([law.at(size) for size in sizes])
    held = 0
    for _ in range(200):
        ends = interval(fit(sizes, rates * np.exp(generator.normal(0, 0.04, len(sizes)))), 16)
        assert ends is not None
        held += ends[0] <= law.at(16) <= ends[1]
    assert 181 <= held <= 199


def test_a_law_without_noise_is_found_again() -> None:
    sizes = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    found = fit(sizes, np.array([LAW.at(size) for size in sizes]))
    assert found.law.rate == pytest.approx(LAW.rate)
    assert found.law.contention == pytest.approx(LAW.contention, rel=1e-4)
    assert found.law.coherency == pytest.approx(LAW.coherency, rel=1e-4)


def test_three_sizes_fix_the_law_and_two_leave_the_second_bend_out() -> None:
    sizes = np.array([1.0, 4.0, 16.0])
    assert fit(sizes, np.array([LAW.at(size) for size in sizes])).law.coherency == pytest.approx(
        0.001, rel=1e-4
    )
    assert fit(sizes[:2], np.array([LAW.at(size) for size in sizes[:2]])).law.coherency == 0


def test_what_does_not_scale_at_all() -> None:
    """One lock: σ is 1, and stays there; what falls as well has a κ."""
    sizes = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    flat = fit(sizes, np.full(5, 3e8)).law
    assert (flat.contention, flat.at(1000)) == (pytest.approx(1.0), pytest.approx(3e8))
    falling = Usl(3e8, 1.0, 0.01)
    found = fit(sizes, np.array([falling.at(size) for size in sizes])).law
    assert (found.contention, found.coherency) == (pytest.approx(1.0), pytest.approx(0.01, rel=1e-4))


def test_linear_scaling_has_a_t_interval() -> None:
    logs = np.array([0.02, -0.02, 0.01, -0.01, 0.03, -0.03, 0.0, 0.0])
    points = tuple(
        Point(size, tuple(size * 1e8 * np.exp(logs[2 * place : 2 * place + 2])), (), 8, 1)
        for place, size in enumerate(SIZES)
    )
    row = predict(Series("p", "write", "bytes/s", By.WORKERS, 1.0, points, ()), 16).modelled[1]
    half = 2.364624 * np.std(logs, ddof=1) / np.sqrt(8)  # t with 7 degrees of freedom
    assert row.value == pytest.approx(1.6e9)
    assert (row.low, row.high) == pytest.approx((1.6e9 * np.exp(-half), 1.6e9 * np.exp(half)), rel=1e-6)


def test_six_measurements_are_enough() -> None:
    runs = [
        scaled(size, [LAW.at(size) * 1.01**again for again in range(n)])
        for size, n in zip(SIZES, (2, 2, 1, 1), strict=True)
    ]
    (found,) = series(runs)
    assert sum(len(point.rates) for point in found.points) == 6
    assert not [one for one in found.assumptions if "blobs" in one or "ranks" in one]
    assert predict(found, 16).modelled[0].hold_out.low is not None


def test_the_spread_is_the_noise_of_the_measurements() -> None:
    sizes = np.repeat(np.array(SIZES, float), 50)
    noise = np.random.default_rng(3).normal(0, 0.05, len(sizes))
    found = fit(sizes, np.array([LAW.at(size) for size in sizes]) * np.exp(noise))
    assert found.spread == pytest.approx(0.05, rel=0.1)
    assert found.freedom == 197


def test_an_outlier_moves_the_fit_little() -> None:
    sizes = np.repeat(np.array(SIZES, float), 5)
    rates = np.array([LAW.at(size) for size in sizes]) * np.exp(
        np.random.default_rng(2).normal(0, 0.01, len(sizes))
    )
    rates[7] /= 3
    assert fit(sizes, rates).law.at(8) == pytest.approx(LAW.at(8), rel=0.03)


@settings(max_examples=40, deadline=None)
@given(
    strategies.lists(strategies.floats(0.5, 2.0), min_size=8, max_size=8),
    strategies.integers(9, 32),
)
def test_every_fit_keeps_its_bounds(noise: list[float], to: int) -> None:
    sizes = np.repeat(np.array(SIZES, float), 2)
    found = fit(sizes, sizes * np.array(noise))
    assert 0 <= found.law.contention <= 1 + 1e-6
    assert found.law.coherency >= 0
    assert found.law.at(to) <= to * found.law.rate * (1 + 1e-9)  # never more than linear
    ends = interval(found, to)
    assert ends is not None
    assert ends[0] <= found.law.at(to) * (1 + 1e-9)
    assert ends[1] >= found.law.at(to) * (1 - 1e-9)
    if found.law.coherency == 0:
        assert found.law.at(to) >= found.law.at(8) * (1 - 1e-9)
