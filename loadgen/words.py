"""Amounts as people read them: bytes in decimal units, seconds, minutes and hours; changes."""

from __future__ import annotations

import math


def said_bytes(count: float) -> str:
    """Bytes in decimal units: 1 GB is 10⁹ bytes."""
    for unit, size in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}" if count < 999.5 * size else f"{count / size:,.0f} {unit}"
    return f"{count:.0f} bytes"


def said_seconds(seconds: float) -> str:
    """Seconds in words that a person can weigh."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7200:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:,.1f} h"


def said_change(log: float) -> str:
    """A log-ratio as people say it: +4.8 %, +1,110 %."""
    percent = 100 * math.expm1(log)
    return f"{percent:+,.0f} %" if abs(percent) >= 100 else f"{percent:+.3g} %"
