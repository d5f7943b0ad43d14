"""What broke in a run: its broken findings, each with operation, request and the field it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.golden.features import Shape, of_wire
from harness.results.read import Results
from harness.results.record import Record
from harness.vocabulary import Level, Verdict

GOLDEN = "traces/"
"""What the ids of golden specs begin with."""

STATUS, BODY, ANSWER, ERROR, PARTS = "status", "body", "answer", "error", "parts"
"""Fields that are neither a header nor an element."""

FORM = "form"
"""What no client is known to look at."""

_RULE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "success-status": (STATUS,),
    "lease-status": (STATUS,),
    "range-answered": (STATUS,),
    "error-status": (STATUS,),
    "no-body": (BODY,),
    "http": (ANSWER,),
    "error-code": ("header x-ms-error-code",),
    "error-body": (ERROR,),
    "error-type": ("header Content-Type",),
    "last-modified": ("header Last-Modified",),
    "etag-date": ("header Last-Modified",),
    "etag-of-write": ("header ETag",),
    "etag-length": ("header Content-Length",),
    "etag-bytes": (BODY,),
    "blob-type": ("header x-ms-blob-type",),
    "account-sku": ("header x-ms-sku-name",),
    "account-kind": ("header x-ms-account-kind",),
    "sent-md5": ("header Content-MD5",),
    "content-md5": ("header Content-MD5",),
    "sent-crc64": ("header x-ms-content-crc64",),
    "content-crc64": ("header x-ms-content-crc64",),
    "partial-range": ("header Content-Range",),
    "snapshot-time": ("header x-ms-snapshot",),
    "lease-id": ("header x-ms-lease-id",),
    "copy-named": ("header x-ms-copy-id", "header x-ms-copy-status"),
    "xml-root": ("body as XML",),
    "next-marker": ("xml EnumerationResults/NextMarker",),
    "max-results": ("xml EnumerationResults/Blobs/Blob/Name",),
    "list-prefix": ("xml EnumerationResults/Blobs/Blob/Name",),
    "list-delimiter": ("xml EnumerationResults/Blobs/Blob/Name",),
    "list-once": ("xml EnumerationResults/Blobs/Blob/Name",),
    "list-dates": ("xml EnumerationResults/Blobs/Blob/Properties/Last-Modified",),
    "list-md5": ("xml EnumerationResults/Blobs/Blob/Properties/Content-MD5",),
    "list-length": ("xml EnumerationResults/Blobs/Blob/Properties/Content-Length",),
    "batch-form": (PARTS,),
    "batch-answers": (PARTS,),
}
"""What wire rules are about; of the others, the headers that they name."""

_NAMED = re.compile(r"(?<![\w-])(x-ms-[a-z0-9-]+|[A-Z][A-Za-z]*(?:-[A-Z][A-Za-z0-9]*)+|ETag|Date)(?![\w-])")
_REMEMBER = re.compile(r"(\S+) to remember")
_PART = re.compile(r"part \d+ (status|error)|parts")
_ELEMENT = re.compile(r"(\S+) with [^|]*\|no (\S+)")  # as the rule about elements says it
_ABSENT = re.compile(r"\b(absent|no|neither|none|empty)\b")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One assertion that did not hold."""

    record: str  # the id of the case, golden spec, scenario or rule that says so
    operation: str  # the one under test
    shape: Shape  # of the request under test
    asked: Shape  # of the request whose answer broke: the same, or a look at what the one under test did
    fields: tuple[str, ...]  # of that answer
    about: str  # in the finding's own words
    expected: str
    observed: str
    due: tuple[int, ...]  # the statuses that were right for that answer; empty: nobody said
    wanted: tuple[int, ...]  # the same of the request under test
    level: Level
    requirement: str | None = None
    rule: str | None = None
    says: str = ""  # the sentence of the rule
    step: str | None = None
    refused: bool = False  # the endpoint says that it does not offer the operation
    known: bool = False  # a ledger has it

    @property
    def indirect(self) -> bool:
        """Whether it was seen in the answer to another request than the one under test."""
        return self.asked.operation != self.operation

    @property
    def distance(self) -> int:
        """How plain it is: 0 of the answer itself, 1 of what follows from it, 2 in the words of a rule."""
        if self.rule is not None:
            return 2
        return int(self.indirect or self.wrong == "any")

    @property
    def missing(self) -> bool:
        """Whether what should be there is not."""
        return bool(_ABSENT.search(self.observed)) and self.expected != "absent"

    @property
    def wrong(self) -> str:
        """How it is wrong: `missing`, `malformed`, or `any` where that cannot be told.

        A list that leaves an entry out lacks all its elements; only a rule, which looks at each entry, can
        tell one from the other.
        """
        if self.rule is None and self.fields[0].endswith("Blobs/Blob/Name"):
            return "malformed"
        if self.rule is None and "Blobs/Blob/" in self.fields[0] and self.missing:
            return "any"
        return "missing" if self.missing else "malformed"

    @property
    def status(self) -> int | None:
        """The status that came, where the finding is about it."""
        if STATUS not in self.fields:
            return None
        first = self.observed.partition(" ")[0]
        return int(first) if first.isdecimal() and len(first) == 3 else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the wires of a run are, and what stands in front of containers there."""

    folder: Path
    prefix: str

    def shapes(self, record: Record) -> tuple[Shape | None, ...]:
        """The shapes of a record's requests; empty when its wire was not kept, or cannot be read."""
        folder = self.folder.resolve()
        try:
            path = (folder / (record["wire"] or "")).resolve()
            if not path.is_relative_to(folder):  # results are data: they may not name files outside the run
                return ()
            said = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
            return tuple(of_wire(exchange["request"], self.prefix) for exchange in said["exchanges"])
        except (OSError, ValueError, KeyError, TypeError):
            return ()


