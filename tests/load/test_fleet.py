"""The fleet: clocks, barriers, ranks, the conductor of a run with acted workers, Locust's statistics."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.endpoint import Endpoint, Secret, Style
from loadgen.fleet import job as jobs
from loadgen.fleet.adjust import adjusted
from loadgen.fleet.barrier import Barrier
from loadgen.fleet.clock import Sample, best
from loadgen.fleet.conductor import NS
from loadgen.fleet.job import Auth
from loadgen.fleet.messages import TO_MASTER, TO_WORKER, Word
from loadgen.fleet.player import connections
from loadgen.fleet.ranks import ranks_of, spoken
from loadgen.fleet.statistics import rounded
from loadgen.fleet.wish import WishError, authorised
from loadgen.plan.make import plan_for
from loadgen.record.histogram import Histogram
from loadgen.record.lines import HistogramLine, Interval, to_json
from tests.load.acted import Actor, Stage, job, plan

ways = st.integers(0, 10**9)


# ------------------------------------------------------------------------------------------ clocks


@given(st.integers(-(10**15), 10**15), st.lists(st.tuples(ways, ways, ways), min_size=1, max_size=8))
def test_an_offset_is_known_to_half_the_round_trip_however_unequal_the_ways(ahead, trips):
    samples, now = [], 0
    for there, thinking, back in trips:
        received = now + there + ahead
        samples.append(Sample(now, received, received + thinking, now + there + thinking + back))
        now = samples[-1].back + 1
    found = best(samples)
    assert abs(found.ns - ahead) <= found.round_trip_ns / 2 + 1
    assert found.round_trip_ns == min(there + back for there, _, back in trips)
    assert found.ours(found.theirs(12345)) == 12345


def test_no_sample_is_no_offset():
    with pytest.raises(ValueError, match="empty"):
        best([])


# ---------------------------------------------------------------------------------------- barriers


def test_a_barrier_waits_for_those_who_can_still_come():
    barrier = Barrier(("a", "b", "c"), deadline=100)
    barrier.arrive("a")
    barrier.arrive("nobody")
    assert not barrier.over(99)
    assert barrier.waiting == {"b", "c"}
    barrier.lose("b")
    barrier.lose("a")  # it had arrived: that stays
    assert barrier.missing == {"b", "c"}
    barrier.arrive("c")
    assert barrier.over(0)
    assert barrier.missing == {"b"}


def test_a_barrier_opens_when_its_time_is_up_and_says_who_did_not_come():
    barrier = Barrier(("a", "b"), deadline=100)
    barrier.arrive("b")
    assert barrier.over(100)
    assert barrier.missing == barrier.waiting == {"a"}


# ------------------------------------------------------------------------------------------- ranks


@given(st.integers(1, 40), st.integers(1, 300))
def test_every_rank_is_played_by_one_worker(workers, ranks):
    played = [rank for worker in range(workers) for rank in ranks_of(worker, workers, ranks)]
    assert sorted(played) == [*range(ranks)]
    sizes = [len(ranks_of(worker, workers, ranks)) for worker in range(workers)]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("ranks", "said"), [((), ""), ((3,), "3"), ((1, 0), "0, 1"), ((0, 1, 2, 5, 7, 8), "0-2, 5, 7, 8")]
)
def test_ranks_are_said_in_few_words(ranks, said):
    assert spoken(ranks) == said


def test_connections_are_as_many_as_the_ranks_use():
    closed = plan(ranks=8).phases[0]
    assert connections(closed, (0, 1, 2)) == 3 * closed.lanes[0].parallel
    assert connections(closed, (99,)) == 1
    churn = plan_for("churn", scale=1 / 1000).phases[0]
    assert connections(churn, (0, 1)) == 128


# -------------------------------------------------------------------------------------------- jobs


def test_a_job_comes_back_as_it_was_written_and_holds_no_secret():
    one = job(3)
    text = json.dumps(jobs.dump(one))
    assert jobs.load(json.loads(text)) == one
    endpoint = Endpoint(
        "x", "http://127.0.0.1:1/x", "x", Style.PATH, key=Secret("c2VjcmV0"), sas=Secret("sig=1")
    )
    assert "c2VjcmV0" not in json.dumps(jobs.asdict(jobs.Place.of(endpoint)))
    assert "sig=" not in json.dumps(jobs.asdict(jobs.Place.of(endpoint)))


def test_every_message_has_one_direction():
    assert sorted([*TO_WORKER, *TO_MASTER]) == sorted(Word)


def test_how_load_is_authorised():
    keyed = Endpoint("x", "http://127.0.0.1:1/x", "x", Style.PATH, key=Secret("c2VjcmV0"))
    assert authorised(keyed, None)[1] is Auth.SHARED_KEY
    with_sas, auth = authorised(keyed, Auth.SAS)
    assert auth is Auth.SAS
    assert with_sas.sas is not None and "sig=" in with_sas.sas.reveal()
    with pytest.raises(WishError, match="no source of tokens") as caught:
        authorised(keyed, Auth.BEARER)
    assert "shared-key" in caught.value.hint
    with pytest.raises(WishError, match="no credentials"):
        authorised(Endpoint("x", "http://127.0.0.1:1/x", "x", Style.PATH), None)


def test_a_plan_is_adjusted():
    churn = plan_for("churn", scale=1 / 1000)
    longer = adjusted(churn, seconds=3600, rate=5)
    lane = longer.phases[0].lanes[0]
    assert lane.arrivals is not None
    assert (lane.arrivals.rate, lane.arrivals.seconds) == (5, 3600)
    assert longer.phases[0].deadline_s > 3600
    assert longer.scale == pytest.approx(churn.scale * 3600 / 30)  # it is 30 s of 5 tasks a second
    write = adjusted(plan(), block_bytes=1024, parallel=2).phases[0].lanes[0]
    assert (write.block_bytes, write.parallel) == (1024, 2)
    with pytest.raises(WishError, match="no arrivals"):
        adjusted(plan(), seconds=3)


# --------------------------------------------------------------------------------------- conductor


def test_a_run_goes_from_barrier_to_barrier():
    stage = Stage(job(), Actor(takes=2), Actor(takes=3.5)).run()
    assert stage.over == {"what": "over", "complete": True, "why": ""}
    assert [(one.name, one.missing_ranks) for one in stage.phases] == [("write", ()), ("restore", ())]
    for phase in stage.phases:
        assert phase.barrier_s == pytest.approx(3.5, abs=1e-6)  # the last rank decides
        assert phase.ops == 5
    (fleet,) = stage.events("fleet")
    assert [one["ranks"] for one in fleet.facts["workers"]] == ["0, 2", "1, 3"]


@pytest.mark.parametrize("ahead", [0, 5 * NS, -40 * NS])
def test_times_of_a_worker_come_back_in_the_clock_of_the_master(ahead):
    stage = Stage(job(), Actor(ahead_ns=ahead), Actor()).run()
    begins = [(one.begin_s or 0) - stage.phases[0].begin_s for one in stage.ranks if one.phase == "write"]
    assert begins == pytest.approx([1.0, 1.0], abs=0.001)
    start, _, end = stage.events("clock")
    assert start.facts["workers"][0]["offset_s"] == pytest.approx(ahead / NS, abs=0.001)
    assert start.facts["workers"][0]["wall_offset_s"] == pytest.approx(ahead / NS, abs=0.001)
    assert end.facts["at"] == "end"


def test_a_worker_that_dies_is_named_with_its_ranks_and_the_others_go_on():
    stage = Stage(job(), Actor(takes=6), Actor(takes=6, dies=4.0)).run()
    (lost,) = stage.events("worker-lost")
    assert lost.facts == {"worker": 1, "ranks": [1, 3]}
    assert lost.t_s < 4.2
    assert [(one.name, one.missing_ranks) for one in stage.phases] == [("write", (1, 3)), ("restore", (1, 3))]
    assert [one.barrier_s for one in stage.phases] == [None, None]
    assert not stage.over["complete"]
    assert stage.over["why"] == "worker 1 lost on the way"
    # What it had told until then is kept.
    write = [one for one in stage.lines if isinstance(one, Interval) and one.phase == "write"]
    assert stage.phases[0].ops == sum(one.ops for one in write) > 6
    assert {one.worker for one in stage.ranks} == {0}


def test_no_worker_left_ends_the_run():
    stage = Stage(job(), Actor(dies=4.0, takes=9), Actor(dies=4.0, takes=9)).run()
    assert [one.name for one in stage.phases] == ["write"]
    assert stage.phases[0].barrier_s is None
    assert stage.over["why"] == "restore 1: no worker is left"


def test_ranks_that_do_not_come_to_a_barrier_are_named():
    deaf = frozenset({Word.PREPARE})
    stage = Stage(job(), Actor(), Actor(deaf_to=deaf)).run()
    (late, _) = stage.events("late")
    assert late.facts == {"ranks": [1, 3]}
    assert "ranks 1, 3 did not come to it within 5 s" in late.said
    assert [one.missing_ranks for one in stage.phases] == [(1, 3), (1, 3)]
    assert not stage.over["complete"]


def test_a_phase_is_stopped_at_its_deadline():
    slow = Actor(takes=1000, unfinished=True)
    stage = Stage(job(deadline_s=3, phases=("write",)), Actor(takes=1), slow).run()
    (deadline,) = stage.events("deadline")
    assert "not through within its 3 s" in deadline.said
    assert Word.STOP in slow.said
    assert stage.phases[0].missing_ranks == (0,)  # the one that it says was not finished
    assert not stage.over["complete"]


def test_a_worker_that_says_nothing_at_the_deadline_is_named():
    stage = Stage(job(deadline_s=3, phases=("write",)), Actor(), Actor(deaf_to=frozenset({Word.GO}))).run()
    (silent,) = stage.events("silent")
    assert silent.facts == {"ranks": [1, 3]}
    assert stage.phases[0].missing_ranks == (1, 3)


def test_an_endpoint_that_is_lost_ends_the_run():
    stage = Stage(job(), Actor(takes=15, fails=True), Actor(takes=15, fails=True)).run()
    (lost,) = stage.events("endpoint-lost")
    assert 6 <= lost.t_s - stage.phases[0].begin_s < 9
    assert [one.name for one in stage.phases] == ["write"]
    assert stage.phases[0].errors > 4
    assert stage.over["why"] == "every operation has failed for 6 s"


def test_an_endpoint_that_answers_somebody_is_not_lost():
    stage = Stage(job(), Actor(takes=15, fails=True), Actor(takes=15)).run()
    assert not stage.events("endpoint-lost")
    assert stage.over["complete"]


def test_an_interrupt_keeps_what_was_done():
    actors = Actor(takes=15, unfinished=True), Actor(takes=15)
    stage = Stage(job(), *actors)
    stage.later(5.0, lambda: stage.conductor.end("interrupted", "interrupted"))
    stage.run()
    assert [one.name for one in stage.phases] == ["write"]
    assert stage.phases[0].ops > 4
    assert stage.over == {"what": "over", "complete": False, "why": "interrupted"}
    assert all(actor.said[-1] is Word.END for actor in actors)
    assert any(isinstance(one, HistogramLine) for one in stage.lines)


def test_too_few_workers():
    stage = Stage(job(3), Actor(), Actor()).run()
    assert stage.over["why"] == "2 of 3 workers came within 10 s"


def test_a_worker_that_cannot_do_the_job_says_why():
    stage = Stage(job(), Actor(), Actor(unfit="no address for host x")).run()
    assert stage.notes[0] == {"what": "refused", "said": "no address for host x", "hint": "", "exit_code": 2}
    assert stage.over["why"] == "worker 1: no address for host x"


def test_workers_of_another_version_are_refused():
    stage = Stage(job(), Actor(version="1"), Actor(version="2")).run()
    assert stage.over["why"] == "the workers are of different versions: 1, 2"


def test_a_worker_that_comes_too_late_takes_no_part():
    late = Actor(comes=4.0)
    stage = Stage(job(), Actor(takes=6), Actor(takes=6), late).run()
    assert len(stage.events("worker-late")) == 1
    assert late.said == [Word.END]
    assert stage.over["complete"]


# -------------------------------------------------------------------------------------- statistics


@given(st.floats(1e-6, 1e9))
def test_times_keep_three_digits(ms):
    assert rounded(ms) == pytest.approx(ms, rel=0.006)
    assert rounded(0.0) == 0.0


_FED = """
import json, sys, time
from loadgen.fleet.statistics import Statistics
from loadgen.record.lines import from_json
from locust.stats import RequestStats, StatsError
stats = RequestStats()
ours = Statistics(stats, StatsError)
for number, text in enumerate(sys.stdin):
    ours.add(from_json(json.loads(text)), time.time())
