"""Each wire rule over a whole run: one record a rule, however many exchanges, cases and clients broke it.

A rule that is `expected` would otherwise colour every case of an endpoint that overlooks one header. So
cases and scenarios only keep such a finding for the reader, and the rule itself is scored here, once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from harness.results.finding import Finding, graded
from harness.results.record import Record, finding_json
from harness.rules.check import RULES
from harness.rules.rule import Rule
from harness.vocabulary import Verdict

_OF_A_KIND = "no exchange of this run is of the kind that the rule is about"


def rule_id(rule: Rule) -> str:
    """The id of a rule's record."""
    return f"wire/{rule.id}"


def rule_ids() -> tuple[str, ...]:
    """The ids of all rules' records."""
    return tuple(rule_id(rule) for rule in RULES)


def in_passing(finding: Finding) -> Finding:
    """A rule's finding as a case or scenario keeps it: only what is required counts there as well."""
    return replace(finding, verdict=Verdict.OBSERVED) if finding.verdict is Verdict.LENIENT else finding


@dataclass(slots=True)
class _Count:
    evaluated: int = 0  # exchanges
    broken: int = 0
    records: list[str] = field(default_factory=list)  # ids of those with a broken exchange
    shown: tuple[Record, Record] | None = None  # the record and finding to show: the first that broke


class Tally:
    """Counts the findings of wire rules over the records of a run."""

    def __init__(self) -> None:
        self._counts = {rule.id: _Count() for rule in RULES}

    def add(self, record: Record) -> None:
        """One case or scenario more."""
        for finding in record["findings"]:
            count = self._counts.get(finding["rule"] or "")
            if count is None:
                continue
            count.evaluated += finding["count"]
            count.broken += finding["broken"]
            first_broken = finding["broken"] and not count.records
            if finding["broken"]:
                count.records.append(record["id"])
            if count.shown is None or first_broken:
                count.shown = (record, finding)

    def records(self) -> tuple[Record, ...]:
        """A record for each rule, in the order of the rules."""
        return tuple(_record(rule, self._counts[rule.id]) for rule in RULES)


def _record(rule: Rule, count: _Count) -> Record:
    verdict, reason, findings = Verdict.NOT_APPLICABLE, _OF_A_KIND, []
    wire = None  # a rule has no exchanges of its own: it shows those of the record that it names
    if count.shown is not None:
        record, shown = count.shown
        verdict, wire = graded(not count.broken, rule.level), record["wire"]
        where = f"; first in {record['id']}" if count.broken else ""
        reason = f"{count.broken} of {count.evaluated} exchanges broke it{where}" if count.broken else ""
        finding = Finding(
            about=shown["about"],
            level=rule.level,
            verdict=verdict,
            expected=shown["expected"],
            observed=shown["observed"],
            step=shown["step"],
            source=rule.source,
            why=rule.says,
            rule=rule.id,
            exchange=shown["exchange"],
            count=count.evaluated,
            broken=count.broken,
        )
        findings = [finding_json(finding)]
    return {
        "kind": "rule",
        "id": rule_id(rule),
        "title": rule.says,
        "why": _why(count),
        "level": rule.level.value,
        "source": list(rule.source),
        "verdict": verdict.value,
        "reason": reason or None,
        "findings": findings,
        "assertions": count.evaluated,
        "exchanges": count.evaluated,
        "seconds": 0.0,
        "wire": wire,
        "shown": count.shown[0]["id"] if count.shown else None,
    }


def _why(count: _Count) -> str:
    if not count.records:
        return "A wire rule: it must hold for every exchange that any case or client makes."
    return (
        f"A wire rule: it must hold for every exchange. It broke in {len(count.records)} cases and scenarios."
    )
