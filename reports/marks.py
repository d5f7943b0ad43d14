"""Which parts of a response broken findings are about, told from their own words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.exchange import Headers
from harness.results.finding import Finding

_LINE = re.compile(r"^(status|outcome)\b|success-status")
_BODY = re.compile(r"\b(body|xml|error|parts?)\b")
_HEADER = re.compile(r"^header ([A-Za-z][A-Za-z0-9-]*)")
_REMEMBERED = re.compile(r"^([A-Za-z][A-Za-z0-9-]*) to remember$")
# What a rule's sentence calls a header: x-ms-…, capitalised words with hyphens, or a short one.
_NAMED = re.compile(r"(?<![\w-])(x-ms-[a-z0-9-]+|[A-Z][A-Za-z]*(?:-[A-Z][A-Za-z0-9]*)+|ETag|Date)(?![\w-])")
_ABSENT = re.compile(r"\b(absent|no|neither|empty)\b")


@dataclass(frozen=True, slots=True)
class Marks:
    """What of a response is marked, and with which word."""

    word: str = "differs"  # or "decides", where the verdict is no divergence
    line: bool = False
    present: frozenset[str] = frozenset()  # headers that are there and should be otherwise, lower case
    absent: tuple[str, ...] = ()  # headers that are not there and should be
    body: bool = False
    observed: tuple[str, ...] = ()  # what was seen, to be found in the body


def marks(findings: Sequence[Finding], headers: Headers) -> Marks:
    """The marks of the findings that are about one response with these headers."""
    there = {name.lower() for name, _ in headers}
    line, body = False, False
    present: set[str] = set()
    absent: list[str] = []
    for finding in findings:
        names = _headers_of(finding)
        if _LINE.search(finding.about) or (finding.rule and _LINE.search(finding.rule)):
            line = True
        elif names:
            missing = [name for name in names if name.lower() not in there]
            said_absent = bool(_ABSENT.search(finding.observed))
            absent += missing if said_absent else []
            if not (missing and said_absent):
                present |= {name.lower() for name in names}
        elif _BODY.search(finding.about.lower()) or (finding.why and finding.rule):
            body = True
    return Marks(
        word="differs" if any(finding.verdict.diverges for finding in findings) else "decides",
        line=line,
        present=frozenset(present),
        absent=tuple(dict.fromkeys(absent)),
        body=body,
        observed=tuple(finding.observed.strip("\"'") for finding in findings),
    )


def _headers_of(finding: Finding) -> list[str]:
    """The headers a finding names: in what it is about, or, for a wire rule, in what it saw and says."""
    if finding.rule is None:
        match = _HEADER.search(finding.about) or _REMEMBERED.search(finding.about)
        return [match[1]] if match else []
    return (
        _NAMED.findall(finding.observed)
        or _NAMED.findall(finding.expected)
        or _NAMED.findall(finding.why or "")
    )
