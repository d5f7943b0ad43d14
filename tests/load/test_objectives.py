"""Objectives: what is read, what is refused before a run, and what is met."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from harness.vocabulary import ExitCode
from loadgen.kpi.measure import known_metrics
from loadgen.kpi.objectives import ObjectiveError, check, decide, parse
from loadgen.kpi.units import UNITS, amount
from loadgen.kpi.values import Origin
from loadgen.plan.values import Action
from loadgen.record.lines import Check, Metric
from tests.load.made_runs import plan

KNOWN = known_metrics(plan({"write": Action.UPLOAD, "restore": Action.DOWNLOAD}))


def barrier(value: float, **other: object) -> Metric:
    return Metric("restore.barrier_s", value, "s", **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "unit", "bound"),
    [
        ("restore.barrier_s<=30", "s", 30.0),
        ("restore.barrier_s <= 0.5 min", "s", 30.0),
        ("restore.barrier_s<=1500ms", "s", 1.5),
        ("restore.bytes_per_s>=2GB/s", "bytes/s", 2e9),
        ("restore.bytes_per_s>=1GiB/s", "bytes/s", 2**30),
        ("restore.bytes_per_s>=60Gbit/s", "bytes/s", 7.5e9),
        ("write.error_ratio<=0.1%", "ratio", 0.001),
        ("write.put-block.latency_p99.9_ms<=2s", "ms", 2000.0),
        ("write.put-block.latency_p99_ms<=1e3", "ms", 1000.0),
    ],
)
def test_units(text: str, unit: str, bound: float) -> None:
    one = parse(text)
    check([one], KNOWN)
    assert one.bound(unit) == pytest.approx(bound)
    assert one.at_most == ("<=" in text)


@pytest.mark.parametrize(
    "text",
    ["", "restore.barrier_s", "restore.barrier_s<30", "restore.barrier_s<=", "<=30", "restore.barrier_s<=x",
     "restore.barrier_s<=1-2", "restore.barrier_s<=30 parsecs", "restore.barrier_s==30",
     "restore.barrier_s<=nan", "checkpoint.stall_cost<=3 usd", "checkpoint.stall_cost<=3 DOLLARS"],
)  # fmt: skip
def test_what_is_no_objective(text: str) -> None:
    with pytest.raises(ObjectiveError) as refused:
        parse(text)
    assert refused.value.exit_code == ExitCode.USAGE
    assert refused.value.hint
    assert "\n" not in str(refused.value)


def test_a_cost_is_in_its_currency() -> None:
    cost = parse("checkpoint.stall_cost<=3USD")
    assert cost.bound("USD") == 3.0
    with pytest.raises(ObjectiveError, match="is in USD, which EUR does not measure"):
        parse("checkpoint.stall_cost<=3 EUR").bound("USD")


def test_an_unknown_metric_names_those_near_it() -> None:
    with pytest.raises(ObjectiveError, match=r"near it: .*restore\.barrier_s"):
        check([parse("restore.barier_s<=30")], KNOWN)


def test_a_unit_of_something_else_is_refused_before_the_run() -> None:
    with pytest.raises(ObjectiveError, match="is in s, which GB/s does not measure") as refused:
        check([parse("restore.barrier_s<=30GB/s")], KNOWN)
    assert "ms" in refused.value.hint


def test_met_and_missed() -> None:
    objectives = [parse("restore.barrier_s<=30"), parse("restore.barrier_s>=10s")]
    assert decide(objectives, [barrier(20.0)]).exit_code is ExitCode.MET
    missed = decide(objectives, [barrier(31.0, low=29.0, high=40.0, n=3)])
    assert missed.exit_code is ExitCode.OBJECTIVE_MISSED
    assert not missed.met
    assert "31 s (29 to 40, n 3), measured" in missed.lines[0]
    assert missed.lines[0].startswith("missed")
    assert missed.lines[1].startswith("met")


def test_no_objectives_are_always_met() -> None:
    assert decide([], []).exit_code is ExitCode.MET
    assert decide([], [], complete=False).lines == ()


def test_what_was_not_measured_is_missed() -> None:
    objectives = [parse("restore.barrier_s<=30"), parse("write.barrier_s<=30")]
    some = decide(objectives, [barrier(20.0)])
    assert some.exit_code is ExitCode.OBJECTIVE_MISSED
    assert "not measured" in some.lines[1]
    assert decide(objectives, []).exit_code is ExitCode.NOTHING_VERIFIED


def test_partial_and_invalidated_runs_meet_nothing() -> None:
    objectives = [parse("restore.barrier_s<=30")]
    partial = decide(objectives, [barrier(1.0)], complete=False, why="a worker was lost")
    assert partial.exit_code is ExitCode.OBJECTIVE_MISSED
    assert "partial: a worker was lost" in partial.lines[0]
    checks = [Check("ceiling", "invalidates", "at 91 % of the generator"), Check("clock", "warns", "off")]
    invalid = decide(objectives, [barrier(1.0)], checks)
    assert invalid.exit_code is ExitCode.OBJECTIVE_MISSED
    assert "ceiling: at 91 %" in invalid.lines[0]
    assert invalid.lines[1].startswith("missed")
    assert decide(objectives, [barrier(1.0)], checks[1:]).met


def test_a_figure_that_is_not_whole_meets_nothing() -> None:
    found = decide([parse("restore.barrier_s<=30")], [barrier(1.0, whole=False, said="2 ranks did not come")])
    assert "2 ranks did not come" in found.lines[0]
    assert not found.met


def test_modelled_figures_count_only_where_the_objective_says_so() -> None:
    figure = barrier(20.0, kind=Origin.MODELLED, low=10.0, high=29.0)
    assert not decide([parse("restore.barrier_s<=30")], [figure]).met
    assert decide([parse("modelled:restore.barrier_s<=30")], [figure]).met
    assert not decide([parse("modelled:restore.barrier_s<=25")], [figure]).met  # the worse end decides
    assert not decide([parse("modelled:restore.barrier_s<=25")], [barrier(20.0, kind=Origin.MODELLED)]).met


@given(strategies.floats(1e-3, 1e6), strategies.sampled_from(sorted(UNITS)))
def test_a_bound_is_the_same_in_every_unit_of_its_kind(value: float, unit: str) -> None:
    what, size = UNITS[unit]
    for other, (kind, factor) in UNITS.items():
        if kind == what:
            text = f"a.b<={value!r}{unit}"
            assert parse(text).bound(other) == pytest.approx(value * size / factor)


def test_amounts() -> None:
    assert amount(2.5e9, "bytes/s") == "2.5 GB/s"
    assert amount(2.5e6, "bytes/s") == "2.5 MB/s"
    assert amount(2500, "bytes/s") == "2.5 kB/s"
    assert amount(2.5e12, "bytes") == "2500 GB"
    assert amount(12.34567, "s") == "12.35 s"
    assert amount(0.5, "ratio") == "0.5"
