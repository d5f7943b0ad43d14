"""The sentence that a gate says about a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness import policy
from harness.manifest import EVERYTHING
from reports.evidence import Run


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the run's own policy holds, and why not."""

    name: str
    met: bool
    reasons: tuple[str, ...] = ()
    policy: policy.Policy | None = None  # None: it is not known, but for the decision that was recorded

    @property
    def sentence(self) -> str:
        """One sentence for a headline."""
        return f"Gate {self.name} {'met' if self.met else 'not met'}"


def gate(run: Run) -> Gate:
    """The decision of the policy that the run was made for, taken again from its results.

    A policy that is not here (a file of the vendor's own, of an old run) is known by the decision in run.json
    only; a run that was cut off before it decided has not met it.
    """
    name = str(run.config.get("policy") or EVERYTHING)
    try:
        table = run.config.get("gate")
        chosen = policy.from_table(Path("run.json"), table) if isinstance(table, dict) else policy.load(name)
    except policy.PolicyError:
        return _recorded(name, run)
    decision = policy.decide(run.results, chosen)
    return Gate(decision.policy, decision.met, decision.reasons, chosen)


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
