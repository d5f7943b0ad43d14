"""What broke, by requirement or wire rule: one cause often explains many cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from harness.vocabulary import Verdict
from reports.findings import Article, Broken
from reports.table import Column


@dataclass(frozen=True, slots=True)
class Reach:
    """How many cases of one endpoint a cause touches, and where to read on."""

    column: Column
    cases: int
    anchors: tuple[str, ...]  # the first few


@dataclass(frozen=True, slots=True)
class Cause:
    """A requirement or a wire rule that did not hold somewhere."""

    name: str
    says: str
    verdict: Verdict
    reach: tuple[Reach, ...]  # one per column


def causes(articles: Sequence[Article], columns: Sequence[Column]) -> tuple[Cause, ...]:
    """Every cause of a divergence, worst first, then the ones that touch most cases."""
    lines = [
        (*_named(article, broken), broken.verdict.rank, columns.index(place.column), place.anchor)
        for article in articles
        for place in article.places
        for broken in place.broken
        if broken.verdict.diverges
    ]
    frame = pd.DataFrame(lines, columns=["name", "says", "rank", "column", "anchor"])
    found = [
        (int(part["rank"].min()), -part["anchor"].nunique(), _cause(str(name), part, columns))
        for name, part in frame.groupby("name", sort=True)
    ]
    return tuple(cause for _, _, cause in sorted(found, key=lambda entry: entry[:2]))


def _named(article: Article, broken: Broken) -> tuple[str, str]:
    """What a broken assertion is counted under, and the sentence that explains it."""
    if broken.requirement:
        return broken.requirement.id, broken.requirement.says
    if broken.rule:
        return broken.rule, broken.why or broken.about
    if len(article.requirements) == 1:
        return article.requirements[0].id, article.requirements[0].says
    return article.id, article.title


def _cause(name: str, frame: pd.DataFrame, columns: Sequence[Column]) -> Cause:
    verdicts = {verdict.rank: verdict for verdict in Verdict}
    reach = []
    for position, column in enumerate(columns):
        anchors = tuple(dict.fromkeys(str(anchor) for anchor in frame[frame["column"] == position]["anchor"]))
        reach.append(Reach(column, len(anchors), anchors[:3]))
    return Cause(
        name=name,
        says=str(frame["says"].iloc[0]),
        verdict=verdicts[int(frame["rank"].min())],
        reach=tuple(reach),
    )
