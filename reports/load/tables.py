"""The tables of a load page: phases, figures, checks, disclosure. Every figure has its unit and its scale."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from loadgen.record.lines import Check, Metric, Phase
from loadgen.record.read import LoadRun
from reports.load.charts import label

STATES: Mapping[str, tuple[str, str]] = {
    "invalidates": ("bad", "invalid"),
    "warns": ("warn", "warning"),
    "not-run": ("gap", "not checked"),
    "ok": ("good", "fine"),
}
"""The states of a check, the worst first: the family of its colour, and what people call it."""


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """A phase as a row. Rates are total bytes by the time from barrier to barrier, never a mean of rates.

    Where ranks are missing the second barrier never came: there is neither its time nor a rate.
    """

    name: str
    measured: bool
    barrier_s: float | None
    gb_per_s: float | None
    bytes: int
    ops: int
    ops_per_s: float | None
    errors: int
    missing: tuple[int, ...]


def phase_rows(phases: Iterable[Phase]) -> tuple[PhaseRow, ...]:
    """One row a phase, in the order in which they ran."""
    return tuple(_row(one, None if one.missing_ranks else one.barrier_s) for one in phases)


def _row(one: Phase, barrier_s: float | None) -> PhaseRow:
    return PhaseRow(
        label(one.name, one.iteration),
        one.measured,
        barrier_s,
        one.bytes / barrier_s / 1e9 if barrier_s and one.bytes else None,
        one.bytes,
        one.ops,
        one.ops / barrier_s if barrier_s else None,
        one.errors,
        one.missing_ranks,
    )


def by_worst(checks: Iterable[Check]) -> tuple[Check, ...]:
    """The checks, what invalidates first."""
    order = [*STATES]
    return tuple(sorted(checks, key=lambda one: order.index(one.state)))


def worst(checks: Iterable[Check]) -> str:
    """The state that decides: of none, "not-run"."""
    states = {one.state for one in checks}
    return next((state for state in STATES if state in states), "not-run")


@dataclass(frozen=True, slots=True)
class MetricGroup:
    """Figures of one kind and one phase. Kinds are never mixed in a table."""

    kind: str  # measured, modelled, published
    phase: str
    rows: tuple[Metric, ...]


def metric_groups(metrics: Iterable[Metric], kind: str) -> tuple[MetricGroup, ...]:
    """The figures of a kind, by phase."""
    groups: dict[str, list[Metric]] = {}
    for one in metrics:
        if one.kind == kind:
            groups.setdefault(one.name.partition(".")[0], []).append(one)
    return tuple(MetricGroup(kind, phase, tuple(rows)) for phase, rows in groups.items())


def repeated(metrics: Iterable[Metric]) -> frozenset[str]:
    """Figures that the table of latencies has already: percentiles and maxima of one operation."""
    return frozenset(one.name for one in metrics if _OF_AN_OPERATION.search(one.name))


_OF_AN_OPERATION = re.compile(r"\.(latency|service|first_byte)_(p[0-9.]+|max)_")


def figure(value: float | None, digits: int = 3) -> str:
    """A number with as many significant digits as are worth reading; an en dash where there is none."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    return f"{float(text):f}".rstrip("0").rstrip(".") if "e" in text else text


def size(count: int) -> str:
    """Bytes for people: decimal units, always written out."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{figure(count / factor)} {unit}"
    return f"{count} B"


def scale(value: float) -> str:
    """A scale as people say it: `full size`, `1/1,000 of full size`, `70 % of full size`."""
    if value >= 1:
        return "full size" if value == 1 else f"{figure(value)} × full size"
    part = round(1 / value)
    if part > 1 and abs(part * value - 1) < _SCALE_OFF:
        return f"1/{part:,} of full size"
    return f"{figure(100 * value)} % of full size"


_SCALE_OFF = 0.005  # what a scale may be away from the fraction that it is called


def disclosure(run: LoadRun) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """What a reader needs to do the same again, by heading."""
    header = run.header
    plan = header.plan
    files = ", ".join(
        f"{one['name']}: {one['count']:,} × {size(one['bytes'])} {one['payload']}"
        for one in plan.get("files", ())
    )
    made = (
        ("profile", header.profile),
        ("scale", scale(header.scale)),
        ("ranks", f"{header.ranks} (of {plan.get('full_ranks', header.ranks)} at full size)"),
        ("worker processes", str(header.workers)),
        ("seed", str(header.seed)),
        ("files", files),
        ("lanes", "; ".join(_lane(one) for one in _lanes(plan))),
    )
    groups = [
        ("Load", made),
        ("Endpoint", _pairs(header.endpoint)),
        ("Measured on", _pairs(header.measured_on)),
        ("Payloads", _pairs(header.payloads)),
        ("Further", _pairs(header.disclosure)),
    ]
    return tuple((heading, tuple(pairs)) for heading, pairs in groups if pairs)


def plan_pairs(header: Mapping[str, Any]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The same for a comparison: its rules, its arms, its plan."""
    made = (
        ("profile", str(header["profile"])),
        ("scale", scale(header["scale"])),
        ("ranks", str(header["ranks"])),
        ("lanes", "; ".join(_lane(one) for one in _lanes(header["plan"]))),
    )
    groups = [
        ("Rules", _pairs(header["rules"])),
        ("A", _pairs(header["a"])),
        ("B", _pairs(header["b"])),
        ("Load", made),
        ("Measured on", _pairs(header["measured_on"])),
    ]
    return tuple((heading, tuple(pairs)) for heading, pairs in groups if pairs)


def _lanes(plan: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    seen: dict[str, Mapping[str, Any]] = {}
    for phase in plan.get("phases", ()):
        for lane in phase["lanes"]:
            seen.setdefault(
                f"{phase['name']}/{lane['name']}", {**lane, "name": f"{phase['name']}/{lane['name']}"}
            )
    return seen.values()


def _lane(lane: Mapping[str, Any]) -> str:
    words = [
        f"{lane['name']}: {lane['action']} by {lane['ranks']} ranks, {lane['parallel']} requests at once each"
    ]
    if lane["action"] in ("upload", "hydrate"):
        words.append(f"blocks of {lane['block_bytes'] / 2**20:g} MiB")
    if lane["action"] == "download":
        words.append(
            f"ranges of {lane['range_bytes'] / 2**20:g} MiB" if lane["range_bytes"] else "whole blobs"
        )
    if lane.get("arrivals"):
        words.append(f"open loop, {lane['arrivals']['rate']:g} tasks a second, {lane['arrivals']['process']}")
    return ", ".join(words)


def _pairs(facts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.replace("_", " "), _said(value)) for name, value in facts.items() if value not in (None, "", {})
    )


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_said(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return figure(value) if isinstance(value, float) else str(value)
