"""The two numbers that always stand together, divergence and coverage, and the sentence a gate says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness import policy
from harness.vocabulary import Verdict
from reports.evidence import Run

# Not part of what could have been verified: it cannot be done here, or it is recorded for the reader only.
_OUTSIDE = (Verdict.NOT_APPLICABLE, Verdict.OBSERVED)


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one run. Divergence is `divergent` of `verified`, coverage is `verified` of `listed`."""

    divergent: int
    verified: int
    listed: int  # the manifest, without what is not applicable or not scored
    chosen: int  # what this run was to bring
    manifest: int
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


def score(run: Run) -> Score:
    """The score of a run. The denominator is the committed manifest, never what happened to run."""
    seen = run.results.counts
    counts = {verdict: seen[verdict] for verdict in Verdict if seen[verdict]}
    chosen = len(run.results.selection)
    manifest = max(int(run.manifest["items"]), chosen, len(run.records))
    return Score(
        divergent=sum(count for verdict, count in counts.items() if verdict.diverges),
        verified=sum(count for verdict, count in counts.items() if verdict.verified),
        listed=manifest - sum(counts.get(verdict, 0) for verdict in _OUTSIDE),
        chosen=chosen,
        manifest=manifest,
        missing=max(chosen - len(run.records), 0),
        counts=counts,
    )


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the run's own policy holds, and why not."""

    name: str
    met: bool
    reasons: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """One sentence for a headline."""
        return f"Gate {self.name} {'met' if self.met else 'not met'}"


def gate(run: Run) -> Gate:
    """The decision of the policy that the run was made for, taken again from its results.

    A policy that is not here (a file of the vendor's own) is known by the decision in run.json only; a run
    that was cut off before it decided has not met it.
    """
    name = str(run.config.get("policy") or run.manifest["set"])
    try:
        decision = policy.decide(run.results, policy.load(name))
    except policy.PolicyError:
        return _recorded(name, run)
    return Gate(decision.policy, decision.met, decision.reasons)


def _recorded(name: str, run: Run) -> Gate:
    decision = run.config.get("decision")
    if not isinstance(decision, dict) or not run.complete:
        return Gate(name, False, ("its policy is not here, and the run recorded no decision",))
    reasons = decision.get("reasons")
    return Gate(
        name=str(decision.get("policy") or name),
        met=decision.get("met") is True,
        reasons=tuple(str(reason) for reason in reasons) if isinstance(reasons, list) else (),
    )
