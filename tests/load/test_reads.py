"""Reads that are held against what was written: which ones, what is said, and what it means for a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.vocabulary import ExitCode
from loadgen.payload.payloads import Payloads
from loadgen.plan.values import Action, Arrivals, FileSet, Lane, Phase, Plan, Process
from loadgen.record.lines import Event
from loadgen.record.read import LoadRun, read
from loadgen.record.write import FILE
from loadgen.validity.check import State
from loadgen.validity.contents import CONTENTS, contents_check
from loadgen.work.files import UNKNOWN, of_rank, turn
from loadgen.work.op import Blob, Keep, Kind, Op, Outcome
from loadgen.work.reads import CheckedReads
from tests.command.process import blobproof
from tests.load.made_up import made_up
from tests.load.scripted import Work, make

SEED = 7
PAYLOADS = Payloads()


def reads(*lengths: int) -> Iterator[Op]:
    """One read of each length, of a blob of its own."""
    for number, length in enumerate(lengths):
        yield Op(Kind.GET_BLOB, 0, "lane", Blob(f"b{number}", length, "text", SEED), 0, length)


def right(op: Op) -> int:
    """The checksum that a right answer has."""
    return PAYLOADS.digest(op.blob.payload, op.blob.seed, op.offset, op.length)


def ended(checksum: int, status: int = 206) -> Outcome:
    """The end of a read."""
    return Outcome(status, "", 1, 2, 3, 0, 10, "", checksum.to_bytes(8, "big"))


def test_the_first_reads_and_some_of_the_others_are_checked() -> None:
    work = CheckedReads(Work(*reads(*[100] * 200), make(Kind.LIST_BLOBS)))
    ops = [op for _ in range(201) if (op := work.next(0)) is not None]
    chosen = [number for number, op in enumerate(ops, 1) if op.keep is Keep.CHECKSUM]
    assert chosen == [1, 2, 3, 4, 5, 6, 7, 8, 64, 128, 192]
    assert len(ops) == 201


def test_no_more_is_checked_than_can_be_made_again_soon_but_one_always() -> None:
    large = CheckedReads(Work(*reads(1 << 30, 100)))
    assert [op.keep for _ in range(2) if (op := large.next(0))] == [Keep.CHECKSUM, Keep.NOTHING]
    many = CheckedReads(Work(*reads(*[100 << 20] * 4, 100)))
    assert [bool(op.keep) for _ in range(5) if (op := many.next(0))] == [True, True, False, False, True]


def test_what_is_wrong_is_named_and_what_failed_is_not_compared() -> None:
    inner = Work(*reads(*[5000] * 4))
    work = CheckedReads(inner)
    for change, status in ((0, 206), (1, 206), (0, 206), (1, 503)):
        op = work.next(0)
        assert op is not None and not work.finished
        work.done(op, ended(right(op) ^ change, status))
    assert work.finished and work.due() is None
    assert len(inner.outcomes) == 4
    found = work.compared(PAYLOADS.digest)
    assert found == {"reads": 4, "compared": 3, "bytes": 15_000, "wrong": 1, "which": ["b1 from byte 0"]}


def test_a_read_that_is_made_again_is_one_read() -> None:
    (op,) = reads(100)
    work = CheckedReads(Work(op, op))
    work.next(0)
    work.done(op, ended(0, 503))
    op.attempt = 2
    work.next(0)
    work.done(op, ended(right(op)))
    found = work.compared(PAYLOADS.digest)
    assert (found["reads"], found["compared"], found["wrong"]) == (1, 1, 0)


def test_what_is_read_is_what_was_written_last() -> None:
    """And of files that were written several times in one phase, or are being written, nothing is known."""
    up, down = (Lane(name, Action(name), ("f",), 1) for name in ("upload", "download"))
    again = replace(up, repeat=2)
    arriving = replace(up, arrivals=Arrivals(10, Process.CONSTANT, 5))
    files = (FileSet("f", 2, 100, "text"),)

    def seeds(*lanes: tuple[Lane, ...]) -> list[list[int]]:
        phases = [Phase("p", some, 60, number) for number, some in enumerate(lanes, 1)]
        plan = Plan("x", "x", 1.0, 1, 1, 1, SEED, "c", "p", files, tuple(phases))
        return [
            [blob.seed for blob in of_rank(plan, lane, 0, turn(plan, phase, lane, 0))]
            for phase in phases
            for lane in phase.lanes
        ]

    first, read, second, read_then = seeds((up,), (down,), (up,), (down,))
    assert (first, second) == (read, read_then)
    assert first != second
    unknown = [UNKNOWN, UNKNOWN]
    assert [seeds((one,), (down,))[1] for one in (again, arriving)] == [unknown] * 2
    assert seeds((down,)) == [unknown]
    assert seeds((up,), (up, down))[2] == unknown
    assert seeds((again,), (up,), (down,))[2] == seeds((again,), (up,), (down,))[1]


def test_what_is_not_known_is_not_checked() -> None:
    (op,) = reads(100)
    op.blob = op.blob._replace(seed=UNKNOWN)
    work = CheckedReads(Work(op))
    assert work.next(0) is op and op.keep is Keep.NOTHING


def test_what_was_given_up_may_be_as_it_was(run: LoadRun) -> None:
    events = (told(9, 8, 1),)
    ranks = (replace(run.ranks[0], failed=1), *run.ranks[1:])
    assert contents_check(replace(run, events=events)).state is State.INVALIDATES
    for changed in (
        replace(run, events=events, ranks=ranks),
        replace(run, events=(*events, Event(1.0, "worker-lost", ""))),
        replace(run, events=events, phases=(replace(run.phases[0], missing_ranks=(1,)), *run.phases[1:])),
    ):
        assert contents_check(changed).state is State.WARNS


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> LoadRun:
    """A run of a plan that reads, without events."""
    return replace(read(made_up(tmp_path_factory.mktemp("run"), ranks=2, seconds=2)), events=())


def told(reads: int, compared: int, wrong: int) -> Event:
    """What a worker says."""
    facts = {
        "reads": reads,
        "compared": compared,
        "bytes": 1,
        "wrong": wrong,
        "which": ["b from byte 0"] * wrong,
    }
    return Event(1.0, CONTENTS, "", {"worker": 0, "phase": "restore", "iteration": 1, **facts})


@pytest.mark.parametrize(
    ("events", "endpoint", "state", "said"),
    [
        ((), "x", State.OK, "Nothing was read"),
        ((told(9, 8, 0), told(1, 1, 0)), "x", State.OK, "9 of 10 reads, a sample"),
        ((told(9, 8, 0), told(9, 8, 1)), "x", State.INVALIDATES, "1 brought something else (the first: b"),
        ((told(9, 0, 0),), "x", State.NOT_RUN, "None of 9 reads"),
        ((told(9, 8, 8),), "null", State.NOT_RUN, "null server"),
    ],
)
def test_what_it_means_for_a_run(
    run: LoadRun, events: tuple[Event, ...], endpoint: str, state: State, said: str
) -> None:
    header = replace(run.header, endpoint={**run.header.endpoint, "name": endpoint})
    found = contents_check(replace(run, header=header, events=events))
    assert found.state is state
    assert said in found.said


def test_an_endpoint_that_answers_wrong_bytes_is_found_out(tmp_path: Path) -> None:
    """In a folder, too, whose files have the names of modules: they are the user's, and no part of it."""
    (tmp_path / "cmd.py").write_text("raise SystemExit('not ours')\n", encoding="utf-8")
    states = {}
    for endpoint in ("reference", "reference:reads-at-once-are-one"):
        out = tmp_path / endpoint.replace(":", "-")
        words = (
            "restore-llama3-8b/own",
            endpoint,
            "--scale",
            "1/1000",
            "--iterations",
            "2",
            "--no-self-test",
        )
        done = blobproof("bench", *words, "--out", out, cwd=tmp_path)
        assert done.code in (ExitCode.MET, ExitCode.DIVERGENCE), done
        lines = [json.loads(line) for line in (out / FILE).read_text(encoding="utf-8").splitlines()]
        (states[endpoint],) = [
            (one["state"], done.code) for one in lines if one["line"] == "check" and one["name"] == CONTENTS
        ]
    assert states == {
        "reference": ("ok", ExitCode.MET),
        "reference:reads-at-once-are-one": ("invalidates", ExitCode.DIVERGENCE),
    }