entry, total = stats.get("read 1: lane", "get-blob"), stats.total
print(json.dumps({
    "requests": total.num_requests, "failures": total.num_failures, "rows": len(stats.entries),
    "p50": entry.get_response_time_percentile(0.5), "p99": entry.get_response_time_percentile(0.99),
    "max": entry.max_response_time, "mean": entry.avg_response_time,
    "errors": {e.error: e.occurrences for e in stats.errors.values()}, "row": entry.to_dict()["name"],
    "now": total.get_current_response_time_percentile(0.5),
}))
"""


def test_locust_shows_our_figures():
    times = [*range(100, 100_100, 100)]  # 0.1 ms … 100 ms
    lines = [
        Interval(float(second), "read", 1, "lane", "get-blob", 500, 0, 500 * 4096, errors, Histogram.of(part))
        for second, (part, errors) in enumerate(
            ((times[::2], {}), (times[1::2], {"503 ServerBusy": 3, "reset": 1}))
        )
    ]
    done = subprocess.run(
        [sys.executable, "-c", _FED],
        input="".join(json.dumps(to_json(line)) + "\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    said = json.loads(done.stdout)
    assert (said["requests"], said["failures"], said["rows"]) == (1004, 4, 1)
    assert said["p50"] == pytest.approx(50, rel=0.01)
    assert said["p99"] == pytest.approx(99, rel=0.01)
    assert said["max"] == 100.0
    assert said["mean"] == pytest.approx(50.05, rel=0.001)
    assert said["errors"] == {"503 ServerBusy": 3, "reset": 1}
