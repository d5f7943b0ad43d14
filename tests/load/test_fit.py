"""Whether a plan fits: on the disk and in time, with the numbers, before anything is started."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.vocabulary import ExitCode
from loadgen.plan.fit import FitError, Rates, check, fit, lines, stored_bytes
from loadgen.plan.make import plan_for
from loadgen.profiles.read import profiles
from loadgen.words import said_bytes, said_change, said_seconds


def test_what_lies_at_the_endpoint_is_counted_at_its_most() -> None:
    one = plan_for("checkpoint-llama3-8b", scale=0.001)
    again = plan_for("checkpoint-llama3-8b", scale=0.001, iterations=5)
    assert stored_bytes(again) == stored_bytes(one) == sum(files.count * files.bytes for files in one.files)
    hydrated = plan_for("stage-mds/hydrate", scale=0.001)
    assert stored_bytes(hydrated) == 2 * stored_bytes(plan_for("stage-mds/upload", scale=0.001))


def test_a_plan_that_is_too_large_for_the_disk_says_which_scale_fits() -> None:
    plan = plan_for("checkpoint-llama3-8b", scale=0.01)
    with pytest.raises(FitError) as raised:
        check(plan, free_bytes=500_000_000)
    assert str(raised.value) == (
        "checkpoint-llama3-8b stores 1.12 GB at scale 0.01, and may use 475 MB of 500 MB free"
    )
    assert raised.value.exit_code is ExitCode.USAGE
    check(plan_for("checkpoint-llama3-8b", scale=_scale(raised.value)), free_bytes=500_000_000)


def _scale(error: FitError) -> float:
    found = re.search(r"--scale ([0-9.e-]+) or less", error.hint)
    assert found is not None
    return float(found[1])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(profiles()), st.floats(-6, 0).map(lambda power: 10.0**power))
def test_the_scale_that_is_said_to_fit_fits(name: str, scale: float) -> None:
    free = 1_000_000_000
    plan = plan_for(name, scale=scale)
    if not fit(plan, free).on_disk:
        with pytest.raises(FitError) as raised:
            check(plan, free)
        # Counts are whole: at worst a blob of each set more than the scale says.
        smaller = plan_for(name, scale=_scale(raised.value))
        assert stored_bytes(smaller) <= free * 0.95 + 2 * sum(files.bytes for files in smaller.files)


def test_a_plan_that_is_late_at_a_rate_says_so_with_the_numbers() -> None:
    plan = plan_for("checkpoint-llama3-8b", scale=0.1)
    slow = Rates(1_000_000, said="a modem")
    with pytest.raises(FitError) as raised:
        check(plan, rates=slow)
    assert "at 1 MB/s (a modem) write would take 3.1 h for 11.2 GB" in str(raised.value)
    assert "or less is through in time" in raised.value.hint
    check(plan_for("checkpoint-llama3-8b", scale=_scale(raised.value)), rates=slow)
    assert check(plan, rates=Rates(1e9)).seconds == pytest.approx(22.5, abs=0.1)
    with pytest.raises(FitError, match=r"at 1 GB/s it would take 22\.5 s, and there are 10 s"):
        check(plan, rates=Rates(1e9), within_s=10)


def test_an_open_loop_takes_as_long_as_its_arrivals() -> None:
    (churn,) = fit(plan_for("churn", scale=0.01), rates=Rates(1e12)).estimates
    assert churn.seconds == pytest.approx(30)
    with pytest.raises(FitError) as raised:
        check(plan_for("churn", scale=0.01), rates=Rates(1e12), within_s=20)
    assert raised.value.hint == "Tasks arrive for 30 s at any scale: give it more time."
    slow = fit(plan_for("list-storm"), rates=Rates(1e12, requests_per_s=1000)).estimates[-1]
    assert slow.seconds == pytest.approx(15.872)


def test_nothing_is_made_up_where_nothing_is_known() -> None:
    found = check(plan_for("mixed"))
    assert found.on_disk and not found.late and not found.estimates and found.usable_bytes is None


def test_what_a_plan_needs_is_said_in_sentences() -> None:
    plan = plan_for("stage-mds/upload", scale=0.001)
    said = [*lines(plan, fit(plan, 10**12, Rates(1e9)))]
    assert said == [
        "stores 10 GB of 1 TB free",
        "at 1 GB/s it would take 10 s",
        "stage: 10 GB in 1,341 requests would take 10 s, late after 16.9 min",
    ]


def test_bytes_and_seconds_are_said_for_people() -> None:
    assert [said_bytes(count) for count in (0, 999, 1000, 999_999, 5_683e9, 2e18)] == [
        *("0 bytes", "999 bytes", "1 kB", "1,000 kB", "5.68 TB", "2,000 PB"),
    ]
    assert [said_seconds(count) for count in (1.5, 600, 90_000)] == ["1.5 s", "10 min", "25.0 h"]
    changes = [said_change(math.log(ratio)) for ratio in (1.048, 0.5, 7.73, 12.1)]
    assert changes == ["+4.8 %", "-50 %", "+673 %", "+1,110 %"]
