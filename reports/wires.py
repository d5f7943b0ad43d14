"""Which exchanges of a record a page shows: enough to explain its verdict, no more than the page can hold."""

from __future__ import annotations

from collections.abc import Sequence

from harness.results.finding import Finding
from harness.vocabulary import Verdict
from reports.evidence import Json, Record, Run, wire
from reports.text import plural
from reports.wire import Listing, listing

SHOWN = 6
"""Exchanges of one cell that are shown when it has more."""

# Nothing was asked, so nothing was answered; unless a finding points at an exchange.
_UNASKED = frozenset({Verdict.BLOCKED, Verdict.NOT_RUN, Verdict.NOT_APPLICABLE})


class Wires:
    """Reads wires, and spends the page's budget of characters on them.

    When half of it is spent, only the exchange that explains a verdict is shown; when all of it is, none.
    """

    def __init__(self, budget: int) -> None:
        self._left = budget
        self._scarce = budget // 2

    def of(
        self, run: Run, record: Record, broken: Sequence[Finding], seen: set[str]
    ) -> tuple[tuple[Listing, ...], str]:
        """The listings to show for one cell, and a note when some or all are missing.

        `seen` are the digests of bodies that stand above in the same article; those shown here are added.
        """
        explained = any(finding.exchange is not None for finding in broken)
        if record.verdict in _UNASKED and not explained:
            return (), ""
        found = wire(run, record)
        if found is None:
            return (), f"The wire file {record.wire} is missing from the run, or cannot be read."
        recorded, everything = found.exchanges, len(found.exchanges) + found.left_out
        listings = self._affordable(recorded, broken, seen)
        if len(listings) == everything:
            return listings, ""
        kept = f"the first {len(recorded):,} are" if found.left_out else "all are"
        note = f"{len(listings):,} of {plural(everything, 'exchange')} shown; {kept} in {record.wire}."
        return listings, note

    def _affordable(
        self, recorded: Sequence[Json], broken: Sequence[Finding], seen: set[str]
    ) -> tuple[Listing, ...]:
        """The first choice that leaves enough: what should be shown, what must be, nothing."""
        about = _about(recorded, broken)
        for chosen, floor in ((_chosen(recorded, about), self._scarce), (about[:1], 0)):
            here = set(seen)
            listings = tuple(listing(recorded[index], index, broken, here) for index in chosen)
            cost = sum(one.size for one in listings)
            if self._left - cost >= floor:
                self._left -= cost
                seen |= here
                return listings
        return ()


def _about(recorded: Sequence[Json], broken: Sequence[Finding]) -> list[int]:
    """The exchanges that broken findings point at, in order."""
    named = {finding.exchange for finding in broken if finding.exchange is not None}
    return sorted(named.intersection(range(len(recorded))))


def _chosen(recorded: Sequence[Json], about: Sequence[int]) -> list[int]:
    """All of a few; else those that findings point at and what led there; else the last ones."""
    everything = range(len(recorded))
    if len(recorded) <= SHOWN:
        return list(everything)
    if not about:
        return list(everything[-SHOWN:])
    wanted = set(about[:SHOWN])
    for index in about:
        if len(wanted) < SHOWN and index > 0:
            wanted.add(index - 1)
    return sorted(wanted)