def place(results: Results) -> Place:
    """The place of a run."""
    endpoint = results.header["endpoint"]
    path = urlsplit(endpoint["url"]).path.rstrip("/") if endpoint["style"] == "path" else ""
    return Place(results.folder, path)


def troubles(record: Record, at: Place, known_rules: frozenset[str] = frozenset()) -> Iterator[Trouble]:
    """Every broken assertion of a case or golden spec, the observed ones of wire rules among them.

    `known_rules` are wire rules that a ledger has.
    """
    broken = [finding for finding in record["findings"] if _is_broken(finding)]
    # An answer with another status lacks what the right one has: that follows, and says nothing of its own.
    other = {finding["exchange"] for finding in broken if finding["about"] == STATUS} - {None}
    broken = [finding for finding in broken if finding["exchange"] not in other or _stands_alone(finding)]
    if not broken:
        return
    shapes = at.shapes(record)
    known = record["verdict"] == Verdict.KNOWN.value
    for finding in broken:
        operation, asked = record.get("operation", ""), _at(shapes, finding["exchange"])
        if record["id"].startswith(GOLDEN) and asked:
            operation = asked.operation  # every step of a golden spec is under test
        elif finding["rule"]:
            operation = finding["about"].partition(": ")[0]
            asked = asked if asked and asked.operation == operation else None
        tested = _under_test(shapes, finding["exchange"], operation)
        if tested in other and tested != finding["exchange"]:
            continue  # the request under test was refused: what is not there afterwards follows from that
        yield Trouble(
            record=record["id"],
            operation=operation,
            shape=_at(shapes, tested) or Shape(operation),
            asked=asked or Shape(operation),
            fields=fields(finding),
            about=finding["about"],
            expected=finding["expected"],
            observed=finding["observed"],
            due=_due(record["findings"], finding["exchange"]),
            wanted=_due(record["findings"], tested),
            level=Level(finding["level"]),
            requirement=finding.get("requirement"),
            rule=finding["rule"],
            says=(finding.get("why") or "") if finding["rule"] else "",
            step=finding["step"],
            refused=finding["verdict"] == Verdict.UNSUPPORTED.value,
            known=known or finding["rule"] in known_rules,
        )


def _is_broken(finding: Mapping[str, Any]) -> bool:
    if finding["rule"]:
        return bool(finding["broken"])
    return Verdict(finding["verdict"]) in (Verdict.DIFFERS, Verdict.LENIENT, Verdict.UNSUPPORTED)


def _stands_alone(finding: Mapping[str, Any]) -> bool:
    about = finding["about"]
    return bool(finding["rule"]) or about == STATUS or about == "header x-ms-error-code"


def _at(shapes: Sequence[Shape | None], exchange: int | None) -> Shape | None:
    return shapes[exchange] if exchange is not None and exchange < len(shapes) else None


def _under_test(shapes: Sequence[Shape | None], exchange: int | None, operation: str) -> int | None:
    """The number of the last request of the operation under test, up to the one whose answer broke."""
    last = len(shapes) - 1 if exchange is None else min(exchange, len(shapes) - 1)
    for number in range(last, -1, -1):
        one = shapes[number]
        if one is not None and one.operation == operation:
            return number
    return exchange


def fields(finding: Mapping[str, Any]) -> tuple[str, ...]:
    """What of a response a finding is about."""
    about, rule = finding["about"], finding["rule"]
    if rule:
        return _RULE_FIELDS.get(rule) or _of_rule(finding)
    if about in (STATUS, BODY, "body as XML") or about.startswith(("header ", "xml ")):
        return (about,)
    if about.startswith("error "):
        return (ERROR,)
    if _PART.fullmatch(about):
        return (PARTS,)
    if match := _REMEMBER.fullmatch(about):
        return (f"xml {match[1]}" if "/" in match[1] else f"header {match[1]}",)
    if finding["verdict"] == Verdict.UNSUPPORTED.value:
        return (STATUS,)
    # Who wants to have a body that was only declared answers nothing wrong to a client that sends it.
    return (FORM if finding["observed"] == "100 Continue" else ANSWER,)


def _of_rule(finding: Mapping[str, Any]) -> tuple[str, ...]:
    """A rule that is in no table names its headers: in what it saw, else in what it wants or says."""
    if match := _ELEMENT.fullmatch(f"{finding['expected']}|{finding['observed'].partition(' (')[0]}"):
        return (f"xml {match[1]}/{match[2]}",)
    texts = (finding["observed"], finding["expected"], finding["why"] or "")
    named = next((found for text in texts if (found := _NAMED.findall(text))), [])
    return tuple(dict.fromkeys(f"header {name}" for name in named)) or (FORM,)


def _due(findings: Sequence[Mapping[str, Any]], exchange: int | None) -> tuple[int, ...]:
    """The statuses that the case wants of an answer."""
    for finding in findings:
        if finding["about"] == STATUS and finding["exchange"] == exchange and not finding["rule"]:
            return tuple(int(word) for word in finding["expected"].split(" or ") if word.isdecimal())
    return ()
