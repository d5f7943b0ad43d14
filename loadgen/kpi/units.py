"""The units that metrics and objectives are written in. GB = 10^9 bytes, GiB = 2^30 bytes."""

from __future__ import annotations

import re

_SIZES = {
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}

UNITS = {
    "us": ("time", 1e-6),
    "ms": ("time", 1e-3),
    "s": ("time", 1.0),
    "min": ("time", 60.0),
    "h": ("time", 3600.0),
    "ratio": ("ratio", 1.0),
    "%": ("ratio", 0.01),
    "requests": ("requests", 1.0),
    "requests/s": ("requests a second", 1.0),
    "bytes": ("bytes", 1.0),
    "bytes/s": ("rate", 1.0),
    "Mbit/s": ("rate", 1e6 / 8),
    "Gbit/s": ("rate", 1e9 / 8),
    **{f"{name}B": ("bytes", size) for name, size in _SIZES.items()},
    **{f"{name}B/s": ("rate", size) for name, size in _SIZES.items()},
}
"""Unit → what it measures, and how much of that quantity's base unit it is."""


def factor(unit: str, to: str) -> float | None:
    """What a figure in `unit` is multiplied with to be in `to`; None where they measure different things."""
    if unit == to:
        return 1.0
    mine, theirs = UNITS.get(unit), UNITS.get(to)
    return mine[1] / theirs[1] if mine and theirs and mine[0] == theirs[0] else None


def fitting(unit: str) -> tuple[str, ...]:
    """The units that measure what `unit` does."""
    what = UNITS.get(unit, ("", 0.0))[0]
    return tuple(name for name, (other, _) in UNITS.items() if other == what) or (unit,)


def quantity(text: str, of: str) -> float:
    """A figure with its unit, in the base unit of a quantity: "3.09 h" of "time" is 11124.0.

    Raises `ValueError` for what is none.
    """
    found = re.fullmatch(r"\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*(\S+)\s*", text)
    units = [name for name, (what, _) in UNITS.items() if what == of]
    if found is None or found[2] not in units:
        raise ValueError(f"a {of.removesuffix('s')} with its unit is wanted, one of {', '.join(units)}")
    return float(found[1]) * UNITS[found[2]][1]


def amount(value: float, unit: str) -> str:
    """A figure in words: bytes and rates in GB, MB or kB; a ratio as it is; all else in its own unit."""
    if unit == "ratio":
        return f"{value:.4g}"
    if not unit.startswith("bytes"):
        return f"{value:.4g} {unit}"
    name, size = next(
        ((name, size) for name, size in (("GB", 1e9), ("MB", 1e6)) if value >= size), ("kB", 1e3)
    )
    return f"{value / size:.4g} {name}{unit.removeprefix('bytes')}"
