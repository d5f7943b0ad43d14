"""The Universal Scalability Law, fitted within its bounds, and the interval of what it says at another size.

X(N) = λN / (1 + σ(N-1) + κN(N-1)); N. J. Gunther, "Guerrilla Capacity Planning", 2007. N/X is linear in
a = 1/λ, b = σ/λ, c = κ/λ, so that the best fit with a, b, c >= 0 and b <= a is one of six ordinary
least-squares fits, one for each set of bounds that are reached: exact, and thousands at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

# Columns of the design: a, b, c, and a with b = a (σ = 1). What is not in a row is 0.
_FACES = ((0,), (0, 1), (0, 2), (0, 1, 2), (3,), (3, 2))
_TWO_SIZES = ((0,), (0, 1), (3,))  # two sizes cannot tell κ from σ: κ is 0
PARAMETERS = 3


@dataclass(frozen=True, slots=True)
class Usl:
    """A fitted law. `rate` is λ: what one node alone gives, in the unit of the measurements."""

    rate: float
    contention: float  # σ, 0 … 1: what is done one after the other
    coherency: float  # κ, 0 …: what each node costs every other

    def at(self, size: float) -> float:
        """What `size` nodes give."""
        return self.rate * size / (1 + self.contention * (size - 1) + self.coherency * size * (size - 1))

    @property
    def linear(self) -> bool:
        """Whether nothing of a bend was seen in the measurements."""
        return self.contention == 0 and self.coherency == 0


@dataclass(frozen=True, slots=True)
class Fit:
    """A law, and how well it is known."""

    law: Usl
    spread: float  # standard deviation of the measurements around it, relative
    freedom: int  # measurements less parameters
    sizes: tuple[float, ...]
    rates: tuple[float, ...]
    weights: tuple[float, ...]  # of each measurement, 0 … 1: less for those far from the rest


def fit(sizes: Array, rates: Array) -> Fit:
    """Fit the law to measurements, one entry each; relative errors count, and outliers count less.

    Huber's weights (k = 2 standard deviations, by the median absolute deviation). Needs two sizes. With no
    more measurements than parameters no spread is known, and it is 0. Raises `ValueError` for rates that
    are not above 0.
    """
    sizes, rates = np.asarray(sizes, float), np.asarray(rates, float)
    if len(np.unique(sizes)) < 2 or not (rates > 0).all() or not (sizes > 0).all():
        raise ValueError("a fit needs at least two sizes, and rates and sizes above 0")
    y, weights, scale = sizes / rates, np.ones(len(sizes)), sizes / rates
    law = _solve(sizes, y, 1 / scale)
    for _ in range(_ROUNDS):
        scale = sizes / np.array([law.at(size) for size in sizes])
        residual = (y - scale) / scale
        middle = _NORMAL * float(np.median(np.abs(residual)))
        weights = (
            np.minimum(1.0, _HUBER * middle / np.maximum(np.abs(residual), 1e-15)) if middle else weights
        )
        law = _solve(sizes, y, np.sqrt(weights) / scale)
    scale = sizes / np.array([law.at(size) for size in sizes])
    freedom = max(len(sizes) - PARAMETERS, 0)
    squares = float((weights * ((y - scale) / scale) ** 2).sum())
    spread = float(np.sqrt(squares / freedom)) if freedom else 0.0
    return Fit(law, spread, freedom, tuple(sizes), tuple(rates), tuple(weights))


def interval(fitted: Fit, size: float, level: float = 0.95) -> tuple[float, float] | None:
    """What the law may be at a size: all that the measurements do not speak against at `level`.

    The ends are where the best fit that is held to that figure is as much worse as an F test allows (a
    profile interval). A bootstrap was tried first: where a parameter is at its bound in truth, it held the
    truth in as few as 88 % of cases instead of 95 %. None where no spread is known.
    """
    if not fitted.freedom:
        return None
    here = fitted.law.at(size)
    if fitted.spread == 0:
        return here, here
    sizes, rates, weights = (np.array(one) for one in (fitted.sizes, fitted.rates, fitted.weights))
    scale = sizes / np.array([fitted.law.at(one) for one in sizes])
    held = _Held(np.append(sizes, size), sizes / rates, np.sqrt(weights) / scale)
    least = fitted.spread**2 * fitted.freedom
    allowed = least + fitted.spread**2 * float(special.fdtri(1, fitted.freedom, level))
    return size / _end(held, size / here, allowed, +1), size / _end(held, size / here, allowed, -1)


_ROUNDS = 8
_HUBER = 2.0
_NORMAL = 1.4826  # median absolute deviation → standard deviation, of a normal distribution
_PIN = 1e4  # how much more a figure that the fit is held to weighs than a measurement
_WIDEST = 6.0  # e^6: an interval that is wider than 400 times the figure ends there


@dataclass(frozen=True, slots=True)
class _Held:
    """The fit, held to a figure at the last of `sizes`."""

    sizes: Array
    y: Array
    weights: Array

    def cost(self, figures: Array) -> Array:
        """The weighted squares left, for each figure of N/X that the fit is held to."""
        y = np.column_stack([np.broadcast_to(self.y, (len(figures), len(self.y))), figures])
        weights = np.broadcast_to(self.weights, (len(figures), len(self.y)))
        return _faces(self.sizes, y, np.column_stack([weights, _PIN / figures]))[1]


def _end(held: _Held, here: float, allowed: float, sign: int) -> float:
    """How far N/X can go up (+1) or down (-1) until the cost is more than is allowed."""
    inside, outside = 0.0, _WIDEST
    for _ in range(3):
        steps = np.linspace(inside, outside, 40)
        good = held.cost(here * np.exp(sign * steps)) <= allowed
        if good.all():
            return float(here * np.exp(sign * outside))
        first = max(int(np.argmin(good)), 1)
        inside, outside = steps[first - 1], steps[first]
    return float(here * np.exp(sign * inside))


def _solve(sizes: Array, y: Array, weights: Array) -> Usl:
    (a, b, c), _ = (one[0] for one in _faces(sizes, y[None], weights[None]))
    return Usl(float(1 / a), float(b / a), float(c / a))


def _faces(sizes: Array, y: Array, weights: Array) -> tuple[Array, Array]:
    """Of many data sets (a row each): the best a, b, c within the bounds, and the weighted squares left."""
    most = sizes.max()  # columns of like size keep the normal equations well conditioned
    design = np.stack(
        [np.ones_like(sizes), (sizes - 1) / most, sizes * (sizes - 1) / most**2, 1 + (sizes - 1)], axis=1
    )
    best, found = np.full(len(y), np.inf), np.zeros((len(y), PARAMETERS))
    square = weights**2
    for face in _FACES if len(np.unique(sizes)) >= PARAMETERS else _TWO_SIZES:
        columns = design[:, face]
        matrix = np.einsum("bn,ni,nj->bij", square, columns, columns)
        side = np.einsum("bn,ni->bi", square * y, columns)
        part = np.linalg.solve(matrix, side[..., None])[..., 0]
        left = (square * (y - part @ columns.T) ** 2).sum(axis=1)
        whole = np.zeros((len(y), PARAMETERS))
        for column, index in enumerate(face):
            if index == 3:
                whole[:, 0] = part[:, column]
                whole[:, 1] = part[:, column]
            else:
                whole[:, index] = part[:, column] / most**index
        good = (part >= 0).all(axis=1) & (whole[:, 0] > 0) & (whole[:, 1] <= whole[:, 0] * (1 + 1e-9))
        good &= left < best
        best[good], found[good] = left[good], whole[good]
    return found, best
