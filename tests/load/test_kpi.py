"""KPIs: every figure against one worked out by hand, and the published tables of Young's interval."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given as over
from hypothesis import strategies
from rich.console import Console

from blobproof.bench_screen import summary
from blobproof.cli import group
from harness.vocabulary import ExitCode
from loadgen.fleet.after import Done
from loadgen.kpi.interval import Interval as Optimum
from loadgen.kpi.interval import daly, young
from loadgen.kpi.limits import planning
from loadgen.kpi.measure import known_metrics, left_out, metrics, operations
from loadgen.kpi.objectives import ObjectiveError, decide, parse
from loadgen.kpi.phases import FIGURES
from loadgen.kpi.staging import ENOUGH, modelled, ranked
from loadgen.kpi.stated import StatedError, read_stated, stated
from loadgen.kpi.utilisation import demand, utilisation
from loadgen.kpi.values import Given, Origin, Price, Training
from loadgen.plan import document
from loadgen.plan.make import full_plan, plan_for
from loadgen.plan.values import Action, Arrivals, Lane, Process
from loadgen.profiles.read import profile
from loadgen.record.histogram import Histogram
from loadgen.record.lines import Interval, Metric
from loadgen.record.read import LoadRun
from loadgen.substrates.read import substrate
from loadgen.substrates.values import Provenance
from loadgen.work.op import Blob, Kind, Op, Outcome
from loadgen.work.spans import Spans
from loadgen.work.tally import RankTally
from tests.load.made_runs import GB, plan, run, write

CHECKPOINT = {"write": Action.UPLOAD, "restore": Action.DOWNLOAD}
PRICE = Price(3.6, "USD", "2026-01-02", "a contract")
UNET = Training("UNet3D, H100", 7 * 146_600_628, 0.323)


def by_name(found: tuple[Metric, ...]) -> Mapping[str, Metric]:
    return {one.name: one for one in found}


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


def test_a_phase_of_three_iterations() -> None:
    times = [[1.0, 2.0, 3.0, 10.0], [1.0, 2.0, 3.0, 6.0], [2.0, 2.0, 2.0, 4.0]]
    found = by_name(metrics(run(plan({"write": Action.UPLOAD}, iterations=3), {"write": times}, seal_s=0.5)))
    barrier = found["write.barrier_s"]
    assert (barrier.value, barrier.low, barrier.high, barrier.n) == (6.0, 4.0, 10.0, 3)
    assert barrier.kind == Origin.MEASURED
    assert barrier.whole
    assert found["write.median_rank_s"].value == 2.5
    assert found["write.last_rank_s"].value == 6.0
    assert found["write.straggler_s"].value == 3.5
    assert found["write.straggler_ratio"].value == pytest.approx(6 / 2.5)
    assert found["write.seal_s"].value == 0.5
    assert found["write.bytes_per_s"].value == pytest.approx(GB / 6)
    assert found["write.requests_per_s"].value == pytest.approx(100 / 6)
    assert found["write.error_ratio"].value == 0.0


@over(
    strategies.lists(strategies.tuples(strategies.integers(0, 200), strategies.integers(0, 50)), max_size=40)
)
def test_seals_at_once_count_once(spans: list[tuple[int, int]]) -> None:
    found = Spans()
    for begin, length in spans:
        found.add(begin, begin + length)
    assert found.covered == len({at for begin, length in spans for at in range(begin, begin + length)})


def test_many_seals_take_no_more_memory_and_no_more_time_than_there_is() -> None:
    found = Spans()
    for begin in range(0, 2000, 10):
        found.add(begin, begin + 1)
    assert found.covered == 200
    found.add(0, 2000)  # of what is long ago, only the gaps that are remembered are known
    assert 200 < found.covered <= 2000


def test_a_rank_that_seals_two_files_at_once_is_no_longer_at_it_than_the_phase_is() -> None:
    tally = RankTally("write", 0)
    for name in "ab":
        op = Op(Kind.PUT_BLOCK_LIST, 0, "write", Blob(name, 1, "text", 0))
        op.intended = 1_000
        tally.add(op, Outcome(201, "", 1_100, 2_000, 2_000, 0, 0), good=True)
    assert tally.facts()["sealing"] == 1_000
    json.dumps(tally.facts())
    made = run(plan({"write": Action.UPLOAD}), {"write": [[1.0]]}, seal_s=0.75)
    twice = replace(made, ranks=(*made.ranks, replace(made.ranks[0], lane="other")))
    assert by_name(metrics(twice))["write.seal_s"].value == 0.75


def test_one_iteration_has_no_range() -> None:
    found = by_name(metrics(run(plan({"list": Action.LIST}), {"list": [[1.0, 2.0]]}, moved=0)))
    assert (found["list.barrier_s"].low, found["list.barrier_s"].high) == (None, None)
    assert "list.bytes_per_s" not in found
    assert "list.seal_s" not in found


def test_missing_ranks_and_failed_files_are_said() -> None:
    found = by_name(metrics(run(plan(CHECKPOINT), {"write": [[1.0, 2.0]]}, missing=range(7), failed=2)))
    assert not found["write.barrier_s"].whole
    assert "7 ranks did not come to the barrier (0, 1, 2, 3, 4 …)" in found["write.barrier_s"].said
    assert "2 files were given up, by 1 ranks (0)" in found["write.barrier_s"].said
    assert "iteration" not in found["write.barrier_s"].said  # there is one only
    assert not found["checkpoint.stall_gpu_s"].whole


def test_latencies_of_all_iterations_together() -> None:
    made = run(
        plan({"stage": Action.UPLOAD}, iterations=2),
        {"stage": [[1.0], [1.0]]},
        latencies_us={
            ("stage", 1, "put-block"): [1000] * 99 + [2000],
            ("stage", 2, "put-block"): [1000] * 99 + [500_000],
        },
    )
    found = by_name(metrics(made))
    assert found["stage.put-block.latency_p50_ms"].value == 1.0
    worst = found["stage.put-block.latency_max_ms"]
    assert (worst.value, worst.low, worst.high, worst.n) == (500.0, 2.0, 500.0, 2)


def latencies(count: int, **other: Any) -> LoadRun:
    values = {("stage", number, "put-block"): [1000] * (count - 1) + [9000] for number in (1, 2)}
    made = plan({"stage": Action.UPLOAD}, iterations=2)
    return run(made, {"stage": [[1.0], [1.0]]}, latencies_us=values, **other)


@pytest.mark.parametrize(
    ("count", "told"),
    [(1, "p50 max"), (5, "p50 p90 max"), (49, "p50 p90 max"), (50, "p50 p90 p99 max"),
     (500, "p50 p90 p99 p99.9 max")],
)  # fmt: skip
def test_no_percentile_that_fewer_than_one_value_lies_beyond(count: int, told: str) -> None:
    made = latencies(count)
    found = by_name(metrics(made))
    assert [name for name in found if "latency" in name] == [
        f"stage.put-block.latency_{one}_ms" for one in told.split()
    ]
    missing = left_out(made)
    assert not missing.keys() & found.keys()
    assert len(missing) == 5 - len(told.split())
    # A range is told where each iteration has the percentile, not only both together.
    if count == 50:
        assert found["stage.put-block.latency_p99_ms"].low is None
        assert found["stage.put-block.latency_p90_ms"].low == 1.0
    assert f"stage.put-block.latency_p{99.9}_ms" in found or (
        missing["stage.put-block.latency_p99.9_ms"]
        == f"fewer than one of {2 * count} values lies beyond P99.9"
    )


@pytest.mark.parametrize("missing", [(), (3,)])
def test_a_phase_that_is_not_whole_has_no_tail(missing: tuple[int, ...]) -> None:
    made = latencies(1000, missing=missing)
    found = by_name(metrics(made))
    assert "stage.put-block.latency_p90_ms" in found
    tail = {f"stage.put-block.latency_{name}_ms" for name in ("p99", "p99.9", "max")}
    assert tail.isdisjoint(found) == bool(missing)
    decision = decide([parse("stage.put-block.latency_p99_ms<=1s")], found.values(), left_out=left_out(made))
    assert decision.exit_code == (ExitCode.OBJECTIVE_MISSED if missing else ExitCode.MET)
    assert ("1 ranks did not come to the barrier (3)" in decision.lines[0]) == bool(missing)


@pytest.mark.parametrize(
    ("count", "other", "told"),
    [(200, {}, "1 1"), (50, {}, "1 -"), (200, {"missing": (3,)}, "1 -"),
     (200, {"failed": 1}, "1 -")],
)  # fmt: skip
def test_the_screen_tells_no_more(count: int, other: Mapping[str, Any], told: str) -> None:
    made = latencies(count, **other)
    made = replace(made, header=replace(made.header, endpoint={**made.header.endpoint, "shown": "here"}))
    text = StringIO()
    summary(Console(file=text, width=200), Done(made.folder, made, (), (), decide([], []), interrupted=False))
    (row, _) = [line for line in text.getvalue().splitlines() if "put-block" in line]
    words = row.split()[row.split().index(f"{count}") + 1 : -1]
    assert words == [one for one in told.split() if one != "-"]


def test_an_objective_of_too_few_values_is_missed_with_the_reason() -> None:
    made = latencies(10)
    goal = parse("stage.put-block.latency_p99.9_ms<=10s")
    decision = decide([goal], metrics(made), left_out=left_out(made))
    assert decision.exit_code is ExitCode.OBJECTIVE_MISSED
    assert "fewer than one of 20 values lies beyond P99.9" in decision.lines[0]


def test_a_checkpoint_round_trip_its_stall_and_its_cost() -> None:
    made = run(plan(CHECKPOINT, ranks=2), {"write": [[30.0, 36.0]], "restore": [[10.0, 14.0]]})
    given = Given(gpus_per_rank=8, price=PRICE, mtbf_s=3.09 * 3600, cadence_s=360.0)
    found = by_name(metrics(made, given))
    assert found["checkpoint.round_trip_s"].value == 50.0
    assert found["checkpoint.stall_s"].value == 36.0
    assert found["checkpoint.stall_s"].kind == Origin.MEASURED
    assert found["checkpoint.stall_gpu_s"].value == 36.0 * 16
    cost = found["checkpoint.stall_cost"]
    assert cost.value == pytest.approx(16 * 3.6 * 36 / 3600)
    assert (cost.unit, cost.kind) == ("USD", Origin.MODELLED)
    assert "2026-01-02, a contract" in cost.said
    assert found["checkpoint.cadence_stall_ratio"].value == pytest.approx(0.1)
    assert found["checkpoint.cadence_write_ratio"].kind == Origin.MODELLED
    assert found["checkpoint.young_interval_s"].value == young(36.0, 3.09 * 3600).seconds
    assert found["checkpoint.daly_overhead"].kind == Origin.MODELLED


@pytest.mark.parametrize("scale", [0.001, 1.0])
def test_what_follows_from_a_small_runs_stall_says_so_and_meets_nothing(scale: float) -> None:
    made = run(plan({"write": Action.UPLOAD}, scale=scale, iterations=2), {"write": [[1.0], [1.1]]})
    found = metrics(made, Given(price=PRICE, mtbf_s=3.09 * 3600, cadence_s=900.0))
    small = scale < 1
    named = by_name(found)
    size = "measured at scale 0.001 on 4 of 1000 ranks"
    assert (size in named["checkpoint.stall_s"].said) == small
    follow = [one for one in found if one.name.startswith("checkpoint.") and one.kind == Origin.MODELLED]
    assert len(follow) == 8
    assert all((size in one.said) == small == bool(one.no_verdict) for one in follow)
    decision = decide([parse("modelled:checkpoint.young_interval_s<=1h")], found)
    assert decision.met != small
    assert (size in decision.lines[0]) == small


def test_an_asynchronous_checkpoint_stalls_for_its_snapshot() -> None:
    made = run(plan(CHECKPOINT, asynchronous=True, snapshot_s=6.3), {"write": [[30.0, 36.0]]})
    found = by_name(metrics(made, Given(cadence_s=63.0)))
    stall = found["checkpoint.stall_s"]
    assert (stall.value, stall.kind) == (6.3, Origin.PUBLISHED)
    assert found["checkpoint.cadence_stall_ratio"].value == pytest.approx(0.1)
    assert found["checkpoint.cadence_write_ratio"].value == pytest.approx(36 / 63)


def test_a_cost_has_the_range_of_its_stall() -> None:
    made = run(plan({"write": Action.UPLOAD}, ranks=1, iterations=2), {"write": [[36.0], [72.0]]})
    found = by_name(metrics(made, Given(price=PRICE, mtbf_s=1e6)))
    cost = found["checkpoint.stall_cost"]
    assert (cost.low, cost.value, cost.high) == pytest.approx((0.036, 0.054, 0.072))
    often = found["checkpoint.young_interval_s"]
    assert (often.low, often.high) == (young(36.0, 1e6).seconds, young(72.0, 1e6).seconds)


def test_a_restore_of_another_iteration_is_no_round_trip() -> None:
    made = run(plan(CHECKPOINT, iterations=2), {"write": [[1.0]], "restore": [[1.0]]})
    late = tuple(replace(one, iteration=2) if one.name == "restore" else one for one in made.phases)
    assert "checkpoint.round_trip_s" not in by_name(metrics(replace(made, phases=late)))


def test_nothing_costs_without_a_price() -> None:
    found = by_name(metrics(run(plan(CHECKPOINT), {"write": [[1.0]]})))
    assert not {"checkpoint.stall_cost", "checkpoint.young_interval_s"} & set(found)


def test_time_to_stage_is_measured_at_the_runs_size_and_modelled_beyond() -> None:
    times = [[10.0], [11.0], [12.0], [10.5], [11.5]]
    made = run(plan({"stage": Action.UPLOAD}, iterations=5), {"stage": times})
    found = by_name(metrics(made, Given(stage_bytes=(10**12,))))
    here = found["stage.time_to_stage_p50_s"]
    assert (here.value, here.low, here.high, here.kind) == (11.0, 10.0, 12.0, Origin.MEASURED)
    p95 = found["stage.time_to_stage_p95_s"]
    assert p95.kind == Origin.MODELLED
    assert "needs 59 iterations, there are 5" in p95.said
    assert p95.low is not None
    assert p95.high is not None
    assert here.value < p95.low < p95.value < p95.high
    far = found["stage.time_to_1TB_p50_s"]
    assert far.kind == Origin.MODELLED
    assert far.value == pytest.approx(1000 * 10.977, rel=1e-3)
    assert "1,000 times what was measured" in far.said
    assert "stage.time_to_1TB_p95_s" in found


def test_no_time_to_stage_is_whole_where_files_were_given_up() -> None:
    made = run(plan({"stage": Action.UPLOAD}, iterations=2), {"stage": [[1.0], [2.0]]}, failed=1)
    found = [one for one in metrics(made, Given(stage_bytes=(10**12,))) if "time_to" in one.name]
    assert len(found) == 4
    assert not any(one.whole for one in found)
    assert all("iteration 1: 1 files were given up" in one.said for one in found)


def test_nothing_staged_takes_no_time() -> None:
    made = run(plan({"stage": Action.UPLOAD}), {"stage": [[1.0]]}, moved=0)
    assert not [one for one in metrics(made, Given(stage_bytes=(10**12,))) if "time_to" in one.name]


def test_one_iteration_gives_no_p95() -> None:
    made = run(plan({"fetch": Action.DOWNLOAD}), {"fetch": [[10.0]]})
    found = by_name(metrics(made, Given(stage_bytes=(10**12,))))
    assert "fetch.time_to_stage_p95_s" not in found
    assert "fetch.time_to_1TB_p95_s" not in found
    assert found["fetch.time_to_1TB_p50_s"].low is None
    assert "one iteration: no interval" in found["fetch.time_to_1TB_p50_s"].said


def test_p95_is_bounded_without_assumptions_from_59_iterations() -> None:
    """The greatest of n is above P95 with 1 - 0.95^n: 95 % from 59 on."""
    times = [float(one) for one in range(1, ENOUGH + 1)]
    assert ranked(times, 0.95).high == times[-1]
    assert ranked(times[:-1], 0.95).high is None
    assert (ranked(times[:-1], 0.95).low, ranked(times, 0.95).low) == (52.0, 53.0)
    assert ranked(times[:1], 0.5).low is None
    made = run(plan({"stage": Action.UPLOAD}, iterations=ENOUGH), {"stage": [[one] for one in times]})
    p95 = by_name(metrics(made))["stage.time_to_stage_p95_s"]
    assert (p95.kind, p95.value, p95.high) == (Origin.MEASURED, 57.0, 59.0)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_modelled_quantiles_hold_the_truth_as_often_as_they_say(share: float) -> None:
    generator = np.random.default_rng(6)
    truth = math.exp(2 + 0.1 * (0.0 if share == 0.5 else 1.6448536))
    held = 0
    for _ in range(200):
        found = modelled([*np.exp(generator.normal(2, 0.1, 5))], share)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 181 <= held <= 198  # 200 × 95 %, three standard deviations either way


def test_accelerators_wait_for_what_is_not_delivered() -> None:
    assert demand(UNET) / 1e9 == pytest.approx(3.18, abs=0.01)  # the table of MLPerf Storage
    assert utilisation(2 * demand(UNET), UNET, overlap=True) == 1.0
    assert utilisation(demand(UNET), UNET, overlap=False) == pytest.approx(0.5)
    made = run(plan({"fetch": Action.DOWNLOAD}), {"fetch": [[1.0]]})
    found = by_name(metrics(made, Given(training=UNET)))
    assert found["fetch.delivered_per_accelerator_bytes_per_s"].value == GB / 4
    assert found["fetch.demand_per_accelerator_bytes_per_s"].kind == Origin.PUBLISHED
    used = found["fetch.accelerator_utilisation"]
    assert used.value == pytest.approx(0.25 * GB / demand(UNET))
    assert used.kind == Origin.MODELLED


def test_an_open_loop_of_reads_says_itself_what_accelerators_ask_for() -> None:
    made = plan({"feed": Action.DOWNLOAD})
    lane = replace(made.phases[0].lanes[0], arrivals=Arrivals(8.0, Process.CONSTANT, 10.0))
    made = replace(made, phases=(replace(made.phases[0], lanes=(lane,)),))
    found = by_name(metrics(run(made, {"feed": [[10.0, 12.5]]}, moved=20 * GB)))
    assert found["feed.demand_per_accelerator_bytes_per_s"].value == 8 * (GB // 4) / 4
    assert found["feed.accelerator_utilisation"].value == pytest.approx(10.0 / 12.5)
    assert "feed.accelerator_utilisation_serial" not in found
    assert found.keys() <= known_metrics(made).keys()


def test_what_is_written_meanwhile_feeds_no_accelerator() -> None:
    """A restore of 1 GB beside a stage of 10 GB, both in 1 s: each of 2 readers got 0.5 GB/s."""
    made = plan({"mixed": Action.DOWNLOAD})
    read = replace(made.phases[0].lanes[0], name="restore", ranks=2)
    stage = Lane("stage", Action.UPLOAD, ("files",), 2, 2)
    made = replace(made, phases=(replace(made.phases[0], lanes=(read, stage)),))
    one = run(made, {"mixed": [[1.0, 1.0, 1.0, 2.0]]}, moved=11 * GB)
    ranks = tuple(
        replace(rank, lane="restore", bytes=GB // 2)
        if rank.rank < 2
        else replace(rank, lane="stage", bytes=5 * GB)
        for rank in one.ranks
    )
    found = by_name(metrics(replace(one, ranks=ranks), Given(training=UNET)))
    assert found["mixed.delivered_per_accelerator_bytes_per_s"].value == GB / 2
    assert found["mixed.accelerator_utilisation"].value == pytest.approx(0.5 * GB / demand(UNET))


def test_the_planning_table_has_the_published_counts() -> None:
    """Put Block and Put Block List of a Llama 3 8B checkpoint, and what two accounts ask for it."""
    full, _ = full_plan(profile("checkpoint-llama3-8b"))

    def at_once(lane: Lane) -> Lane:
        return replace(lane, single_bytes=full.files[-1].bytes)

    accounts = (substrate("blob-account-listed"), substrate("blob-account"))
    back = {one.block_bytes: one for one in planning(full, accounts) if one.phase == "restore"}
    assert back[4 << 20].blob_requests == 2872
    assert {one.limited_by for one in back.values()} == {"egress"}
    rows = [one for one in planning(full, accounts) if one.phase == "write"]
    counts = {one.block_bytes: one.requests for one in rows if one.account == "blob-account"}
    assert [counts[size << 20] for size in (4, 8, 32, 64, 100)] == [
        count + 16 for count in (26_808, 13_408, 3_352, 1_680, 1_080)
    ]
    assert {one.account: round(one.floor_s) for one in rows} == {
        "blob-account-listed": 15,
        "blob-account": 36,
    }
    assert {one.limited_by for one in rows} == {"ingress"}
    largest = next(one for one in rows if one.block_bytes == 4 << 20)
    assert largest.blob_requests == 2873  # 11.22 GiB in blocks of 4 MiB, and the list
    assert largest.blob_floor_s == pytest.approx(2873 / 3000)
    assert largest.scale == 1.0
    phases = tuple(replace(one, lanes=tuple(map(at_once, one.lanes))) for one in full.phases)
    (need, _) = planning(replace(full, phases=phases), accounts[:1], (None,))
    assert full.files[-1].bytes == max(one.bytes for one in full.files)
    assert need.blob_requests == 1  # a Put Blob


def test_a_run_against_an_accounts_limits() -> None:
    made = run(plan({"write": Action.UPLOAD}), {"write": [[0.5, 1.0]]})
    found = by_name(metrics(made, Given(account=substrate("blob-account"))))
    assert found["write.account_requests_ratio"].value == 100 / 20_000
    assert found["write.account_floor_s"].value == pytest.approx(GB / (25e9 / 8))
    assert found["write.account_floor_s"].kind == Origin.MODELLED


def test_an_account_counts_what_it_refused_and_not_what_never_came() -> None:
    made = run(plan({"write": Action.UPLOAD}), {"write": [[1.0]]})
    errors = {"503 ServerBusy": 40, "not-begun": 7, "refused": 3}
    at = Interval(1.0, "write", 1, "write", "put-block", 100, 0, 0, errors, Histogram())
    other = replace(at, phase="prepare")
    phases = (replace(made.phases[0], errors=50),)
    made = replace(made, phases=phases, intervals=(at, other))
    found = by_name(metrics(made, Given(account=substrate("blob-account"))))
    assert found["write.account_requests_ratio"].value == 140 / 20_000


@pytest.mark.parametrize("limit", ["requests_per_s", "ingress_gbps"])
def test_an_assumed_limit_meets_no_objective(limit: str) -> None:
    account = substrate("blob-account")
    one = replace(account.parameters[limit], provenance=Provenance.ASSUMED)
    given = Given(account=replace(account, parameters={**account.parameters, limit: one}))
    made = run(plan({"write": Action.UPLOAD}, iterations=2), {"write": [[1.0], [1.0]]})
    found = metrics(made, given)
    assert f"{limit} assumed" in by_name(found)["write.account_floor_s"].no_verdict
    decision = decide([parse("modelled:write.account_requests_ratio<=0.8")], found)
    assert decision.met == (limit != "requests_per_s")  # the ratio rests on that limit alone
    assert decision.met or "requests_per_s assumed" in decision.lines[0]


def test_lanes_of_one_phase_are_told_apart() -> None:
    made = plan({"mixed": Action.DOWNLOAD})
    lane = made.phases[0].lanes[0]
    other = replace(lane, name="other", arrivals=Arrivals(1.0))
    made = replace(made, phases=(replace(made.phases[0], lanes=(lane, other)),))
    one = run(made, {"mixed": [[1.0, 2.0, 3.0]]})
    ranks = (*one.ranks[:2], replace(one.ranks[2], lane="other"))
    found = by_name(metrics(replace(one, ranks=ranks)))
    assert found["mixed.barrier_s"].value == 3.0
    assert found["mixed.mixed.last_rank_s"].value == 2.0
    assert found["mixed.mixed.straggler_s"].value == 0.5
    assert found["mixed.other.last_rank_s"].value == 3.0
    # Ranks are compared with those that do the same, and not where they wait for arrivals.
    assert not {"mixed.straggler_s", "mixed.other.straggler_s"} & set(found)
    assert found.keys() <= known_metrics(made).keys()


def test_known_metrics_are_all_that_a_run_can_have() -> None:
    everything = {
        "write": Action.UPLOAD, "restore": Action.DOWNLOAD, "stage": Action.UPLOAD, "fetch": Action.DOWNLOAD,
        "list": Action.LIST, "churn": Action.CHURN, "hydrate": Action.HYDRATE,
    }  # fmt: skip
    made = plan(everything, iterations=2)
    latencies = {
        (phase.name, phase.iteration, op.value): [1] * 1000
        for phase in made.phases
        for lane in phase.lanes
        for op in operations(lane)
    }
    given = Given(
        price=PRICE, mtbf_s=3600.0, cadence_s=60.0, stage_bytes=(10**12, 15 * 10**11), training=UNET
    )
    given = replace(given, account=substrate("blob-account"))
    times = {name: [[1.0, 2.0], [1.5, 2.5]] for name in everything}
    found = metrics(run(made, times, seal_s=0.1, latencies_us=latencies), given)
    known = known_metrics(made, given)
    assert len({one.name for one in found}) == len(found)
    assert {one.name: one.unit for one in found}.items() <= dict(known).items()
    never = {name for name in known if name not in {one.name for one in found}}
    assert all(".service_" in name or ".first_byte_" in name for name in never)


def test_what_is_stated_is_read(tmp_path: Path) -> None:
    file = tmp_path / "stated.toml"
    file.write_text(
        'gpus_per_rank = 8\nmtbf = "3.09h"\ncadence = "15min"\n'
        'stage = ["1TB", "0.5 TiB"]\naccount = "blob-account"\n'
        '[price]\namount = 3.6\ncurrency = "USD"\ndate = 2026-01-02\nsource = "a contract"\n'
        '[training]\nname = "UNet3D, H100"\nbytes_per_step = 1_026_204_396\ncompute_s = 0.323\n'
    )
    found = read_stated(file)
    assert found == Given(8, PRICE, 3.09 * 3600, 900.0, (10**12, 2**39), UNET, substrate("blob-account"))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"gpu_per_rank": 8}, "'gpu_per_rank' is unknown; did you mean gpus_per_rank?"),
        ({"gpus_per_rank": 0}, "a whole number above 0"),
        ({"mtbf": "3 GB"}, "a time with its unit is wanted"),
        ({"mtbf": 3}, "text in quotes"),
        ({"stage": ["10 h"]}, "a byte with its unit is wanted"),
        ({"price": {"amount": 3}}, "price: currency is missing"),
        ({"price": {"amount": 3, "currency": "$"}}, "three capital letters"),
        ({"price": {"date": "yesterday"}}, "date cannot be 'yesterday'"),
        ({"price": 3}, "a table is wanted"),
        ({"training": {"compute_s": float("inf")}}, "a number above 0"),
    ],
)
def test_what_is_stated_wrongly(document: Mapping[str, object], said: str) -> None:
    with pytest.raises(StatedError, match=re.escape(said)):
        stated(document)


def test_a_file_that_states_nothing_readable(tmp_path: Path) -> None:
    with pytest.raises(StatedError, match="cannot be read"):
        read_stated(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("= 3")
    with pytest.raises(StatedError, match="is no TOML"):
        read_stated(tmp_path / "bad.toml")


def test_the_command(tmp_path: Path) -> None:
    made = run(plan(CHECKPOINT), {"write": [[1.0, 2.0]], "restore": [[1.0, 1.5]]})
    folder = str(write(made, tmp_path / "run"))
    said = CliRunner().invoke(group, ["kpis", folder, "--limits"], standalone_mode=False)
    assert said.exception is None
    rows = [line for line in said.output.splitlines() if " measured " in line or " modelled " in line]
    assert len(rows) > 20
    assert all(" 0.001 " in row for row in rows if row.startswith(("write.", "restore.", "checkpoint.")))
    words = [folder, "--json", "--objective", "write.barrier_s<=1s"]
    missed = CliRunner().invoke(group, ["kpis", *words], standalone_mode=False)
    assert missed.return_value == ExitCode.OBJECTIVE_MISSED
    assert json.loads(missed.output)["exit_code"] == 6
    unknown = CliRunner().invoke(group, ["kpis", folder, "--objective", "a.b<=1"], standalone_mode=False)
    assert isinstance(unknown.exception, ObjectiveError)


def test_limits_at_full_size_are_of_what_the_run_chose(tmp_path: Path) -> None:
    """Another layout of the checkpoint has other files, so it needs other requests."""
    needs = {}
    for layout in ("dlio", "dcp"):
        made = plan_for("checkpoint-llama3-8b", scale=1e-4, choices={"layout": layout})
        assert f"layout={layout}" in document.load(document.dump(made)).choices
        folder = str(write(run(made, {"write": [[1.0]]}), tmp_path / layout))
        said = CliRunner().invoke(group, ["kpis", folder, "--limits", "--json"], standalone_mode=False)
        needs[layout] = [one["requests"] for one in json.loads(said.output)["limits"]]
        full, _ = full_plan(profile("checkpoint-llama3-8b"), choices={"layout": layout})
        accounts = (substrate("blob-account"), substrate("blob-account-listed"))
        assert needs[layout] == [one.requests for one in planning(full, accounts)]
    assert needs["dlio"] != needs["dcp"]


def test_the_page_tells_every_metric_and_its_example_is_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "kpis.md").read_text("utf-8")
    for figure in FIGURES:
        assert f"| `PHASE.{figure.what}` | {figure.unit} | {figure.said.split(':')[0]}" in page
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    given = stated(tomllib.loads(example))
    assert given.mtbf_s == pytest.approx(3.09 * 3600)
    made = plan({**CHECKPOINT, "fetch": Action.DOWNLOAD})
    for name in known_metrics(made, given):
        phase, _, what = name.partition(".")
        if phase != "checkpoint":
            # Sizes are those that the user states; the page's example of a staging phase is `stage`.
            phase = "stage" if what.startswith("time_to") else "PHASE"
        what = what.replace("_1TB_", "_10TB_").replace("time_to_10TB_p95_s", "time_to_10TB_p50_s")
        assert what.endswith("_ms") or f"`{phase}.{what}`" in page
