"""One line of results.jsonl about a case or a scenario: what was asserted, what became of it, and why."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from harness.cases.case import Case
from harness.results.finding import Finding, verdict
from harness.vocabulary import Level, Verdict

Record = dict[str, Any]
"""A line as JSON, as results.schema.json has it."""


def case_record(case: Case, findings: Sequence[Finding], exchanges: int, seconds: float) -> Record:
    """The line of a case that was run."""
    return {
        "kind": "case",
        "id": case.id,
        "title": case.title,
        "operation": case.operation,
        "level": case.level.value,
        "why": case.why,
        "tests": list(case.tests),
        "source": list(case.source),
        "provenance": {key: str(value) for key, value in case.provenance.items()},
        "needs": list(case.needs),
        **outcome(findings),
        "exchanges": exchanges,
        "seconds": round(seconds, 6),
        "wire": f"wires/{file_name(case.id)}.json",
    }


def scenario_record(
    scenario: str,
    title: str,
    why: str,
    client: tuple[str, str],
    findings: Sequence[Finding],
    exchanges: int,
    seconds: float,
    *,
    cell: Mapping[str, str] | None = None,
    became: str = "",
) -> Record:
    """The line of a client scenario; `client` is its name and version.

    `cell` are the values of the matrix that it is a cell of, `became` what became of the client.
    """
    return {
        "kind": "scenario",
        "id": scenario,
        "title": title,
        "why": why,
        "gate": scenario.partition("/")[0],
        "client": client[0] or scenario.partition("/")[0],
        "client_version": client[1] or None,
        **outcome(findings),
        "exchanges": exchanges,
        "seconds": round(seconds, 6),
        "wire": f"wires/{file_name(scenario)}.json",
        "logs": f"clients/{file_name(scenario)}/",
        **({"cell": dict(cell)} if cell is not None else {}),
        **({"outcome": became} if became else {}),
    }


def outcome(findings: Sequence[Finding]) -> Record:
    """Verdict, reason, findings and their number."""
    found = verdict(findings)
    return {
        "verdict": found.value,
        "reason": reason(found, findings),
        "findings": [finding_json(finding) for finding in findings],
        "assertions": sum(finding.rule is None for finding in findings),
    }


def reason(found: Verdict, findings: Sequence[Finding]) -> str | None:
    """Why this is not a pass, in one sentence; None when it is one."""
    if found in (Verdict.PASS, Verdict.OBSERVED):
        return None
    first = next(finding for finding in findings if finding.verdict is found)
    where = f"step {first.step}, " if first.step else ""
    if found in (Verdict.DIFFERS, Verdict.LENIENT, Verdict.BLOCKED):
        said = f"{where}{first.about}: expected {first.expected}, got {first.observed}"
        return f"a premise failed: {said}" if found is Verdict.BLOCKED else said
    return f"{where}{first.observed}" if where else first.observed


def ending(found: Verdict, said: str, source: Sequence[str] = ()) -> Finding:
    """The only finding of something that ended without an assertion."""
    return Finding(
        about="outcome",
        level=Level.REQUIRED,
        verdict=found,
        expected="an outcome that can be judged",
        observed=said,
        source=tuple(source),
    )


def finding_json(finding: Finding) -> Record:
    """A finding as JSON."""
    values = {name: getattr(finding, name) for name in _FIELDS}
    return {
        **values,
        "level": finding.level.value,
        "verdict": finding.verdict.value,
        "source": [*finding.source],
    }


_FIELDS = tuple(field.name for field in dataclasses.fields(Finding))  # all of them plain values


def reproduce(command: Sequence[str], record: Record) -> str:
    """The command line that runs this one thing again; `command` are its words so far.

    A wire rule has nothing to run: what shows it is run again, or everything.
    """
    what = record["shown"] if record["kind"] == "rule" else record["id"]
    option = "--trace" if what and what.startswith("traces/") else "--case"
    return shlex.join((*command, option, what) if what else command)


def file_name(record: str) -> str:
    """An id as a path below a folder: sweeps have brackets and whatever stands in their columns."""
    return "".join(c if c.isalnum() or c in "-_./=,+[]" else f"~{ord(c):x}" for c in record).replace(
        "..", "~2e~2e"
    )
