"""Amounts as people read them: bytes in decimal units, seconds, minutes and hours."""

from __future__ import annotations


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
