"""The two numbers that always stand together: divergence of what was verified, coverage of what is listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.results.record import Record
from harness.vocabulary import Verdict

OUTSIDE = frozenset({Verdict.NOT_APPLICABLE, Verdict.OBSERVED})
"""Outside the denominator: it cannot be done here, or it is recorded for the reader only."""


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of a run over a set. Divergence: `divergent` of `verified`; coverage: `verified` of `listed`."""

    name: str  # of the set
    divergent: int
    verified: int
    listed: int  # the set's manifest, less what is outside the denominator
    chosen: int  # what of the set this run was to bring
    items: int  # what the manifest lists
    missing: int  # chosen, but without a record: the run was cut off
    counts: Mapping[Verdict, int]  # in the order of the vocabulary; no zeros

    @property
    def divergence(self) -> str:
        """Divergence in words."""
        return f"{self.divergent:,} of {self.verified:,} verified"

    @property
    def coverage(self) -> str:
        """Coverage in words."""
        return f"{self.verified:,} of {self.listed:,} listed"

    def __str__(self) -> str:
        said = f"{self.name}: divergence {self.divergent:,} of {self.verified:,}"
        said += f", coverage {self.verified:,} of {self.listed:,}"
        return f"{said} ({self.items - self.chosen:,} not selected)" if self.chosen < self.items else said


def score(name: str, records: Iterable[Record], chosen: frozenset[str], items: int) -> Score:
    """The score over a set: the records of it, the ids of it that were chosen, and how many it lists."""
    seen = Counter(Verdict(record["verdict"]) for record in records if record["id"] in chosen)
    counts = {verdict: seen[verdict] for verdict in Verdict if seen[verdict]}
    items = max(items, len(chosen))
    return Score(
        name=name,
        divergent=sum(count for verdict, count in counts.items() if verdict.diverges),
        verified=sum(count for verdict, count in counts.items() if verdict.verified),
        listed=items - sum(counts.get(verdict, 0) for verdict in OUTSIDE),
        chosen=len(chosen),
        items=items,
        missing=max(len(chosen) - sum(counts.values()), 0),
        counts=counts,
    )
