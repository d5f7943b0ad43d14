"""The statistics of comparisons: against SciPy, against counting by hand, and on data of a known truth."""

from __future__ import annotations

import itertools
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from scipy import stats

from loadgen.compare.estimate import critical, estimate
from loadgen.compare.judge import judge
from loadgen.compare.metric import lower_is_better
from loadgen.compare.noise import Share, autocorrelation, far_out, floor, hangs_together
from loadgen.compare.power import blocks_for, chance
from loadgen.compare.secondary import adjust, secondaries
from loadgen.compare.signflip import p_above, p_differs
from loadgen.compare.unpaired import unpaired
from loadgen.compare.values import CompareError, NotComparableError, Rules, Verdict

LOGS = st.lists(st.floats(-1, 1).map(lambda one: round(one, 3)), min_size=1, max_size=9)
AA = st.lists(st.floats(-0.1, 0.1), max_size=8)
SLOWER = [math.log(1.10) + one for one in (-0.02, -0.01, -0.005, 0, 0, 0.002, 0.004, 0.01, 0.012, 0.015)]
QUIET = [0.001, -0.004, 0.006, -0.002, 0.003, -0.005]


def rules(**changed: object) -> Rules:
    """Rules of a comparison of a time."""
    return Rules(
        **{"primary": "write.barrier_s", "lower_is_better": True, "blocks": 12, "resamples": 999, **changed}
    )  # type: ignore[arg-type]


@given(LOGS)
def test_sign_flips_are_those_of_all_patterns_counted_one_by_one(logs: list[float]) -> None:
    ranks = [float(one) for one in np.sign(logs) * stats.rankdata(np.abs(logs))]
    sums = [
        sum(s * one for s, one in zip(signs, ranks, strict=True))
        for signs in itertools.product((-1, 1), repeat=len(logs))
    ]
    assert p_above(logs) == pytest.approx(np.mean([one >= sum(ranks) - 1e-9 for one in sums]))
    assert p_differs(logs) == pytest.approx(np.mean([abs(one) >= abs(sum(ranks)) - 1e-9 for one in sums]))


def test_the_least_p_is_two_over_two_to_the_n() -> None:
    for count in range(1, 20):
        assert p_differs([1.0] * count) == pytest.approx(2 / 2**count)
    assert rules().needed == 6
    assert rules(alpha=0.01).needed == 8


def test_many_blocks_are_flipped_by_monte_carlo_and_agree_with_the_exact_test() -> None:
    logs = list(np.random.default_rng(1).normal(0.3, 1, 32))
    exact = p_differs(logs)
    drawn = p_differs([*logs, 0.0], resamples=20_000, seed=3)  # a block of no difference changes nothing
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact / 20_000) + 1e-4)
    assert drawn == p_differs([*logs, 0.0], resamples=20_000, seed=3)


@given(st.integers(6, 9), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_below_ten_blocks_the_interval_is_the_test_turned_round(count: int, seed: int) -> None:
    logs = np.random.default_rng(seed).normal(0.1, 1, count)
    found = estimate(list(logs), 0.05)
    assert found.method == "exact"
    for end, out in ((found.low, -1e-9), (found.high, 1e-9)):
        assert p_differs(list(logs - end + out)) > 0.05
        assert p_differs(list(logs - end - out)) <= 0.05
    assert found.low <= found.inner_low <= found.log <= found.inner_high <= found.high


def test_fewer_than_six_blocks_get_students_interval_to_look_at() -> None:
    found = estimate(SLOWER[:4], 0.05)
    theirs = stats.ttest_1samp(SLOWER[:4], 0).confidence_interval(0.95)
    assert (found.low, found.high, found.method) == (
        pytest.approx(theirs.low),
        pytest.approx(theirs.high),
        "t",
    )


def test_a_block_far_off_does_not_move_the_estimate() -> None:
    many = SLOWER * 2
    clean, spoilt = estimate(many, 0.05), estimate([*many[:-1], 3.0], 0.05)
    assert spoilt.log == pytest.approx(clean.log, abs=0.005)
    assert spoilt.high < 1


def test_critical_values_are_those_of_the_tables() -> None:
    assert [critical(count, 0.025) for count in (5, 6, 8, 10, 12, 20)] == [-1, 0, 3, 8, 13, 52]
    assert critical(60, 0.025) < critical(61, 0.025) < critical(60, 0.025) + 35  # a normal law from here on


def test_from_ten_blocks_on_it_is_a_bootstrap_about_as_wide_as_students() -> None:
    logs = list(np.random.default_rng(4).normal(0, 1, 30))
    found = estimate(logs, 0.05, seed=2)
    theirs = stats.ttest_1samp(logs, 0).confidence_interval(0.95)
    assert found.method == "bca"
    assert found.low < found.inner_low < found.log < found.inner_high < found.high
    assert found.high - found.low == pytest.approx(theirs.high - theirs.low, rel=0.2)
    assert found == estimate(logs, 0.05, seed=2)
    assert found.turned().low == -found.high


def test_the_bootstrap_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    held = sum(
        found.low <= 0.1 <= found.high
        for found in (estimate(rng.normal(0.1, 0.3, 12), 0.05, resamples=999, seed=n) for n in range(100))
    )
    low, high = Share(held, 100).interval
    assert low <= 0.95 <= high


def test_blocks_that_agree_to_the_last_digit_have_a_point_for_an_interval() -> None:
    found = estimate([0.1] * 12, 0.05)
    assert found.low == found.high == pytest.approx(0.1)


def test_worse_better_and_the_direction_of_the_metric() -> None:
    assert judge(SLOWER, QUIET, rules()).verdict is Verdict.WORSE
    faster = [-one for one in SLOWER]
    assert judge(faster, QUIET, rules()).verdict is Verdict.BETTER
    rate = rules(primary="write.bytes_per_s", lower_is_better=False)
    assert judge(SLOWER, QUIET, rate).verdict is Verdict.BETTER
    assert judge(faster, QUIET, rate).verdict is Verdict.WORSE


@given(
    st.lists(st.floats(-0.5, 0.5), min_size=6, max_size=9),
    st.lists(st.floats(-0.1, 0.1), min_size=6, max_size=8),
)
@settings(max_examples=20, deadline=None)
def test_exchanging_the_arms_exchanges_better_and_worse(ab: list[float], aa: list[float]) -> None:
    turned = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}
    one, other = judge(ab, aa, rules()), judge([-log for log in ab], aa, rules())
    assert other.verdict is turned.get(one.verdict, one.verdict)
    assert one.p_worse == other.p_better


