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
from loadgen.compare.comparable import doubts
from loadgen.compare.values import Place, Stage
from loadgen.fleet.after import Done
from loadgen.fleet.container import ContainerError
from loadgen.fleet.job import Auth
from loadgen.fleet.launch import FleetError, Formation
from loadgen.fleet.wish import Wish
from loadgen.kpi.objectives import Decision
from loadgen.record.lines import Event
from loadgen.record.read import read
from loadgen.validity.ceiling import Ceiling
from loadgen.validity.check import Check, State
from loadgen.validity.checks import CEILING
from loadgen.validity.world import Bound
from tests.load.made_up import made_up, plan

Bench = Callable[[Wish, Endpoint, Any], Done]
BOUNDS = (Bound("network", 1e9),)
CEILINGS = {"endpoint A": Ceiling(1, 1.0, ()), "endpoint B": Ceiling(1, 2.0, (), https=True)}
AUTHS = (("http", Auth.SHARED_KEY), ("https", Auth.SAS))
_CHECKS = (
    Check("clock", State.OK, "fine"),
    Check("durability", State.WARNS, "not declared", forbids_verdict=True),
    Check("faults", State.WARNS, "a storm", forbids_verdict=True),
)


def done(wish: Wish, *, interrupted: bool = False, complete: bool = True) -> Done:
    """A run as `bench` would leave it."""
    run = read(made_up(wish.folder, ranks=2, seconds=2, complete=complete))
    return Done(wish.folder, run, _CHECKS, run.metrics, Decision(ExitCode.MET, ()), interrupted)


def endpoint(scheme: str) -> Endpoint:
    """One that nobody talks to."""
    found = resolve(f"{scheme}://127.0.0.1:9/account", {"AZURE_STORAGE_KEY": "a2V5"})
    assert isinstance(found, Endpoint)
    return found


@pytest.fixture
def arms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Bench], BenchArms]:
    """Both arms, with something else in the place of a load run."""

    def make(bench: Bench, *schemes: str) -> BenchArms:
        monkeypatch.setattr(module, "bench", bench)
        formation = Formation(1)
        sides = {
            arm: Arm(endpoint(scheme), f"endpoint {arm}", bounds=BOUNDS)
            for arm, scheme in zip("AB", schemes or ("http", "http"), strict=True)
        }
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


def test_every_run_is_held_against_the_ceiling_that_was_measured_before_the_first(
    arms: Callable[[Bench], BenchArms],
) -> None:
    wishes: list[Wish] = []

    def bench(wish: Wish, *_: object) -> Done:
        wishes.append(wish)
        ended = done(wish)
        if not wish.self_test:
            return ended
        event = Event(0.0, CEILING, "", CEILINGS[wish.shown].to_json())
        return replace(ended, run=replace(ended.run, events=(*ended.run.events, event)))

    measure = arms(bench, "http", "https")
    for position, arm in enumerate("ABBA", 1):  # no warm-up was asked for
        measure(arm, Place(Stage.AB, 1, position, 5))
    assert [wish.self_test for wish in wishes] == [True, True, False, False]
    known = [CEILINGS["endpoint B"], CEILINGS["endpoint A"]]
    assert [wish.ceiling for wish in wishes] == [None, None, *known]


def test_a_ceiling_that_could_not_be_found_is_not_looked_for_again(
    arms: Callable[[Bench], BenchArms],
) -> None:
    wishes: list[Wish] = []

    def bench(wish: Wish, *_: object) -> Done:
        wishes.append(wish)
        return done(wish)

    measure = arms(bench)
    for position, arm in enumerate("AB", 1):
        measure(arm, Place(Stage.AB, 1, position, 5))
    assert [wish.self_test for wish in wishes] == [True, False]
    assert [wish.ceiling for wish in wishes] == [None, None]


def test_an_arm_is_measured_with_the_bounds_of_its_substrate_and_tells_what_is_unequal(
    arms: Callable[[Bench], BenchArms],
) -> None:
    wishes: list[Wish] = []

    def bench(wish: Wish, *_: object) -> Done:
        wishes.append(wish)
        return done(wish)

    arms(bench)("A", Place(Stage.AB, 1, 1, 5))
    assert wishes[0].bounds == BOUNDS
    left, right = (Arm(endpoint(scheme), scheme, auth) for scheme, auth in AUTHS)
    said = " ".join(doubts(left.side(), right.side()))
    assert "scheme: http (A) and https (B)" in said
    assert "authorisation: shared-key (A) and sas (B)" in said


@pytest.mark.parametrize(
    ("how", "said"),
    [({"kind": "modelled"}, "is modelled, not measured"), ({"no_verdict": "too small"}, "too small")],
)
def test_a_primary_metric_that_was_not_measured_fails_the_run(
    arms: Callable[[Bench], BenchArms], how: dict[str, str], said: str
) -> None:
    def bench(wish: Wish, *_: object) -> Done:
        ended = done(wish)
        return replace(ended, metrics=tuple(replace(one, **how) for one in ended.metrics))

    result = arms(bench)("A", Place(Stage.AB, 1, 1, 1))
    assert said in result.failure
    assert not result.values


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
