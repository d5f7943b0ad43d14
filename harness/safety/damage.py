"""What is wrong with bytes, in a few words: short, other bytes, written twice, nothing. Pure."""

from __future__ import annotations


def damage(wanted: bytes, found: bytes | None) -> str:
    """How what is there differs from what should be; "" when it does not."""
    if found == wanted:
        return ""
    if found is None:
        return "missing"
    if not found:
        return f"empty, {len(wanted)} bytes wanted"
    if len(found) < len(wanted):
        return _shorter(wanted, found)
    if len(found) > len(wanted):
        return _longer(wanted, found)
    places = [at for at in range(0, len(wanted), _STEP) if wanted[at : at + _STEP] != found[at : at + _STEP]]
    first = next(at for at in range(places[0], len(wanted)) if wanted[at] != found[at])
    if len(places) == 1:
        end = min(places[0] + _STEP, len(wanted))
        number = sum(wanted[at] != found[at] for at in range(first, end))
        return f"{number} of {len(wanted)} bytes {'is' if number == 1 else 'are'} wrong, first at {first}"
    return f"other bytes from {first} on, the length is right"


_STEP = 4096


def _shorter(wanted: bytes, found: bytes) -> str:
    ahead = _common(wanted, found)
    if ahead == len(found):
        return f"short: the first {len(found)} of {len(wanted)} bytes"
    if wanted.endswith(found[ahead:]):
        return f"a hole: {len(wanted) - len(found)} of {len(wanted)} bytes are missing at {ahead}"
    return f"other content: {len(found)} instead of {len(wanted)} bytes, the first {ahead} are right"


def _longer(wanted: bytes, found: bytes) -> str:
    ahead = _common(wanted, found)
    more = len(found) - len(wanted)
    if found.endswith(wanted[ahead:]) and found[ahead : ahead + more] == found[ahead - more : ahead] != b"":
        twice = f"{more} bytes before {ahead} are there again"
        return f"written twice: {twice}, {len(found)} instead of {len(wanted)}"
    if ahead == len(wanted):
        return f"{more} bytes too many at the end, {len(found)} instead of {len(wanted)}"
    return f"other content: {len(found)} instead of {len(wanted)} bytes, the first {ahead} are right"


def _common(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
