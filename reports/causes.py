"""What broke, by requirement or wire rule: one cause often explains many cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from harness.catalogue import Requirement
from harness.vocabulary import Verdict
from reports.findings import Article, Broken
from reports.table import Column


@dataclass(frozen=True, slots=True)
class Reach:
    """The cases of one endpoint that a cause touches, as anchors to read on."""

    column: Column
    anchors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """A requirement or a wire rule that did not hold somewhere."""

    what: Requirement
    verdict: Verdict
    reach: tuple[Reach, ...]  # one per column


def causes(articles: Sequence[Article], columns: Sequence[Column]) -> tuple[Cause, ...]:
    """Every cause of a divergence, worst first, then the ones that touch most cases."""
    broken = [
        (_what(article, one), one.verdict.rank, columns.index(place.column), place.anchor)
        for article in articles
        for place in article.places
        for one in place.broken
        if one.verdict.diverges
    ]
    what = {cause.id: cause for cause, _, _, _ in broken}
    frame = pd.DataFrame(
        [(cause.id, *others) for cause, *others in broken], columns=["cause", "rank", "column", "anchor"]
    )
    found = [
        (int(part["rank"].min()), -part["anchor"].nunique(), _cause(what[str(identity)], part, columns))
        for identity, part in frame.groupby("cause", sort=True)
    ]
    return tuple(cause for _, _, cause in sorted(found, key=lambda entry: entry[:2]))


@dataclass(frozen=True, slots=True)
class Widest:
    """How many causes one endpoint has, and the one that touches most of its cases."""

    causes: int
    cases: int
    says: str


def widest(causes: Sequence[Cause], column: Column) -> Widest | None:
    """The widest cause of one endpoint; None when nothing broke there."""
    touched = [
        (len(reach.anchors), cause.what)
        for cause in causes
        for reach in cause.reach
        if reach.column is column and reach.anchors
    ]
    if not touched:
        return None
    cases, what = max(touched, key=lambda entry: entry[0])
    return Widest(len(touched), cases, what.says or what.id)


def _what(article: Article, broken: Broken) -> Requirement:
    """What a broken assertion is counted under: its requirement, else its wire rule, else its case."""
    if broken.rule:
        return Requirement(broken.rule, broken.why or broken.about)
    if broken.requirement:
        return broken.requirement
    return Requirement(article.id, article.title)


def _cause(what: Requirement, frame: pd.DataFrame, columns: Sequence[Column]) -> Cause:
    verdicts = {verdict.rank: verdict for verdict in Verdict}
    return Cause(
        what=what,
        verdict=verdicts[int(frame["rank"].min())],
        reach=tuple(
            Reach(column, tuple(dict.fromkeys(map(str, frame[frame["column"] == position]["anchor"]))))
            for position, column in enumerate(columns)
        ),
    )
