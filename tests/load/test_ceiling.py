"""The self-test that finds a generator's ceiling: its work is that of a run, and it is measured for real."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.null import server as null
from loadgen.null.server import NullServerError
from loadgen.payload.payloads import Payloads
from loadgen.plan.values import Action, FileSet, Lane
from loadgen.record.recorder import Recorder
from loadgen.validity import flood as flood_module
from loadgen.validity.ceiling import Ceiling, Rate, added, lane_shapes, shapes_of
from loadgen.validity.flood import Arriving, small_plan
from loadgen.validity.selftest import measure_ceiling
from loadgen.work.op import Kind, Op, Outcome, Source
from loadgen.work.phase import PhaseSource
from tests.doctor.nginx import needs_nginx
from tests.load.checked import DOWN, OPEN, UP, plan


@settings(max_examples=40, deadline=None)
@given(
    action=st.sampled_from(Action),
    count=st.integers(1, 9),
    size=st.integers(1, 300),
    block=st.integers(1, 100),
    single=st.sampled_from([0, 200]),
    ranges=st.sampled_from([0, 64]),
)
def test_shapes_are_what_the_work_sends(
    action: Action, count: int, size: int, block: int, single: int, ranges: int
) -> None:
    lane = Lane("l", action, ("f",), 2, block_bytes=block, single_bytes=single, range_bytes=ranges)
    made_plan = replace(plan(lane), files=(FileSet("f", count, size, "zeros"),))
    sent: Counter[Kind] = Counter()
    moved: defaultdict[Kind, int] = defaultdict(int)

    for op in sent_by(PhaseSource(made_plan, made_plan.phases[0], [0, 1], 0, Silent())):
        sent[op.kind] += 1
        moved[op.kind] += op.length
    shapes = lane_shapes(made_plan, lane, 2)
    assert set(shapes) == set(sent)
    for kind, shape in shapes.items():
        assert kind in shape.kinds
        if kind is shape.kind:
            assert shape.bytes == round(moved[kind] / sent[kind])
            assert sent[kind] == shape.blocks * count or action is Action.LIST
    # The small plan of the self-test sends the same, file by file.
    (whole,) = set(shapes.values())
    small = small_plan(whole, count)
    again = Counter(op.kind for op in sent_by(PhaseSource(small, small.phases[0], [0], 0, Silent())))
    if action is not Action.LIST:  # a listing is one for each rank
        assert again == sent


class Silent:
    """Nobody is told of anything."""

    def op(self, op: Op, outcome: Outcome) -> None:
        pass


def sent_by(source: Source, now: int = 1) -> list[Op]:
    """Everything that a source gives, each answered at once."""
    sent = []
    while (op := source.next(now)) is not None:
        sent.append(op)
        source.done(op, Outcome(201, "", now, now, now, 0, 0))
    assert source.finished
    return sent


def test_ceilings_add_up_and_survive_json() -> None:
    shape = shapes_of(plan(UP), 2)[0]
    one = Ceiling(1, 1.0, (Rate(shape, 10.0),))
    both = added([one, Ceiling(1, 1.0, (Rate(shape, 5.0, errors=1),))])
    assert (both.workers, both.rates[0].ops_per_s, both.rates[0].errors) == (2, 15.0, 1)
    assert Ceiling.from_json(json.loads(json.dumps(both.to_json()))) == both
    with pytest.raises(ValueError, match="no workers"):
        added([])


def test_tasks_of_a_self_test_arrive_whenever_one_can_be_sent() -> None:
    """None is late, however many there could have been."""
    lane = replace(OPEN, action=Action.CHURN)
    shape = lane_shapes(plan(lane, size=100), lane, 1)[Kind.PUT_BLOB]
    small = small_plan(shape)
    work = PhaseSource(small, small.phases[0], range(4), 5, recorder := Recorder(0))
    recorder.begin("ceiling")
    source = Arriving(work, 5)
    under_way = [source.next(10**12) for _ in range(100)]
    ops = [op for op in under_way if op is not None]
    assert len({op.blob.name for op in ops}) == len(under_way) == 100
    source.stop(10**12)
    assert source.due() is None
    assert source.next(10**12) is None
    for op in ops:
        source.done(op, Outcome(201, "", 10**12, 10**12, 10**12, 0, 0))
    assert source.finished
    delta = recorder.take()
    assert (delta.ops, delta.errors) == (100, 0)


@needs_nginx
def test_the_self_test_has_the_work_and_the_recording_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every operation that counts was one of a `PhaseSource`, and went through a `Recorder`."""
    recorded: list[Kind] = []

    class Heard(Recorder):
        def op(self, op: Op, outcome: Outcome) -> None:
            recorded.append(op.kind)
            super().op(op, outcome)

    monkeypatch.setattr(flood_module, "Recorder", Heard)
    shape = lane_shapes(plan(UP, size=300), replace(UP, block_bytes=100), 1)[Kind.PUT_BLOCK]
    with null.null_server(tmp_path) as endpoint:
        rate = flood_module.flood(
            endpoint, shape, Payloads(), seconds=0.05, https=False, wait=time.monotonic_ns
        )
    assert rate.ops_per_s > 0
    assert not rate.errors
    counts = Counter(recorded)
    assert counts[Kind.PUT_BLOCK] == pytest.approx(3 * counts[Kind.PUT_BLOCK_LIST], abs=4 * 3 * 4)


@needs_nginx
def test_a_worker_that_was_not_let_run_in_its_time_has_a_rate_all_the_same(tmp_path: Path) -> None:
    (shape,) = lane_shapes(plan(DOWN, size=100), DOWN, 1).values()
    with null.null_server(tmp_path) as endpoint:
        rate = flood_module.flood(
            endpoint, shape, Payloads(), seconds=-1.0, https=False, wait=time.monotonic_ns
        )
    assert rate.ops_per_s > 0
    assert not rate.errors


@needs_nginx
@pytest.mark.parametrize("https", [False, True])
def test_the_ceiling_is_measured(tmp_path: Path, https: bool) -> None:
    lane = Lane("churn", Action.CHURN, ("shards",), ranks=2)
    wanted = plan(lane, UP, size=4096)
    found = measure_ceiling(wanted, 1, tmp_path, https=https, seconds=0.05)
    assert [rate.shape for rate in found.rates] == [*shapes_of(wanted, 1)]
    assert all(rate.ops_per_s > 0 and not rate.errors for rate in found.rates)


def test_without_nginx_there_is_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(null, "find_program", lambda: None)
    with pytest.raises(NullServerError) as caught:
        measure_ceiling(plan(UP), 1, tmp_path)
    assert caught.value.hint
