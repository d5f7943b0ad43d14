"""Runs as JUnit XML, for the pages of continuous-integration services: a test suite for each suite.

A test case fails where the gate of its run does: what the gate allows passes, what it leaves out is skipped.
The gate itself is a test case too, so that the file is never greener than the exit code.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.policy import Policy
from harness.policy.policy import about
from harness.results.read import Results
from harness.results.record import Record
from harness.vocabulary import Level, Verdict
from reports import evidence
from reports.gate import Gate, gate
from reports.text import shorten, visible

MESSAGE = 500
"""Characters of a message; the element has all of it."""

_ERRORS = frozenset({Verdict.HARNESS_ERROR, Verdict.INDETERMINATE})
_FAILURES = frozenset({Verdict.DIFFERS, Verdict.STALE, Verdict.LENIENT})
_STRICT = Policy("strict", levels=(Level.REQUIRED, Level.EXPECTED))
"""What a run is judged by whose own policy is not known: nothing is hidden."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a test case says: the name of its element, a type, a message and a text. Empty: it passed."""

    tag: str = ""
    type: str = ""
    message: str = ""
    text: str = ""


def write(runs: Iterable[Results], path: Path) -> None:
    """Write one file for all these runs. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(document(runs))


def document(runs: Iterable[Results]) -> bytes:
    """The XML document for these runs."""
    root = ET.Element("testsuites", name="blobproof")
    for results in runs:
        root.extend(_suites(results))
    _sum(root, root.iter("testsuite"))
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _suites(results: Results) -> list[ET.Element]:
    run = evidence.of(results)
    decision = gate(run)
    name = run.endpoint["name"]
    by_suite: dict[str, list[Record]] = {}
    for record in results.records:
        by_suite.setdefault(record["id"].rpartition("/")[0].partition("[")[0] or record["id"], []).append(
            record
        )
    here = {record["id"] for record in results.records}
    lost = [one for one in results.selection if one not in here]
    found = [_suite(f"{name}: gate {decision.name}", run, [_of_gate(name, decision, lost)])]
    for suite, records in sorted(by_suite.items()):
        cases = [_case(name, record, decision.policy or _STRICT) for record in records]
        found.append(_suite(f"{name}: {suite}", run, cases))
    return found


def _suite(name: str, run: evidence.Run, cases: Sequence[ET.Element]) -> ET.Element:
    suite = ET.Element(
        "testsuite", name=_text(name), timestamp=run.started.removesuffix("Z"), hostname="localhost"
    )
    properties = ET.SubElement(suite, "properties")
    for key, value in (
        ("endpoint", run.endpoint["name"]),
        ("run", run.name),
        ("blobproof", run.blobproof),
        ("service_version", run.service_version),
    ):
        ET.SubElement(properties, "property", name=key, value=_text(value))
    suite.extend(cases)
    _sum(suite, (suite,))
    return suite


def _sum(element: ET.Element, suites: Iterable[ET.Element]) -> None:
    """Write the counts of these suites on an element."""
    cases = [case for suite in list(suites) for case in suite.findall("testcase")]
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    element.set("tests", str(len(cases)))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")


def _case(endpoint: str, record: Record, policy: Policy) -> ET.Element:
    folder, name = _place(record)
    case = ET.Element(
        "testcase",
        classname=_text(".".join(filter(None, (endpoint, *folder.split("/"))))),
        name=_text(name),
        time=f"{record['seconds']:.3f}",
    )
    properties = ET.SubElement(case, "properties")
    for key, value in _properties(record):
        ET.SubElement(properties, "property", name=_text(key), value=_text(value))
    said = _said(record, policy)
    if said.tag:
        attributes = {"message": _text(shorten(said.message, MESSAGE))}
        if said.tag != "skipped":
            attributes["type"] = said.type
        ET.SubElement(case, said.tag, attributes).text = _text(said.text) or None
    return case


def _place(record: Record) -> tuple[str, str]:
    """The suite of a record, and its name in it."""
    scenario, bracket, cell = record["id"].partition("[")
    folder, _, name = scenario.rpartition("/")
    return folder or name, name + bracket + cell


def _properties(record: Record) -> list[tuple[str, str]]:
    pairs = [("verdict", record["verdict"]), ("id", record["id"])]
    if client := record.get("client"):
        pairs.append(("client", client))
    if version := record.get("client_version"):
        pairs.append(("client_version", version))
    if outcome := record.get("outcome"):
        pairs.append(("outcome", outcome))
    pairs += [(f"cell.{axis}", value) for axis, value in record.get("cell", {}).items()]
    return [*pairs, ("reproduce", record["reproduce"])]


def _said(record: Record, policy: Policy) -> _Said:
    verdict = Verdict(record["verdict"])
    reason = record["reason"] or verdict.meaning
    text = "\n".join([reason, *_broken(record), f"repeat it: {record['reproduce']}"])
    judged = policy.judged(record)
    covered = policy.covers(about(record))
    if judged in _FAILURES | _ERRORS and not covered:
        return _Said("skipped", message=f"not part of gate {policy.name}: {verdict.value}: {reason}")
    if judged in _ERRORS:
        return _Said("error", verdict.value, f"{verdict.value}: {reason}", text)
    if judged in _FAILURES:
        return _Said("failure", verdict.value, f"{verdict.value}: {reason}", text)
    if covered and policy.refused(record):
        message = f"{record['outcome']}, which gate {policy.name} does not allow"
        return _Said("failure", record["outcome"], message, text)
    if judged in (Verdict.UNSUPPORTED, Verdict.BLOCKED, Verdict.NOT_RUN, Verdict.NOT_APPLICABLE):
        return _Said("skipped", message=f"{verdict.value}: {reason}")
    return _Said()


def _broken(record: Record) -> list[str]:
    """The assertions that did not hold, one a line."""
    broken = (one for one in record["findings"] if Verdict(one["verdict"]).diverges)
    return [
        f"{one['verdict']}: {one['about']}: expected {shorten(one['expected'], MESSAGE)}, "
        f"got {shorten(one['observed'], MESSAGE)}"
        for one in broken
    ]


def _of_gate(endpoint: str, decision: Gate, lost: Sequence[str]) -> ET.Element:
    """The gate as a test case."""
    case = ET.Element(
        "testcase", classname=_text(f"{endpoint}.gate"), name=_text(decision.name), time="0.000"
    )
    if not decision.met:
        reasons = [*decision.reasons, *(f"without a record: {one}" for one in lost[:20])]
        message = _text(shorten("; ".join(decision.reasons) or "not met", MESSAGE))
        ET.SubElement(case, "failure", message=message, type="gate").text = _text("\n".join(reasons))
    return case


def _text(value: str) -> str:
    """The value with nothing in it that XML cannot hold."""
    return visible(value)
