"""A run in Markdown, for the job summary of a continuous-integration service."""

from __future__ import annotations

from collections.abc import Iterator

from harness.results.read import Results
from harness.vocabulary import Verdict
from reports import evidence
from reports.evidence import Record
from reports.gate import gate
from reports.text import plural, shorten, visible

LISTED = 50
"""Cases that are named; the report has the rest."""

# What Markdown could take for its own, as character references: readable everywhere, active nowhere.
_ACTIVE = {ord(character): f"&#{ord(character)};" for character in "&<>\"'\\`*_[]()|~#!@:$"}


def summary(results: Results) -> str:
    """The headline, the two numbers, the counts, and everything that is not a pass, worst first."""
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
    yield "| verdict | count | meaning |"
    yield "|---|---:|---|"
    for verdict, count in numbers.counts.items():
        yield f"| {verdict.value} | {count:,} | {verdict.meaning} |"
    yield ""
    yield f"{_safe(run.endpoint['declared'] or 'No declared identity')}, service version"
    yield f"{_safe(run.service_version)}, Blobproof {_safe(run.blobproof)}, started {_safe(run.started)}."
    others = [record for record in run.records if record.verdict is not Verdict.PASS]
    if others:
        yield ""
        yield from _table(sorted(others, key=lambda record: record.verdict.rank))


def _table(records: list[Record]) -> Iterator[str]:
    yield f"<details><summary>{plural(len(records), 'check')} not passed</summary>"
    yield ""
    yield "| verdict | check | reason |"
    yield "|---|---|---|"
    for record in records[:LISTED]:
        reason = shorten(record.reason or record.verdict.meaning, 200)
        yield f"| {record.verdict.value} | <code>{_safe(record.id)}</code> | {_safe(reason)} |"
    if len(records) > LISTED:
        yield f"| | | and {len(records) - LISTED:,} more |"
    yield ""
    yield "</details>"


def _safe(text: str) -> str:
    """The text on one line, with nothing in it that Markdown or HTML would obey."""
    return visible(text).replace("\n", " ").replace("\t", " ").translate(_ACTIVE)