@given(
    st.lists(st.floats(-1, 1), min_size=0, max_size=9), st.lists(st.floats(-0.1, 0.1), min_size=0, max_size=8)
)
@settings(max_examples=30, deadline=None)
def test_a_verdict_stands_on_an_interval_that_lies_where_it_says(ab: list[float], aa: list[float]) -> None:
    mine = rules()
    found = judge(ab, aa, mine)
    if found.verdict is Verdict.INCONCLUSIVE:
        assert found.reasons
        assert not found.passes(mine)
        return
    assert found.estimate is not None
    assert len(ab) >= mine.needed
    if found.verdict is Verdict.EQUIVALENT:
        assert found.within < found.margin
        return
    assert len(aa) >= mine.needed
    assert min(abs(found.estimate.low), abs(found.estimate.high)) > mine.log_margin
    assert found.estimate.low * found.estimate.high > 0


def test_equivalent_is_shown_not_assumed() -> None:
    assert judge(QUIET * 2, QUIET, rules()).verdict is Verdict.EQUIVALENT
    noisy = judge([20 * one for one in QUIET], QUIET, rules())
    assert noisy.verdict is Verdict.INCONCLUSIVE
    assert noisy.more_blocks is not None
    assert noisy.more_blocks > 0


def test_five_blocks_show_nothing_however_far_apart() -> None:
    found = judge([0.5, 0.5, 0.51, 0.49, 0.5], QUIET, rules())
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "fewer than 6" in found.reasons[0]
    assert found.more_blocks == 1


def test_without_a_against_itself_there_is_no_better_and_no_worse() -> None:
    found = judge(SLOWER, (), rules())
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "without A/A" in found.reasons[0]
    assert judge(QUIET * 2, (), rules()).verdict is Verdict.EQUIVALENT


def test_an_arm_that_differs_from_itself_takes_the_verdict_away() -> None:
    found = judge(SLOWER, [0.2, 0.21, 0.19, 0.2, 0.22, 0.2], rules())
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "against itself" in found.reasons[0]


def test_noise_above_the_margin_widens_it_and_then_no_gate_is_met() -> None:
    aa = [0.12, -0.1, 0.11, -0.12, 0.13, -0.14]
    ab = [0.09, -0.1, 0.02, 0.05, -0.06, 0.03, -0.02, 0.01, -0.05, 0.04, 0.06, -0.07]
    mine = rules()
    found = judge(ab, aa, mine)
    assert found.widened
    assert found.margin > 0.1
    assert found.verdict is Verdict.EQUIVALENT
    assert found.within > mine.margin or found.passes(mine)
    assert not judge([one + 0.03 for one in ab], aa, mine).passes(mine)


def test_two_percent_is_called_neither_more_often_than_alpha_allows() -> None:
    rng = np.random.default_rng(8)
    called = sum(
        judge(rng.normal(math.log(1.02), 0.02, 9), rng.normal(0, 0.02, 6), rules(seed=n)).verdict
        in (Verdict.BETTER, Verdict.WORSE)
        for n in range(60)
    )
    assert called / 60 <= 0.05


def test_what_is_held_back_is_said_and_gives_no_verdict() -> None:
    found = judge(SLOWER, QUIET, rules(), held_back=["the parameters of X (A) are assumed"])
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reasons == ("the parameters of X (A) are assumed",)
    assert found.more_blocks is None


