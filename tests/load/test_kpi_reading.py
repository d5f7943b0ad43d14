"""KPIs of reading and staging, and of accounts: time to stage, accelerators that wait, limits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from loadgen.kpi.limits import planning
from loadgen.kpi.measure import known_metrics, metrics
from loadgen.kpi.objectives import decide, parse
from loadgen.kpi.staging import ENOUGH, modelled, ranked
from loadgen.kpi.utilisation import demand, utilisation
from loadgen.kpi.values import Given, Origin
from loadgen.plan.make import full_plan
from loadgen.plan.values import Action, Arrivals, Lane, Process
from loadgen.profiles.read import profile
from loadgen.record.histogram import Histogram
from loadgen.record.lines import Interval
from loadgen.substrates.read import substrate
from loadgen.substrates.values import Provenance
from tests.load.made_runs import GB, UNET, by_name, plan, run


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
