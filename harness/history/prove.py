"""A workload as a scenario: it is done on an endpoint, its history kept and checked, what is wrong drawn."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from harness.clients.truth import Truth
from harness.endpoint import Endpoint
from harness.history.check import check
from harness.history.client import SECONDS, surprising
from harness.history.contradiction import Checked
from harness.history.document import FILE
from harness.history.picture import picture
from harness.history.recorder import Recorder
from harness.history.story import sentence, table
from harness.history.values import Outcome
from harness.history.workload import WORKLOADS, play
from harness.scenario import Scenario

OPERATIONS = 1_000
"""What a cell begins, about: enough for any race that a few milliseconds leave open."""

NOTHING = "no contradiction"
"""What a finding expects of a history."""

_ENOUGH = 0.8  # of the operations must have been answered, or too little is known
_SLACK = 3 * SECONDS  # of a cell's budget: for the last answers, the check, and the tidying up


@dataclass(frozen=True, slots=True)
class Proof:
    """What a workload has shown."""

    checked: Checked
    said: str  # of the shortest contradiction, with its picture's place; or that there is none
    doubt: str = ""  # why it proves nothing that there is none

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts itself."""
        return not self.checked.contradictions

    @property
    def surprises(self) -> str:
        """Answers that are none of the contract's, counted; empty when there are none."""
        seen = Counter(
            f"{one.kind.value} {one.status} {one.said}".strip()
            for one in self.checked.history.operations
            if surprising(one)
        )
        return "; ".join(f"{what} ({count} times)" for what, count in seen.most_common(5))


def prove(
    scenario: Scenario,
    endpoint: Endpoint,
    face: str | None,
    prefix: str,
    workload: str,
    *,
    seconds: float,
    operations: int = OPERATIONS,
) -> Proof:
    """Do a workload in a container of its own, and check what happened.

    Ends the scenario as indeterminate when too few answers came, or the search was given up. The history
    stays in the scenario's logs, with a picture and a table of each contradiction.
    """
    container = f"{prefix}history-{secrets.token_hex(4)}"
    proof = recorded(
        scenario.logs, endpoint, face, container, workload, seconds=seconds, operations=operations
    )
    if proof.holds and proof.doubt:
        scenario.indeterminate(proof.doubt)
    return proof


def recorded(
    logs: Path,
    endpoint: Endpoint,
    face: str | None,
    container: str,
    workload: str,
    *,
    seconds: float,
    operations: int = OPERATIONS,
) -> Proof:
    """Do a workload in a container that is made and removed. Raises PremiseError when it cannot be made."""
    seed = secrets.randbits(32)
    about = {"workload": workload, "endpoint": endpoint.name, "face": face or "main", "seed": str(seed)}
    with Truth(endpoint) as truth:
        truth.create_container(container)
        try:
            with Recorder(logs / FILE, about) as recorder:
                play(
                    WORKLOADS[workload],
                    recorder,
                    endpoint,
                    container,
                    face=face,
                    operations=operations,
                    seconds=max(seconds - _SLACK, seconds / 3),
                    seed=seed,
                )
            history = recorder.history()
        finally:
            truth.delete_container(container)
    checked = check(history)
    return Proof(checked, _said(logs, checked), _doubt(checked, operations))


def _said(logs: Path, checked: Checked) -> str:
    """What a finding observes; pictures and tables are written on the way."""
    for number, one in enumerate(checked.contradictions, 1):
        (logs / f"contradiction-{number}.svg").write_text(picture(one), encoding="utf-8")
        (logs / f"contradiction-{number}.txt").write_text(table(one), encoding="utf-8")
    if not checked.contradictions:
        return NOTHING
    more = len(checked.contradictions) - 1
    others = f" {more} more on other blobs." if more else ""
    drawn = Path("clients", *logs.parts[-3:]) / "contradiction-1.svg"
    return f"{sentence(checked.contradictions[0])}.{others} Picture: {drawn}"


def _doubt(checked: Checked, wanted: int) -> str:
    """Why a history without a contradiction would prove nothing; empty when it does."""
    operations = checked.history.operations
    answered = sum(one.outcome is not Outcome.UNKNOWN for one in operations)
    if answered < _ENOUGH * wanted:
        lost = Counter(one.said for one in operations if one.outcome is Outcome.UNKNOWN)
        why = f"; mostly {lost.most_common(1)[0][0]}" if lost else ""
        return f"of {wanted} operations {len(operations)} began, and {answered} were answered{why}"
    if checked.undecided:
        return f"the search took too long for blob {', '.join(checked.undecided)}"
    return ""
