"""Was the generator the limit? Its ceiling, processors, machine and network, on made-up runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from loadgen.record import lines
from loadgen.record.histogram import Histogram
from loadgen.record.read import HistogramKey
from loadgen.validity.check import State
from loadgen.validity.checks import USAGE
from tests.load.checked import DOWN, UP, check, ethernet, loopback, made


@pytest.mark.parametrize(
    ("ceiling", "state", "share"),
    [
        (100.0, State.OK, 0.1),
        (13.0, State.WARNS, 10 / 13),
        (10.5, State.INVALIDATES, 10 / 10.5),
        (5.0, State.WARNS, 2.0),  # the self-test is refuted
    ],
)
def test_a_run_near_its_ceiling_says_so(ceiling: float, state: State, share: float) -> None:
    found = check(made(UP, ceiling=ceiling), "generator-ceiling")
    assert found.state is state
    assert found.facts["share"] == pytest.approx(share, abs=1e-3)


def test_an_idle_tail_does_not_hide_a_generator_that_was_full() -> None:
    run = made(UP, ceiling=10.5, seconds=60)
    tail = replace(run.phases[0], end_s=600.0, barrier_s=600.0)
    assert check(replace(run, phases=(tail,)), "generator-ceiling").state is State.INVALIDATES


def test_a_wave_is_no_peak() -> None:
    """Forty operations of five seconds that end in one second are eight a second."""
    run = made(UP, ceiling=100.0)
    (phase,) = run.phases
    waves = tuple(replace(one, ops=50 if number in (4, 9) else 0) for number, one in enumerate(run.intervals))
    key = HistogramKey("up", 1, "up", "put-block", "service")
    long = replace(run, intervals=waves, phases=(phase,), histograms={key: Histogram.of([5_000_000] * 100)})
    assert check(long, "generator-ceiling").facts["share"] == pytest.approx(0.1)


def test_attempts_that_failed_cost_the_generator_too() -> None:
    run = made(UP, ceiling=40.0, seconds=1, errors={"503 ServerBusy": 10})
    assert check(run, "generator-ceiling").facts["share"] == pytest.approx(20 / 40, abs=1e-3)


def test_a_ceiling_that_nobody_measured_is_not_run() -> None:
    assert check(made(), "generator-ceiling").state is State.NOT_RUN


@pytest.mark.parametrize(("cpu", "state"), [(0.5, State.OK), (0.93, State.WARNS), (0.99, State.INVALIDATES)])
def test_a_worker_that_was_busy(cpu: float, state: State) -> None:
    assert check(made(samples=(loopback(cpu=cpu),)), "generator-processor").state is state


def test_only_measured_phases_count() -> None:
    run = made(UP, DOWN, samples=(loopback(cpu=0.99),))
    only = (replace(run.phases[0], measured=False), run.phases[1])
    quiet = tuple(
        replace(event, facts={**event.facts, "cpu": 0.1}) if event.t_s > 11 else event for event in run.events
    )
    assert check(replace(run, phases=only, events=quiet), "generator-processor").state is State.OK


@pytest.mark.parametrize(
    ("busy", "idle", "name"),
    [
        ({"cpu": 1.0}, {"cpu": 0.2}, "generator-processor"),
        ({"machine": 1.0}, {"machine": 0.2}, "generator-machine"),
        ({"stolen": 0.2}, {"stolen": 0.0}, "generator-machine"),
        (
            ethernet(0.99),
            ethernet(0.1),
            "generator-network",
        ),
    ],
)
def test_a_long_quiet_phase_does_not_hide_a_short_full_one(
    busy: dict[str, Any], idle: dict[str, Any], name: str
) -> None:
    """Five seconds of writing at the limit, then a minute of reading at a fifth of it."""
    run = made(UP, DOWN, samples=(loopback(),))
    short, long = run.phases
    long = replace(long, end_s=long.begin_s + 60, barrier_s=60.0)
    events = tuple(
        lines.Event(
            at + 1.0, USAGE, "", {"worker": 0, "host": "h", **loopback(), **(busy if at < 10 else idle)}
        )
        for at in [*range(10), *range(11, 71)]
    )
    found = check(replace(run, phases=(short, long), events=events), name)
    assert found.state is not State.OK
    assert found.facts["phase"] == "up"
    assert found.said.startswith("In up ")


def test_a_sample_across_two_phases_counts_by_its_parts() -> None:
    """The master looks when it likes: nine tenths of this sample are of the second phase."""
    run = made(UP, DOWN, gap=0.0, samples=())
    sample = {**loopback(), "wall_s": 10.0, "worker": 0}
    events = (lines.Event(19.0, USAGE, "", sample), lines.Event(9.0, USAGE, "", {**sample, "cpu": 1.0}))
    found = check(replace(run, events=events), "generator-processor")
    assert found.facts["phases"] == {"up": pytest.approx(0.95), "down": 0.5}


def test_a_busy_or_borrowed_machine_warns() -> None:
    assert check(made(samples=(loopback(machine=0.99),)), "generator-machine").state is State.WARNS
    assert check(made(samples=(loopback(stolen=0.2),)), "generator-machine").state is State.WARNS
    assert check(made(samples=(loopback(),)), "generator-machine").state is State.OK


@pytest.mark.parametrize(
    ("sample", "state"),
    [
        (loopback(), State.OK),
        (ethernet(0.3), State.OK),
        (ethernet(0.85), State.WARNS),
        (ethernet(0.97), State.INVALIDATES),
        (ethernet(0.97, bits=None), State.NOT_RUN),
    ],
)
def test_the_network(sample: dict[str, Any], state: State) -> None:
    assert check(made(samples=(sample,)), "generator-network").state is state


def test_nothing_sampled_is_not_run() -> None:
    for name in ("generator-processor", "generator-machine", "generator-network"):
        assert check(made(), name).state is State.NOT_RUN
