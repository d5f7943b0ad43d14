"""A forecast: the law fitted to scale points, its interval, its hold-out error, and the cap of physics."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from loadgen.forecast import tail
from loadgen.forecast.errors import ForecastError
from loadgen.forecast.points import By, Point, Series
from loadgen.forecast.usl import Fit, fit, interval
from loadgen.kpi.units import amount

FURTHEST = 4
"""How many times the largest measured size a forecast goes, unless it is forced."""

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Cap:
    """What cannot be exceeded at a size, whatever a curve says."""

    name: str  # "server NIC"
    rate: float  # in the unit of the series
    provenance: str  # published, user-supplied, calibrated, assumed
    said: str = ""


CapsAt = Callable[[int], Sequence[Cap]]
"""The caps at a size."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A row of what was measured."""

    size: int
    scale: float
    median: float
    low: float
    high: float
    n: int
    runs: int


@dataclass(frozen=True, slots=True)
class HoldOut:
    """The law fitted without the largest size, and what it says of that size."""

    size: int
    predicted: float
    low: float | None
    high: float | None
    actual: float  # the median that was measured there
    error: float  # predicted / actual - 1

    @property
    def held(self) -> bool | None:
        """Whether the interval holds what was measured; None without an interval."""
        return None if self.low is None or self.high is None else self.low <= self.actual <= self.high


@dataclass(frozen=True, slots=True)
class Modelled:
    """A row of what was not measured: a model's figure at a size."""

    model: str  # "USL", "linear"
    size: int
    scale: float
    value: float
    low: float
    high: float
    uncapped: float  # what the curve says by itself
    cap: Cap | None  # the least of the caps; None: none is known
    hold_out: HoldOut
    said: str

    @property
    def capped(self) -> bool:
        """Whether physics says less than the curve."""
        return self.cap is not None and self.uncapped > self.cap.rate


@dataclass(frozen=True, slots=True)
class Forecast:
    """Everything about one phase. Measured and modelled are kept apart."""

    profile: str
    phase: str
    unit: str
    by: By
    to: int
    scale: float
    measured: tuple[Measured, ...]
    modelled: tuple[Modelled, ...]  # the first is the forecast; the second is what linear scaling would be
    tail: tail.Tail | None
    tail_measured: float | None  # last rank / median rank at the largest measured size, median of iterations
    tail_missing: str  # why there is no modelled tail
    forced: bool
    assumptions: tuple[str, ...]


def predict(points: Series, to: int, caps: CapsAt | None = None, *, force: bool = False) -> Forecast:
    """The forecast of one phase at a size. Raises `ForecastError`.

    Refused: more than 4 times the largest measured size (unless `force`), and caps that a measurement
    exceeds, because they are then not those of what was measured.
    """
    largest = points.largest
    if to < 1:
        raise ForecastError(f"there is no size {to}", "Give --to 1 or more.")
    if to > FURTHEST * largest.size and not force:
        raise ForecastError(
            f"{to} {points.by} are more than {FURTHEST} times the largest measured size, {largest.size}",
            f"Measure at {math.ceil(to / FURTHEST)} or more, or give --force: the forecast then says so.",
        )
    caps = caps or _none
    for point in points.points:
        for cap in caps(point.size):
            if point.median > cap.rate:
                raise ForecastError(
                    f"{amount(point.median, points.unit)} were measured at {point.size} {points.by}, and "
                    f"{cap.name} allows {amount(cap.rate, points.unit)}: "
                    "the cap is not that of what was measured",
                    "Give the substrate that the runs were on, with its own parameters.",
                )
    least = min(caps(to), key=lambda cap: cap.rate, default=None)
    rows = [_usl(points, to, least), _linear(points, to, least)]
    last, missing = _tail(points, to)
    return Forecast(
        points.profile,
        points.phase,
        points.unit,
        points.by,
        to,
        points.scale,
        tuple(_row(point, points.scale) for point in points.points),
        tuple(rows),
        last,
        _stragglers(largest),
        missing,
        to > FURTHEST * largest.size,
        (*points.assumptions, *(tail.ASSUMPTIONS if last else ())),
    )


