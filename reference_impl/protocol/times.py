"""Times as the wire writes them: RFC 1123 dates, .NET ticks, seven-digit ISO times."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_tz
from functools import lru_cache

TICKS_PER_SECOND = 10_000_000
UNIX_EPOCH_TICKS = 621_355_968_000_000_000
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def now_ticks() -> int:
    """The present in ticks: 100 ns since 0001-01-01 UTC."""
    return time.time_ns() // 100 + UNIX_EPOCH_TICKS


def unix_seconds(ticks: int) -> int:
    """Whole Unix seconds of ticks, rounded down, as Last-Modified shows them."""
    return (ticks - UNIX_EPOCH_TICKS) // TICKS_PER_SECOND


def from_unix(seconds: float) -> int:
    """Ticks of Unix seconds."""
    return int(seconds * TICKS_PER_SECOND) + UNIX_EPOCH_TICKS


@lru_cache(maxsize=4096)  # many answers of one second carry one date, and many blobs of a list another
def http_date(seconds: int) -> str:
    """RFC 1123 date of Unix seconds, whatever the locale."""
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(seconds)
    day_name, month_name = _DAYS[weekday], _MONTHS[month - 1]
    return f"{day_name}, {day:02d} {month_name} {year:04d} {hour:02d}:{minute:02d}:{second:02d} GMT"


def ticks_date(ticks: int) -> str:
    """RFC 1123 date of ticks, rounded down to the second."""
    return http_date(unix_seconds(ticks))


@lru_cache(maxsize=256)  # the requests of one second carry one date
def parse_http_date(text: str) -> int | None:
    """Unix seconds of an HTTP date in any of its three forms, or None when it is none."""
    parsed = parsedate_tz(text)
    if parsed is None:
        return None
    year, month, day, hour, minute, second = parsed[:6]
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return int(moment.timestamp()) - (parsed[9] or 0)


def iso_ticks(ticks: int) -> str:
    """UTC time with seven fraction digits: `2026-11-22T15:30:00.1234567Z`."""
    seconds, fraction = divmod(ticks - UNIX_EPOCH_TICKS, TICKS_PER_SECOND)
    year, month, day, hour, minute, second, *_ = time.gmtime(seconds)
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{fraction:07d}Z"


def iso_seconds(seconds: int) -> str:
    """UTC time without a fraction: `2026-11-22T15:30:00Z`."""
    year, month, day, hour, minute, second, *_ = time.gmtime(seconds)
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}Z"


_FULL_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,7}))?Z", re.ASCII
)


def parse_ticks(text: str) -> int | None:
    """Ticks of a UTC time to the second or a fraction of it, as snapshots are named; else None."""
    match = _FULL_TIME.fullmatch(text)
    seconds = parse_iso(f"{match[1]}Z") if match is not None else None
    if match is None or seconds is None:
        return None
    return seconds * TICKS_PER_SECOND + UNIX_EPOCH_TICKS + int((match[2] or "").ljust(7, "0"))


_ISO_FORMS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d")


def parse_iso(text: str) -> int | None:
    """Unix seconds of a SAS time: a date, or a UTC time to the minute, second or 100 ns; else None."""
    if "." in text:
        whole, _, fraction = text.partition(".")
        if not (fraction.endswith("Z") and fraction[:-1].isdigit() and len(fraction) <= 8):
            return None
        text = whole + "Z"
    for form in _ISO_FORMS:
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return int(moment.timestamp())
    return None
