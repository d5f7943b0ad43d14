"""A run in Markdown, for the job summary of a continuous-integration service."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from harness.matrix.cell import scenario_of
from harness.results.read import Results
from harness.safety.outcome import Outcome
from harness.vocabulary import Verdict
from reports import evidence
from reports.evidence import Record
from reports.gate import gate
from reports.outcomes import SAYS, WORST_FIRST, outcome_of
from reports.text import plural, shorten, visible

LISTED = 50
"""Checks that are named; the report has the rest."""

_QUIET = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.OBSERVED})
"""Verdicts of which a count is enough."""

_NAMED = (Outcome.CORRUPTS_SILENTLY, Outcome.HANGS)
"""Outcomes whose faults are named."""

# What Markdown could take for its own, as character references: readable everywhere, active nowhere.
_ACTIVE = {ord(character): f"&#{ord(character)};" for character in "&<>\"'\\`*_[]()|~#!@:$"}
_VARYING = re.compile(r"[0-9a-fA-F]{6,}|\d+")


def summary(results: Results) -> str:
    """The headline, the two numbers, the counts by suite, what failed, and what clients make of faults."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    run = evidence.of(results)
    numbers, decision = results.score(), gate(run)
    yield f"### Blobproof: {_safe(run.endpoint['name'])}"
    yield ""
    yield f"**{_safe(decision.sentence)}.**"
    yield ""
    yield from (f"- {_safe(str(results.score(name)))}" for name in results.sets if results.chosen(name))
    yield ""
    if not run.complete:
        without = plural(numbers.missing, "check has", "checks have")
        yield f"**Partial run**: it was cut off, and {without} no record."
        yield ""
    yield from (f"- {_safe(reason)}" for reason in decision.reasons)
    if decision.reasons:
        yield ""
    yield from _by_suite(run.records)
    yield ""
    yield f"{_safe(run.endpoint['declared'] or 'No declared identity')}, service version"
    yield f"{_safe(run.service_version)}, Blobproof {_safe(run.blobproof)}, started {_safe(run.started)}."
    if others := [record for record in run.records if record.verdict not in _QUIET]:
        yield ""
        yield from _table(sorted(others, key=lambda record: record.verdict.rank))
    if trials := [record for record in run.records if "fault" in record.axes and outcome_of(record)]:
        yield ""
        yield from _safety(trials)


def _by_suite(records: Iterable[Record]) -> Iterator[str]:
    """One line for all cases, one for all wire rules, one for each suite of clients."""
    counts: dict[str, Counter[Verdict]] = {}
    for record in records:
        counts.setdefault(_suite(record), Counter())[record.verdict] += 1
    total = sum(counts.values(), Counter[Verdict]())
    yield "| suite | passed | of | others |"
    yield "|---|---:|---:|---|"
    for suite, found in [*sorted(counts.items()), ("**all**", total)]:
        others = ", ".join(
            f"{count:,} {verdict.value}"
            for verdict in sorted(found, key=lambda verdict: verdict.rank)
            if (count := found[verdict]) and verdict is not Verdict.PASS
        )
        name = suite if suite.startswith("**") else _safe(suite)
        yield f"| {name} | {found[Verdict.PASS]:,} | {found.total():,} | {others} |"


def _suite(record: Record) -> str:
    if record.kind == "scenario":
        return f"golden specs of {record.group}" if record.suite == "traces" else record.suite
    return "wire rules" if record.suite == "wire" else "cases"


def _table(records: Sequence[Record]) -> Iterator[str]:
    """What did not pass; cells of one matrix that failed alike share a line."""
    alike: dict[tuple[str, Verdict, str], list[Record]] = {}
    for record in records:
        said = _VARYING.sub("#", record.reason or "") if record.cell else record.id
        alike.setdefault((scenario_of(record.id), record.verdict, said), []).append(record)
    yield f"<details><summary>{plural(len(records), 'check')} not passed</summary>"
    yield ""
    yield "| verdict | check | reason | repeat it |"
    yield "|---|---|---|---|"
    for same in list(alike.values())[:LISTED]:
        first = same[0]
        reason = _safe(shorten(first.reason or first.verdict.meaning, 200))
        more = f" and {plural(len(same) - 1, 'cell')} like it" if len(same) > 1 else ""
        yield (f"| {first.verdict.value} | {_code(first.id)}{more} | {reason} | {_code(first.reproduce)} |")
    if left := sum(len(same) for same in list(alike.values())[LISTED:]):
        yield f"| | | and {left:,} more | |"
    yield ""
    yield "</details>"


def _safety(trials: Sequence[Record]) -> Iterator[str]:
    """What each client makes of one fault at a time."""
    by_client: dict[str, list[Record]] = {}
    for record in trials:
        by_client.setdefault(record.axes.get("client", record.group), []).append(record)
    yield "**Clients under one fault at a time** (about the clients, not about the endpoint)"
    yield ""
    yield "| client | " + " | ".join(SAYS[outcome] for outcome in WORST_FIRST) + " |"
    yield "|---|" + "---|" * len(WORST_FIRST)
    for client, records in sorted(by_client.items()):
        version = next((record.client_version for record in records if record.client_version), "")
        cells = " | ".join(_outcome(records, outcome) for outcome in WORST_FIRST)
        yield f"| {_safe(f'{client} {version}'.strip())} | {cells} |"


def _outcome(records: Iterable[Record], outcome: Outcome) -> str:
    found = [record.axes["fault"] for record in records if outcome_of(record) is outcome]
    if not found:
        return ""
    named = ", ".join(sorted(set(found))) if outcome in _NAMED else ""
    return f"**{len(found)}** {_safe(named)}" if named else f"{len(found):,}"


def _code(text: str) -> str:
    return f"<code>{_safe(text)}</code>"


def _safe(text: str) -> str:
    """The text on one line, with nothing in it that Markdown or HTML would obey."""
    return visible(text).replace("\n", " ").replace("\t", " ").translate(_ACTIVE)
