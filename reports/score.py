"""The two numbers that always stand together, divergence and coverage, and the sentence a gate says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from harness.vocabulary import Verdict
from reports.evidence import Run
from reports.text import plural

# Not part of what could have been verified: it cannot be done here, or it is recorded for the reader only.
_OUTSIDE = (Verdict.NOT_APPLICABLE, Verdict.OBSERVED)


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one run. Divergence is `divergent` of `verified`, coverage is `verified` of `listed`."""

    divergent: int
    verified: int
    listed: int  # the manifest, without what is not applicable or not scored
    missing: int  # in the manifest, but without a record
    counts: Mapping[Verdict, int]  # in the order of the vocabulary; no zeros

    @property
    def divergence(self) -> str:
        """Divergence in words."""
        return f"{self.divergent:,} of {self.verified:,} verified"

    @property
    def coverage(self) -> str:
        """Coverage in words."""
        return f"{self.verified:,} of {self.listed:,} listed"


def score(run: Run) -> Score:
    """The score of a run; the denominator is the committed manifest, never what happened to run."""
    seen = Counter(record.verdict for record in run.records)
    counts = {verdict: seen[verdict] for verdict in Verdict if seen[verdict]}
    listed = max(run.listed, len(run.records))
    return Score(
        divergent=sum(count for verdict, count in counts.items() if verdict.diverges),
        verified=sum(count for verdict, count in counts.items() if verdict.verified),
        listed=listed - sum(counts.get(verdict, 0) for verdict in _OUTSIDE),
        missing=listed - len(run.records),
        counts=counts,
    )


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a policy holds for a run, and why not."""

    name: str
    met: bool
    reasons: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """One sentence for a headline."""
        if self.met:
            return f"Gate {self.name} met."
        return f"Gate {self.name} not met: {'; '.join(self.reasons) or 'no reason given'}."


def gate(run: Run) -> Gate:
    """The verdict of the run's own gate."""
    name = run.manifest.get("set", "mvp")
    result = score(run)
    reasons = []
    if not run.complete:
        reasons.append(f"the run was cut off, {plural(result.missing, 'check has', 'checks have')} no record")
    if count := result.counts.get(Verdict.DIFFERS, 0):
        reasons.append(f"{plural(count, 'check differs', 'checks differ')}")
    return Gate(name, not reasons, tuple(reasons))
