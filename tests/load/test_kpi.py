"""KPIs of phases and checkpoints, objectives, the command: every figure against one worked out by hand."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given as over
from hypothesis import strategies
from rich.console import Console

from blobproof.bench_screen import summary
from blobproof.cli import group
from harness.vocabulary import ExitCode
from loadgen.fleet.after import Done
from loadgen.kpi.interval import young
from loadgen.kpi.limits import planning
from loadgen.kpi.measure import known_metrics, left_out, metrics, operations
from loadgen.kpi.objectives import ObjectiveError, decide, parse
from loadgen.kpi.phases import FIGURES
from loadgen.kpi.stated import stated
from loadgen.kpi.values import Given, Origin
from loadgen.plan import document
from loadgen.plan.make import full_plan, plan_for
from loadgen.plan.values import Action, Arrivals
from loadgen.profiles.read import profile
from loadgen.record.read import LoadRun
from loadgen.substrates.read import substrate
from loadgen.work.op import Blob, Kind, Op, Outcome
from loadgen.work.spans import Spans
from loadgen.work.tally import RankTally
from tests.load.made_runs import GB, PRICE, UNET, by_name, plan, run, write

CHECKPOINT = {"write": Action.UPLOAD, "restore": Action.DOWNLOAD}


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
