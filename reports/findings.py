"""The evidence behind every cell that is not a pass: what was asked, what was expected, what came back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.catalogue import Catalogue, Requirement, Source
from harness.results.finding import Finding
from harness.vocabulary import Level, Verdict, worst
from reports.evidence import Record
from reports.names import Slugs
from reports.table import Also, Column, Matrix, Row
from reports.text import plural, shorten, split_difference, visible
from reports.wire import Listing
from reports.wires import Wires

VALUE_LIMIT = 400  # characters of an expected or observed value

# Verdicts that say something about the answers of the endpoint; the others only have a reason.
_ABOUT_ANSWERS = frozenset(
    {
        Verdict.DIFFERS,
        Verdict.LENIENT,
        Verdict.STALE,
        Verdict.KNOWN,
        Verdict.INDETERMINATE,
        Verdict.HARNESS_ERROR,
    }
)


@dataclass(frozen=True, slots=True)
class Broken:
    """One assertion that did not hold; the same assertion on several exchanges stands once."""

    about: str
    level: Level
    verdict: Verdict
    expected: str
    observed: str  # as far as it is as expected
    differs: str  # from the first difference on; empty when marking it would not help
    requirement: Requirement | None
    sources: tuple[Source, ...]
    why: str | None
    rule: str | None
    where: str


@dataclass(frozen=True, slots=True)
class Place:
    """One case at one endpoint."""

    anchor: str
    column: Column
    verdict: Verdict
    reason: str | None
    premise: str | None  # anchor of the case that the reason names
    sources: tuple[Source, ...]  # of the reason
    held: str  # how much did hold, in words
    broken: tuple[Broken, ...]
    listings: tuple[Listing, ...]
    wire_note: str
    reproduce: str | None
    logs: str | None
    client_version: str | None

    @property
    def said(self) -> str:
        """The reason, or what the verdict means, as a sentence."""
        text = shorten(self.reason, VALUE_LIMIT) if self.reason else self.verdict.meaning
        return text[:1].upper() + text[1:] + ("" if text.endswith((".", "…", ")")) else ".")

    @property
    def gist(self) -> str:
        """What broke first, in a few words: `status: 201 instead of 400`; empty when nothing was asserted."""
        if not self.broken or (self.reason and not self.verdict.diverges):
            return shorten(self.reason or "", 98)
        first = self.broken[0]
        observed, expected = (shorten(one, 48) for one in (first.observed + first.differs, first.expected))
        more = f", and {len(self.broken) - 1} more" if len(self.broken) > 1 else ""
        return f"{shorten(first.about, 60)}: {observed} instead of {expected}{more}"

    @property
    def first_broken(self) -> int:
        """The position of the listing that stands open at first; -1 when none explains the verdict."""
        return next((position for position, one in enumerate(self.listings) if one.broken), -1)


@dataclass(frozen=True, slots=True)
class Article:
    """One case or scenario that did not pass everywhere."""

    anchor: str
    id: str
    kind: str
    group: str
    title: str
    why: str
    level: Level | None
    requirements: tuple[Requirement, ...]
    sources: tuple[Source, ...]
    provenance: tuple[tuple[str, str], ...]
    places: tuple[Place, ...]
    passing: tuple[str, ...]  # names of the endpoints where it passes
    also: tuple[Also, ...] = ()  # other cells of its matrix, of which the same is to be told

    @property
    def verdict(self) -> Verdict:
        """The worst of its verdicts."""
        return worst(place.verdict for place in self.places)

    @property
    def about_answers(self) -> bool:
        """Whether some endpoint answered otherwise than expected, rather than not being asked."""
        return any(place.verdict in _ABOUT_ANSWERS for place in self.places)


@dataclass(frozen=True, slots=True)
class Chapter:
    """The articles with one verdict."""

    verdict: Verdict
    articles: tuple[Article, ...]


# What the endpoint answered comes before what nobody could ask it.
_ORDER = (
    Verdict.DIFFERS,
    Verdict.STALE,
    Verdict.LENIENT,
    Verdict.KNOWN,
    Verdict.INDETERMINATE,
    Verdict.HARNESS_ERROR,
    Verdict.UNSUPPORTED,
    Verdict.BLOCKED,
    Verdict.NOT_RUN,
    Verdict.NOT_APPLICABLE,
    Verdict.OBSERVED,
)


def chapters(articles: Iterable[Article]) -> tuple[Chapter, ...]:
    """The articles by their worst verdict."""
    told = list(articles)
    return tuple(
        Chapter(verdict, chosen)
        for verdict in _ORDER
        if (chosen := tuple(article for article in told if article.verdict is verdict))
    )


def articles(
    matrices: Sequence[Matrix], catalogue: Catalogue, slugs: Slugs, budget: int
) -> tuple[Article, ...]:
    """An article for every row with a cell that is not a pass, in the order of the matrices.

    `budget` is how many characters of wires the page may hold. When half of it is spent, only the exchange
    that explains a verdict is shown; when all of it is, none.
    """
    rows = [(matrix, group.name, row) for matrix in matrices for group in matrix.groups for row in group.rows]
    chosen = [(matrix, group, row) for matrix, group, row in rows if set(row.verdicts) - {Verdict.PASS}]
    anchors = {row.id: slugs.take(row.id) for _, _, row in chosen}
    wires = Wires(budget)
    return tuple(
        _article(matrix.kind, group, row, anchors, catalogue, slugs, wires) for matrix, group, row in chosen
    )


def _article(
    kind: str,
    group: str,
    row: Row,
    anchors: Mapping[str, str],
    catalogue: Catalogue,
    slugs: Slugs,
    wires: Wires,
) -> Article:
    records = [(cell.column, cell.record) for cell in row.cells if cell.record is not None]
    first = records[0][1]
    seen: set[str] = set()
    return Article(
        anchor=anchors[row.id],
        id=row.id,
        kind=kind,
        group=group,
        title=row.title,
        why=first.why,
        level=first.level,
        requirements=tuple(catalogue.requirement(identity) for identity in first.tests),
        sources=_sources(first.source, catalogue),
        provenance=first.provenance,
        places=tuple(
            _place(column, record, anchors, catalogue, slugs, wires, seen)
            for column, record in records
            if record.verdict is not Verdict.PASS
        ),
        passing=tuple(column.name for column, record in records if record.verdict is Verdict.PASS),
        also=row.also,
    )


def _place(
    column: Column,
    record: Record,
    anchors: Mapping[str, str],
    catalogue: Catalogue,
    slugs: Slugs,
    wires: Wires,
    seen: set[str],
) -> Place:
    broken = [finding for finding in record.findings if not finding.held]
    endings = [finding for finding in broken if finding.about == "outcome" and finding.exchange is None]
    listings, note = wires.of(column.run, record, broken, seen)
    return Place(
        anchor=slugs.take(f"{anchors[record.id]}@{column.slug}"),
        column=column,
        verdict=record.verdict,
        reason=record.reason,
        premise=_premise(record, anchors),
        sources=_sources([one for ending in endings for one in ending.source], catalogue),
        held=_held(record),
        broken=_folded([finding for finding in broken if finding not in endings], record, catalogue),
        listings=listings,
        wire_note=note,
        reproduce=record.reproduce,
        logs=record.logs,
        client_version=record.client_version,
    )


def _held(record: Record) -> str:
    """How many assertions and wire rules held: `5 of 7 assertions and 48 of 48 wire rules held`."""
    said = []
    for noun, by_rule in (("assertion", False), ("wire rule", True)):
        scored = [
            finding
            for finding in record.findings
            if (finding.rule is not None) is by_rule and finding.verdict is not Verdict.OBSERVED
        ]
        total, held = len(scored), sum(finding.held for finding in scored)
        if total and any(finding.exchange is not None or finding.about != "outcome" for finding in scored):
            said.append(f"{held:,} of {plural(total, noun)}")
    return f"{' and '.join(said)} held." if said else ""


def _folded(findings: Sequence[Finding], record: Record, catalogue: Catalogue) -> tuple[Broken, ...]:
    """The broken findings, those that say the same standing once, worst first.

    What the record says for all of them (its reason, requirement, sources) is not said again.
    """
    same: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.about, finding.verdict, finding.expected, finding.observed, finding.rule or "")
        same.setdefault(key, []).append(finding)
    folded = [_broken(group, record, catalogue) for group in same.values()]
    return tuple(sorted(folded, key=lambda one: one.verdict.rank))


def _broken(findings: Sequence[Finding], record: Record, catalogue: Catalogue) -> Broken:
    first = findings[0]
    # A rule counts every exchange it looked at, and says itself how many broke it.
    count = sum(finding.count for finding in findings if finding.rule is None)
    expected, observed = visible(first.expected), visible(first.observed)
    alike, differs = split_difference(expected, shorten(observed, VALUE_LIMIT))
    steps = list(dict.fromkeys(finding.step for finding in findings if finding.step))
    where = ", ".join(step if step[:1].isalpha() else f"step {step}" for step in steps[:4])
    if count > max(len(steps), 1):
        where = f"{where}, {count:,} times" if where else plural(count, "time")
    return Broken(
        about=first.about,
        level=first.level,
        verdict=first.verdict,
        expected=shorten(expected, VALUE_LIMIT),
        observed=alike,
        differs=differs,
        requirement=catalogue.requirement(first.requirement) if first.requirement else None,
        sources=() if first.source == record.source else _sources(first.source, catalogue),
        why=None if first.why == record.why else first.why,
        rule=first.rule,
        where=where,
    )


def _sources(identities: Sequence[str], catalogue: Catalogue) -> tuple[Source, ...]:
    return tuple(catalogue.source(identity) for identity in identities)


def _premise(record: Record, anchors: Mapping[str, str]) -> str | None:
    """The anchor of the case that a reason names, so that a reader gets from `blocked` to its cause."""
    words = re.split(r"[\s\"'‘’“”();:]+", record.reason or "")
    return next((anchors[word.rstrip(".,")] for word in words if word.rstrip(".,") in anchors), None)
