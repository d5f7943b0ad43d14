"""Time to recover: how long after a fault's end a series is back where it was before. Pure.

The level before is the median of the intervals before the fault. Back is: within a stated band of that level,
for some intervals in a row. A series that does not come back is a result, not an error.
"""

from __future__ import annotations

import enum
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from loadgen.validity.check import percent


class Better(enum.StrEnum):
    """Which way of a series is harm."""

    HIGHER = "higher"  # throughput: too low is harm
    LOWER = "lower"  # latency: too high is harm


@dataclass(frozen=True, slots=True)
class Rule:
    """When a series is back: `band` is a share of the level before, `hold` counts intervals in a row."""

    band: float = 0.2
    hold: int = 3
    least_before: int = 3  # intervals that make a level
    ramp: int = 1  # intervals left out at the begin of the phase


@dataclass(frozen=True, slots=True)
class Point:
    """One interval of a series. `value` None: nothing ended in it."""

    begin_s: float
    end_s: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a fault did to a series.

    `seconds`: from the fault's end to the begin of the first of `hold` intervals in a row that are back; None
    when it was not seen to come back. `watched_s`: how long it was looked at after the end. `worst`: the
    interval farthest from the level, from the fault's begin on.
    """

    series: str
    better: Better
    level: float | None
    worst: float | None
    seconds: float | None
    watched_s: float
    rule: Rule
    why: str = ""  # why there is no `seconds`

    @property
    def said(self) -> str:
        """One sentence."""
        if self.level is None:
            return f"{self.series}: not known whether it recovered: {self.why}"
        back = f"within {percent(self.rule.band)} of before for {self.rule.hold} intervals in a row"
        if self.seconds is None:
            return f"{self.series}: {self.why} ({back})"
        if not self.seconds:
            return f"{self.series}: was back in the first interval after the fault's end ({back})"
        return f"{self.series}: recovered {self.seconds:.3g} s after the fault's end ({back})"


def recovery(
    series: str,
    points: Sequence[Point],
    begin_s: float,
    end_s: float,
    better: Better,
    rule: Rule | None = None,
) -> Recovery:
    """How the series got over a fault that lasted from `begin_s` to `end_s`.

    `points` are the intervals of one phase, in order; the last one, which the phase's end cuts short, should
    be left out.
    """
    rule = rule or Rule()
    before = [point.value for point in points[rule.ramp :] if point.end_s <= begin_s]
    known = [value for value in before if value is not None]
    since = [point for point in points if point.end_s > begin_s]
    after = [point for point in since if point.begin_s >= end_s]
    watched = max(0.0, after[-1].end_s - end_s) if after else 0.0
    worst = _worst([point.value for point in since], better)
    if len(known) < rule.least_before:
        why = (
            f"{len(known)} intervals before the fault are too few to tell a level (needs {rule.least_before})"
        )
        return Recovery(series, better, None, worst, None, watched, rule, why)
    level = statistics.median(known)
    if not level:
        why = "in most intervals before the fault nothing was done"
        return Recovery(series, better, None, worst, None, watched, rule, why)
    run = 0
    for index, point in enumerate(after):
        run = run + 1 if _back(point.value, level, better, rule.band) else 0
        if run == rule.hold:
            begin = after[index - rule.hold + 1].begin_s
            # An interval that holds the fault's end tells of both sides; the next one is the first to count.
            seconds = 0.0 if index + 1 == rule.hold and begin - end_s < _length(point) else begin - end_s
            return Recovery(series, better, level, worst, seconds, watched, rule)
    if len(after) < rule.hold:
        why = f"the phase ended {watched:.3g} s after the fault, too soon to tell"
    else:
        why = f"did not recover within the {watched:.3g} s that were left of the phase"
    return Recovery(series, better, level, worst, None, watched, rule, why)


def _back(value: float | None, level: float, better: Better, band: float) -> bool:
    if value is None:
        return False
    return value >= level * (1 - band) if better is Better.HIGHER else value <= level * (1 + band)


def _worst(values: Sequence[float | None], better: Better) -> float | None:
    if better is Better.HIGHER:
        return min((0.0 if value is None else value for value in values), default=None)
    known = [value for value in values if value is not None and not math.isnan(value)]
    return max(known, default=None)


def _length(point: Point) -> float:
    return point.end_s - point.begin_s
