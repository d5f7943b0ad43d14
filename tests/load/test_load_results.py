"""load.jsonl comes back as it was written; what does not follow its schema is refused; half a run is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.vocabulary import ExitCode
from loadgen.record import lines
from loadgen.record.delta import METRICS
from loadgen.record.histogram import Histogram
from loadgen.record.lines import (
    Check,
    Event,
    Header,
    HistogramLine,
    Interval,
    Line,
    Metric,
    Phase,
    Rank,
    from_json,
    to_json,
)
from loadgen.record.oplog import OpLog
from loadgen.record.oplog_read import frame
from loadgen.record.read import HistogramKey, LoadError, LoadRun, read
from loadgen.record.shape import problem, validator
from loadgen.record.write import FILE, LoadWriter

HEADER = Header(
    tool="0.1.0",
    started="2026-11-23T04:15:00Z",
    profile="checkpoint-llama3-8b",
    title="Checkpoint storm, Llama 3 8B",
    scale=0.001,
    ranks=8,
    seed=7,
    workers=2,
    plan={"phases": [{"name": "write"}]},
    endpoint={"name": "reference", "scheme": "http", "style": "path", "authorised": "shared-key"},
    measured_on={"cpu": "a CPU", "cores": 2, "memory_bytes": 1 << 33, "kernel": "6.1"},
)
LATENCY = Histogram.of([1_000, 2_000, 40_000])
OTHERS: tuple[Line, ...] = (
    Event(1.5, "worker-lost", "worker 1 did not answer", {"ranks": [1, 3]}),
    Interval(0.0, "write", 1, "write", "put-block", 3, 24 << 20, 0, {"503 ServerBusy": 2}, LATENCY),
    Rank("write", 1, "write", 0, 1, 0.1, 2.5, 2.25, 0.25, 2, 9, 64 << 20, 1, 0),
    Rank("write", 1, "write", 1, "w2", None, None, None, 0.0, 0, 0, 0, 0, 0),
    Phase("write", 1, True, 0.0, 2.5, 2.5, 9, 64 << 20, 1),
    Phase("restore", 1, True, 3.0, None, None, 0, 0, 0, (1, 3)),
    HistogramLine("write", 1, "write", "put-block", "latency", LATENCY),
    Check("ceiling", "warns", "81 % of what the generator can do", {"share": 0.81}),
    Metric("write.barrier_s", 2.5, "s", low=2.0, high=3.0, n=3),
)


def write(folder: Path, *others: Line, header: Header = HEADER, **closed: Any) -> Path:
    """A run with these lines."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = LoadWriter(folder, header, checked=True)
    writer.add(*others)  # type: ignore[arg-type]
    if closed:
        writer.close(**closed)
    return folder


def test_a_run_comes_back(tmp_path: Path) -> None:
    run = read(write(tmp_path, *OTHERS, complete=True))
    assert run.header == HEADER
    assert (*run.events, *run.intervals, *run.ranks, *run.phases) == OTHERS[:6]
    assert (*run.checks, *run.metrics) == OTHERS[7:]
    assert run.histograms == {HistogramKey("write", 1, "write", "put-block", "latency"): LATENCY}
    assert (run.complete, run.why, run.folder) == (True, "", tmp_path)


def test_every_kind_of_line_is_written_here() -> None:
    assert {type(line) for line in OTHERS} | {Header, lines.Footer} == {*get_args(Line)}
    assert [*lines.KINDS] == [one["$ref"].rpartition("/")[2] for one in validator().schema["oneOf"]]
    for kind in lines.KINDS.values():
        named = {one.name for one in fields(kind)} | {"line"}
        described = validator().schema["$defs"][kind.line]
        assert named == set(described["properties"]) == set(described["required"])


def test_a_run_that_is_not_complete_says_why(tmp_path: Path) -> None:
    run = read(write(tmp_path, *OTHERS, complete=False, why="interrupted"))
    assert (run.complete, run.why) == (False, "interrupted")


def test_a_run_without_its_end_is_partial(tmp_path: Path) -> None:
    run = read(write(tmp_path, *OTHERS))
    assert not run.complete
    assert "cut off" in run.why
    assert len(run.ranks) == 2


