"""From a plan to operations: none left out or twice, never more at once than allowed, times as intended."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.arrivals import due_times
from loadgen.plan.values import Action, Arrivals, FileSet, Lane, Phase, Plan, Process, Share
from loadgen.work.lane import Retry
from loadgen.work.op import Kind, Op, Outcome
from loadgen.work.phase import PhaseSource

_MS = 1_000_000


class Log:
    """A recorder that keeps all."""

    def __init__(self) -> None:
        self.seen: list[tuple[Op, int, int, Outcome]] = []

    def op(self, op: Op, outcome: Outcome) -> None:
        """Keep it."""
        self.seen.append((op, op.attempt, op.intended, outcome))


def plan(*lanes: Lane, files: tuple[FileSet, ...], seed: int = 7) -> Plan:
    """A plan of one phase."""
    ranks = max(lane.first_rank + lane.ranks for lane in lanes)
    phase = Phase("work", lanes, deadline_s=60)
    return Plan("t", "T", 1.0, 1, ranks, ranks, seed, "c", "p", files, (phase,))


def play(
    wanted: Plan,
    ranks: list[int],
    *,
    connections: int = 99,
    took: int = _MS,
    answers: dict[int, int] | None = None,
) -> tuple[Log, PhaseSource]:
    """Run a phase against a server that answers each request after `took` ns; the nth with another status."""
    log = Log()
    source = PhaseSource(wanted, wanted.phases[0], ranks, 1000, log, Retry(first_pause=0.001))
    now, sent = 1000, 0
    under_way: list[tuple[int, Op, int]] = []
    for _ in range(100_000):
        while len(under_way) < connections and (op := source.next(now)) is not None:
            sent += 1
            under_way.append((now + took, op, (answers or {}).get(sent, 201)))
        if source.finished:
            return log, source
        times = [under_way[0][0]] if under_way else []
        due = source.due()
        times += [due] if due is not None and due > now else []
        assert times, "nothing under way, nothing due, and not finished"
        now = min(times)
        while under_way and under_way[0][0] <= now:
            ended, op, status = under_way.pop(0)
            source.done(op, Outcome(status, "", ended - took, ended, ended, op.length, 0))
    raise AssertionError("it never finished")


@settings(max_examples=60, deadline=None)
@given(
    ranks=st.integers(1, 5),
    count=st.integers(1, 7),
    size=st.integers(1, 100),
    block=st.integers(1, 40),
    parallel=st.integers(1, 4),
    at_once=st.integers(1, 3),
    connections=st.integers(1, 6),
    share=st.sampled_from(Share),
)
def test_every_block_is_sent_once_and_sealed_after_the_last(
    ranks: int, count: int, size: int, block: int, parallel: int, at_once: int, connections: int, share: Share
) -> None:
    lane = Lane(
        "up",
        Action.UPLOAD,
        ("f",),
        ranks,
        block_bytes=block,
        parallel=parallel,
        files_at_once=at_once,
        share=share,
    )
    wanted = plan(lane, files=(FileSet("f", count, size, "zeros"),))
    log, source = play(wanted, [*range(ranks)], connections=connections)
    times = count * (ranks if share is Share.ALL else 1)
    blocks = Counter((op.rank, op.blob.name, op.offset) for op, *_ in log.seen if op.kind is Kind.PUT_BLOCK)
    assert set(blocks.values()) == {1}
    assert len(blocks) == times * -(-size // block)
    assert sum(op.length for op, *_ in log.seen) == times * size
    for op, _, intended, _ in log.seen:
        if op.kind is Kind.PUT_BLOCK_LIST:
            assert op.block == -(-size // block)
            last = max(
                out.last
                for one, _, _, out in log.seen
                if one.kind is Kind.PUT_BLOCK and (one.rank, one.blob) == (op.rank, op.blob)
            )
            assert intended >= last
    assert sum(tally.files for tally in source.tallies) == times
    assert sum(tally.bytes for tally in source.tallies) == times * size


def test_a_rank_never_sends_more_at_once_than_it_may() -> None:
    lane = Lane("down", Action.DOWNLOAD, ("f",), 2, range_bytes=10, parallel=3, files_at_once=5)
    log, _ = play(plan(lane, files=(FileSet("f", 8, 100, "zeros"),)), [0, 1])
    for rank in (0, 1):
        edges = sorted(
            edge
            for op, _, _, out in log.seen
            if op.rank == rank
            for edge in ((out.started, 1), (out.last, -1))
        )
        most = running = 0
        for _, step in sorted(edges, key=lambda edge: (edge[0], edge[1])):
            running += step
            most = max(most, running)
        assert most == 3


def test_what_waits_for_a_connection_counts_from_when_it_was_to_start() -> None:
    lane = Lane("down", Action.DOWNLOAD, ("f",), 1, parallel=4, files_at_once=4)
    log, _ = play(plan(lane, files=(FileSet("f", 4, 10, "zeros"),)), [0], connections=1)
    assert [intended for _, _, intended, _ in log.seen] == [1000] * 4
    assert [out.started - intended for _, _, intended, out in log.seen] == [0, _MS, 2 * _MS, 3 * _MS]


def test_an_open_loop_keeps_its_schedule_whatever_the_server_does() -> None:
    arrivals = Arrivals(rate=100, process=Process.CONSTANT, seconds=0.1)
    lane = Lane("get", Action.DOWNLOAD, ("f",), 2, arrivals=arrivals)
    wanted = plan(lane, files=(FileSet("f", 3, 10, "zeros"),))
    log, _ = play(wanted, [0, 1], connections=1, took=50 * _MS)
    assert sorted(intended for _, _, intended, _ in log.seen) == [1000 + n * 10 * _MS for n in range(10)]
    assert max(out.last - intended for _, _, intended, out in log.seen) == 500 * _MS - 90 * _MS


def test_workers_share_an_open_loop_without_overlap() -> None:
    arrivals = Arrivals(rate=1000, seconds=0.2)
    lane = Lane("get", Action.DOWNLOAD, ("f",), 3, arrivals=arrivals)
    wanted = plan(lane, files=(FileSet("f", 5, 10, "zeros"),))
    whole = sorted(seen[2] for seen in play(wanted, [0, 1, 2])[0].seen)
    parts = sorted(seen[2] for ranks in ([0, 2], [1]) for seen in play(wanted, ranks)[0].seen)
    assert whole == parts
    assert whole == [*due_times(arrivals, "7/work/1/get", 1000)]


def test_a_throttled_operation_is_made_again_and_counts_from_its_first_time() -> None:
    lane = Lane("down", Action.DOWNLOAD, ("f",), 1, parallel=1)
    log, source = play(plan(lane, files=(FileSet("f", 1, 10, "zeros"),)), [0], answers={1: 503, 2: 503})
    assert [(attempt, out.status) for _, attempt, _, out in log.seen] == [(1, 503), (2, 503), (3, 201)]
    assert {intended for _, _, intended, _ in log.seen} == {1000}
    assert [(one.files, one.failed, one.errors) for one in source.tallies] == [(1, 0, 2)]


def test_a_refusal_ends_the_file_and_nothing_is_sealed() -> None:
    lane = Lane("up", Action.UPLOAD, ("f",), 1, block_bytes=10, parallel=2)
    log, source = play(plan(lane, files=(FileSet("f", 1, 60, "zeros"),)), [0], answers={2: 403})
    assert Kind.PUT_BLOCK_LIST not in {op.kind for op, *_ in log.seen}
    assert len(log.seen) < 6
    assert [(one.files, one.failed) for one in source.tallies] == [(0, 1)]


def test_a_file_of_which_one_block_failed_is_failed_whatever_ended_last() -> None:
    lane = Lane("up", Action.UPLOAD, ("f",), 1, block_bytes=10, parallel=3)
    _, source = play(plan(lane, files=(FileSet("f", 1, 60, "zeros"),)), [0], answers={1: 403})
    assert [(one.files, one.failed, one.ops) for one in source.tallies] == [(0, 1, 2)]


def test_stopping_starts_nothing_more() -> None:
    lane = Lane("up", Action.UPLOAD, ("f",), 1, block_bytes=10, parallel=2)
    wanted = plan(lane, files=(FileSet("f", 1, 60, "zeros"),))
    source = PhaseSource(wanted, wanted.phases[0], [0], 0, Log())
    op = source.next(5)
    assert op is not None
    source.stop(6)
    assert (source.next(6), source.due(), source.finished) == (None, None, False)
    source.done(op, Outcome(503, "ServerBusy", 1, 2, 3, 0, 0))
    assert source.finished


def test_the_owners_of_a_set_are_its_first_ranks() -> None:
    lane = Lane("up", Action.UPLOAD, ("model", "optim"), 4, single_bytes=100)
    sets = (
        FileSet("model", 4, 10, "zeros", owners=2, pattern="m_{rank}_{part}"),
        FileSet("optim", 4, 20, "zeros", pattern="__{rank}_{part}.distcp"),
    )
    log, _ = play(plan(lane, files=sets), [0, 1, 2, 3])
    names = {rank: sorted(op.blob.name for op, *_ in log.seen if op.rank == rank) for rank in range(4)}
    assert names[1] == ["p/model/m_1_0", "p/model/m_1_1", "p/optim/__1_0.distcp"]
    assert names[3] == ["p/optim/__3_0.distcp"]


def test_sizes_with_a_spread_are_the_same_in_every_worker() -> None:
    lane = Lane("up", Action.UPLOAD, ("f",), 2, single_bytes=10**9)
    wanted = plan(lane, files=(FileSet("f", 50, 1000, "zeros", spread=200),))
    one = {op.blob.name: op.blob.size for op, *_ in play(wanted, [0, 1])[0].seen}
    other = {op.blob.name: op.blob.size for op, *_ in play(wanted, [1])[0].seen}
    assert other.items() <= one.items()
    assert len({*one.values()}) > 20


def test_a_listing_goes_on_to_its_last_page_and_no_further() -> None:
    pages = [
        b"<NextMarker>2!a&amp;b</NextMarker></EnumerationResults>",
        b"<NextMarker/></EnumerationResults>",
    ]
    assert listed(pages) == (["", "2!a&b"], 1, 0)
    assert listed([pages[0][:-40]]) == ([""], 0, 1), "a page that was cut off is no last page"


def listed(pages: list[bytes]) -> tuple[list[str], int, int]:
    """The markers that were asked for, the listings that came to their end, and those that were given up."""
    wanted = plan(Lane("list", Action.LIST, ("f",), 1), files=(FileSet("f", 1, 1, "zeros"),))
    source = PhaseSource(wanted, wanted.phases[0], [0], 0, Log())
    asked = []
    for page in pages:
        op = source.next(1)
        assert op is not None
        asked.append(op.marker)
        source.done(op, Outcome(200, "", 1, 2, 3, 0, len(page), "", page))
    assert source.next(4) is None
    assert source.finished
    (tally,) = source.tallies
    return asked, tally.files, tally.failed


def test_a_rate_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        next(due_times(Arrivals(rate=0), "s", 0))


def test_a_file_that_waits_for_the_one_before_it_is_to_start_when_that_is_through() -> None:
    lane = Lane("up", Action.UPLOAD, ("f",), 1, single_bytes=100, parallel=4, files_at_once=1)
    log, _ = play(plan(lane, files=(FileSet("f", 6, 10, "zeros"),)), [0], took=10 * _MS)
    assert {out.last - intended for _, _, intended, out in log.seen} == {10 * _MS}


def test_the_first_blocks_of_a_file_wait_for_no_place_that_was_idle() -> None:
    lane = Lane("up", Action.UPLOAD, ("f",), 1, block_bytes=10, parallel=4, files_at_once=1)
    log, _ = play(plan(lane, files=(FileSet("f", 3, 50, "zeros"),)), [0], took=10 * _MS)
    assert {out.last - intended for _, _, intended, out in log.seen} == {10 * _MS}


@pytest.mark.parametrize("frozen", [0, 3])
def test_tasks_that_were_due_and_not_begun_are_told(frozen: int) -> None:
    arrivals = Arrivals(rate=100, process=Process.CONSTANT, seconds=1)
    lane = Lane("get", Action.DOWNLOAD, ("f",), 2, arrivals=arrivals)
    wanted = plan(lane, files=(FileSet("f", 3, 10, "zeros"),))
    log = Log()
    source = PhaseSource(wanted, wanted.phases[0], [0, 1], 0, log)
    for _ in range(frozen):  # so many are sent, and never answered
        assert source.next(200 * _MS) is not None
    source.stop(495 * _MS)
    told = [(intended, out.failure, out.last) for _, _, intended, out in log.seen]
    assert told == [(number * 10 * _MS, "not-begun", 495 * _MS) for number in range(frozen, 50)]
    assert sum(tally.failed for tally in source.tallies) == 50 - frozen
    assert source.finished is (frozen == 0)


def test_no_two_times_through_the_files_send_the_same_bytes() -> None:
    lane = Lane("up", Action.UPLOAD, ("f",), 2, single_bytes=100, repeat=2)
    wanted = plan(lane, files=(FileSet("f", 4, 10, "zeros"),))
    again = replace(wanted, phases=(replace(wanted.phases[0], iteration=2),))
    other = replace(wanted, container="another")
    seeds = [op.blob.seed for one in (wanted, again, other) for op, *_ in play(one, [0, 1])[0].seen]
    assert len({*seeds}) == len(seeds) == 24
    sizes = [op.blob.size for one in (wanted, other) for op, *_ in play(one, [0, 1])[0].seen]
    assert {*sizes} == {10}