def test_power_agrees_with_a_simulation() -> None:
    rng = np.random.default_rng(3)
    count, sd, log = 10, 0.04, math.log(1.10)
    drawn = rng.normal(log, sd, (4_000, count))
    reach = stats.t.ppf(0.975, count - 1) * drawn.std(axis=1, ddof=1) / math.sqrt(count)
    simulated = float(np.mean(drawn.mean(axis=1) - reach > math.log(1.05)))
    told = chance(log, sd, np.array([count]), asked=math.log(1.05), margin=math.log(1.05), alpha=0.05)[0]
    assert told == pytest.approx(simulated, abs=0.03)


def test_no_number_of_blocks_decides_what_lies_on_the_margin() -> None:
    asked = math.log(1.05)
    how = {"asked": asked, "margin": asked, "alpha": 0.05, "least": 6}
    assert blocks_for(asked, 0.05, **how) is None  # type: ignore[arg-type]
    assert blocks_for(0.0, 0.0, **how) == 6  # type: ignore[arg-type]
    few, many = blocks_for(0.0, 0.02, **how), blocks_for(0.0, 0.08, **how)  # type: ignore[arg-type]
    assert few is not None
    assert many is not None
    assert few < many


def test_holm_and_bh_are_those_of_the_books() -> None:
    ps = [0.01, 0.04, 0.03, 0.005]
    assert adjust(ps, "holm") == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert adjust(ps, "bh") == pytest.approx(tuple(stats.false_discovery_control(ps, method="bh")))
    assert adjust((), "holm") == ()


def test_secondaries_are_corrected_together() -> None:
    logs = {
        "write.seal_s": SLOWER,
        "write.bytes_per_s": [-one for one in SLOWER],
        "write.median_rank_s": QUIET * 2,
    }
    found = {one.metric: one for one in secondaries(logs, rules())}
    assert found["write.seal_s"].shown == "worse"
    assert found["write.bytes_per_s"].shown == "worse"
    assert found["write.median_rank_s"].shown == "none"
    assert found["write.seal_s"].adjusted == pytest.approx(3 * found["write.seal_s"].p)


def test_the_noise_floor_is_a_standard_deviation_and_an_outlier_does_not_move_it() -> None:
    data = np.random.default_rng(2).normal(0, 0.03, 4_000)
    assert floor(list(data)) == pytest.approx(0.03, rel=0.05)
    assert floor([0.01, -0.01, 0.01, -0.01, 0.01, 3.0]) == pytest.approx(0.0148, rel=0.01)


def test_blocks_that_follow_their_neighbours_are_told() -> None:
    walk = list(np.cumsum(np.random.default_rng(6).normal(0, 1, 40)))
    assert autocorrelation(walk) > 0.5
    assert "not independent" in hangs_together(walk)
    assert hangs_together(list(np.random.default_rng(6).normal(0, 1, 40))) == ""
    assert far_out([*QUIET, 1.0]) == (6,)


def test_two_sets_of_runs_never_get_a_verdict() -> None:
    with pytest.raises(NotComparableError, match="one run each"):
        unpaired([1.0], [2.0], alpha=0.05)
    few = unpaired([1.0, 1.1, 1.2], [2.0, 2.1, 2.2], alpha=0.05)
    assert "least p" in few.reason
    many = unpaired([1.0, 1.1, 1.2, 1.05], [2.0, 2.1, 2.2, 2.3], alpha=0.05)
    assert many.p <= 0.05
    assert many.verdict is few.verdict is Verdict.INCONCLUSIVE
    assert math.exp(many.low) < 2 < math.exp(many.high)


@given(st.integers(2, 7), st.integers(2, 7), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_interval_of_a_shift_is_the_test_turned_round(a: int, b: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = np.exp(rng.normal(0, 1, a)), np.exp(rng.normal(0.5, 1, b))
    found = unpaired(list(left), list(right), alpha=0.05)
    for end, inside in ((found.low, -1e-9), (found.high, 1e-9)):
        if math.isfinite(end):
            moved = right / math.exp(end - inside)
            assert stats.mannwhitneyu(moved, left, method="exact").pvalue > 0.05
            moved = right / math.exp(end + inside)
            assert stats.mannwhitneyu(moved, left, method="exact").pvalue <= 0.05


@pytest.mark.parametrize(
    ("metric", "lower"),
    [
        ("write.barrier_s", True),
        ("stage.put-block.latency_p99_ms", True),
        ("stage.bytes_per_s", False),
        ("list.requests_per_s", False),
        ("stage.payload_kind", None),
    ],
)
def test_a_metric_knows_which_way_is_better(metric: str, lower: bool | None) -> None:
    assert lower_is_better(metric) is lower


@pytest.mark.parametrize(
    "changed",
    [
        {"alpha": 0.7},
        {"margin": -0.1},
        {"blocks": -1},
        {"form": "AAB"},
        {"correction": "none"},
        {"resamples": 3},
    ],
)
def test_rules_that_make_no_sense_are_refused(changed: dict[str, object]) -> None:
    with pytest.raises(CompareError):
        rules(**changed)


def test_the_least_scipy_has_what_the_bootstrap_is_given() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [Requirement(one) for one in project["project"]["dependencies"]]
    (scipy,) = [one for one in wanted if one.name == "scipy"]
    assert "1.14.1" not in scipy.specifier  # bootstrap(rng=) came with 1.15
    assert "1.15.0" in scipy.specifier