def test_a_header_alone_is_a_partial_run(tmp_path: Path) -> None:
    run = read(write(tmp_path))
    assert (run.complete, run.phases, run.histogram("write").count) == (False, (), 0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a whole run."""
    return (write(tmp_path_factory.mktemp("whole"), *OTHERS, complete=True) / FILE).read_bytes()


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_run_that_was_cut_off_anywhere_is_partial_or_says_what_is_wrong(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    cut = data.draw(st.integers(0, len(whole) - 1))
    (folder / FILE).write_bytes(whole[:cut])
    if cut <= whole.index(b"\n"):
        with pytest.raises(LoadError, match="does not start with a header"):
            read(folder)
    else:
        run = read(folder)
        assert (run.complete, run.header) == (False, HEADER)
        told = [
            *run.events,
            *run.intervals,
            *run.ranks,
            *run.phases,
            *run.histograms,
            *run.checks,
            *run.metrics,
        ]
        assert len(told) == whole[:cut].count(b"\n") - 1


def test_histograms_of_a_phase_are_merged_as_asked(tmp_path: Path) -> None:
    def line(iteration: int, lane: str, op: str, us: int, metric: str = "latency") -> HistogramLine:
        return HistogramLine("write", iteration, lane, op, metric, Histogram.of([us]))

    made = [
        line(1, "a", "put-block", 1),
        line(1, "a", "put-block", 2),
        line(2, "a", "put-block", 4),
        line(1, "b", "put-block", 8),
        line(1, "a", "put-blob", 16),
        line(1, "a", "put-block", 32, "service"),
    ]
    run = read(write(tmp_path, *made, complete=True))
    assert len(run.histograms) == 5
    assert run.histogram("write").sum == 31
    assert run.histogram("write", iteration=1).sum == 27
    assert run.histogram("write", lane="a", op="put-block").sum == 7
    assert run.histogram("write", "service").sum == 32
    assert run.histogram("restore").count == 0


def test_a_second_run_never_writes_over_the_first(tmp_path: Path) -> None:
    write(tmp_path, complete=True)
    with pytest.raises(FileExistsError):
        LoadWriter(tmp_path, HEADER)


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    writer = LoadWriter(tmp_path, HEADER)
    writer.close(complete=False, why="first")
    writer.close(complete=True)
    assert read(tmp_path).why == "first"


def test_texts_of_any_kind_come_back(tmp_path: Path) -> None:
    said = "zwei\nZeilen\u2028drei\x85 \x00 läuft"
    run = read(write(tmp_path, Event(0.0, "fault", said), Event(1.0, "fault", "\udc80"), complete=True))
    assert [event.said for event in run.events] == [said, "\udc80"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_metric_without_a_value_is_not_written(tmp_path: Path, value: float) -> None:
    writer = LoadWriter(tmp_path, HEADER)
    with pytest.raises(ValueError, match="JSON"):
        writer.add(Metric("write.barrier_s", value, "s"))
    writer.close(complete=True)
    assert read(tmp_path).metrics == ()


def _altered(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The line with one thing wrong, for each thing that can be."""
    yield "surprise", {**value, "surprise": 1}
    for key, one in value.items():
        yield f"without {key}", {name: other for name, other in value.items() if name != key}
        yield f"{key} of another type", {**value, key: [[]] if not isinstance(one, list) else "text"}
        if isinstance(one, int) and not isinstance(one, bool) and key not in ("seed", "worker"):
            yield f"{key} negative", {**value, key: -1}


@pytest.mark.parametrize("line", [HEADER, *OTHERS, lines.Footer(True, "", "2026-11-23T04:15:00Z")])
def test_no_altered_line_follows_the_schema(line: Line) -> None:
    value = json.loads(json.dumps(to_json(line)))
    assert problem(value) is None
    assert from_json(value) == line
    for what, altered in _altered(value):
        wrong = problem(altered)
        assert wrong and "\n" not in wrong, what


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (replace(HEADER, scale=0.0), "scale"),
        (replace(HEADER, substrate_provenance="heard"), "substrate_provenance"),
        (replace(HEADER, started="yesterday"), "started"),
        (replace(HEADER, endpoint={**HEADER.endpoint, "name": "http://h/a?sv=1&sig=abc"}), "endpoint/name"),
        (replace(HEADER, endpoint={**HEADER.endpoint, "string": "AccountKey=abc"}), "endpoint/string"),
        (Check("ceiling", "great", ""), "state"),
        (Metric("barrier", 1.0, "s"), "name"),
        (Metric("write.barrier_s", 1.0, "s", "guessed"), "kind"),
        (Interval(0.0, "write", 0, "w", "put-blob", 0, 0, 0, {}, LATENCY), "iteration"),
        (HistogramLine("write", 1, "w", "put-blob", "speed", LATENCY), "metric"),
    ],
)
def test_the_writer_that_checks_refuses(tmp_path: Path, line: Line, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        write(tmp_path, line)


def _lines(*made: Line | dict[str, Any] | bytes) -> bytes:
    return b"".join(
        (
            one
            if isinstance(one, bytes)
            else json.dumps(one if isinstance(one, dict) else to_json(one)).encode()
        )
        + b"\n"
        for one in made
    )


_FOOTER = lines.Footer(True, "", "2026-11-23T04:15:00Z")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "does not start with a header"),
        (_lines(OTHERS[0]), "does not start with a header"),
        (_lines(HEADER, b"{"), ":2: not JSON"),
        (_lines(HEADER, b"\xff"), ":2: not JSON"),
        (_lines(HEADER, b"7"), ":2: no line of a load run"),
        (_lines(HEADER, {"line": "summary"}), ":2: no line of a load run: line 'summary'"),
        (_lines(HEADER, {"line": []}), ":2: no line of a load run"),
        (_lines(HEADER, {**to_json(OTHERS[0]), "t_s": "x"}), ":2: t_s: 'x' is not of type"),
        (_lines(HEADER, {**to_json(OTHERS[1]), "latency": "Ag=="}), ":2: a histogram of version 2"),
        (_lines(HEADER, HEADER), "a header stands among the lines"),
        (_lines(HEADER, _FOOTER, OTHERS[0]), "a footer stands among the lines"),
        (_lines(HEADER, _FOOTER) + b'{"line', "a footer stands among the lines"),
        (_lines({**to_json(HEADER), "schema": 2}), "written with schema 2; this version reads 1"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(LoadError, match=said) as caught:
        read(tmp_path)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"no load run in .*: No such file") as caught:
        read(tmp_path)
    assert FILE in caught.value.hint


def test_a_run_is_a_value(tmp_path: Path) -> None:
    run = read(write(tmp_path, complete=True))
    assert isinstance(run, LoadRun)
    with pytest.raises(AttributeError):
        run.complete = False  # type: ignore[misc]


def test_the_page_tells_of_every_line_metric_and_column(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "load-results.md").read_text(encoding="utf-8")
    columns = frame(OpLog(tmp_path / "a", 0).path).columns
    for name in (*lines.KINDS, *METRICS, *columns):
        assert f"`{name}`" in page, name
