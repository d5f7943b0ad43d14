"""The lines of load.jsonl as frozen values. Times are seconds from the run's start, bytes are bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from loadgen.record.histogram import Histogram

Facts = Mapping[str, Any]
"""What JSON can hold, by name."""


@dataclass(frozen=True, slots=True)
class Header:
    """What was run, against what, on what. Never holds a secret."""

    line: ClassVar[str] = "header"
    tool: str  # version of Blobproof
    started: str  # UTC, 2026-11-23T04:15:00Z
    profile: str
    title: str
    scale: float
    ranks: int
    seed: int
    workers: int
    plan: Facts  # the whole plan (loadgen.plan.document)
    endpoint: Facts  # name, scheme, style, authorised (how)
    measured_on: Facts  # of the machine that generated the load: cpu, cores, memory_bytes, kernel …
    substrate: str | None = None  # its id, where the endpoint's is known
    substrate_provenance: str | None = None  # published, user-supplied, calibrated, assumed
    payloads: Facts = field(default_factory=dict)  # by recipe id
    disclosure: Facts = field(default_factory=dict)
    schema: int = 1


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a reader of the figures must know of."""

    line: ClassVar[str] = "event"
    t_s: float
    what: str  # "worker-lost", "fault", "interrupted", "deadline" …
    said: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interval:
    """One operation of one lane in one interval, over all workers. Lines with the same key add up."""

    line: ClassVar[str] = "interval"
    t_s: float  # when it begins
    phase: str
    iteration: int
    lane: str
    op: str
    ops: int  # that succeeded
    bytes_sent: int  # of bodies, by operations that succeeded
    bytes_received: int
    errors: Mapping[str, int]  # attempts that did not succeed, by "503 ServerBusy", "timeout" …
    latency: Histogram  # of those that succeeded, from their intended start


@dataclass(frozen=True, slots=True)
class Rank:
    """What one rank did in one lane of a phase. Times are null where it never came so far."""

    line: ClassVar[str] = "rank"
    phase: str
    iteration: int
    lane: str
    rank: int
    worker: int | str
    begin_s: float | None  # the first operation was handed to a socket
    end_s: float | None  # the last operation was through
    data_end_s: float | None  # the last one that carried payload, or a listing
    seal_s: float  # for how long one Put Block List or more was under way
    files: int
    ops: int  # that succeeded
    bytes: int  # of payload
    errors: int  # attempts that did not succeed
    failed: int  # files given up


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase, from barrier to barrier."""

    line: ClassVar[str] = "phase"
    name: str
    iteration: int
    measured: bool
    begin_s: float
    end_s: float | None
    barrier_s: float | None  # from the first barrier to the end of the last rank; null: it never came
    ops: int
    bytes: int
    errors: int
    missing_ranks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HistogramLine:
    """A distribution over a whole phase and all workers."""

    line: ClassVar[str] = "histogram"
    phase: str
    iteration: int
    lane: str
    op: str
    metric: str  # one of `loadgen.record.delta.METRICS`
    packed: Histogram


@dataclass(frozen=True, slots=True)
class Check:
    """One check of whether the run may be believed."""

    line: ClassVar[str] = "check"
    name: str
    state: str  # ok, warns, invalidates, not-run
    said: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. `low` and `high` bound it; `loadgen.kpi` says what they are."""

    line: ClassVar[str] = "metric"
    name: str  # PHASE.WHAT_UNIT
    value: float
    unit: str
    kind: str = "measured"  # measured, modelled, published
    low: float | None = None
    high: float | None = None
    n: int = 1  # iterations behind it
    said: str = ""
    whole: bool = True  # False: ranks were missing or files failed
    no_verdict: str = ""  # why it meets no objective; "": it may


@dataclass(frozen=True, slots=True)
class Footer:
    """The end of a run."""

    line: ClassVar[str] = "footer"
    complete: bool
    why: str  # it is not complete; "" when it is
    ended: str  # UTC


Line = Header | Event | Interval | Rank | Phase | HistogramLine | Check | Metric | Footer

KINDS: Mapping[str, type[Line]] = {
    kind.line: kind for kind in (Header, Event, Interval, Rank, Phase, HistogramLine, Check, Metric, Footer)
}
"""The values by the word that their lines begin with."""


def to_json(line: Line) -> dict[str, Any]:
    """A line as JSON can hold it: `line` says of what kind it is."""
    found: dict[str, Any] = {"line": line.line}
    for one in fields(line):
        value = getattr(line, one.name)
        if isinstance(value, Histogram):
            value = value.pack()
        found[one.name] = [*value] if isinstance(value, tuple) else value
    return found


def from_json(value: Mapping[str, Any]) -> Line:
    """The value of a line that follows the schema. Raises `HistogramError`."""
    rest = {name: one for name, one in value.items() if name != "line"}
    match value["line"]:
        case "interval":
            rest["latency"] = Histogram.unpack(rest["latency"])
        case "histogram":
            rest["packed"] = Histogram.unpack(rest["packed"])
        case "phase":
            rest["missing_ranks"] = tuple(rest["missing_ranks"])
    return KINDS[value["line"]](**rest)
