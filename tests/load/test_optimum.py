"""When to checkpoint: the published tables of Young's interval, and what Daly's costs."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given as over
from hypothesis import strategies

from loadgen.kpi.interval import Interval as Optimum
from loadgen.kpi.interval import daly, young


@pytest.mark.parametrize(
    ("stall", "minutes", "overhead"),
    [(24.6, 12.3, 6.7), (116, 26.8, 14.4), (147.5, 30.2, 16.3), (460, 53.3, 28.8), (758, 68.4, 36.9)],
)
def test_youngs_interval_is_that_of_the_table(stall: float, minutes: float, overhead: float) -> None:
    """Llama 3 405B was interrupted once in 3.09 h (arXiv 2407.21783)."""
    found = young(stall, 3.09 * 3600)
    assert found.seconds / 60 == pytest.approx(minutes, abs=0.051)
    assert 100 * found.overhead == pytest.approx(overhead, abs=0.051)


@over(strategies.floats(0.01, 1000), strategies.floats(10, 1e7))
def test_dalys_interval_costs_least(stall: float, mtbf: float) -> None:
    found = daly(stall, mtbf)
    if stall > mtbf / 2:  # his series is for stalls well below the MTBF
        return

    def cost(seconds: float) -> float:
        return mtbf / seconds * math.expm1((seconds + stall) / mtbf) - 1

    assert found.overhead == pytest.approx(cost(found.seconds))
    assert found.overhead <= min(cost(found.seconds * 0.8), cost(found.seconds * 1.25))
    assert found.seconds <= young(stall, mtbf).seconds


@pytest.mark.parametrize("rule", [young, daly])
def test_no_interval_without_a_stall(rule: Callable[[float, float], Optimum]) -> None:
    for stall, mtbf in ((0.0, 10.0), (1.0, 0.0)):
        with pytest.raises(ValueError, match="above 0"):
            rule(stall, mtbf)


def test_dalys_interval_has_ends() -> None:
    assert daly(10.0, 4.0).seconds == 4.0  # the stall is more than twice the MTBF
    assert math.isinf(daly(1e6, 1.0).overhead)
