"""Plans: any profile at any scale is whole and moves what the scale says, and plans survive JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.plan.document import DocumentError, dump, load
from loadgen.plan.make import full_plan, plan_for
from loadgen.plan.moved import full_bytes, lane_bytes, phase_bytes
from loadgen.plan.requests import phase_requests, requests
from loadgen.plan.scale import parse_scale
from loadgen.plan.values import Action, Lane, Phase, Plan, Share
from loadgen.profiles.errors import ProfileError
from loadgen.profiles.read import profile, profiles
from loadgen.work.op import Kind, Op, Outcome
from loadgen.work.phase import PhaseSource

_SCALES = st.floats(min_value=-9, max_value=0).map(lambda power: 10.0**power)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(profiles()), _SCALES, st.none() | st.integers(1, 3000), st.integers(1, 3))
def test_any_profile_at_any_scale_is_whole_and_moves_what_the_scale_says(
    name: str, scale: float, ranks: int | None, iterations: int
) -> None:
    full, _ = full_plan(profile(name))
    plan = plan_for(name, scale=scale, ranks=ranks, iterations=iterations)
    _whole(plan)
    _as_parted(full, replace(plan, phases=tuple(one for one in plan.phases if one.iteration == 1)))
    assert load(json.loads(json.dumps(dump(plan)))) == plan
    moved, wanted = full_bytes(plan), scale * full.full_bytes
    assert plan.full_bytes == full.full_bytes and plan.scale == pytest.approx(moved / full.full_bytes)
    tolerance = _tolerance(plan) + 1
    assert moved <= wanted + tolerance
    if moved < wanted - tolerance:
        # Only where every rank reads everything, and there are fewer of them than the scale takes away.
        sizes = [[(one.count, one.bytes) for one in each.files] for each in (plan, full)]
        assert plan.ranks < full.ranks and sizes[0] == sizes[1]


def _whole(plan: Plan) -> None:
    names = [files.name for files in plan.files]
    assert len(names) == len({*names})
    for files in plan.files:
        assert files.count >= 1 and files.bytes >= 1 and files.spread >= 0
        assert 0 <= files.owners <= max(plan.ranks, files.count)
    for phase in plan.phases:
        assert phase.lanes and phase.deadline_s >= 60
        for lane in phase.lanes:
            assert lane.ranks >= 1 and lane.first_rank + lane.ranks <= plan.ranks
            assert {*lane.files} <= {*names}
            assert lane.block_bytes >= 1 and lane.single_bytes >= 0 and lane.page_names >= 1
            assert lane.arrivals is None or lane.arrivals.rate > 0
        assert all(count > 0 for count in phase_requests(plan, phase).values())
    assert len({(one.name, one.iteration) for one in plan.phases}) == len(plan.phases)


def _as_parted(full: Plan, plan: Plan) -> None:
    """What came in several pieces still does, and what came in one still does."""
    phases = {one.name: one for one in plan.phases}
    for old_phase in full.phases:
        for old, new in zip(old_phase.lanes, phases[old_phase.name].lanes, strict=True):
            for name in old.files:
                was, now = full.file_set(name), plan.file_set(name)
                if old.action is Action.UPLOAD and now.bytes > 2:
                    assert (was.bytes > old.single_bytes) == (now.bytes > new.single_bytes)
                    if was.bytes > max(old.block_bytes, old.single_bytes):
                        assert now.bytes > new.block_bytes
                if old.action is Action.DOWNLOAD and old.range_bytes and was.bytes > old.range_bytes:
                    assert now.bytes > new.range_bytes or now.bytes == 1
                if old.action is Action.LIST and was.count > old.page_names:
                    assert now.count > new.page_names or now.count == 1


def _tolerance(plan: Plan) -> float:
    """Blobs and bytes are whole: half a blob of each set, or a byte of each blob."""
    lanes = [lane for one in plan.phases if one.measured and one.iteration == 1 for lane in one.lanes]
    total = 0.0
    for lane in lanes:
        for files in map(plan.file_set, lane.files):
            each = max(files.bytes / 2, files.count) * lane.repeat
            total += each * (lane.ranks if lane.share is Share.ALL else 1)
    return total


@pytest.mark.parametrize("name", profiles())
def test_what_is_lost_is_said(name: str) -> None:
    plan = plan_for(name, scale=1e-4)
    assert plan.ranks == min(8, plan.full_ranks)
    if plan.full_ranks > 8:
        assert plan.notes[0] == f"8 ranks instead of {plan.full_ranks:,}"
    full, _ = full_plan(profile(name))
    changed = {new.name for old, new in zip(full.files, plan.files, strict=True) if old != new}
    assert changed and all(any(note.startswith(f"{one}: ") for note in plan.notes) for one in changed)


def test_a_checkpoint_keeps_its_blobs_and_imbalance_and_a_data_set_keeps_its_shards() -> None:
    state = plan_for("checkpoint-llama3-405b", scale=1e-3)
    assert (state.ranks, state.file_set("layer").owners, state.file_set("layer").count) == (8, 4, 16)
    assert state.file_set("optim").count == 8
    shards = plan_for("stage-mds/upload", scale=1e-3).file_set("shards")
    assert (shards.bytes, shards.count) == (64 << 20, 149)


def test_ranks_that_are_asked_for_come() -> None:
    few = plan_for(
        "checkpoint-llama3-405b", ranks=8
    )  # at full size, so that each has more files, none larger
    assert few.scale == pytest.approx(1) and few.file_set("optim").count == 512
    many = plan_for("checkpoint-llama3-8b", scale=0.01, ranks=32)
    assert many.ranks == 32 and many.file_set("optim").count == 32


def test_an_open_loop_takes_as_long_as_at_full_size() -> None:
    for name in ("churn", "feed-unet3d"):
        full, small = plan_for(name), plan_for(name, scale=0.01)
        old, new = (plan.phases[-1].lanes[0] for plan in (full, small))
        assert old.arrivals is not None and new.arrivals is not None
        assert new.arrivals.seconds == old.arrivals.seconds
        assert lane_bytes(small, new) == pytest.approx(lane_bytes(full, old) * 0.01)
    assert new.arrivals.rate == pytest.approx(old.arrivals.rate * 0.01, rel=0.01)


# The numbers that were chosen are small, so that every operation can be made here.
_SMALL = [
    *(("checkpoint-llama3-8b", 1e-6, {"layout": layout}) for layout in ("dlio", "dcp", "megatron")),
    ("checkpoint-llama3-405b", 1e-7, {}),
    ("checkpoint-llama3-70b", 1e-7, {"blocks": "sdk", "ranges": "whole"}),
    ("restore-llama3-405b/one-per-group", 1e-8, {"layout": "megatron"}),
    ("restore-llama3-70b/everything", 1e-8, {}),
    ("stage-parquet/hydrate", 1e-7, {}),
    ("stage-small-files/download", 1e-4, {}),
    ("list-storm", 1e-3, {}),
    ("mixed", 1e-7, {}),
    ("churn", 1e-3, {}),
]


@pytest.mark.parametrize(("name", "scale", "choices"), _SMALL)
def test_the_requests_that_are_counted_are_those_that_are_made_and_names_are_written_before_they_are_read(
    name: str, scale: float, choices: dict[str, str]
) -> None:
    plan = plan_for(name, scale=scale, choices=choices, iterations=2)
    lying: dict[str, int] = {}
    for phase in plan.phases:
        made = _made(plan, phase, lying)
        assert Counter(op.kind for op in made) == phase_requests(plan, phase)
        payload = sum(op.length for op in made)
        assert payload == phase_bytes(plan, phase)
    measured: Counter[Kind] = Counter()
    for phase in plan.phases:
        measured.update(phase_requests(plan, phase) if phase.measured else {})
    assert measured == requests(plan)


def _made(plan: Plan, phase: Phase, lying: dict[str, int]) -> list[Op]:
    """All operations of a phase; `lying`: the blobs at the endpoint, that every read is held against."""
    source = PhaseSource(plan, phase, range(plan.ranks), 0, _Deaf())
    pages: Counter[tuple[int, str]] = Counter()
    again = phase.name == "hydrate" and phase.iteration > 1
    made: list[Op] = []
    now = 1 << 60
    while not source.finished:
        op = source.next(now)
        if op is None:
            assert source.finished
            break
        made.append(op)
        body = b""
        if op.kind in (Kind.PUT_BLOB, Kind.PUT_BLOCK_LIST):
            assert op.blob.name not in lying or again
            lying[op.blob.name] = op.blob.size
        elif op.kind is Kind.GET_BLOB:
            assert lying[op.blob.name] >= op.offset + op.length
        elif op.kind is Kind.PUT_BLOCK_FROM_URL:
            assert op.source in lying
        elif op.kind is Kind.DELETE_BLOB:
            del lying[op.blob.name]
        elif op.kind is Kind.LIST_BLOBS:
            pages[op.rank, op.blob.name] += 1
            there = sum(one.startswith(op.blob.name) for one in lying)
            if pages[op.rank, op.blob.name] * op.limit < there:
                body = b"<NextMarker>more</NextMarker>"
        source.done(op, Outcome(201, "", now, now, now, 0, 0, body=body))
    return made


class _Deaf:
    def op(self, op: Op, outcome: Outcome) -> None:
        pass


def test_iterations_write_on_names_that_are_free_again() -> None:
    plan = plan_for("checkpoint-llama3-8b", scale=1e-4, iterations=3)
    assert [(one.name, one.iteration) for one in plan.phases] == [
        *(("write", 1), ("restore", 1), ("remove", 1)),
        *(("write", 2), ("restore", 2), ("remove", 2)),
        *(("write", 3), ("restore", 3)),
    ]
    assert [one.pause_s for one in plan.phases if one.name == "restore"] == [5.0, 5.0, 0.0]
    assert plan.full_bytes == plan_for("checkpoint-llama3-8b").full_bytes


@pytest.mark.parametrize("text", ["0.001", "1/1000", "0.1%", " 1e-3 "])
def test_a_scale_is_written_in_three_ways(text: str) -> None:
    assert parse_scale(text) == pytest.approx(0.001)


@pytest.mark.parametrize("text", ["0", "2", "-1", "1/0", "x", "", "nan", "inf", "50%/2", "1/2/3", "200%"])
def test_what_is_no_scale_is_said(text: str) -> None:
    with pytest.raises(ProfileError, match="a scale is above 0 and at most 1"):
        parse_scale(text)


@pytest.mark.parametrize("wrong", [{"scale": 0.0}, {"scale": 1.5}, {"ranks": 0}, {"iterations": 0}])
def test_a_plan_that_cannot_be_is_said(wrong: dict[str, float]) -> None:
    with pytest.raises(ProfileError):
        plan_for("churn", **wrong)  # type: ignore[arg-type]


def _lane(document: dict[str, object]) -> dict[str, object]:
    phases = document["phases"]
    assert isinstance(phases, list)
    lane = phases[0]["lanes"][0]
    assert isinstance(lane, dict)
    return lane


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("action", "upsert", r"plan\.phases\[0\]\.lanes\[0\]\.action: 'upsert' is none of upload"),
        ("ranks", "8", r"ranks: int is wanted, not '8'"),
        ("ranks", True, "int is wanted, not True"),
        ("files", "all", "a list is wanted"),
        ("arrivals", 5, "an object is wanted"),
        ("colour", "red", "'colour' is unknown"),
    ],
)
def test_a_document_that_is_no_plan_is_said_with_its_place(key: str, value: object, said: str) -> None:
    document = dump(plan_for("churn", scale=0.001))
    _lane(document)[key] = value
    with pytest.raises(DocumentError, match=said):
        load(document)


def test_a_document_without_what_it_needs_is_said() -> None:
    document = dump(plan_for("churn", scale=0.001))
    del _lane(document)["action"]
    with pytest.raises(DocumentError, match="'action' is missing"):
        load(document)


def test_what_newer_values_may_leave_out_is_at_its_default() -> None:
    plan = plan_for("stage-mds/upload", scale=0.001)
    document = dump(plan)
    del document["notes"]
    assert load(document) == replace(plan, notes=())


def test_a_lane_of_its_own_makes_an_equal_one() -> None:
    lane = Lane("stage", Action.UPLOAD, ("a",), 4)
    plan = plan_for("stage-mds/upload", scale=0.001)
    other = replace(plan, phases=(Phase("stage", (lane,), 60.0),))
    assert load(dump(other)) == other