def _none(_size: int) -> Sequence[Cap]:
    return ()


def _row(point: Point, scale: float) -> Measured:
    return Measured(
        point.size, scale, point.median, min(point.rates), max(point.rates), len(point.rates), point.runs
    )


def _usl(points: Series, to: int, cap: Cap | None) -> Modelled:
    fitted = _fitted(points.points)
    law = fitted.law
    said = f"σ {law.contention:.3g}, κ {law.coherency:.3g}, noise {100 * fitted.spread:.2g} %"
    if law.coherency > 0 and (peak := math.sqrt(max(1 - law.contention, 0) / law.coherency)) < to:
        said += (
            f"; most at {peak:.0f} {points.by}, less beyond" if peak >= 1.5 else "; every one more gives less"
        )
    without = _fitted(points.points[:-1])
    size = points.largest.size
    held = _held(points.largest, without.law.at(size), interval(without, size, LEVEL))
    return _modelled("USL", points, to, law.at(to), interval(fitted, to, LEVEL), cap, held, said)


def _linear(points: Series, to: int, cap: Cap | None) -> Modelled:
    here, ends = _proportional(points.points, to)
    size = points.largest.size
    held = _held(points.largest, *_proportional(points.points[:-1], size))
    said = "if every size gave as much for each as all do in the mean"
    return _modelled("linear", points, to, here, ends, cap, held, said)


def _fitted(points: Sequence[Point]) -> Fit:
    sizes = np.concatenate([np.full(len(point.rates), float(point.size)) for point in points])
    return fit(sizes, np.concatenate([np.asarray(point.rates) for point in points]))


def _proportional(points: Sequence[Point], to: int) -> tuple[float, tuple[float, float] | None]:
    """The rate at a size if all is in proportion, with its t interval on logarithms."""
    logs = np.concatenate([np.log(np.asarray(point.rates) / point.size) for point in points])
    middle = float(logs.mean())
    half = float(special.stdtrit(len(logs) - 1, (1 + LEVEL) / 2) * logs.std(ddof=1) / math.sqrt(len(logs)))
    return to * math.exp(middle), (to * math.exp(middle - half), to * math.exp(middle + half))


def _held(largest: Point, predicted: float, ends: tuple[float, float] | None) -> HoldOut:
    low, high = ends or (None, None)
    return HoldOut(largest.size, predicted, low, high, largest.median, predicted / largest.median - 1)


def _modelled(
    model: str,
    points: Series,
    to: int,
    value: float,
    ends: tuple[float, float] | None,
    cap: Cap | None,
    held: HoldOut,
    said: str,
) -> Modelled:
    low, high = ends or (value, value)
    most = math.inf if cap is None else cap.rate
    return Modelled(
        model, to, points.scale, min(value, most), min(low, most), min(high, most), value, cap, held, said
    )


def _stragglers(point: Point) -> float | None:
    ratios = [max(one) / statistics.median(one) for one in point.rank_s if one and statistics.median(one)]
    return statistics.median(ratios) if ratios else None


def _tail(points: Series, to: int) -> tuple[tail.Tail | None, str]:
    """The straggler tail at the larger size, or why there is none."""
    shares = {point.ranks / point.size for point in points.points}
    fixed = {point.ranks for point in points.points}
    if points.by is By.RANKS:
        ranks = to
    elif len(fixed) == 1:
        ranks = fixed.pop()
    elif len(shares) == 1:
        ranks = round(shares.pop() * to)
    else:
        return None, "ranks neither stay the same nor grow with the workers"
    found = tail.last_of(points.largest.rank_s, ranks)
    if found is None:
        return None, f"fewer than {tail.FEWEST} ranks were measured at the largest size"
    return found, ""
