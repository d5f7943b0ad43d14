"""Comparisons: their order, which blocks count, what is refused, and their file."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blobproof.compare_screen import sentence
from harness.vocabulary import ExitCode
from loadgen.compare.comparable import Side, Substrate, doubts, held_back, refuse, side
from loadgen.compare.conclude import conclude
from loadgen.compare.experiment import conduct
from loadgen.compare.order import runs, slots
from loadgen.compare.power import outlook
from loadgen.compare.read import problem, read
from loadgen.compare.runs import compare_runs
from loadgen.compare.values import (
    FILE,
    Block,
    BlockResult,
    CheckSeen,
    CompareError,
    NotComparableError,
    Place,
    Rules,
    Stage,
    Turn,
    Verdict,
)
from loadgen.record.lines import Metric, to_json
from loadgen.record.read import read as read_load
from loadgen.record.write import FILE as LOAD
from tests.load.made_up import made_up, made_up_comparison

RULES = Rules("write.barrier_s", lower_is_better=True, blocks=12, resamples=999)
JUMPED = CheckSeen("clock", "invalidates", "it jumped")
Measure = Callable[[str, Place], BlockResult]


def simulated(slower: float = 1.0, noise: float = 0.01, **changed: Any) -> Measure:
    """Runs of 10 s, with noise; B takes `slower` times as long."""
    draw = random.Random(5)

    def measure(arm: str, place: Place) -> BlockResult:
        took = 10 * draw.lognormvariate(0, noise) * (slower if arm == "B" else 1)
        values = {"write.barrier_s": took, "restore.barrier_s": 5 * draw.lognormvariate(0, noise)}
        return BlockResult(**{"values": values, "ops": 100, **changed})

    return measure


def with_fault(good: Measure, fault: BlockResult, where: Callable[[str, Place], bool]) -> Measure:
    """The same, but for some runs."""
    return lambda arm, place: fault if where(arm, place) else good(arm, place)


# ---------------------------------------------------------------------------------------------- order


def test_the_order_is_drawn_by_the_seed_and_both_arms_begin_sometimes() -> None:
    drawn = slots(RULES)
    assert drawn == slots(RULES)
    assert drawn != slots(replace(RULES, seed=2))
    assert {slot.order for slot in drawn} == {"ABBA", "BAAB"}
    assert [slot.stage for slot in drawn] == [Stage.WARM_UP] + [Stage.AA] * 6 + [Stage.AB] * 12
    assert len({slot.seed for slot in drawn}) == len(drawn)
    assert runs(RULES) == 4 * 19
    assert runs(replace(RULES, form="AB")) == 2 * 19


def test_a_against_itself_runs_on_a_alone_and_a_block_has_one_plan() -> None:
    seen: list[tuple[str, Place]] = []

    def measure(arm: str, place: Place) -> BlockResult:
        seen.append((arm, place))
        return simulated()(arm, place)

    blocks = list(conduct(RULES, measure))
    assert {arm for arm, place in seen if place.stage is not Stage.AB} == {"A"}
    assert {arm for arm, place in seen if place.stage is Stage.AB} == {"A", "B"}
    assert len({(place.stage, place.block, place.seed) for _, place in seen}) == len(blocks) == 19
    assert [turn.arm for turn in blocks[3].turns] == list(blocks[3].order)


def test_drift_within_a_block_cancels() -> None:
    clock = iter(range(1000))

    def measure(arm: str, place: Place) -> BlockResult:
        return BlockResult({"write.barrier_s": math.exp(0.01 * next(clock))}, ops=1)

    logs = [block.log_ratio("write.barrier_s") for block in conduct(RULES, measure)]
    assert logs == pytest.approx([0.0] * 19)


# ---------------------------------------------------------------------------------------------- blocks


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (BlockResult({"write.barrier_s": 1.0}, ops=100, errors=2), "2 errors in 100 operations, 2.0%"),
        (
            BlockResult({"write.barrier_s": 1.0}, checks=(JUMPED,)),
            "the check clock invalidates it: it jumped",
        ),
        (BlockResult({}, failure="the endpoint was lost"), "the endpoint was lost"),
        (BlockResult({"other.barrier_s": 1.0}), "no write.barrier_s"),
        (BlockResult({"write.barrier_s": 0.0}), "no ratio"),
        (BlockResult({"write.barrier_s": 10.0}, facts={"plan": "another"}), "plan differs"),
    ],
)
def test_one_bad_run_takes_its_block_along_and_the_block_is_shown(fault: BlockResult, said: str) -> None:
    measure = with_fault(
        simulated(1.2),
        fault,
        lambda arm, place: (place.stage, place.block, place.position) == (Stage.AB, 3, 1),
    )
    blocks = list(conduct(RULES, measure))
    failed = [block for block in blocks if block.failed]
    assert [(block.stage, block.number) for block in failed] == [(Stage.AB, 3)]
    assert said in failed[0].failed
    found = conclude(blocks, RULES, complete=True)
    assert found.judgement.verdict is Verdict.WORSE
    assert found.judgement.estimate is not None
    assert found.judgement.estimate.blocks == 11
    assert found.checks[0].state == "warns"


def test_too_many_failed_blocks_take_the_verdict_away() -> None:
    fault = BlockResult({}, failure="gone")
    measure = with_fault(simulated(1.2), fault, lambda arm, place: arm == "B" and place.block % 4 == 1)
    found = conclude(list(conduct(RULES, measure)), RULES, complete=True)
    assert found.judgement.verdict is Verdict.INCONCLUSIVE
    assert "3 of 12 blocks failed" in found.judgement.reasons[0]


@pytest.mark.parametrize(
    ("dead", "slower", "verdict"),
    [
        ("B", 0.85, Verdict.INCONCLUSIVE),  # faster while it lives
        ("B", 1.0, Verdict.INCONCLUSIVE),
        ("B", 1.2, Verdict.WORSE),
        ("A", 1.2, Verdict.INCONCLUSIVE),
        ("A", 0.85, Verdict.BETTER),
        ("AB", 0.85, Verdict.BETTER),
    ],
)
def test_nothing_is_said_in_favour_of_the_arm_that_failed_more(
    dead: str, slower: float, verdict: Verdict
) -> None:
    measure = with_fault(
        simulated(slower),
        BlockResult({}, failure="gone"),
        lambda arm, place: place.stage is Stage.AB and arm in dead and place.block in (4, 9),
    )
    found = conclude(list(conduct(RULES, measure)), RULES, complete=True)
    assert found.judgement.verdict is verdict
    if verdict is Verdict.INCONCLUSIVE:
        assert f"{dead} failed in 2 of 12 blocks" in found.judgement.reasons[0]
        assert not found.judgement.passes(RULES)


def test_three_failed_blocks_in_a_row_end_it() -> None:
    measure = with_fault(
        simulated(), BlockResult({}, failure="gone"), lambda arm, place: place.stage is Stage.AB
    )
    blocks = list(conduct(RULES, measure))
    assert len(blocks) == 1 + 6 + 3


def test_a_comparison_that_was_cut_off_has_no_verdict() -> None:
    blocks = list(conduct(RULES, simulated(1.3)))[:-1]
    found = conclude(blocks, RULES, complete=False).judgement
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "cut off after 11 of 12" in found.reasons[0]


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ({"A": "ok", "B": "ok"}, ""),
        ({"A": "ok", "B": "not-run"}, "24 of 48 runs (0 of A, 24 of B) were held against no ceiling"),
        ({}, "48 of 48 runs (24 of A, 24 of B)"),
    ],
)
def test_runs_without_a_ceiling_of_the_generator_are_told(states: dict[str, str], said: str) -> None:
    good = simulated()

    def measure(arm: str, place: Place) -> BlockResult:
        seen = [CheckSeen("generator-ceiling", states[arm], "")] if states else []
        return replace(good(arm, place), checks=tuple(seen))

    found = conclude(list(conduct(RULES, measure)), RULES, complete=True)
    checks = [one for one in found.checks if one.name == "generator-ceiling"]
    assert [(one.state, said in one.said) for one in checks] == ([("not-run", True)] if said else [])


def test_unequal_errors_take_the_verdict_away() -> None:
    fast = simulated(0.8)

    def measure(arm: str, place: Place) -> BlockResult:
        failed = 9 if arm == "B" and place.stage is Stage.AB else 0
        return replace(fast(arm, place), ops=1000, errors=failed)

    found = conclude(list(conduct(RULES, measure)), RULES, complete=True)
    checks = {one.name: one for one in found.checks}
    assert checks["errors"].state == "invalidates"
    assert "unequal" in checks["errors"].said
    assert found.judgement.verdict is Verdict.INCONCLUSIVE
    assert checks["errors"].said in found.judgement.reasons


def test_only_metrics_that_every_block_has_are_secondary() -> None:
    blocks = list(conduct(RULES, simulated(1.2)))
    last = blocks[-1]
    poorer = [
        replace(turn, result=replace(turn.result, values={"write.barrier_s": 11.0})) for turn in last.turns
    ]
    assert [one.metric for one in conclude(blocks, RULES, complete=True).secondary] == ["restore.barrier_s"]
    changed: list[Block] = [*blocks[:-1], replace(last, turns=tuple(poorer))]
    assert conclude(changed, RULES, complete=True).secondary == ()


def test_the_outlook_says_what_the_noise_leaves_to_be_found() -> None:
    quiet, loud = outlook([0.02, -0.02] * 3, RULES), outlook([0.05, -0.05] * 3, RULES)
    assert quiet.chance > 0.95
    assert "--blocks" not in str(quiet)
    assert loud.chance < 0.7
    assert loud.enough is not None
    assert f"--blocks {loud.enough}" in str(loud)


def scattered(block: Block) -> Block:
    """A against itself, 22 % apart, up and down by turns."""
    up = {"A": 1.0, "B": math.exp(0.2 * (-1) ** block.number)}
    turns = (Turn(one.arm, BlockResult({"write.barrier_s": up[one.arm]}, ops=1)) for one in block.turns)
    return replace(block, turns=tuple(turns))


def test_equivalent_within_more_than_was_asked_for_says_so() -> None:
    blocks = list(conduct(RULES, simulated(1.053, 0.005)))
    found = conclude(
        [scattered(one) if one.stage is Stage.AA else one for one in blocks], RULES, complete=True
    )
    assert found.judgement.verdict is Verdict.EQUIVALENT
    assert found.judgement.widened
    assert not found.judgement.passes(RULES)
    assert sentence(RULES, found).endswith("%, not within the 5 % asked for")
    quiet = conclude(list(conduct(RULES, simulated(1.0, 0.001))), RULES, complete=True)
    assert sentence(RULES, quiet).endswith("within 5 %")


# ---------------------------------------------------------------------------------------------- comparable


def test_what_is_not_the_same_work_is_refused(tmp_path: Path) -> None:
    one = side(read_load(made_up(tmp_path / "a", ranks=8, seconds=2)))
    other = side(read_load(made_up(tmp_path / "b", ranks=4, seconds=2)))
    refuse(one, one)
    with pytest.raises(NotComparableError, match="ranks: 8 and 4") as refused:
        refuse(one, other)
    assert refused.value.exit_code is ExitCode.USAGE
    for name in ("profile", "scale", "block size", "payload", "machine"):
        with pytest.raises(NotComparableError, match=name):
            refuse(one, Side("x", {**one.facts, name: "other"}))


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (Substrate("X", "assumed", "ec 8+4"), Substrate("Y", "published", "ec 8+4"), "X (A) are assumed"),
        (Substrate(durability="ec 8+4"), Substrate(durability="none"), "unequal durability"),
        (Substrate(durability="ec 8+4"), Substrate(), "what B keeps after a crash is not stated"),
    ],
)
def test_what_keeps_a_comparison_from_its_verdict(a: Substrate, b: Substrate, said: str) -> None:
    found = held_back(Side("left", {}, a), Side("right", {}, b))
    assert len(found) == 1
    assert said in found[0]


def test_an_endpoint_against_itself_needs_no_promise() -> None:
    assert held_back(Side("same", {}), Side("same", {})) == ()
    assert doubts(Side("a", {"scheme": "http"}), Side("b", {"scheme": "https"}))


def test_runs_that_exist(tmp_path: Path) -> None:
    a, b = ([made_up(tmp_path / f"{arm}{n}", ranks=2, seconds=2) for n in range(4)] for arm in "ab")
    with pytest.raises(NotComparableError, match="one run each"):
        compare_runs(a[:1], b[:1], None, 0.05)
    found = compare_runs(a, b, None, 0.05)
    assert found.metric == "write.barrier_s"
    assert found.found.verdict is Verdict.INCONCLUSIVE
    with pytest.raises(CompareError, match=r"near it: write\.barrier_s"):
        compare_runs(a, b, "write.barier_s", 0.05)
    partial = made_up(tmp_path / "partial", ranks=2, seconds=2, complete=False)
    with pytest.raises(NotComparableError, match="partial"):
        compare_runs([*a, partial], b, None, 0.05)


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (Metric("write.ideal_s", 3.0, "s", "modelled"), r"write\.ideal_s is modelled, not measured"),
        (Metric("write.ideal_s", 3.0, "s", "published"), "is published, not measured"),
        (Metric("write.ideal_s", 3.0, "s", no_verdict="the stall was shrunk"), "the stall was shrunk"),
        (Metric("write.ideal_s", 3.0, "s", whole=False, said="a rank was lost"), "a rank was lost"),
    ],
)
def test_runs_are_compared_by_what_they_measured(tmp_path: Path, odd: Metric, said: str) -> None:
    a, b = ([made_up(tmp_path / f"{arm}{n}", ranks=2, seconds=2) for n in range(2)] for arm in "ab")
    for folder in (*a, *b):
        path = folder / LOAD
        *lines, last = path.read_text().splitlines()
        path.write_text("\n".join([*lines, json.dumps(to_json(odd)), last]) + "\n")
    with pytest.raises(CompareError, match=said) as refused:
        compare_runs(a, b, "write.ideal_s", 0.05)
    assert refused.value.hint
    assert compare_runs(a, b, None, 0.05).metric == "write.barrier_s"


# ---------------------------------------------------------------------------------------------- file


def test_a_comparison_comes_back_as_it_was_written(tmp_path: Path) -> None:
    folder = made_up_comparison(tmp_path / "x")
    run = read(folder)
    assert run.complete
    assert len(run.blocks) == 19
    assert run.primary is not None
    assert run.primary["verdict"] == "worse"
    again = run.again()
    assert again.judgement.verdict is Verdict.WORSE
    assert again.judgement.estimate is not None
    assert again.judgement.estimate.log == pytest.approx(run.primary["estimate"]["log"])
    assert [one.metric for one in again.secondary] == [one["metric"] for one in run.secondary]


def test_half_a_comparison_is_seen_as_one(tmp_path: Path) -> None:
    folder = made_up_comparison(tmp_path / "x")
    path = folder / FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:12]) + lines[12][:40])
    run = read(folder)
    assert not run.complete
    assert "cut off" in run.why
    assert len(run.blocks) == 11
    assert run.again().judgement.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not start with a header"),
        ("nonsense\n", "not JSON"),
        ('{"line": "header", "schema": 9}\n', "schema 9"),
        ('{"line": "block"}\n', "is a required property"),
        ('{"line": "sonnet"}\n', "no line of a comparison"),
    ],
)
def test_what_is_no_comparison_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(CompareError, match=said) as refused:
        read(tmp_path)
    assert refused.value.hint


def test_a_secret_never_gets_into_a_header(tmp_path: Path) -> None:
    header = json.loads((made_up_comparison(tmp_path / "x") / FILE).read_text().splitlines()[0])
    assert not problem(header)
    assert problem({**header, "a": {**header["a"], "name": "https://x/?sv=1&sig=abc"}})
