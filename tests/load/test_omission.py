"""What the omission benchmark holds figures against: the truth of its schedule, and exact percentiles."""

from __future__ import annotations

import pytest

from benchmarks import omission
from loadgen.record.histogram import Histogram


def test_the_truth_of_a_server_that_stalls() -> None:
    """It stalls from 4.5 s to 5.5 s, and again ten seconds later."""
    arrivals = [0.0, 4.4, 4.499, 4.5, 5.0, 5.5, 14.9]
    expected = [0.005, 0.005, 1.001, 1.005, 0.505, 0.005, 0.605]
    assert omission.truth(arrivals, 0.005) == pytest.approx(expected)


def test_percentiles_are_those_of_the_histogram() -> None:
    for count in (499, 6000):
        values = [one * one % 9973 for one in range(count)]
        for quantile in omission.QUANTILES:
            exact = omission.exact([float(one) for one in values], quantile)
            assert Histogram.of(values).percentile(quantile) == pytest.approx(exact, rel=1 / 1024)
    assert omission.exact([float(one) for one in range(1, 6001)], 99.9) == 5994
