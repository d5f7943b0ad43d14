"""The arms of a real comparison: what of a load run becomes a result, and what ends everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.endpoint import Endpoint
from harness.endpoints import resolve
from harness.vocabulary import ExitCode
from loadgen.compare import bench as module
from loadgen.compare.bench import Arm, ArmError, BenchArms, fingerprint
from loadgen.compare.values import Place, Stage
from loadgen.fleet.after import Done
from loadgen.fleet.container import ContainerError
from loadgen.fleet.launch import FleetError, Formation
from loadgen.fleet.wish import Wish
from loadgen.kpi.objectives import Decision
from loadgen.record.read import read
from loadgen.validity.check import Check, State
from tests.load.made_up import made_up, plan

Bench = Callable[[Wish, Endpoint, Any], Done]
_CHECKS = (
    Check("clock", State.OK, "fine"),
    Check("durability", State.WARNS, "not declared", forbids_verdict=True),
    Check("faults", State.WARNS, "a storm", forbids_verdict=True),
)


def done(wish: Wish, *, interrupted: bool = False, complete: bool = True) -> Done:
    """A run as `bench` would leave it."""
    run = read(made_up(wish.folder, ranks=2, seconds=2, complete=complete))
    return Done(wish.folder, run, _CHECKS, run.metrics, Decision(ExitCode.MET, ()), interrupted)


@pytest.fixture
def arms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Bench], BenchArms]:
    """Both arms, with something else in the place of a load run."""
    endpoint = resolve("http://127.0.0.1:9/account", {"AZURE_STORAGE_KEY": "a2V5"})
    assert isinstance(endpoint, Endpoint)
    sides = {arm: Arm(endpoint, f"endpoint {arm}") for arm in "AB"}

    def make(bench: Bench) -> BenchArms:
        monkeypatch.setattr(module, "bench", bench)
        formation = Formation(1)
        return BenchArms(sides, plan(2), formation, tmp_path, primary="write.barrier_s", watch=lambda _: None)

    return make


def test_a_run_becomes_a_result(arms: Callable[[Bench], BenchArms], tmp_path: Path) -> None:
    wishes: list[Wish] = []

    def bench(wish: Wish, *_: object) -> Done:
        wishes.append(wish)
        return done(wish)

    measure = arms(bench)
    first = measure("A", Place(Stage.WARM_UP, 1, 1, 5))
    second = measure("B", Place(Stage.AB, 3, 2, 5))
    assert [wish.self_test for wish in wishes] == [True, False]
    assert [wish.plan.seed for wish in wishes] == [5, 5]
    assert wishes[0].plan.container != wishes[1].plan.container
    assert first.folder == "runs/warm-up-01-1A"
    assert (tmp_path / second.folder).is_dir()
    assert second.values["write.barrier_s"] > 0
    assert not second.failure
    assert second.ops > 0
    assert first.facts == second.facts
    assert [(one.name, one.state) for one in second.checks] == [
        ("clock", "ok"),
        ("durability", "warns"),
        ("faults", "invalidates"),
    ]


def test_a_partial_run_fails_and_an_interrupt_ends_it(arms: Callable[[Bench], BenchArms]) -> None:
    partial = arms(lambda wish, *_: done(wish, complete=False))("A", Place(Stage.AB, 1, 1, 1))
    assert "partial" in partial.failure
    with pytest.raises(KeyboardInterrupt):
        arms(lambda wish, *_: done(wish, interrupted=True))("A", Place(Stage.AB, 1, 2, 1))


def test_an_arm_that_never_worked_ends_it_and_one_that_did_only_fails(
    arms: Callable[[Bench], BenchArms],
) -> None:
    lost = False

    def bench(wish: Wish, endpoint: Endpoint, _: Any) -> Done:
        if lost or wish.shown == "endpoint B":
            raise ContainerError(endpoint, "no answer") if lost else FleetError("no port", "Give one.", 2)
        return done(wish)

    measure = arms(bench)
    with pytest.raises(ArmError, match="B, endpoint B: no port") as refused:
        measure("B", Place(Stage.AB, 1, 1, 1))
    assert (refused.value.exit_code, refused.value.hint) == (ExitCode.USAGE, "Give one.")
    assert not measure("A", Place(Stage.AB, 1, 2, 1)).failure
    lost = True
    assert "no answer" in measure("A", Place(Stage.AB, 1, 3, 1)).failure


def test_a_plan_is_the_same_wherever_its_blobs_go() -> None:
    one = plan(4)
    assert fingerprint(one) == fingerprint(replace(one, container="other", prefix="elsewhere"))
    assert fingerprint(one) != fingerprint(replace(one, seed=8))
    assert fingerprint(one) != fingerprint(replace(one, scale=0.5))
